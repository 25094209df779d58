"""A supervisor on other people's calls: the bot's, an agent's; real audio both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.agents import Joined
from bot.moves import AgentJoined, Facts, Note
from bot.pipeline import converse
from bot.replay import Move, differences
from bot.script import load_script
from campaign.handover.agents import Roster
from campaign.handover.briefing import Notebook
from campaign.handover.duty import Presence, RosterError, Supervised, Supervising, TalkBegan, TalkEnded
from campaign.handover.roads import OnLine, ToBrowser
from campaign.handover.seats import Seat
from campaign.handover.sheet import Sheet
from campaign.handover.supervising import Mode, Supervisors
from campaign.handover.ways import Party, ToPerson
from campaign.handover.wrapping import WrapUp
from intents import load_matcher
from rules import Ending, Risk
from speech.recogniser import Recogniser
from telephony.bridge import Parting
from tests.campaign.test_fetching import Tones
from tests.campaign.test_losing_agents import QUICK, Lines, agents, lines, tones
from tests.telephony.farend import WAIT

__all__ = ["lines"]

BOT, AGENT, SUPERVISOR = 700, 1500, 2000  # Hz


@pytest.fixture(scope="module")
def ears(shipped_model: Path) -> Iterator[Recogniser]:
    made = Recogniser(shipped_model, deadline_seconds=60)
    yield made
    made.close()


@pytest.mark.audio
async def test_a_supervisor_listens_to_the_bot_takes_its_place_and_goes_on_with_the_review(
    lines: Lines, ears: Recogniser
) -> None:
    roster = Roster()
    road = ToBrowser(roster)
    supervisors = Supervisors(roster, road.lines)
    async with agents(roster, {"9001": SUPERVISOR}) as seated:
        chief = seated["9001"]
        roster.set_presence(chief.seat, Presence.WATCHING)
        client = await lines.answered("7-1")
        script, moves = load_script("suitability"), list[Move]()
        facts = Facts(
            {slot.name: slot.sample for slot in script.slots.values()}, datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
        )
        notebook = Notebook("7-1", script, "单小明", "先生")
        sheet = Sheet(script, facts, load_matcher(), lambda move, _: moves.append(move))
        way = road.way(Party(client.leg, notebook, sheet=sheet))
        conversation = asyncio.create_task(
            converse(
                client.leg,
                script,
                facts,
                ears,
                Tones(),
                load_matcher(),
                log=lambda move, _: moves.append(move),
                agents=way,
            )  # fmt: skip
        )
        await supervisors.listen(chief.seat, "7-1")
        while BOT not in tones((await chief.browser.hear(0.3))[::6]):  # 48 kHz as the telephone's 8 kHz
            pass
        with pytest.raises(RosterError, match="机器人"):
            await supervisors.speak(chief.seat, "7-1", Mode.WHISPER)
        await supervisors.take_over(chief.seat, "7-1")
        began = await chief.page.see(TalkBegan)
        assert isinstance(began, TalkBegan) and began.form is not None and began.client == "单小明先生"
        while SUPERVISOR not in tones(await client.phone.hear(0.3)):
            pass
        chief.seat.give("suitability.self_operated", "yes", "")
        chief.seat.hang_up()
        report = await asyncio.wait_for(conversation, WAIT)
        await chief.page.see(TalkEnded)
        roster.wrap_up(chief.seat, WrapUp())
        handed = await way.told()
    assert report.finish is not None and report.finish.ending is Ending.HANDED_OVER
    assert (handed.talks, handed.agent and handed.agent.number) == (("9001",), "9001")
    assert [note.question for note in handed.left.notes] == ["suitability.self_operated"]
    assert [move.agent for move in moves if isinstance(move, AgentJoined)] == ["9001"]
    assert any(isinstance(move, Note) for move in moves)
    assert differences(script, facts, moves) == ()


async def test_a_supervisor_whispers_to_an_agent_and_takes_the_client_over(lines: Lines) -> None:
    roster = Roster(QUICK)
    road = ToBrowser(roster)
    supervisors = Supervisors(roster, road.lines)
    async with agents(roster, {"8002": AGENT, "9001": SUPERVISOR}) as seated:
        agent, chief = seated["8002"], seated["9001"]
        roster.set_presence(chief.seat, Presence.WATCHING)
        client = await lines.answered("7-1")
        way = road.way(client.party())
        assert isinstance(way, ToPerson)
        assert await way.fetch(Risk.COMPLAINT) == Joined("8002")
        with pytest.raises(RosterError, match="已经结束"):
            await supervisors.listen(chief.seat, "7-9")
        await supervisors.speak(chief.seat, "7-1", Mode.WHISPER)
        assert await agent.page.see(Supervised) == Supervised("whisper")
        await agent.browser.hear(0.5)
        assert SUPERVISOR not in tones(await client.phone.hear(0.4))
        await supervisors.take_over(chief.seat, "7-1")
        ended = await agent.page.see(TalkEnded)
        assert isinstance(ended, TalkEnded) and ended.why == Parting.PASSED_ON
        while SUPERVISOR not in tones(await client.phone.hear(0.3)):
            pass
        await client.phone.say("hangup", sip=200, q850=16)
        handed = await way.told()
        assert handed.talks == ("8002", "9001")
        assert handed.details()["parting"] == Parting.CLIENT_HUNG_UP
        with pytest.raises(RosterError, match="已经结束"):
            await supervisors.listen(chief.seat, "7-1")


class Late(Supervisors):
    """A supervisor's voice opens just when the agent has hung up."""

    async def _open(self, seat: Seat, way: OnLine) -> Any:
        opened = await Supervisors._open(self, seat, way)
        (talking,) = (one for one in self.roster.on_duty() if one.talk is not None)
        talk = talking.talk
        talking.hang_up()
        assert talk is not None
        await talk
        return opened


async def test_a_talk_that_ends_while_the_supervisors_voice_opens_is_not_whispered_into(lines: Lines) -> None:
    roster = Roster(QUICK)
    road = ToBrowser(roster)
    supervisors = Late(roster, road.lines)
    async with agents(roster, {"8002": AGENT, "9001": SUPERVISOR}) as seated:
        chief = seated["9001"]
        roster.set_presence(chief.seat, Presence.WATCHING)
        client = await lines.answered("7-1")
        assert await road.way(client.party()).fetch(Risk.COMPLAINT) == Joined("8002")
        with pytest.raises(RosterError, match="刚刚离开"):
            await supervisors.speak(chief.seat, "7-1", Mode.WHISPER)
        await chief.page.until(lambda: chief.page.news[-1] == Supervising("", why="通话已经结束"))


async def test_a_supervisor_with_an_interest_in_the_client_is_kept_out(lines: Lines) -> None:
    """000 §6.3."""
    roster = Roster(QUICK)
    road = ToBrowser(roster)
    supervisors = Supervisors(roster, road.lines)
    async with agents(roster, {"9001": SUPERVISOR}) as seated:
        chief = seated["9001"]
        roster.set_presence(chief.seat, Presence.WATCHING)
        client = await lines.answered("7-1")
        road.way(replace(client.party(), barred=frozenset({"9001"})))
        for act in (supervisors.listen, supervisors.take_over):
            with pytest.raises(RosterError, match="§6.3"):
                await act(chief.seat, "7-1")
        road.way(client.party())
        await supervisors.listen(chief.seat, "7-1")
        assert await chief.page.see(Supervising) == Supervising("7-1", "listen")
        await client.phone.say("hangup", sip=200, q850=16)
        await chief.page.until(lambda: chief.page.news[-1] == Supervising("", why="通话已经结束"))


async def test_an_agent_passes_a_client_on_to_the_colleague_of_choice(lines: Lines) -> None:
    roster = Roster(QUICK)
    road = ToBrowser(roster)
    async with agents(roster, {"8002": AGENT, "8003": 1200, "8004": SUPERVISOR}) as seated:
        client = await lines.answered("7-1")
        way = road.way(replace(client.party(), barred=frozenset({"8003"})))
        assert await way.fetch(Risk.COMPLAINT) == Joined("8002")
        first, chosen = seated["8002"], seated["8004"]
        with pytest.raises(RosterError, match="§6.3"):
            roster.pass_on(first.seat, "8003")
        with pytest.raises(RosterError, match="不在班"):
            roster.pass_on(first.seat, "8009")
        roster.set_presence(chosen.seat, Presence.AWAY)
        with pytest.raises(RosterError, match="不空闲"):
            roster.pass_on(first.seat, "8004")
        roster.set_presence(chosen.seat, Presence.FREE)
        roster.pass_on(first.seat, "8004")
        while SUPERVISOR not in tones(await client.phone.hear(0.3)):
            pass
        assert first.seat.presence is not Presence.BUSY and chosen.page.rung == 1
        chosen.seat.hang_up()
        handed = await way.told()
        assert (handed.talks, handed.agent and handed.agent.number) == (("8002", "8004"), "8004")
