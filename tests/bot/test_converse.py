"""The shell of a conversation over real audio: Vosk, the bot's voice, a paced line and a client who speaks.

All calls of this file run at once, in the loop's own fast time; each test looks at one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from benchmarks import fast_time
from bot.agents import Agents, Joined, NotJoined
from bot.moves import (
    Action,
    AgentJoined,
    BargedIn,
    Event,
    Facts,
    FellSilent,
    Heard,
    HungUp,
    Pressed,
    PromptFinished,
    Say,
    TransferFailed,
)
from bot.pipeline import Limits, converse
from bot.report import Report
from bot.script import load_script
from intents import Intent, load_matcher
from rules.outcomes import Ending, Risk, Severity
from speech.prompts import Prompts
from speech.recogniser import Recogniser
from speech.voice import Pyttsx3Voice
from telephony.simulator.audio import muffle, pcm_of, signal_of
from tests.bot.paced_line import HangUp, PacedLine, Press, Speak, Step, Wait, spoken

pytestmark = pytest.mark.audio

M = TypeVar("M")
SLOTS = {
    "券商": "华夏安信证券",
    "部门": "客户服务中心",
    "工号": "8001",
    "客户姓名": "王小明",
    "称谓": "先生",
    "服务电话": "95500",
    "回访业务": "新开户",
}
FACTS = Facts(SLOTS, datetime(2026, 11, 20, 2, 0, tzinfo=UTC))
MS = 16  # bytes


class Desk:
    """One agent who is free."""

    async def fetch(self, reason: Risk) -> Joined | NotJoined:
        return Joined("8101")


@dataclass(slots=True)
class Call:
    """One call of the bench and what came of it."""

    steps: Sequence[Step]
    agents: Agents | None = None
    moves: list[tuple[int, Event | Action]] = field(default_factory=list)
    line: PacedLine | None = None
    report: Report = field(default_factory=Report)

    def of(self, kind: type[M]) -> list[M]:
        """The moves of one kind, in order."""
        return [move for _, move in self.moves if isinstance(move, kind)]

    def finished(self, prompt: str) -> list[PromptFinished]:
        """What became of a prompt, each time it was spoken."""
        return [move for move in self.of(PromptFinished) if move.prompt == prompt]

    def texts(self) -> list[str]:
        """What was heard."""
        return [heard.text for heard in self.of(Heard)]


def _bench() -> dict[str, Call]:
    yes, free = Speak(spoken("是的")), Speak(spoken("方便"))
    over_reminder = Speak(spoken("好的我知道了谢谢"), into_ms=3000)
    return {
        "cooperative": Call([yes, free, Speak(spoken("对")), Speak(spoken("我看过了"))]),
        "short": Call([Speak(spoken("是")), Speak(spoken("好")), Speak(spoken("嗯")), Speak(spoken("有")), HangUp()]),
        "talks over the question": Call(
            [yes, Speak(spoken("可以你说吧"), into_ms=2500), Wait(1500), HangUp(into_ms=500)]
        ),
        "says 嗯 while listening": Call([yes, Speak(spoken("嗯"), into_ms=3000), free, HangUp(into_ms=500)]),
        "answers too soon": Call([Speak(spoken("是的"), left_ms=400), HangUp(into_ms=500)]),
        "talks over the reminder": Call([yes, free, yes, yes, over_reminder]),
        "goes on after a pause": Call([yes, free, Speak(spoken("是的") + _pause(560) + spoken("不是本人"))]),
        "goes on too late": Call(
            [yes, free, Speak(spoken("是的") + _pause(1100) + spoken("我知道")), HangUp(after_ms=3000)]
        ),
        "backchannels": Call([yes, Speak(spoken("对对"), into_ms=2500), free, HangUp(into_ms=500)]),
        "hangs up under the reminder": Call([yes, free, yes, yes, HangUp(into_ms=3000)]),
        "murmurs": Call([yes, Speak(pcm_of(muffle(signal_of(spoken("不愿意接受回访"))))), HangUp(into_ms=500)]),
        "silent": Call([]),
        "hangs up in mid-question": Call([yes, HangUp(into_ms=2000)]),
        "answers and hangs up": Call([yes, Speak(spoken("现在没空")), HangUp(after_ms=0)]),
        "presses a key": Call([yes, Press("1", into_ms=4000), HangUp(into_ms=1500)]),
        "keys a number": Call(
            [Speak(spoken("不是")), Speak(spoken("知道")), Press("13812345678#"), HangUp(into_ms=500)],
        ),
        "complains over the goodbye": Call(
            [yes, Speak(spoken("我不想参加")), Speak(spoken("等一下我要投诉你们的客户经理"), left_ms=900)]
        ),
        "presses keys under the reminder and hangs up": Call(
            [yes, free, yes, yes, Press("10", into_ms=1000), HangUp(into_ms=3000)]
        ),
        "wants a human": Call([yes, Speak(spoken("转人工")), HangUp(after_ms=1500)], Desk()),
        "wants a human, none free": Call([yes, Speak(spoken("转人工")), Wait(after_ms=8000)]),
    }


def _carry_through(calls: Mapping[str, Call], folder: Path, model: Path) -> None:
    ears = Recogniser(model)
    fast_time.run(_run(calls, folder, ears), lambda: ears.busy)
    ears.close()


def _pause(ms: int) -> bytes:
    return bytes(ms * MS)


async def _run(calls: Mapping[str, Call], folder: Path, ears: Recogniser) -> None:
    script = load_script("new_account")
    prompts = Prompts(folder / "prompts", Pyttsx3Voice())

    async def one(name: str, call: Call) -> None:
        call.line = PacedLine(call.steps, call_id=name)
        call.report = await converse(
            call.line,
            script,
            FACTS,
            ears,
            prompts,
            load_matcher(),
            log=lambda move, at_ms: call.moves.append((at_ms, move)),
            agents=call.agents,
            limits=Limits(conversation_seconds=85),
        )

    prompts.prerender(script.fixed_texts())
    await asyncio.gather(*(one(name, call) for name, call in calls.items()))


@pytest.fixture(scope="module")
def calls(kept: Path, shipped_model: Path) -> Iterator[dict[str, Call]]:
    """All calls, carried through."""
    bench = _bench()
    _carry_through(bench, kept, shipped_model)
    yield bench


def line_of(call: Call) -> PacedLine:
    assert call.line is not None
    return call.line


def test_a_cooperative_client_is_led_to_the_end(calls: dict[str, Call]) -> None:
    call = calls["cooperative"]
    assert call.report.finish is not None
    assert call.report.finish.ending is Ending.COMPLETED
    answers = {note.question: note.value for note in call.report.notes}
    assert answers["new_account.own_will"] == "yes"
    assert answers["new_account.read_agreement"] == "yes"
    assert [attest.node for attest in call.report.attests if attest.complete] == ["new_account.reminder"]
    assert not call.report.hung_up
    assert not call.of(HungUp)


def test_the_last_words_are_played_in_full_before_the_line_is_hung_up(calls: dict[str, Call]) -> None:
    call = calls["cooperative"]
    assert call.of(PromptFinished)[-1].prompt == "closing.thanks/say"
    assert call.of(PromptFinished)[-1].complete
    assert line_of(call).hung_up


def test_every_turn_has_a_latency(calls: dict[str, Call]) -> None:
    call = calls["cooperative"]
    assert len(call.report.turn_latencies_ms) == len(call.of(Heard))
    assert all(latency >= 300 for latency in call.report.turn_latencies_ms)


@pytest.mark.parametrize("name", ["cooperative", "short"])
def test_what_was_heard_lies_where_the_client_spoke(calls: dict[str, Call], name: str) -> None:
    call = calls[name]
    said = line_of(call).said_ms
    for heard, (start_ms, end_ms) in zip(call.of(Heard), said, strict=True):
        assert abs(heard.start_ms - start_ms) <= 300
        assert abs(heard.end_ms - end_ms) <= 300


@pytest.mark.parametrize("name", ["cooperative", "short", "goes on after a pause"])
def test_each_word_has_its_place_in_the_order_of_speech(calls: dict[str, Call], name: str) -> None:
    for heard in calls[name].of(Heard):
        assert "".join(word.text for word in heard.words) == heard.text
        places = [place for word in heard.words for place in (word.start_ms, word.end_ms)]
        assert places == sorted(places)
        assert heard.start_ms <= places[0] and places[-1] <= heard.end_ms


def test_short_answers_reach_the_dialogue(calls: dict[str, Call]) -> None:
    assert calls["short"].texts() == ["是", "好", "嗯", "有"]


def test_a_murmur_is_asked_again_and_no_words_are_made_of_it(calls: dict[str, Call]) -> None:
    murmured = calls["murmurs"].of(Heard)[-1]
    assert (murmured.text, murmured.match.intent) == ("", Intent.UNCLEAR)
    assert calls["murmurs"].of(Say)[-1].prompt.startswith("opening.convenient")


def test_speech_stops_a_question_and_is_heard(calls: dict[str, Call]) -> None:
    call = calls["talks over the question"]
    (cut,) = call.of(BargedIn)
    assert cut.prompt == "opening.convenient/ask"
    assert 2300 <= cut.played_ms <= 2900
    finished = call.finished(cut.prompt)[0]
    assert not finished.complete
    assert 2500 <= finished.played_ms <= 3500
    assert "你说吧" in call.texts()[1]


def test_the_bot_is_silent_from_the_interruption_to_its_answer(calls: dict[str, Call]) -> None:
    call = calls["talks over the question"]
    stopped_ms = call.finished("opening.convenient/ask")[0].at_ms
    heard = call.of(Heard)[1]
    assert loudness(line_of(call).bot_pcm, stopped_ms + 40, heard.end_ms) == 0


def test_a_backchannel_neither_stops_the_bot_nor_answers(calls: dict[str, Call]) -> None:
    call = calls["says 嗯 while listening"]
    assert not call.of(BargedIn)
    assert call.finished("opening.convenient/ask")[0].complete
    assert "嗯" not in call.texts()
    assert line_of(call).cleared == 0


def test_an_answer_at_the_very_end_of_a_question_lets_it_finish_and_counts(calls: dict[str, Call]) -> None:
    call = calls["answers too soon"]
    assert not call.of(BargedIn)
    assert call.finished("opening.identity/ask")[0].complete
    assert call.texts() == ["是的"]
    assert not call.of(Heard)[0].under_prompt


def test_what_follows_a_pause_takes_the_place_of_the_answer(calls: dict[str, Call]) -> None:
    """The bot had begun with the next question; nothing of what it made of 是的 stands."""
    call = calls["goes on after a pause"]
    part, whole = [heard for heard in call.of(Heard) if heard.text.startswith("是的")][-2:]
    assert (part.goes_on, whole.goes_on) == (False, True)
    assert whole.text == "是的不是本人"
    assert whole.start_ms == part.start_ms
    answers = {note.question: note.value for note in call.report.notes}
    assert "new_account.own_will" not in answers  # a yes and a no: asked again
    assert whole.match.intent is Intent.UNCLEAR
    cut = [finished for finished in call.of(PromptFinished) if not finished.complete]
    assert cut[0].played_ms < 1500


def test_what_comes_after_the_reply_was_heard_is_no_part_of_the_answer(calls: dict[str, Call]) -> None:
    assert not any(heard.goes_on for heard in calls["goes on too late"].of(Heard))


def test_agreement_while_the_bot_speaks_neither_stops_it_nor_answers(calls: dict[str, Call]) -> None:
    call = calls["backchannels"]
    assert not call.of(BargedIn)
    assert "对对" not in call.texts()
    assert line_of(call).cleared == 0


def test_a_reminder_that_a_hang_up_cuts_says_how_much_was_played(calls: dict[str, Call]) -> None:
    call = calls["hangs up under the reminder"]
    (reminder,) = call.finished("new_account.reminder/say")
    assert not reminder.complete
    assert 2900 <= reminder.played_ms <= 3100
    order = [move for _, move in call.moves]
    assert order.index(reminder) < order.index(call.of(HungUp)[0])
    assert [attest.complete for attest in call.report.attests] == [False]


def test_a_reminder_is_played_through_the_clients_words_which_are_kept(calls: dict[str, Call]) -> None:
    call = calls["talks over the reminder"]
    (reminder,) = call.finished("new_account.reminder/say")
    assert reminder.complete
    assert line_of(call).cleared == 0
    (kept,) = [heard for heard in call.of(Heard) if heard.under_prompt]
    assert "谢谢" in kept.text or "知道" in kept.text
    order = [move for _, move in call.moves]
    assert order.index(kept) > order.index(reminder)
    assert kept.end_ms < reminder.at_ms


def test_silence_is_told_each_time_and_ends_the_call(calls: dict[str, Call]) -> None:
    call = calls["silent"]
    assert not call.of(Heard)
    assert len(call.of(FellSilent)) == 3
    assert call.report.finish is not None
    assert call.report.finish.ending is Ending.NOBODY_SPOKE


def test_silence_counts_from_the_end_of_the_prompt(calls: dict[str, Call]) -> None:
    call = calls["silent"]
    asked, silent = call.finished("opening.identity/ask")[0], call.of(FellSilent)[0]
    assert 6000 <= silent.at_ms - asked.at_ms <= 6100


def test_a_hang_up_cuts_the_prompt_and_ends_the_conversation(calls: dict[str, Call]) -> None:
    call = calls["hangs up in mid-question"]
    assert call.report.hung_up
    assert call.report.finish is not None
    assert call.report.finish.ending is Ending.HUNG_UP
    cut = call.of(PromptFinished)[-1]
    assert not cut.complete
    assert 1900 <= cut.played_ms <= 2100
    assert len(call.of(HungUp)) == 1


def test_the_last_words_before_a_hang_up_are_heard(calls: dict[str, Call]) -> None:
    call = calls["answers and hangs up"]
    assert "没空" in call.texts()[-1]
    order = [move for _, move in call.moves]
    assert order.index(call.of(Heard)[-1]) < order.index(call.of(HungUp)[0])


def test_a_key_stops_the_question_and_answers_it(calls: dict[str, Call]) -> None:
    call = calls["presses a key"]
    (pressed,) = call.of(Pressed)
    assert pressed.keys == "1"
    assert not call.finished("opening.convenient/ask")[0].complete


def test_a_keyed_number_is_one_event(calls: dict[str, Call]) -> None:
    assert [pressed.keys for pressed in calls["keys a number"].of(Pressed)] == ["13812345678"]


def test_the_bot_is_silent_once_an_agent_has_joined(calls: dict[str, Call]) -> None:
    call = calls["wants a human"]
    (joined,) = call.of(AgentJoined)
    assert joined.agent == "8101"
    last = call.of(PromptFinished)[-1]
    assert loudness(line_of(call).bot_pcm, last.at_ms + 40, len(line_of(call).bot_pcm) // MS) == 0
    assert call.report.hung_up


def test_words_begun_over_the_last_ones_of_the_bot_are_heard_to_their_end(calls: dict[str, Call]) -> None:
    call = calls["complains over the goodbye"]
    goodbye, (_, end_ms) = call.of(PromptFinished)[-1], line_of(call).said_ms[-1]
    assert goodbye.complete
    assert goodbye.at_ms < end_ms
    assert "投诉" in call.texts()[-1]
    assert Severity.HIGH in {flag.severity for flag in call.report.flags}
    assert line_of(call).hung_up and not call.report.hung_up


def test_keys_under_a_reminder_that_a_hang_up_cuts_are_on_record(calls: dict[str, Call]) -> None:
    call = calls["presses keys under the reminder and hangs up"]
    assert [pressed.keys for pressed in call.of(Pressed)] == ["1", "0"]
    assert [flag.risk for flag in call.report.flags] == [Risk.ASKED_FOR_HUMAN, Risk.REMINDER_UNDELIVERED]


def test_without_an_agent_the_transfer_fails_and_the_call_ends_politely(calls: dict[str, Call]) -> None:
    call = calls["wants a human, none free"]
    assert [failed.reason for failed in call.of(TransferFailed)] == ["none_free"]
    assert call.report.finish is not None
    assert call.report.finish.ending is Ending.HANDED_OVER


def test_every_prompt_that_was_begun_is_accounted_for(calls: dict[str, Call]) -> None:
    for call in calls.values():
        assert len(call.of(Say)) == len(call.of(PromptFinished))


def loudness(pcm: bytearray, start_ms: int, end_ms: int) -> float:
    """RMS of a stretch of a recording."""
    samples = np.frombuffer(bytes(pcm[start_ms * MS : end_ms * MS]), "<i2").astype(np.float64)
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
