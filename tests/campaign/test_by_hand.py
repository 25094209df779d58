"""Calls that agents dial at the desk: on a real line, recorded, and settled like a call on the firm's own telephone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from campaign.calls.call_ends import CallEnd, EndRefused
from campaign.handover.agents import Roster
from campaign.handover.duty import FormChanged, Presence, RosterError, TalkBegan, TalkEnded
from campaign.handover.seats import Seat
from campaign.handover.talks import Agent
from campaign.handover.wrapping import WrapUp
from campaign.other_ways.by_hand import ByHand
from campaign.other_ways.people import PeopleError, PhoneReviews
from models import Attempt
from rules import Outcome
from telephony.browser import BrowserLines
from telephony.errors import TelephonyError
from telephony.legs import Leg, Places
from telephony.recording import RecordingStore
from tests.campaign.test_agents import Page
from tests.campaign.test_losing_agents import tones
from tests.campaign.test_people import agent, people
from tests.telephony.browserend import Browser, on_duty
from tests.telephony.farend import KEY, FarEnd, far_end, running_gateway

__all__ = ["people"]

AGENT = 1500  # Hz


@dataclass
class Desk:
    """An agent at a browser who sounds a tone, and the far end of the firm's trunk."""

    by_hand: ByHand
    seat: Seat
    page: Page
    browser: Browser
    far: FarEnd
    recordings: RecordingStore

    def attempt(self) -> Attempt:
        with self.by_hand.reviews.database.read() as session:
            found = session.scalars(select(Attempt)).one()
            _ = found.recording, found.answers
            session.expunge_all()
            return found


@asynccontextmanager
async def desk(people: PhoneReviews, folder: Path) -> AsyncIterator[Desk]:
    recordings = RecordingStore(folder, KEY)
    async with BrowserLines() as browsers, on_duty(browsers, AGENT) as (browser, phone):
        async with running_gateway(folder) as gateway, far_end(gateway) as far:
            roster, page = Roster(), Page()
            seat = roster.sign_on(Agent(agent(people), "8002", "孙敏"), phone, page.tell)
            by_hand = ByHand(replace(people, recordings=recordings), roster, dialer=gateway)
            yield Desk(by_hand, seat, page, browser, far, recordings)


@pytest.fixture
async def at(people: PhoneReviews, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(people, tmp_path) as opened:
        yield opened


async def test_an_agent_calls_a_client_ticks_the_answers_and_writes_the_result_down(at: Desk, task_id: int) -> None:
    dialling = asyncio.create_task(at.by_hand.dial(at.seat, task_id))
    client = await at.far.take()
    await dialling
    began = await at.page.see(TalkBegan)
    assert isinstance(began, TalkBegan) and began.form is not None and began.form.now is not None
    assert (began.client, began.answered, at.seat.presence) == ("单小明先生", False, Presence.BUSY)
    assert "13800001111" not in repr(began)
    with pytest.raises(RosterError, match="手上的通话"):
        await at.by_hand.dial(at.seat, task_id)
    await client.say("answered")
    while AGENT not in tones(await client.hear(0.3)):
        pass
    await at.by_hand.give(at.seat, began.form.now.node, "no", "")
    assert isinstance(await at.page.see(FormChanged), FormChanged)
    with pytest.raises(EndRefused, match="通话结束后"):
        await at.by_hand.record(at.seat, WrapUp(CallEnd(Outcome.HUNG_UP)))
    await client.say("hangup", sip=200, q850=16)
    ended = await at.page.see(TalkEnded)
    assert isinstance(ended, TalkEnded) and (ended.why, ended.suggested) == ("client_hung_up", "")
    await at.by_hand.record(at.seat, WrapUp(CallEnd(Outcome.HUNG_UP, note="说晚点再打")))
    assert at.seat.presence is Presence.FREE
    attempt = at.attempt()
    assert (attempt.method, attempt.outcome) == ("human_call", "hung_up")
    assert [answer.value for answer in attempt.answers] == ["no"]
    assert attempt.recording is not None
    both = np.frombuffer(at.recordings.read_pcm(attempt.call_id), "<i2").reshape(-1, 2)
    assert AGENT in tones(both[:, 1])


async def test_a_busy_line_is_proposed_as_the_result(at: Desk, task_id: int) -> None:
    dialling = asyncio.create_task(at.by_hand.dial(at.seat, task_id))
    client = await at.far.take()
    await dialling
    await client.say("hangup", sip=486, q850=17)
    ended = await at.page.see(TalkEnded)
    assert isinstance(ended, TalkEnded) and ended.suggested == "busy"
    await at.by_hand.record(at.seat, WrapUp(CallEnd(Outcome.BUSY)))
    assert at.attempt().outcome == "busy"


@pytest.mark.parametrize("error", [TelephonyError("no trunk"), OSError("no route")])
async def test_a_call_that_cannot_be_placed_is_our_own_lines_failure(
    people: PhoneReviews, task_id: int, error: Exception
) -> None:
    async with BrowserLines() as browsers, on_duty(browsers) as (_, phone):
        page, roster = Page(), Roster()
        seat = roster.sign_on(Agent(agent(people), "8002", "孙敏"), phone, page.tell)
        by_hand = ByHand(people, roster, dialer=_NoLine(error))
        with pytest.raises(type(error)):
            await by_hand.dial(seat, task_id)
        assert seat.presence is Presence.FREE and not by_hand.has(seat)
        with pytest.raises(PeopleError):
            await by_hand.dial(seat, 999)
    with people.database.read() as session:
        assert session.scalars(select(Attempt.outcome)).all() == ["own_line_failed"]


class _NoLine:
    """A dialer whose trunk is down."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def roads(self) -> list[str]:
        return []

    async def dial(self, call_id: str, number: str, *, ring_seconds: float, places: Places | None = None) -> Leg:
        raise self.error
