"""Calls by hand whose agent's voice is lost, and clients who are left with an extension; on real lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import numpy as np
import pytest
from sqlalchemy import select

from bot.nodes import Script
from campaign.calls import placing
from campaign.calls.call_ends import CallEnd, EndRefused
from campaign.calls.feed import Stage
from campaign.handover.colleagues import Consultations
from campaign.handover.duty import (
    AskEnd,
    Asking,
    FormChanged,
    Presence,
    Rings,
    RosterError,
    TalkBegan,
    TalkEnded,
    VoiceLost,
    WrapUpEnded,
)
from campaign.handover.seats import Seat
from campaign.handover.waiting_room import Terms
from campaign.handover.wrapping import WrapUp
from campaign.other_ways import by_hand_onward
from campaign.other_ways.people import PhoneReviews
from campaign.to_the_end import called_off
from campaign.works import Works
from models import Answer, AuditEntry, Escalation, HumanReview, ReviewTask
from rules import Outcome
from telephony.browser import BrowserLines
from telephony.recording import RecordingStore
from tests.campaign.test_agents import Client, Page, client
from tests.campaign.test_attempt import ears, works
from tests.campaign.test_by_hand_shared import AGENT, OTHER, Floor, database
from tests.campaign.test_losing_agents import FAREWELL, LOST, WAITING, of_these, tones
from tests.campaign.test_people import people
from tests.telephony.browserend import Browser, on_duty
from tests.telephony.farend import KEY, Call
from tests.telephony.sounds import line, sine

__all__ = ["client", "database", "ears", "people", "works"]

T = TypeVar("T")
ANEW, OUTSIDE = 2500, 700  # Hz: of the agent's new voice, of who answers at the extension
TARGET = "sip:8001@pbx"


class Tones:
    """Says a tone for each of the approved words."""

    def __init__(self, script: Script) -> None:
        texts = script.texts
        self.hertz = {texts.agent_wait: WAITING, texts.agent_lost: LOST, texts.no_agent: FAREWELL}

    async def fetch(self, text: str) -> bytes:
        return line(sine(self.hertz[text], 400))


@pytest.fixture
def floor(people: PhoneReviews, works: Works, monkeypatch: pytest.MonkeyPatch) -> Floor:
    monkeypatch.setattr(placing, "DIAL_WITHIN_SECONDS", 60.0)  # machines under test may be slow
    return Floor(people, works)


async def lose(on: Floor, task_id: int) -> tuple[Call, Seat]:
    """A client whom 8002 has called, and who has just lost them; and where 8002 sat."""
    on.by_hand.voice = Tones
    seat, page = on.seat("8002"), on.pages["8002"]
    client = await on.talking(task_id)
    while AGENT not in tones(await client.hear(0.3)):
        pass
    began = await page.see(TalkBegan)
    assert isinstance(began, TalkBegan) and began.form is not None and began.form.now is not None
    await on.by_hand.give(seat, began.form.now.node, "yes", "")
    await on.browsers["8002"].close()
    await page.see(VoiceLost)
    return client, seat


@asynccontextmanager
async def back(on: Floor, old: Seat) -> AsyncIterator[tuple[Seat, Page, Browser]]:
    """The agent goes on duty at another page, whose voice is another one."""
    async with BrowserLines() as browsers, on_duty(browsers, ANEW) as (browser, phone):
        page = Page()
        seat = on.by_hand.sign_on(old.agent, phone, page.tell)
        yield seat, page, browser


def stored(on: Floor, what: type[T]) -> list[T]:
    with on.people.database.read() as session:
        found = list(session.scalars(select(what)))
        session.expunge_all()
        return found


async def test_an_agent_who_is_back_has_the_client_again_and_all_that_was_ticked(floor: Floor, task_id: int) -> None:
    async with floor as on:
        client, old = await lose(on, task_id)
        assert on.feed.calls()[0].stage is Stage.AGENT_LOST
        while LOST not in tones(await client.hear(0.3)):
            pass
        async with back(on, old) as (seat, page, browser):
            began = seat.told_again()
            assert began is not None and began.form is not None and began.answered
            assert [given.value for _, given in began.form.answered] == ["yes"]
            while ANEW not in tones(await client.hear(0.3)):
                pass
            speaking = asyncio.create_task(client.speak(line(sine(OUTSIDE, 60_000))))
            while OUTSIDE not in tones((await browser.hear(0.3))[::6]):  # 48 kHz as the telephone's 8 kHz
                pass
            speaking.cancel()
            assert on.roster.seat_of("8002") is not old and old.presence is not Presence.FREE
            await client.say("hangup", sip=200, q850=16)
            ended = await page.see(TalkEnded)
            assert isinstance(ended, TalkEnded) and ended.why == "client_hung_up"
            await on.by_hand.record(seat, WrapUp(CallEnd(Outcome.HUNG_UP)))
            assert seat.presence is Presence.FREE
        recordings = RecordingStore(on.works.recordings.folder, KEY)
        both = np.frombuffer(recordings.read_pcm(on.attempt().call_id), "<i2").reshape(-1, 2)
        assert of_these(tones(both[:, 1]), AGENT, LOST, ANEW) == [AGENT, LOST, ANEW]
    (loss,) = on.attempt().evidence["agent_lost"]
    assert (loss["agent"], loss["end"]) == ("8002", "back") and 0 < loss["lost_ms"] < loss["until_ms"]
    assert [answer.value for answer in stored(on, Answer)] == ["yes"]
    assert stored(on, Escalation) == []


async def test_no_client_who_waits_rings_at_an_agent_who_is_back_before_that_call_is_written_down(
    floor: Floor, task_id: int, client: Client
) -> None:
    async with floor as on:
        on.roster.begin_dialling(on.seat("8003"), "another call")
        dialled, old = await lose(on, task_id)
        fetching = asyncio.create_task(on.roster.fetch(client.wanted()))
        await on.pages["8003"].until(lambda: on.roster.waiting == 1)
        async with back(on, old) as (seat, page, _):
            assert seat.presence is Presence.BUSY and seat.ring == seat.dials and page.rung == 0
            await dialled.say("hangup", sip=200, q850=16)
            await page.see(TalkEnded)
            assert page.rung == 0
            await on.by_hand.record(seat, WrapUp(CallEnd(Outcome.HUNG_UP)))
            await page.see(Rings)
            await called_off(fetching)


async def test_where_the_agent_does_not_come_back_in_time_the_client_is_told_of_the_callback_that_there_is(
    floor: Floor, task_id: int
) -> None:
    floor.roster.terms = Terms(wait_seconds=0.1, look_seconds=0)
    async with floor as on:
        client, old = await lose(on, task_id)
        await client.closed.wait()
        assert FAREWELL in tones(bytes(client.heard)) and ANEW not in tones(bytes(client.heard))
        await on.pages["8002"].until(lambda: old.ended is not None)
        async with back(on, old) as (seat, page, _):
            ended = seat.ended_again()
            assert ended is not None and ended.why == "agent_line_lost" and ended.wrap_seconds > 0
            assert seat.presence is Presence.WRAP_UP and page.news
            (asked,) = stored(on, Escalation)
            assert (asked.state, asked.severity) == ("open", "high")
            await on.by_hand.record(seat, WrapUp(CallEnd(Outcome.HUNG_UP)))
    evidence = on.attempt().evidence
    assert evidence["callback_promised"] is True and evidence["agent_lost"][0]["end"] == "nobody"
    assert len(stored(on, Escalation)) == 1


async def test_a_promised_callback_that_nobody_writes_down_waits_for_anybody(
    floor: Floor, task_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_hand_onward, "WRITE_SECONDS", 0.0)
    floor.roster.terms = Terms(wait_seconds=0.0, look_seconds=0)
    async with floor as on:
        await lose(on, task_id)
        await on.pages["8002"].see(WrapUpEnded)
        await asyncio.gather(*on.by_hand._tasks)
    with on.people.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        assert task.with_human and not task.final
        assert session.scalars(select(HumanReview.ended_as)).all() == ["forgotten"]
        assert session.scalars(select(Answer.value)).all() == ["yes"]


async def test_a_supervisor_takes_a_client_over_whose_agent_is_lost_and_who_hangs_up_is_not_called_back(
    floor: Floor, task_id: int
) -> None:
    async with floor as on:
        chief, page = on.seat("8003"), on.pages["8003"]
        on.roster.set_presence(chief, Presence.AWAY)
        client, old = await lose(on, task_id)
        (live,) = on.feed.calls()
        with pytest.raises(RosterError):
            await on.supervisors.take_over(old, live.call_id)
        await on.supervisors.take_over(chief, live.call_id)
        while OTHER not in tones(await client.hear(0.3)):
            pass
        await page.see(FormChanged)  # written down as theirs
        await on.browsers["8003"].close()
        await page.see(VoiceLost)
        await client.say("hangup", sip=200, q850=16)
        ended = await page.see(TalkEnded)
        assert isinstance(ended, TalkEnded) and ended.why == "client_hung_up"
        await on.by_hand.record(chief, WrapUp(CallEnd(Outcome.HUNG_UP)))
    evidence = on.attempt().evidence
    assert [loss["end"] for loss in evidence["agent_lost"]] == ["taken_over", "client_hung_up"]
    assert evidence["talked_with"] == ["8002", "8003"] and stored(on, Escalation) == []


async def test_a_client_is_left_with_an_extension_and_the_agent_writes_it_down_meanwhile(
    floor: Floor, task_id: int
) -> None:
    async with floor as on:
        seat, page = on.seat("8002"), on.pages["8002"]
        client = await on.talking(task_id)
        asks = Consultations(on.roster, on.by_hand.dialer, (TARGET,))
        asks.ask(seat, TARGET, through=True)
        await (await on.far.take()).say("hangup", sip=486, q850=17)
        await page.until(lambda: Asking("", end=AskEnd.ENGAGED) in page.news)
        while AGENT not in tones(await client.hear(0.3)):  # with the agent again
            pass
        asks.ask(seat, TARGET, through=True)
        outside = await on.far.take()
        await outside.say("answered")
        ended = await page.see(TalkEnded)
        assert isinstance(ended, TalkEnded) and ended.why == "passed_on" and ended.wrap_seconds > 0
        speaking = asyncio.create_task(outside.speak(line(sine(OUTSIDE, 60_000))))
        while OUTSIDE not in tones(await client.hear(0.3)):
            pass
        speaking.cancel()
        with pytest.raises(EndRefused, match="还有问题没有回答"):
            await on.by_hand.record(seat, WrapUp(CallEnd(Outcome.REVIEWED)))
        call = on.by_hand._calls["8002"]
        await on.by_hand.record(seat, WrapUp(CallEnd(Outcome.REFUSED)))
        assert seat.presence is Presence.FREE and not on.by_hand.has(seat) and on.attempt().ended_at is None
        await outside.say("hangup", sip=200, q850=16)
        assert call.course is not None
        await call.course
        await asyncio.gather(*on.by_hand._tasks)
    attempt = on.attempt()
    assert attempt.outcome == "refused" and attempt.evidence["transferred_to"] == TARGET
    assert attempt.evidence["talked_with"] == ["8002", TARGET] and attempt.evidence["consulted"] == [TARGET]
    (entry,) = stored(on, AuditEntry)
    assert (entry.act, entry.reason) == ("client_left", "转给分机8001")


async def test_a_client_whose_extension_is_lost_is_with_the_agent_again(floor: Floor, task_id: int) -> None:
    async with floor as on:
        seat, page = on.seat("8002"), on.pages["8002"]
        client = await on.talking(task_id)
        asks = Consultations(on.roster, on.by_hand.dialer, (TARGET,))
        asks.ask(seat, TARGET)
        outside = await on.far.take()
        await outside.say("answered")
        await page.until(lambda: Asking("分机 8001", True) in page.news)
        asks.leave(seat)
        await page.see(TalkEnded)
        began = page.began
        await outside.media.close()
        await page.until(lambda: page.began > began)
        assert seat.presence is Presence.BUSY and on.by_hand.has(seat)
        while AGENT not in tones(await client.hear(0.3)):
            pass
        await on.by_hand.hang_up(seat)
        await page.until(lambda: seat.presence is Presence.WRAP_UP)


async def test_an_agent_who_is_lost_while_it_rings_has_it_proposed_as_our_own_lines_failure(
    floor: Floor, task_id: int
) -> None:
    async with floor as on:
        seat, page = on.seat("8002"), on.pages["8002"]
        await on.dial(seat, task_id)
        await on.browsers["8002"].close()
        ended = await page.see(TalkEnded)
        assert isinstance(ended, TalkEnded) and ended.suggested == "own_line_failed"
