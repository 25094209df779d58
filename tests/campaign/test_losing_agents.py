"""Clients whose agent is lost in mid-talk, and what clients hear on the way to a person; all over a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.agents import Joined
from bot.script import load_script
from campaign.calls.feed import Stage
from campaign.handover.agents import Roster
from campaign.handover.briefing import Notebook
from campaign.handover.consulting import Consultation
from campaign.handover.duty import Failure, Presence, Rings, Withdrawn
from campaign.handover.meanwhile import Asides, asides_of, keep_company
from campaign.handover.roads import ToBrowser, ToExtension
from campaign.handover.seats import Seat
from campaign.handover.talks import Agent, Talk, Wanted
from campaign.handover.waiting_room import Terms
from campaign.handover.ways import Party
from rules import Risk, Severity
from telephony.bridge import Joinable, Parting
from telephony.browser import BrowserLines
from telephony.gateway import Gateway
from telephony.legs import Answered
from telephony.recording import RecordingStore
from tests.campaign.test_agents import EMPTY, Page
from tests.telephony.browserend import Browser, on_duty
from tests.telephony.farend import KEY, Call, FarEnd, far_end, running_gateway, until
from tests.telephony.sounds import line, sine

WAITING, LOST, FAREWELL = 600, 800, 1000  # Hz of what stands in for the approved words
QUICK = Terms(wrap_seconds=0.05, look_seconds=0)
ASIDES = Asides(*(line(sine(hertz, 600)) for hertz in (WAITING, LOST, FAREWELL)))


@dataclass
class Client:
    leg: Joinable
    phone: Call

    shown: list[Stage] = field(default_factory=list)  # to watchers

    def party(self) -> Party:
        notebook = Notebook("7-1", load_script("suitability"), "单小明", "先生")
        return Party(self.leg, notebook, asides=ASIDES, show=self.shown.append)


@dataclass
class Lines:
    """A gateway with its far end, where clients and extensions are called."""

    gateway: Gateway
    far: FarEnd

    async def answered(self, call_id: str) -> Client:
        leg = await self.gateway.dial(call_id, "13800000000", ring_seconds=60)
        phone = await self.far.take()
        await phone.say("answered")
        await until(leg, Answered)
        return Client(leg, phone)


@pytest.fixture
async def lines(tmp_path: Path) -> AsyncIterator[Lines]:
    async with running_gateway(tmp_path) as gateway, far_end(gateway) as far:
        yield Lines(gateway, far)


@dataclass
class Seated:
    """An agent at a real browser, who sounds a tone and takes what rings."""

    browser: Browser
    seat: Seat
    page: Page


@asynccontextmanager
async def agents(roster: Roster, hertz: dict[str, float]) -> AsyncIterator[dict[str, Seated]]:
    """Agents on duty by number."""
    async with BrowserLines() as browsers, AsyncExitStack() as duties:
        seated: dict[str, Seated] = {}
        for number, tone in hertz.items():
            browser, phone = await duties.enter_async_context(on_duty(browsers, tone))
            page = Page()
            seat = roster.sign_on(Agent(int(number), number, f"坐席{number}"), phone, page.tell)
            page.on_ring = partial(roster.accept, seat)
            seated[number] = Seated(browser, seat, page)
        yield seated


def tones(pcm: bytes | NDArray[np.int16]) -> list[float]:
    """The strongest frequency of every loud tenth of a second, runs as one."""
    samples = np.frombuffer(pcm, "<i2") if isinstance(pcm, bytes) else pcm
    found: list[float] = []
    for start in range(0, len(samples) - 800, 800):
        piece = samples[start : start + 800].astype(float)
        if np.sqrt(np.mean(piece**2)) < 500:
            continue
        hertz = round(float(np.argmax(np.abs(np.fft.rfft(piece)))) * 10 / 50) * 50
        found += [hertz] if not found or found[-1] != hertz else []
    return found


def of_these(heard: list[float], *wanted: float) -> list[float]:
    """The runs of some tones; where a stall of this machine broke one, it counts as one."""
    return [hertz for hertz, _ in groupby(hertz for hertz in heard if hertz in wanted)]


async def test_a_client_whose_agent_is_lost_is_told_and_gets_the_next_one(lines: Lines, tmp_path: Path) -> None:
    roster = Roster(QUICK)
    async with agents(roster, {"8002": 1500, "8003": 2000}) as seated:
        client = await lines.answered("7-1")
        way = ToBrowser(roster).way(client.party())
        assert await way.fetch(Risk.COMPLAINT) == Joined("8002")
        while 1500 not in tones(bytes(client.phone.heard)):
            await client.phone.hear(0.2)
        began = len(client.phone.heard)
        await seated["8002"].browser.close()
        while 2000 not in (heard := tones(bytes(client.phone.heard[began:]))):
            await client.phone.hear(0.2)
        assert of_these(heard, 1500, LOST, 2000)[-2:] == [LOST, 2000]
        assert FAREWELL not in heard
        assert seated["8002"].seat.presence is Presence.AWAY
        seated["8003"].seat.hang_up()
        await client.leg.ended()
        handed = await way.told()
    assert handed.taker == 8003 and handed.details()["parting"] == Parting.AGENT_HUNG_UP
    assert handed.details()["talked_with"] == ["8002", "8003"]
    assert client.shown == [Stage.WITH_AGENT, Stage.FETCHING, Stage.WITH_AGENT]
    both = np.frombuffer(RecordingStore(tmp_path, KEY).read_pcm("7-1"), "<i2").reshape(-1, 2)
    assert of_these(tones(both[:, 1]), 1500, LOST, 2000) == [1500, LOST, 2000]


async def test_where_no_other_agent_is_there_the_client_is_told_of_the_callback(lines: Lines) -> None:
    roster = Roster(QUICK)
    async with agents(roster, {"8002": 1500}) as seated:
        client = await lines.answered("7-1")
        way = ToBrowser(roster).way(client.party())
        await way.fetch(Risk.COMPLAINT)
        await seated["8002"].browser.close()
        await client.leg.ended()
        handed = await way.told()
    assert of_these(tones(bytes(client.phone.heard)), LOST, FAREWELL) == [LOST, FAREWELL]
    assert handed.taker is None
    assert handed.details()["parting"] == Parting.AGENT_LINE_LOST
    assert handed.details()["hand_over_failed"] == "none_free"


async def test_a_client_who_hangs_up_meanwhile_is_not_talked_to(lines: Lines) -> None:
    roster = Roster(QUICK)
    async with agents(roster, {"8002": 1500}) as seated:
        client = await lines.answered("7-1")
        way = ToBrowser(roster).way(client.party())
        await way.fetch(Risk.COMPLAINT)
        await seated["8002"].browser.close()
        while LOST not in tones(bytes(client.phone.heard)):
            await client.phone.hear(0.1)
        await client.phone.say("hangup", sip=200, q850=16)
        await client.leg.ended()
        assert (await way.told()).details()["parting"] == Parting.AGENT_LINE_LOST


async def test_an_extension_whose_line_is_lost_is_followed_by_the_next(lines: Lines) -> None:
    client = await lines.answered("7-1")
    road = ToExtension(Consultation(lines.gateway, ("sip:8001@pbx", "sip:8002@pbx"), refers=True))
    way = road.way(client.party())
    for number in ("8001", "8002"):
        fetching = asyncio.create_task(way.fetch(Risk.COMPLAINT)) if number == "8001" else None
        dialled = await lines.far.dialled()
        assert dialled["number"] == number
        person = await lines.far.media(dialled["call"])
        await person.say("answered")
        if fetching is not None:
            assert await fetching == Joined("sip:8001@pbx")
            await person.media.close()
    await person.speak(line(sine(2000, 600)))
    while tones(bytes(client.phone.heard))[-1] != 2000:  # the last of it may still be on its way
        await client.phone.hear(0.1)
    await person.say("hangup", sip=200, q850=16)
    await client.leg.ended()
    told = (await way.told()).details()
    assert (told["transferred_to"], told["parting"]) == ("sip:8002@pbx", "agent_hung_up")
    assert told["talked_with"] == ["sip:8001@pbx", "sip:8002@pbx"]


async def test_of_two_clients_the_graver_gets_the_agent_first_then_the_other(lines: Lines) -> None:
    roster = Roster(QUICK)
    async with agents(roster, {"8002": 1500}) as seated:
        seat, page = seated["8002"].seat, seated["8002"].page
        roster.set_presence(seat, Presence.BUSY)
        light, grave = await lines.answered("7-1"), await lines.answered("8-1")
        fetching = [
            asyncio.create_task(roster.fetch(Wanted(light.leg, EMPTY, severity=Severity.MEDIUM))),
            asyncio.create_task(roster.fetch(Wanted(grave.leg, EMPTY, severity=Severity.HIGH))),
        ]
        await page.until(lambda: roster.waiting == 2)
        roster.set_presence(seat, Presence.FREE)
        first = await fetching[1]
        assert isinstance(first, Talk) and not fetching[0].done()
        seat.hang_up()
        second = await fetching[0]
        assert isinstance(second, Talk)
        await light.phone.say("hangup", sip=200, q850=16)
        assert (await second.end).parting is Parting.CLIENT_HUNG_UP


async def test_two_agents_who_take_one_call_in_the_same_moment_do_not_both_get_it(lines: Lines) -> None:
    """The offer goes on to the second just as the first takes it."""
    roster = Roster(QUICK)
    async with agents(roster, {"8002": 1500, "8003": 2000}) as seated:
        first, second = seated["8002"], seated["8003"]
        first.page.on_ring = second.page.on_ring = lambda ring: None
        client = await lines.answered("7-1")
        fetching = asyncio.create_task(roster.fetch(Wanted(client.leg, EMPTY)))
        await first.page.see(Rings)
        ring = first.seat.ring
        roster.decline(first.seat, ring)
        for seat in (second.seat, first.seat, second.seat):
            roster.accept(seat, ring)
        talk = await fetching
        assert isinstance(talk, Talk) and talk.taker == "8003"
        assert (first.page.why(), second.page.why()) == ([Withdrawn.DECLINED], [Withdrawn.TAKEN])
        await client.leg.hang_up()
        await talk.end


async def test_an_agent_who_goes_off_duty_while_the_audio_opens_does_not_get_the_client(lines: Lines) -> None:
    roster = Roster(QUICK)
    async with agents(roster, {"8002": 1500}) as seated:
        seat, page = seated["8002"].seat, seated["8002"].page

        def take_and_go(ring: str) -> None:
            roster.accept(seat, ring)
            asyncio.get_running_loop().call_soon(roster.sign_off, seat)

        page.on_ring = take_and_go
        client = await lines.answered("7-1")
        assert await roster.fetch(Wanted(client.leg, EMPTY)) is Failure.NONE_FREE
        assert (seat.bridge, seat.ring) == (None, "")


async def test_an_agent_whose_answer_crosses_with_the_end_of_the_wait_is_free_again(lines: Lines) -> None:
    roster = Roster(QUICK)
    async with agents(roster, {"8002": 1500}) as seated:
        seat, page = seated["8002"].seat, seated["8002"].page
        page.on_ring = lambda ring: None
        client = await lines.answered("7-1")
        fetching = asyncio.create_task(roster.fetch(Wanted(client.leg, EMPTY)))
        await page.see(Rings)
        roster.accept(seat, seat.ring)
        fetching.cancel()
        await asyncio.gather(fetching, return_exceptions=True)
        assert (seat.presence, seat.ring, seat.bridge) == (Presence.FREE, "", None)


async def test_the_client_hears_the_ringing_and_at_intervals_the_waiting_words(lines: Lines) -> None:
    client = await lines.answered("7-1")
    company = asyncio.create_task(keep_company(client.leg, ASIDES.waiting, tone_seconds=0.1))
    while WAITING not in (heard := tones(bytes(client.phone.heard))):
        await client.phone.hear(0.2)
    company.cancel()
    assert heard[:2] == [450, WAITING]


async def test_the_words_are_the_scripts_with_the_clients_slots() -> None:
    spoken: list[str] = []

    class Voice:
        async def fetch(self, text: str) -> bytes:
            spoken.append(text)
            return text.encode()

    script = load_script("suitability")
    asides = await asides_of(script, {}, Voice())
    assert spoken == [script.texts.agent_wait, script.texts.agent_lost, script.texts.no_agent]
    assert asides.waiting.decode() == script.texts.agent_wait and "稍等" in script.texts.agent_wait


async def test_nobody_waits_for_an_agent_when_too_many_wait_already(lines: Lines) -> None:
    roster = Roster(QUICK)
    roster.terms = type(roster.terms)(most_waiting=0)
    client = await lines.answered("7-1")
    assert await roster.fetch(Wanted(client.leg, EMPTY)) is Failure.QUEUE_FULL


async def test_a_client_who_lost_the_agent_goes_before_those_who_came_later(lines: Lines) -> None:
    roster = Roster(QUICK)
    async with agents(roster, {"8002": 1500, "8003": 2000}) as seated:
        other = seated["8003"]
        roster.set_presence(other.seat, Presence.BUSY)
        lost, later = await lines.answered("7-1"), await lines.answered("8-1")
        way = ToBrowser(roster).way(lost.party())
        assert await way.fetch(Risk.COMPLAINT) == Joined("8002")
        roster.sign_off(seated["8002"].seat)
        fetching = asyncio.create_task(roster.fetch(Wanted(later.leg, EMPTY)))
        await other.page.until(lambda: roster.waiting == 1)
        await seated["8002"].browser.close()
        await other.page.until(lambda: roster.waiting == 2)
        roster.set_presence(other.seat, Presence.FREE)
        while 2000 not in tones(bytes(lost.phone.heard)):
            await lost.phone.hear(0.2)
        assert not fetching.done()
        other.seat.hang_up()
        await lost.leg.ended()
        assert (await way.told()).talks == ("8002", "8003")
        assert isinstance(await fetching, Talk)
        await later.leg.hang_up()
