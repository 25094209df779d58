"""An agent asks somebody about the client on hold, and comes back or leaves the client there; real audio all ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bot.agents import Joined
from campaign.handover import colleagues
from campaign.handover.agents import Roster
from campaign.handover.colleagues import Consultations
from campaign.handover.duty import AskedNoMore, AskEnd, Asking, Presence, Rings, RosterError, TalkBegan, TalkEnded
from campaign.handover.roads import ToBrowser
from campaign.handover.ways import Party, Way
from rules import Risk
from telephony.bridge import Parting
from telephony.recording import RecordingStore
from tests.campaign.test_losing_agents import QUICK, Client, Lines, Seated, agents, lines, tones
from tests.telephony.farend import KEY
from tests.telephony.sounds import line, sine

__all__ = ["lines"]

AGENT, COLLEAGUE = 1500, 2000  # Hz
WHO = "坐席8003（8003）"


@dataclass
class Desk:
    """An agent who talks with a client, and a colleague on duty."""

    agent: Seated
    colleague: Seated
    client: Client
    way: Way
    asking: Consultations

    async def told(self, news: Asking) -> None:
        """Wait until the agent's page is told so."""
        await self.agent.page.until(lambda: news in self.agent.page.news)
        self.agent.page.news.clear()

    async def ask(self, reply: Callable[[str], None] = lambda ring: None) -> Rings:
        self.colleague.page.news.clear()
        self.colleague.page.on_ring = reply
        self.asking.ask(self.agent.seat, "8003")
        assert self.colleague.seat.presence is Presence.BUSY  # at once: nobody else may ask them now
        rings = await self.colleague.page.see(Rings)
        assert isinstance(rings, Rings)
        return rings

    def accept(self, ring: str) -> None:
        self.asking.reply(self.colleague.seat, ring, accept=True)

    def decline(self, ring: str) -> None:
        self.asking.reply(self.colleague.seat, ring, accept=False)


@asynccontextmanager
async def desk(lines: Lines, *extensions: str, barred: str = "") -> AsyncIterator[Desk]:
    roster = Roster(QUICK)
    async with agents(roster, {"8002": AGENT, "8003": COLLEAGUE}) as seated:
        roster.set_presence(seated["8003"].seat, Presence.BUSY)
        client = await lines.answered("7-1")
        party: Party = replace(client.party(), barred=frozenset({barred} - {""}))
        way = ToBrowser(roster).way(party)
        assert await way.fetch(Risk.COMPLAINT) == Joined("8002")
        asking = Consultations(roster, lines.gateway, extensions)
        yield Desk(seated["8002"], seated["8003"], client, way, asking)
        await client.leg.hang_up()
        await way.told()


async def test_who_is_asked_sees_the_call_first_and_gets_the_client_when_the_agent_leaves(
    lines: Lines, tmp_path: Path
) -> None:
    async with desk(lines) as at:
        with pytest.raises(RosterError, match="不空闲"):
            at.asking.ask(at.agent.seat, "8003")
        at.asking.roster.set_presence(at.colleague.seat, Presence.FREE)
        while AGENT not in tones(await at.client.phone.hear(0.2)):
            pass
        rings = await at.ask()
        assert rings.asked_by == "坐席8002（8002）" and rings.briefing.client == "单**先生"
        with pytest.raises(RosterError, match="还没有接通"):
            at.asking.leave(at.agent.seat)
        with pytest.raises(RosterError, match="正在咨询"):
            at.asking.ask(at.agent.seat, "8003")
        at.accept(rings.ring)
        await at.told(Asking(WHO, talking=True))
        while COLLEAGUE not in tones((await at.agent.browser.hear(0.3))[::6]):  # 48 kHz as the telephone's 8 kHz
            pass
        while AGENT not in tones((await at.colleague.browser.hear(0.3))[::6]):
            pass
        assert not {AGENT, COLLEAGUE} & set(tones(await at.client.phone.hear(0.3)))
        at.asking.leave(at.agent.seat)
        while COLLEAGUE not in tones(await at.client.phone.hear(0.3)):
            pass
        assert any(isinstance(one, TalkBegan) for one in at.colleague.page.news)
        at.colleague.seat.hang_up()
        handed = await at.way.told()
    assert (handed.talks, handed.details()["consulted"]) == (("8002", "8003"), ["8003"])
    both = np.frombuffer(RecordingStore(tmp_path, KEY).read_pcm("7-1"), "<i2").reshape(-1, 2)
    heard = [hertz for hertz in tones(both[:, 1]) if hertz in (AGENT, COLLEAGUE)]
    assert list(dict.fromkeys(heard)) == [AGENT, COLLEAGUE] and heard[-1] == COLLEAGUE


async def test_when_nothing_comes_of_it_the_agent_is_back_with_the_client_and_told_why(lines: Lines) -> None:
    async with desk(lines) as at:
        roster, colleague = at.asking.roster, at.colleague.seat
        roster.set_presence(colleague, Presence.FREE)
        await at.ask(at.decline)
        await at.told(Asking("", end=AskEnd.DECLINED))
        await at.ask()
        assert at.asking.back(at.agent.seat)
        await at.told(Asking("", end=AskEnd.BACK))
        await at.ask(at.accept)
        await at.told(Asking(WHO, talking=True))
        at.agent.seat.hold(False)  # the client waits as long as the two talk
        assert at.agent.seat.bridge is not None and at.agent.seat.bridge.held
        assert at.asking.hang_up(colleague)
        await at.told(Asking("", end=AskEnd.HUNG_UP))
        await at.colleague.page.until(lambda: colleague.presence is Presence.FREE)
        roster.terms = replace(QUICK, offer_seconds=0.05)
        await at.ask()
        await at.told(Asking("", end=AskEnd.TIMED_OUT))
        await at.colleague.page.until(lambda: colleague.presence is Presence.AWAY)
        assert not at.agent.seat.bridge.held
        while AGENT not in tones(await at.client.phone.hear(0.2)):
            pass


async def test_a_client_who_hangs_up_ends_it_all(lines: Lines) -> None:
    async with desk(lines) as at:
        at.asking.roster.set_presence(at.colleague.seat, Presence.FREE)
        await at.ask(at.accept)
        await at.told(Asking(WHO, talking=True))
        await at.client.phone.say("hangup", sip=200, q850=16)
        await at.told(Asking("", end=AskEnd.CLIENT_HUNG_UP))
        ended = await at.colleague.page.see(AskedNoMore)
        assert isinstance(ended, AskedNoMore) and ended.end is AskEnd.CLIENT_HUNG_UP
        await at.colleague.page.until(lambda: at.colleague.seat.presence is Presence.FREE)
        talk = await at.agent.page.see(TalkEnded)
        assert isinstance(talk, TalkEnded) and talk.why == Parting.CLIENT_HUNG_UP


async def test_a_client_left_with_somebody_who_goes_in_that_moment_waits_for_another_person(lines: Lines) -> None:
    async with desk(lines) as at:
        at.asking.roster.set_presence(at.colleague.seat, Presence.FREE)
        await at.ask(at.accept)
        await at.told(Asking(WHO, talking=True))
        at.asking.leave(at.agent.seat)
        at.asking.roster.sign_off(at.colleague.seat)
        ended = await at.colleague.page.see(AskedNoMore)
        assert isinstance(ended, AskedNoMore) and ended.end is AskEnd.TALK_OVER
        await at.client.leg.ended()  # nobody else is there
        handed = await at.way.told()
        assert (handed.talks, handed.failure, at.colleague.seat.asked) == (("8002",), "none_free", None)


async def test_who_was_asked_is_free_at_once_where_the_client_hangs_up_as_the_agent_leaves(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colleagues, "_TAKEN_SECONDS", 1000.0)
    async with desk(lines) as at:
        at.asking.roster.set_presence(at.colleague.seat, Presence.FREE)
        await at.ask(at.accept)
        await at.told(Asking(WHO, talking=True))
        hanging_up = asyncio.create_task(at.client.leg.hang_up())
        await at.client.leg.ended()
        at.asking.leave(at.agent.seat)
        await at.colleague.page.see(AskedNoMore)
        await at.colleague.page.until(lambda: at.colleague.seat.presence is Presence.FREE)
        await hanging_up


async def test_who_must_not_have_the_client_is_not_asked_about_it(lines: Lines) -> None:
    """000 §6.3."""
    async with desk(lines, barred="8003") as at:
        at.asking.roster.set_presence(at.colleague.seat, Presence.FREE)
        with pytest.raises(RosterError, match="§6.3"):
            at.asking.ask(at.agent.seat, "8003")


async def test_an_extension_is_asked_over_the_trunk_and_gets_the_client(lines: Lines) -> None:
    address = "sip:8001@pbx"
    async with desk(lines, address) as at:
        at.asking.ask(at.agent.seat, address)
        busy = await lines.far.media((await lines.far.dialled())["call"])
        await busy.say("hangup", sip=486, q850=17)
        await at.told(Asking("", end=AskEnd.ENGAGED))
        at.asking.ask(at.agent.seat, address)
        dialled = await lines.far.dialled()
        assert dialled["number"] == "8001"
        person = await lines.far.media(dialled["call"])
        await person.say("answered")
        await at.told(Asking("分机 8001", talking=True))
        at.asking.leave(at.agent.seat)
        await at.agent.page.see(TalkEnded)
        await asyncio.gather(person.speak(line(sine(1000, 600))), _heard(at.client, 1000))
        await person.say("hangup", sip=200, q850=16)
        handed = await at.way.told()
    assert handed.talks == ("8002", address)
    assert handed.details()["transferred_to"] == address and handed.agent is not None


async def _heard(client: Client, hertz: float) -> None:
    before = len(client.phone.heard)
    while hertz not in tones(bytes(client.phone.heard[before:])):
        await client.phone.hear(0.1)
