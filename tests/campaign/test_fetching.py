"""Conversations on a real line while a person is sought: the key 0 asks for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bot.moves import Action, AgentJoined, Event, Facts, HungUp, Say, TransferFailed
from bot.pipeline import converse
from bot.report import Report
from bot.script import load_script
from campaign.handover.agents import Roster
from campaign.handover.briefing import Notebook
from campaign.handover.consulting import Consultation
from campaign.handover.duty import Rings, Withdrawn
from campaign.handover.meanwhile import asides_of
from campaign.handover.roads import Road, ToBrowser, ToExtension
from campaign.handover.seats import Seat
from campaign.handover.talks import Agent
from campaign.handover.waiting_room import Terms
from campaign.handover.ways import Party, Way
from intents import load_matcher
from rules import Ending
from speech.recogniser import Recogniser
from telephony.bridge import Joinable
from telephony.gateway import Gateway
from telephony.legs import Answered
from tests.campaign.test_agents import Page
from tests.telephony.farend import WAIT, Call, FarEnd, far_end, running_gateway, until
from tests.telephony.sounds import line, sine

pytestmark = pytest.mark.audio


@pytest.fixture(scope="module")
def ears(shipped_model: Path) -> Iterator[Recogniser]:
    made = Recogniser(shipped_model, deadline_seconds=60)
    yield made
    made.close()


class NoPhone:
    """Of an agent who never takes a call in the test."""

    def call(self, call_id: str) -> Joinable:
        raise AssertionError("nobody accepted")


class Tones:
    """Prompts that are a tone, 30 ms for each character: words are of no account here."""

    async def fetch(self, text: str, slower: bool = False) -> bytes:
        return line(sine(700, 30 * len(text)))


def loud_ms(pcm: bytes) -> int:
    samples = np.abs(np.frombuffer(pcm, "<i2").astype(int))
    return 10 * int((samples[: len(samples) // 80 * 80].reshape(-1, 80).max(axis=1) > 1000).sum())


@dataclass
class Talk:
    """A client who has pressed 0, and where a person is sought."""

    client: Call
    far: FarEnd
    roster: Roster
    way: Way
    conversation: asyncio.Task[Report]
    page: Page
    seat: Seat
    moves: list[Event | Action] = field(default_factory=list)

    def of(self, kind: type) -> list[Event | Action]:
        return [move for move in self.moves if isinstance(move, kind)]

    async def over(self) -> Report:
        return await asyncio.wait_for(self.conversation, WAIT)

    def said(self) -> list[str]:
        return [move.text for move in self.moves if isinstance(move, Say)]


MakeRoad = Callable[[Roster, Gateway], Road]


def to_browser(roster: Roster, gateway: Gateway) -> Road:
    return ToBrowser(roster)


def to_extension(roster: Roster, gateway: Gateway) -> Road:
    return ToExtension(Consultation(gateway, ("sip:8001@pbx",), refers=True))


@asynccontextmanager
async def talking(ears: Recogniser, folder: Path, road: MakeRoad) -> AsyncIterator[Talk]:
    async with running_gateway(folder) as gateway, far_end(gateway) as far:
        leg = await gateway.dial("7-1", "13800000000", ring_seconds=60)
        phone = await far.take()
        await phone.say("answered")
        await until(leg, Answered)
        script, roster, page = load_script("suitability"), Roster(Terms(look_seconds=0)), Page()
        seat = roster.sign_on(Agent(1, "8002", "孙敏"), NoPhone(), page.tell)
        notebook, moves = Notebook("7-1", script, "单小明", "先生"), list[Event | Action]()

        def log(move: Event | Action, _at_ms: int) -> None:
            moves.append(move)
            notebook.note(move)

        slots = {slot.name: slot.sample for slot in script.slots.values()}
        way = road(roster, gateway).way(Party(leg, notebook, asides=await asides_of(script, slots, Tones())))
        facts = Facts(slots, datetime(2026, 11, 20, 2, 0, tzinfo=UTC))
        conversation = asyncio.create_task(
            converse(leg, script, facts, ears, Tones(), load_matcher(), log=log, agents=way)
        )
        await phone.hear(1.0)
        await phone.say("dtmf", digit="0")
        yield Talk(phone, far, roster, way, conversation, page, seat, moves)
        await leg.hang_up()


async def test_a_client_who_hangs_up_stops_the_ringing_and_the_matter_goes_to_a_person(
    ears: Recogniser, tmp_path: Path
) -> None:
    async with talking(ears, tmp_path, to_browser) as talk:
        await talk.page.see(Rings)
        await talk.client.say("hangup", sip=200, q850=16)
        report = await talk.over()
        assert talk.page.why() == [Withdrawn.CLIENT_HUNG_UP]
        assert report.finish is not None and report.finish.ending is Ending.HANDED_OVER
        assert talk.of(HungUp) and not talk.of(AgentJoined)


async def test_where_the_agent_declines_the_bot_says_that_somebody_calls_back(ears: Recogniser, tmp_path: Path) -> None:
    async with talking(ears, tmp_path, to_browser) as talk:
        await talk.page.see(Rings)
        talk.roster.decline(talk.seat, talk.seat.ring)
        report = await talk.over()
        assert "回电" in talk.said()[-1]
        assert report.finish is not None and report.finish.ending is Ending.HANDED_OVER
        assert (await talk.way.told()).details() == {"hand_over_failed": "declined"}


async def test_where_the_extension_is_busy_the_bot_says_so_too(ears: Recogniser, tmp_path: Path) -> None:
    async with talking(ears, tmp_path, to_extension) as talk:
        extension = await talk.far.take()
        await extension.say("hangup", sip=486, q850=17)
        report = await talk.over()
        assert "回电" in talk.said()[-1] and not report.hung_up
        assert [move.reason for move in talk.moves if isinstance(move, TransferFailed)] == ["none_free"]


async def test_a_conversation_whose_person_is_lost_ends_as_handed_over_to_nobody(
    ears: Recogniser, tmp_path: Path
) -> None:
    async with talking(ears, tmp_path, to_extension) as talk:
        extension = await talk.far.take()
        await extension.say("answered")
        await extension.hear(0.5)
        before = len(talk.client.heard)
        await extension.media.close()
        await talk.over()
        assert [move.agent for move in talk.moves if isinstance(move, AgentJoined)] == ["sip:8001@pbx"]
        told = await talk.way.told()
        assert (told.target, told.failure, told.taker) == ("sip:8001@pbx", "none_free", None)
        texts = load_script("suitability").texts
        told_ms = 30 * len(texts.agent_lost + texts.no_agent)
        assert loud_ms(bytes(talk.client.heard[before:])) == pytest.approx(told_ms, abs=150)
