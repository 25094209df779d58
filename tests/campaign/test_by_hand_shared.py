"""Calls by hand that somebody else joins in, and the trunk that they take; on real lines."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from campaign.calls import placing
from campaign.calls.call_ends import CallEnd
from campaign.calls.feed import Feed, Stage
from campaign.calls.placing import take_place
from campaign.handover.agents import Roster
from campaign.handover.colleagues import Consultations
from campaign.handover.duty import (
    AskedNoMore,
    AskEnd,
    Asking,
    FormChanged,
    Presence,
    Rings,
    RosterError,
    Supervising,
    TalkBegan,
    TalkEnded,
)
from campaign.handover.roads import LiveLines
from campaign.handover.seats import Seat
from campaign.handover.supervising import Mode, Supervisors
from campaign.handover.talks import Agent
from campaign.handover.wrapping import WrapUp
from campaign.other_ways import by_hand_onward
from campaign.other_ways.by_hand import ByHand
from campaign.other_ways.people import PeopleError, PhoneReviews
from campaign.works import Works
from models import Attempt, AuditEntry, Customer, Database, HumanReview, ReviewTask, Seal
from models.lines import LineCaps, Lines, enter_lines, take_line
from rules import Outcome
from telephony.bridge import Joinable
from telephony.browser import BrowserLines
from telephony.errors import BrowserRefused
from tests.campaign.test_agents import Page
from tests.campaign.test_attempt import ears, works
from tests.campaign.test_losing_agents import QUICK, tones
from tests.campaign.test_people import agent, people
from tests.conftest import NOON
from tests.telephony.browserend import Browser, on_duty
from tests.telephony.farend import Call, far_end, running_gateway

__all__ = ["ears", "people", "works"]

AGENT, OTHER = 1500, 2000  # Hz
ONE = Lines((LineCaps("lines", 1, 10.0),))


@pytest.fixture
def database(tmp_path: Path, seal: Seal, migrated: Path) -> Iterator[Database]:
    """On SQLite alone: what is asked of the database here is tested on both elsewhere."""
    opened = Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'shared.db')}")
    yield opened
    opened.close()


class Floor:
    """Two people on duty, a client's far end, and all that a call by hand is shown to."""

    def __init__(self, people: PhoneReviews, works: Works) -> None:
        self.people, self.works = people, works
        self.roster, self.lines, self.feed = Roster(QUICK), LiveLines(), Feed()
        self.supervisors = Supervisors(self.roster, self.lines)
        self.consultations = Consultations(self.roster)
        self.pages: dict[str, Page] = {}
        self.browsers: dict[str, Browser] = {}
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Floor:
        folder = self.works.recordings.folder
        gateway = await self._opened.enter_async_context(running_gateway(folder))
        self.far = await self._opened.enter_async_context(far_end(gateway))
        browsers = await self._opened.enter_async_context(BrowserLines())
        works = replace(self.works, dialer=gateway, lines=ONE)
        with self.people.database.write() as session:
            enter_lines(session, ONE)
        claim = partial(take_place, works, campaigns=())
        self.by_hand = ByHand(self.people, self.roster, self.lines, self.feed, dialer=gateway, claim=claim)
        for number, hertz in (("8002", AGENT), ("8003", OTHER)):
            browser, phone = await self._opened.enter_async_context(on_duty(browsers, hertz))
            page = self.pages[number] = Page()
            self.browsers[number] = browser
            self.roster.sign_on(Agent(agent(self.people, number), number, f"坐席{number}"), phone, page.tell)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    def seat(self, number: str) -> Seat:
        found = self.roster.seat_of(number)
        assert found is not None
        return found

    async def dial(self, seat: Seat, task_id: int) -> Call:
        """The client whom somebody calls, whose telephone rings."""
        async with asyncio.TaskGroup() as both:
            taking = both.create_task(self.far.take())
            both.create_task(self.by_hand.dial(seat, task_id))
        return taking.result()

    async def talking(self, task_id: int) -> Call:
        """The client whom 8002 has called and talks with."""
        seat, page = self.seat("8002"), self.pages["8002"]
        client = await self.dial(seat, task_id)
        await client.say("answered")
        await page.until(lambda: seat.bridge is not None)
        return client

    async def left_with_who_goes(self, seat: Seat, colleague: Seat) -> None:
        """The client is left with who was asked, and goes off duty in that moment; the agent has them again."""
        page, other = self.pages[seat.agent.number], self.pages[colleague.agent.number]
        self.roster.set_presence(colleague, Presence.FREE)
        other.on_ring = lambda ring: None
        self.consultations.ask(seat, colleague.agent.number)
        assert self.consultations.reply(colleague, colleague.ring, accept=True)
        await page.until(lambda: any(isinstance(one, Asking) and one.talking for one in page.news))
        before = page.began
        self.consultations.leave(seat)
        self.roster.sign_off(colleague)
        ended = await other.see(AskedNoMore)
        assert isinstance(ended, AskedNoMore) and ended.end is AskEnd.TALK_OVER
        await page.until(lambda: page.began > before)

    def attempt(self) -> Attempt:
        with self.people.database.read() as session:
            found = session.scalars(select(Attempt)).one()
            session.expunge_all()
            return found


def another_client(people: PhoneReviews) -> int:
    """A task of another client that waits for a person."""
    with people.database.write() as session:
        first = session.scalars(select(ReviewTask)).one()
        client = Customer(
            number="C2", name="王强", name_digest="王强", gender="先生", phone="13800002222", phone_digest="13800002222"
        )
        session.add(client)
        session.flush()
        task = ReviewTask(
            number="R2",
            campaign_id=first.campaign_id,
            customer_id=client.id,
            review_type=first.review_type,
            script=first.script,
            slots=first.slots,
            created_at=NOON,
            with_human=True,
        )
        session.add(task)
        session.flush()
        return task.id


@pytest.fixture
def floor(people: PhoneReviews, works: Works, monkeypatch: pytest.MonkeyPatch) -> Floor:
    monkeypatch.setattr(placing, "DIAL_WITHIN_SECONDS", 60.0)  # machines under test may be slow
    return Floor(people, works)


async def test_a_supervisor_listens_to_a_call_by_hand_takes_it_over_and_writes_it_down(
    floor: Floor, task_id: int
) -> None:
    async with floor as on:
        seat, chief = on.seat("8002"), on.seat("8003")
        on.roster.set_presence(chief, Presence.AWAY)
        client = await on.dial(seat, task_id)
        (live,) = on.feed.calls()
        assert (live.client, live.title) == ("单**", "人工回访：适当性回访")
        with pytest.raises(RosterError, match="还没有接通"):
            await on.supervisors.take_over(chief, live.call_id)
        await on.supervisors.listen(chief, live.call_id)
        assert await on.pages["8003"].see(Supervising) == Supervising(live.call_id, "listen")
        await client.say("answered")
        while AGENT not in tones((await on.browsers["8003"].hear(0.3))[::6]):  # 48 kHz as the telephone's 8 kHz
            pass
        assert on.feed.calls()[0].stage is Stage.WITH_AGENT
        await on.supervisors.speak(chief, live.call_id, Mode.WHISPER)
        await on.browsers["8002"].hear(0.2)
        assert OTHER not in tones(await client.hear(0.3))
        await on.supervisors.take_over(chief, live.call_id)
        while OTHER not in tones(await client.hear(0.3)):
            pass
        began = await on.pages["8003"].see(TalkBegan)
        assert isinstance(began, TalkBegan) and began.form is not None and began.form.now is not None
        ended = await on.pages["8002"].see(TalkEnded)
        assert isinstance(ended, TalkEnded) and (ended.why, ended.wrap_seconds) == ("passed_on", 0)
        assert seat.presence is Presence.FREE and not on.by_hand.has(seat)
        await on.by_hand.give(chief, began.form.now.node, "no", "")
        await client.say("hangup", sip=200, q850=16)
        await on.pages["8003"].see(TalkEnded)
        await on.by_hand.record(chief, WrapUp(CallEnd(Outcome.HUNG_UP)))
        assert on.feed.calls() == ()
    with on.people.database.read() as session:
        assert session.scalars(select(HumanReview.staff_id)).all() == [agent(on.people, "8003")]
    evidence = on.attempt().evidence
    assert (evidence["agent"], evidence["talked_with"]) == ("8003", ["8002", "8003"])
    assert "consulted" not in evidence


class Deaf:
    """The telephone of somebody whose voice does not open; `meanwhile` happens then."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self.meanwhile = meanwhile

    def call(self, call_id: str) -> Joinable:
        self.meanwhile()
        raise BrowserRefused("no voice")


async def test_a_client_who_cannot_be_handed_on_is_with_the_agent_again_who_may_press_hang_up_twice(
    floor: Floor, task_id: int
) -> None:
    async with floor as on:
        seat, chief, pressed = on.seat("8002"), on.seat("8003"), list[asyncio.Task[None]]()
        on.roster.set_presence(chief, Presence.AWAY)
        client = await on.talking(task_id)
        voice, chief.phone = chief.phone, Deaf(lambda: pressed.append(asyncio.create_task(on.by_hand.hang_up(seat))))
        (live,) = on.feed.calls()
        await on.supervisors.take_over(chief, live.call_id)
        await on.pages["8002"].until(lambda: on.pages["8002"].began == 3)  # dialled, answered, with the agent again
        await asyncio.gather(*pressed)
        assert Asking("", end=AskEnd.UNREACHABLE) in on.pages["8002"].news
        assert on.by_hand.has(seat) and not on.by_hand.has(chief)
        assert chief.presence is Presence.AWAY and not chief.talking and not chief.ring
        chief.phone = voice
        await on.left_with_who_goes(seat, chief)
        assert on.by_hand.has(seat) and on.pages["8002"].news.count(Asking("", end=AskEnd.UNREACHABLE)) == 2
        await client.say("hangup", sip=200, q850=16)
        ended = await on.pages["8002"].see(TalkEnded)
        assert isinstance(ended, TalkEnded) and ended.why == "client_hung_up"


async def test_a_call_that_was_not_written_down_ends_without_harm_to_the_agents_next_one(
    floor: Floor, task_id: int
) -> None:
    """Off duty and on again while the result is still to be written down."""
    async with floor as on:
        seat, page = on.seat("8002"), on.pages["8002"]
        client = await on.talking(task_id)
        await client.say("hangup", sip=200, q850=16)
        await page.until(lambda: seat.presence is Presence.WRAP_UP)
        before = on.by_hand._calls["8002"]
        on.roster.sign_off(seat)
        again = on.roster.sign_on(seat.agent, seat.phone, page.tell)
        dialling = asyncio.create_task(on.by_hand.dial(again, another_client(on.people)))
        await on.far.take()
        await dialling
        on.by_hand._forget(before)
        assert on.by_hand.has(again) and again.presence is Presence.BUSY
        await on.by_hand.hang_up(again)
        await page.until(lambda: again.presence is Presence.WRAP_UP)


async def test_a_call_by_hand_takes_its_trunk_until_the_line_is_down_and_may_be_left_with_who_was_asked(
    floor: Floor, task_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with floor as on:
        seat, colleague = on.seat("8002"), on.seat("8003")
        client = await on.dial(seat, task_id)
        assert on.attempt().line == "lines"
        with pytest.raises(PeopleError, match="线路都在使用中"):
            await on.by_hand.dial(colleague, another_client(on.people))
        assert colleague.presence is Presence.FREE
        await client.say("answered")
        await on.pages["8002"].until(lambda: seat.bridge is not None)
        faltering(monkeypatch)
        on.pages["8003"].on_ring = lambda ring: None
        on.consultations.ask(seat, "8003")
        rings = await on.pages["8003"].see(Rings)
        assert isinstance(rings, Rings) and rings.form is not None and rings.briefing.client == "单**"
        assert on.consultations.reply(colleague, rings.ring, accept=True)
        await on.pages["8002"].until(
            lambda: any(one == Asking("坐席8003（8003）", True) for one in on.pages["8002"].news)
        )
        on.consultations.leave(seat)
        await on.pages["8003"].see(FormChanged)  # the second try has written down that the client is theirs
        assert not any(isinstance(one, AskedNoMore) for one in on.pages["8003"].news)
        await client.say("hangup", sip=200, q850=16)
        await on.pages["8003"].see(TalkEnded)
        await on.pages["8003"].until(lambda: colleague.presence is Presence.WRAP_UP)
        assert on.attempt().ended_at is None
        with on.people.database.write() as session:
            assert take_line(session, ONE, datetime.now(UTC)) == "lines"
        await on.by_hand.record(colleague, WrapUp(CallEnd(Outcome.HUNG_UP)))
    ended = on.attempt()
    assert ended.ended_at is not None
    assert (ended.evidence["talked_with"], ended.evidence["consulted"]) == (["8002", "8003"], ["8003"])
    with on.people.database.read() as session:
        (entry,) = session.scalars(select(AuditEntry)).all()
        assert (entry.staff_id, entry.act) == (agent(on.people, "8002"), "client_left")
        assert (entry.subject, entry.reason) == (ended.call_id, "转给8003")


def faltering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database fail when it is first told that a review is in other hands."""
    tries, well = list[int](), PhoneReviews.hand_on

    def hand_on(reviews: PhoneReviews, id_: int, staff_id: int, to: int, **more: Any) -> None:
        tries.append(to)
        if len(tries) == 1:
            raise OperationalError("UPDATE", {}, Exception("down"))
        well(reviews, id_, staff_id, to, **more)

    monkeypatch.setattr(PhoneReviews, "hand_on", hand_on)
    monkeypatch.setattr(by_hand_onward, "PAUSES", (0.0, 0.0))
