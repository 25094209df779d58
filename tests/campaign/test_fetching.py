"""A conversation on a real line while agents are rung: the key 0 asks for a person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.moves import Action, AgentJoined, Event, Facts, HungUp
from bot.pipeline import converse
from bot.report import Report
from bot.script import load_script
from campaign.agents import Roster
from campaign.briefing import Notebook
from campaign.duty import News, RingEnded, Rings, Withdrawn
from campaign.roads import Party, ToBrowser
from campaign.talks import Agent
from intents import load_matcher
from rules import Ending
from speech.prompts import Prompts
from speech.recogniser import Recogniser, find_model
from speech.voice import Pyttsx3Voice
from telephony.bridge import Joinable
from telephony.legs import Answered
from tests.telephony.farend import Call, far_end, running_gateway, until

pytestmark = pytest.mark.audio


@pytest.fixture(scope="module")
def ears(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recogniser]:
    made = Recogniser(find_model("", tmp_path_factory.mktemp("models")))
    yield made
    made.close()


@dataclass
class Talk:
    """A client who has pressed 0, and the agent who is rung."""

    phone: Call
    conversation: asyncio.Task[Report]
    news: list[News]
    moves: list[Event | Action] = field(default_factory=list)

    def of(self, kind: type) -> list[Event | Action]:
        return [move for move in self.moves if isinstance(move, kind)]


class NoPhone:
    def call(self, call_id: str) -> Joinable:
        raise AssertionError("nobody accepted")


@pytest.fixture
async def talk(ears: Recogniser, tmp_path: Path) -> AsyncIterator[Talk]:
    async with running_gateway(tmp_path) as gateway, far_end(gateway) as far:
        leg = await gateway.dial("7-1", "13800000000", ring_seconds=10)
        phone = await far.take()
        await phone.say("answered")
        await until(leg, Answered)
        yield await _begin(leg, phone, ears, tmp_path)
        await leg.hang_up()


async def _begin(leg: Joinable, phone: Call, ears: Recogniser, folder: Path) -> Talk:
    script, roster = load_script("suitability"), Roster()
    news, rung, moves = [], asyncio.Event(), []

    def tell(one: News) -> None:
        news.append(one)
        if isinstance(one, Rings):
            rung.set()

    roster.sign_on(Agent(1, "8002", "孙敏"), NoPhone(), tell)
    notebook = Notebook("7-1", script, "单小明", "先生")

    def log(move: Event | Action, _at_ms: int) -> None:
        moves.append(move)
        notebook.note(move)

    facts = Facts({slot.name: slot.sample for slot in script.slots.values()}, datetime(2026, 11, 20, 2, 0, tzinfo=UTC))
    prompts = Prompts(folder / "prompts", Pyttsx3Voice(overrides=script.pronunciations))
    way = ToBrowser(roster).way(Party(leg, notebook))
    conversation = asyncio.create_task(converse(leg, script, facts, ears, prompts, load_matcher(), log=log, agents=way))
    await phone.hear(1.0)
    await phone.say("dtmf", digit="0")
    await asyncio.wait_for(rung.wait(), 20)
    return Talk(phone, conversation, news, moves)


async def test_a_client_who_hangs_up_stops_the_ringing_and_the_matter_goes_to_a_person(talk: Talk) -> None:
    await talk.phone.say("hangup", sip=200, q850=16)
    report = await asyncio.wait_for(talk.conversation, 10)
    assert [one.why for one in talk.news if isinstance(one, RingEnded)] == [Withdrawn.CLIENT_HUNG_UP]
    assert report.finish is not None and report.finish.ending is Ending.HANDED_OVER
    assert talk.of(HungUp) and not talk.of(AgentJoined)
