"""Whom a call rings at, what an agent's page is told, and how the talk ends; clients on a real line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from bot.agents import Joined, NotJoined
from bot.moves import Finish, Flag, Heard, Listen, Note, Say, Transfer
from bot.script import load_script
from campaign.handover.agents import Roster
from campaign.handover.briefing import Briefing, Notebook, Spoken
from campaign.handover.duty import (
    Failure,
    News,
    Presence,
    PresenceChanged,
    QueueChanged,
    RingEnded,
    Rings,
    RosterError,
    TalkBegan,
    TalkEnded,
    Withdrawn,
)
from campaign.handover.roads import ByExchange, ToBrowser, ToCallback
from campaign.handover.seats import Seat
from campaign.handover.talks import Agent, Wanted
from campaign.handover.waiting_room import Terms
from campaign.handover.ways import Party
from campaign.handover.wrapping import WrapUp
from intents import Intent, Match
from rules import Ending, Risk, Severity
from telephony.bridge import Joinable, Parting
from telephony.browser import BrowserLines
from telephony.legs import Answered
from tests.telephony.browserend import on_duty
from tests.telephony.farend import WAIT, Call, far_end, running_gateway, until
from tests.telephony.sounds import line, sine

EMPTY = Briefing("7-1", "单**先生", "适当性回访", "要求人工", "", (), (), (), ())


class NoPhone:
    """Of an agent who never takes a call in the test."""

    def call(self, call_id: str) -> Joinable:
        raise AssertionError("nobody accepted")


@dataclass
class Page:
    """An agent's page: keeps the news, and acts on a ring at once if told to."""

    on_ring: Callable[[str], None] = lambda ring: None
    news: list[News] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, news: News) -> None:
        self.news.append(news)
        self.more.set()
        if isinstance(news, Rings):
            self.on_ring(news.ring)

    async def see(self, kind: type) -> News:
        """The latest news of a kind, once there is any."""
        await self.until(lambda: any(isinstance(one, kind) for one in self.news))
        return [one for one in self.news if isinstance(one, kind)][-1]

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT):
            while not done():
                self.more.clear()
                await self.more.wait()

    @property
    def rung(self) -> int:
        """How often it rang here."""
        return sum(isinstance(one, Rings) for one in self.news)

    @property
    def began(self) -> int:
        """How often a talk began here, or stood otherwise."""
        return sum(isinstance(one, TalkBegan) for one in self.news)

    def why(self) -> list[Withdrawn]:
        return [one.why for one in self.news if isinstance(one, RingEnded)]


@dataclass
class Client:
    leg: Joinable
    phone: Call

    def party(self) -> Party:
        return Party(self.leg, Notebook("7-1", load_script("suitability"), "单小明", "先生"))

    def wanted(self, *barred: str) -> Wanted:
        return Wanted(self.leg, EMPTY, frozenset(barred))


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with running_gateway(tmp_path) as gateway, far_end(gateway) as far:
        leg = await gateway.dial("7-1", "13800000000", ring_seconds=60)
        phone = await far.take()
        await phone.say("answered")
        await until(leg, Answered)
        yield Client(leg, phone)
        await leg.hang_up()


def sit(roster: Roster, number: str, act: str = "", name: str = "") -> tuple[Seat, Page]:
    """An agent who accepts, declines or lets it ring."""
    page = Page()
    seat = roster.sign_on(Agent(int(number), number, name or f"坐席{number}"), NoPhone(), page.tell)
    if act:
        page.on_ring = lambda ring: getattr(roster, act)(seat, ring)
    return seat, page


async def test_with_nobody_on_duty_none_is_free(client: Client) -> None:
    assert await Roster().fetch(client.wanted()) is Failure.NONE_FREE


async def test_an_agent_on_a_break_is_not_rung(client: Client) -> None:
    roster = Roster()
    seat, page = sit(roster, "8002")
    roster.set_presence(seat, Presence.AWAY)
    assert await roster.fetch(client.wanted()) is Failure.NONE_FREE
    assert not page.why()


@pytest.mark.parametrize("barred", ["8002", "孙敏"])
async def test_who_serves_the_client_or_is_complained_about_is_never_rung(client: Client, barred: str) -> None:
    roster = Roster()
    _, page = sit(roster, "8002", name="孙敏")
    assert await roster.fetch(client.wanted(barred)) is Failure.NONE_FREE
    assert page.rung == 0


async def test_a_call_that_is_declined_goes_to_the_next_and_then_to_nobody(client: Client) -> None:
    roster = Roster()
    _, first = sit(roster, "8002", "decline")
    _, second = sit(roster, "8003", "decline")
    assert await roster.fetch(client.wanted()) is Failure.DECLINED
    assert first.why() == second.why() == [Withdrawn.DECLINED]
    assert all(seat.presence is Presence.FREE for seat in roster.on_duty())


async def test_an_agent_who_does_not_answer_is_passed_over_and_put_on_a_break(client: Client) -> None:
    roster = Roster(Terms(offer_seconds=0.1))
    seat, page = sit(roster, "8002")
    assert await roster.fetch(client.wanted()) is Failure.TIMED_OUT
    assert page.why() == [Withdrawn.TIMED_OUT]
    assert seat.presence is Presence.AWAY
    assert await roster.fetch(client.wanted()) is Failure.NONE_FREE


async def test_all_rings_together_have_a_bound(client: Client) -> None:
    roster = Roster(Terms(offer_seconds=10, wait_seconds=0.15))
    sit(roster, "8002")
    _, second = sit(roster, "8003")
    assert await roster.fetch(client.wanted()) is Failure.TIMED_OUT
    assert second.rung == 0


async def test_a_client_who_hangs_up_cancels_the_ringing(client: Client) -> None:
    roster = Roster()
    seat, page = sit(roster, "8002")
    fetching = asyncio.create_task(roster.fetch(client.wanted()))
    await page.see(Rings)
    await client.phone.say("hangup", sip=200, q850=16)
    assert await fetching is Failure.CLIENT_HUNG_UP
    assert page.why() == [Withdrawn.CLIENT_HUNG_UP]
    assert seat.presence is Presence.FREE
    roster.accept(seat, seat.ring)  # too late: nothing happens


async def test_the_client_hears_the_ringing_behind_what_the_bot_still_says(client: Client) -> None:
    roster = Roster()
    _, page = sit(roster, "8002")
    before = len(client.phone.heard)
    client.leg.play(line(sine(700, 300)), "bridge text")
    fetching = asyncio.create_task(roster.fetch(client.wanted()))
    await page.see(Rings)
    while 450 not in (heard := sounds(bytes(client.phone.heard[before:]))):
        await client.phone.hear(0.2)
    assert heard == [700, 450]
    await client.leg.hang_up()
    await fetching


def sounds(pcm: bytes) -> list[float]:
    """The strongest frequency (Hz) of every tenth of a second that sounds throughout, runs as one."""
    pieces = np.frombuffer(pcm[: len(pcm) // 1600 * 1600], "<i2").reshape(-1, 10, 80).astype(float)
    throughout = pieces[np.sqrt((pieces**2).mean(axis=2)).min(axis=1) > 500].reshape(-1, 800)
    loudest = [float(np.argmax(np.abs(np.fft.rfft(piece)))) * 10 for piece in throughout]
    return [hertz for hertz, _ in groupby(loudest)]


async def test_a_conversation_that_gives_up_stops_the_ringing(client: Client) -> None:
    roster = Roster()
    seat, page = sit(roster, "8002")
    fetching = asyncio.create_task(roster.fetch(client.wanted()))
    await page.see(Rings)
    fetching.cancel()
    await asyncio.gather(fetching, return_exceptions=True)
    assert page.why() == [Withdrawn.GIVEN_UP]
    assert seat.presence is Presence.FREE


async def test_two_calls_never_ring_at_one_agent(client: Client) -> None:
    roster = Roster(Terms(wait_seconds=0.3))
    seat, page = sit(roster, "8002")
    fetching = asyncio.create_task(roster.fetch(client.wanted()))
    await page.see(Rings)
    assert await roster.fetch(client.wanted()) is Failure.TIMED_OUT  # it waited for the agent who was rung
    assert page.rung == 1
    await fetching


async def test_an_agent_who_signs_off_leaves_the_call_to_the_next(client: Client) -> None:
    roster = Roster()
    seat, page = sit(roster, "8002")
    fetching = asyncio.create_task(roster.fetch(client.wanted()))
    await page.see(Rings)
    with pytest.raises(RosterError):
        roster.set_presence(seat, Presence.FREE)
    roster.sign_off(seat)
    assert await fetching is Failure.DECLINED


async def test_who_waits_gets_the_agent_who_becomes_free(client: Client) -> None:
    roster = Roster()
    seat, page = sit(roster, "8002")
    roster.set_presence(seat, Presence.BUSY)
    fetching = asyncio.create_task(roster.fetch(client.wanted()))
    assert await page.see(QueueChanged) == QueueChanged(1)
    page.on_ring = lambda ring: roster.decline(seat, ring)
    roster.set_presence(seat, Presence.FREE)
    assert await fetching is Failure.DECLINED
    assert page.news[-1] == QueueChanged(0)


def _note_and_decline(roster: Roster, seat: Seat, order: list[str], ring: str) -> None:
    order.append(seat.agent.number)
    roster.decline(seat, ring)


async def test_the_longest_idle_agent_is_rung_first(client: Client) -> None:
    roster = Roster()
    first, first_page = sit(roster, "8002")
    second, second_page = sit(roster, "8003")
    roster.set_presence(first, Presence.AWAY)
    roster.set_presence(first, Presence.FREE)
    order: list[str] = []
    for seat, page in ((first, first_page), (second, second_page)):
        page.on_ring = partial(_note_and_decline, roster, seat, order)
    await roster.fetch(client.wanted())
    assert order == ["8003", "8002"]


def test_one_agent_sits_in_one_place() -> None:
    async def twice() -> None:
        roster = Roster()
        seat, _ = sit(roster, "8002")
        with pytest.raises(RosterError, match="另一个页面"):
            sit(roster, "8002")
        again = Page()
        roster.sign_on(seat.agent, NoPhone(), again.tell, instead=True)
        roster.sign_off(seat)  # the page that is over changes nothing
        assert [one.agent.number for one in roster.on_duty()] == ["8002"]
        roster.sign_off(roster.on_duty()[0])
        sit(roster, "8002")

    asyncio.run(twice())


async def test_an_agent_who_accepts_talks_until_the_agent_hangs_up(client: Client) -> None:
    async with BrowserLines() as lines, on_duty(lines, 1000) as (browser, phone):
        roster, page = Roster(Terms(look_seconds=0)), Page()
        seat = roster.sign_on(Agent(2, "8002", "孙敏"), phone, page.tell)
        page.on_ring = lambda ring: roster.accept(seat, ring)
        way = ToBrowser(roster).way(client.party())
        assert await way.fetch(Risk.ASKED_FOR_HUMAN) == Joined("8002")
        assert [one.presence for one in page.news if isinstance(one, PresenceChanged)] == [Presence.BUSY]
        await asyncio.gather(browser.hear(0.2), client.phone.hear(0.2))
        seat.hang_up()
        await client.leg.ended()
        ended = await page.see(TalkEnded)
        assert isinstance(ended, TalkEnded) and ended.wrap_seconds == 60
        told = asyncio.create_task(way.told())
        roster.wrap_up(seat, WrapUp(note="客户明天再来营业部"))
        handed = await told
        assert handed.agent == Agent(2, "8002", "孙敏")
        assert handed.details()["parting"] == Parting.AGENT_HUNG_UP
        assert (handed.finish, handed.note) == (Finish(Ending.HANDED_OVER), "8002：客户明天再来营业部")
        changes = [one.presence for one in page.news if isinstance(one, PresenceChanged)]
        assert changes == [Presence.BUSY, Presence.WRAP_UP, Presence.FREE]


async def test_a_matter_whose_agent_is_lost_in_mid_talk_is_nobodys(client: Client) -> None:
    async with BrowserLines() as lines, on_duty(lines, 1000) as (browser, phone):
        roster, page = Roster(Terms(look_seconds=0)), Page()
        seat = roster.sign_on(Agent(2, "8002", "孙敏"), phone, page.tell)
        page.on_ring = lambda ring: roster.accept(seat, ring)
        way = ToBrowser(roster).way(client.party())
        await way.fetch(Risk.ASKED_FOR_HUMAN)
        await browser.close()
        await client.leg.ended()
        handed = await way.told()
        assert handed.details()["parting"] == Parting.AGENT_LINE_LOST
        assert handed.taker is None


async def test_an_agent_whose_browser_is_gone_is_passed_over(client: Client) -> None:
    async with BrowserLines() as lines, on_duty(lines) as (browser, phone):
        roster, page = Roster(Terms(look_seconds=0)), Page()
        seat = roster.sign_on(Agent(2, "8002", "孙敏"), phone, page.tell)
        page.on_ring = lambda ring: roster.accept(seat, ring)
        await phone.close()
        other, declining = sit(roster, "8003", "decline")
        assert await roster.fetch(client.wanted()) is Failure.DECLINED
        assert declining.why() == [Withdrawn.DECLINED]
        assert seat.presence is Presence.AWAY  # offered nothing until back


async def test_without_a_road_the_client_is_called_back(client: Client) -> None:
    way = ToCallback().way(client.party())
    assert (await way.told()).details() == {}
    assert await way.fetch(Risk.COMPLAINT) == NotJoined("none_free")
    assert (await way.told()).details() == {"hand_over_failed": "none_free"}


async def test_a_line_that_cannot_transfer_refuses(client: Client) -> None:
    way = ByExchange("sip:800@pbx.example").way(client.party())
    assert await way.fetch(Risk.COMPLAINT) == NotJoined("trunk_refused")


def test_the_agent_is_told_who_what_and_why_with_names_and_numbers_masked() -> None:
    script = load_script("suitability")
    notebook = Notebook("7-1", script, "单小明", "先生")
    asked = "suitability.self_operated"
    for move in (
        Say("opening.identity/ask", "请问您是单小明先生吗？"),
        Say(f"{asked}/ask", "请问账户是您本人操作吗？"),
        Listen(asked),
        Heard("我13800001111老婆在操作", Match(Intent.NO), 0, 1),
        Note(asked, "no", "我13800001111老婆在操作", Intent.NO, 0.9, "", 0, 1),
        Flag(Risk.NOT_SELF_OPERATED, Severity.HIGH, asked, "我13800001111老婆在操作", 0, 1),
        Say(f"{asked}/bridge", "现在为您转接专员"),
        Transfer(Risk.NOT_SELF_OPERATED),
    ):
        notebook.note(move)
    told = notebook.briefing()
    assert (told.client, told.title, told.reason) == ("单**先生", script.title, "非本人操作")
    assert told.question == "请问账户是您本人操作吗？"
    assert [(one.question, one.value) for one in told.answers] == [(told.question, "no")]
    assert [(one.risk, one.severity) for one in told.flags] == [("非本人操作", "高")]
    assert told.lines[0] == Spoken("机器人", "请问您是单**先生吗？")
    assert "13800001111" not in repr(told) and "单小明" not in repr(told)
