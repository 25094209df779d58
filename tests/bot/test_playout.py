"""Prompts on the line: order, interruption, and how much was played."""

from __future__ import annotations

from bot.moves import PromptFinished, Say
from bot.shell.clock import MediaClock
from bot.shell.playout import Playout, Prompt

SECOND = bytes(16_000)


def queued(playout: Playout, name: str, *, must_hear: bool = False, now_ms: int = 0) -> tuple[Prompt, str]:
    """A prompt of one second that was handed to the line."""
    prompt = playout.announce(Say(name, name, interruptible=not must_hear, must_hear=must_hear))
    prompt.pcm.append(SECOND)
    mark = playout.mark(prompt, now_ms)
    prompt.sent = True
    return prompt, mark


def events(playout: Playout, at_ms: int) -> list[PromptFinished]:
    return [finished for _, finished in playout.finished(at_ms)]


def test_a_played_prompt_is_finished_and_the_next_starts_where_it_ended() -> None:
    playout = Playout()
    _, first = queued(playout, "a")
    queued(playout, "b")
    playout.played(first, 1000, True, 1000)
    assert events(playout, 1000) == [PromptFinished("a", 1000, True, 1000)]
    assert playout.current is not None
    assert playout.current.elapsed_ms(1400) == 400
    assert playout.remaining_ms(1400) == 600


def test_an_interruption_cuts_what_may_be_stopped_and_keeps_the_rest_to_be_queued_again() -> None:
    playout = Playout()
    _, first = queued(playout, "a")
    kept, old = queued(playout, "must", must_hear=True)
    playout.interrupt()
    assert playout.cleared() == [kept]
    again = playout.mark(kept, 500)
    playout.played(first, 500, False, 500)
    playout.played(old, 0, False, 500)
    assert events(playout, 500) == [PromptFinished("a", 500, False, 500)]
    playout.played(again, 1000, True, 1500)
    assert events(playout, 1500) == [PromptFinished("must", 1000, True, 1500)]


def test_what_is_announced_after_an_interruption_is_not_cut() -> None:
    playout = Playout()
    _, first = queued(playout, "a")
    playout.interrupt()
    answer = playout.announce(Say("b", "b"))
    assert playout.cleared() == []
    assert not answer.cut
    playout.played(first, 300, False, 300)
    assert [finished.prompt for finished in events(playout, 300)] == ["a"]
    assert playout.speaking


def test_a_prompt_in_pieces_is_over_when_all_were_played_and_no_more_come() -> None:
    playout = Playout()
    prompt = playout.announce(Say("a", "a"))
    marks = []
    for _ in range(2):
        prompt.pcm.append(SECOND)
        marks.append(playout.mark(prompt, 0))
    playout.played(marks[0], 1000, True, 1000)
    playout.played(marks[1], 1000, True, 2000)
    assert events(playout, 2000) == []
    prompt.sent = True
    assert events(playout, 2000) == [PromptFinished("a", 2000, True, 2000)]


def test_when_the_line_goes_everything_left_was_cut_where_it_was() -> None:
    playout = Playout()
    queued(playout, "a")
    queued(playout, "b", must_hear=True)
    assert [finished for _, finished in playout.abandon(400)] == [
        PromptFinished("a", 400, False, 400),
        PromptFinished("b", 0, False, 400),
    ]
    assert playout.idle


async def test_an_alarm_rings_once_at_its_place_in_the_recording() -> None:
    clock, rung = MediaClock(), []

    async def ring() -> None:
        rung.append(clock.now_ms)

    clock.set("silence", 100, ring)
    for now_ms in range(20, 200, 20):
        clock.advance(now_ms, now_ms / 1000)
        await clock.ring()
    assert rung == [100]


async def test_an_alarm_that_was_taken_back_does_not_ring() -> None:
    clock, rung = MediaClock(), []

    async def ring() -> None:
        rung.append(clock.now_ms)

    clock.set("silence", 100, ring)
    clock.cancel("silence")
    clock.advance(200, 0.2)
    await clock.ring()
    assert rung == []


def test_lateness_is_counted_from_the_frame_that_came_soonest() -> None:
    clock = MediaClock()
    clock.advance(20, 10.050)  # 30 ms late
    clock.advance(40, 10.040)
    clock.advance(60, 10.090)
    assert clock.since_ms(60, 10.100) == 40
