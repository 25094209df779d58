"""One call's way from the bot to a person: the search, the talks that follow, and what came of them for the record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bot.agents import Agents, Joined, NotJoined
from bot.form import Filled
from bot.moves import Finish
from campaign.calls.feed import Stage
from campaign.handover.briefing import Notebook
from campaign.handover.duty import Failure
from campaign.handover.meanwhile import Asides, say, take_leave
from campaign.handover.sheet import Sheet
from campaign.handover.talks import Agent, Found, Onward, Search, Talk, Transferred, Wanted
from campaign.handover.wrapping import WrapUp, finish_of
from rules import Risk, Severity, severity_of
from telephony.bridge import BridgeEnd, Joinable, Parting
from telephony.legs import Leg

_PARTING_SECONDS = 3.0  # from the end of the line to the end of the talk
_MOST_TALKS = 4  # of one client: after so many lost lines a callback serves it better
_WRAP_SECONDS = 300.0  # longer than any wrap-up


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of a call's way to a person, for the record; empty where none was wanted.

    `talks` are the takers one after the other; target and `end` are the last one's, `agent` is the last agent.
    """

    agent: Agent | None = None
    target: str = ""  # extension or queue that it was transferred to
    failure: str = ""  # a Failure
    end: BridgeEnd | None = None
    talks: tuple[str, ...] = ()
    consulted: tuple[str, ...] = ()  # whom they have asked
    finish: Finish | None = None  # as the person who talked last says; None: nobody of ours talked
    left: Filled = Filled((), (), ())  # what they have ticked
    note: str = ""  # personal: never into `details`

    @property
    def taker(self) -> int | None:
        """The staff id of who has taken the client's matter over; nobody where the agent was lost in mid-talk."""
        lost = self.end is not None and self.end.parting is Parting.AGENT_LINE_LOST
        return self.agent.staff_id if self.agent is not None and not lost else None

    def details(self) -> dict[str, Any]:
        """What is stored beside the verdict."""
        found: dict[str, Any] = {}
        if self.agent is not None:
            found |= {"agent": self.agent.number, "agent_name": self.agent.name}
        if self.end is not None:
            found |= {
                "agent_joined_ms": self.end.joined_ms,
                "agent_parted_ms": self.end.parted_ms,
                "parting": self.end.parting.value,
            }
        if self.target:
            found["transferred_to"] = self.target
        if self.failure:
            found["hand_over_failed"] = self.failure
        if len(self.talks) > 1:
            found["talked_with"] = list(self.talks)
        if self.consulted:
            found["consulted"] = list(self.consulted)
        if self.left.notes:
            found["agent_answers"] = len(self.left.notes)
        return found


class Way(Agents, Protocol):
    """One call's way to a person."""

    @property
    def talked(self) -> bool:
        """Whether a person has talked with the client: what came of it may still have to be written down."""

    async def told(self) -> HandedOver:
        """What became of it, once the line has ended."""


@dataclass(frozen=True, slots=True)
class Party:
    """A client on the line who may need a person.

    `barred` names the staff who must not get the call (000 §6.3); `asides` is what the client hears from us outside
    the dialogue; `show` tells watchers what the dialogue does not know of.
    """

    client: Leg
    notebook: Notebook
    barred: frozenset[str] = frozenset()
    asides: Asides = field(default_factory=Asides)
    show: Callable[[Stage], None] = lambda _: None
    sheet: Sheet | None = None
    phone: str = ""  # the client's, masked


@dataclass(slots=True)
class NoWay:
    """Nobody is fetched."""

    why: Failure
    failure: str = ""
    talked: bool = False

    async def fetch(self, reason: Risk) -> Joined | NotJoined:
        self.failure = self.why
        return NotJoined(self.why)

    async def told(self) -> HandedOver:
        return HandedOver(failure=self.failure)


@dataclass(slots=True)
class ToPerson:
    """The way by a search; who loses the person in mid-talk is told so, and the search goes on."""

    search: Search
    client: Joinable
    party: Party
    talks: list[Talk] = field(default_factory=list)
    target: str = ""  # that the exchange has transferred the call to
    failure: str = ""
    course: asyncio.Task[None] | None = None
    since: float | None = None  # when the client first waited
    taken_over: asyncio.Future[str] | None = None  # by a supervisor, while the bot talks
    over: Callable[[], None] = lambda: None  # called once the line has ended

    async def fetch(self, reason: Risk) -> Joined | NotJoined:
        self.failure = Failure.TIMED_OUT  # stands where the conversation waits no longer
        self.since = asyncio.get_running_loop().time()
        severity = severity_of(reason)
        match await self._find(severity):
            case Failure() as failure:
                self.failure = failure
                return NotJoined(failure)
            case Transferred(target=target):
                self.target, self.failure = target, ""
                # They talk by themselves now: our part of the call ends as soon as the dialogue has been told.
                self.course = asyncio.create_task(self.client.hang_up())
                return Joined(target)
            case Talk() as talk:
                return self._talked_with(talk, severity)

    def _talked_with(self, talk: Talk, severity: Severity) -> Joined:
        self.failure = ""
        self.course = asyncio.create_task(self._accompany(talk, severity), name="hand-over")
        return Joined(talk.taker)

    @property
    def talked(self) -> bool:
        return bool(self.talks)

    # Supervisors

    @property
    def barred(self) -> frozenset[str]:
        """The staff who must have nothing to do with this client (000 §6.3)."""
        return self.party.barred

    @property
    def waiting(self) -> bool:
        """Whether the client has once waited for an agent: the bot does not come back."""
        return self.since is not None

    def take_over(self, number: str) -> bool:
        """Have a supervisor on duty take the bot's place; False where the bot talks no longer."""
        waits = self.taken_over is not None and not self.taken_over.done() and self.since is None
        if self.taken_over is None or not waits or self.party.notebook.finished:
            return False
        self.taken_over.set_result(number)
        return True

    async def stepped_in(self) -> Joined:
        """Wait until a supervisor has taken the bot's place; for ever where none does."""
        while True:
            self.taken_over = asyncio.get_running_loop().create_future()
            number = await self.taken_over
            found = await self._find(Severity.HIGH, Onward(number, at_once=True, alone=True))
            if isinstance(found, Talk):
                return self._talked_with(found, Severity.HIGH)

    async def _find(self, severity: Severity, onward: Onward | None = None) -> Found:
        party, passed = self.party, frozenset(talk.taker for talk in self.talks)
        return await self.search(
            Wanted(
                self.client,
                party.notebook.briefing(),
                party.barred,
                severity,
                passed,
                party.asides,
                self.since,
                party.notebook,
                party.sheet,
                party.phone,
                onward,
            )
        )

    async def _accompany(self, talk: Talk, severity: Severity) -> None:
        """Follow the talk to its end; after a lost line find the next one, or take leave of the client."""
        found: Found = talk
        while isinstance(found, Talk):
            self.talks.append(found)
            self.party.show(Stage.WITH_AGENT)
            end, onward = await found.end, found.after.onward
            if end.parting not in (Parting.AGENT_LINE_LOST, Parting.PASSED_ON):
                return
            self.party.show(Stage.FETCHING)
            lent = onward is not None and onward.loan is not None
            if end.parting is Parting.AGENT_LINE_LOST and not lent:  # else somebody is there already
                await say(self.client, self.party.asides.lost, "agent_lost")
            too_many = len(self.talks) >= _MOST_TALKS and not lent
            found = Failure.NONE_FREE if too_many else await self._find(severity, onward)
        if isinstance(found, Transferred):
            self.target = found.target
        else:
            self.failure = found
        if isinstance(found, Failure):
            await take_leave(self.client, self.party.asides.farewell)
        else:
            await self.client.hang_up()

    async def told(self) -> HandedOver:
        self.over()
        if self.course is not None:
            await asyncio.wait({self.course}, timeout=_PARTING_SECONDS)
        if not self.talks:
            return HandedOver(target=self.target, failure=self.failure)
        last, takers = self.talks[-1], tuple(talk.taker for talk in self.talks)
        over = last.end.done() and not last.end.cancelled() and last.end.exception() is None
        end = last.end.result() if over else None
        agent = next((talk.agent for talk in reversed(self.talks) if talk.agent is not None), None)
        consulted = tuple(number for talk in self.talks for number in talk.after.consulted)
        found = HandedOver(agent, self.target or last.target, self.failure, end, takers, consulted)
        return await self._written_down(found)

    async def _written_down(self, found: HandedOver) -> HandedOver:
        """With what the agents have ticked and noted, once the last of them has written it down, or time is over."""
        if found.agent is None:
            return found
        wraps = [(talk.taker, await _wrapped(talk)) for talk in self.talks if talk.agent is not None]
        notes = [f"{taker}：{wrap.note}" for taker, wrap in wraps if wrap and wrap.note]
        sheet = self.party.sheet
        finish = finish_of(wraps[-1][1], complete=sheet is not None and sheet.complete)
        left = sheet.left() if sheet is not None else Filled((), (), ())
        return replace(found, finish=finish, left=left, note="\n".join(notes))


async def _wrapped(talk: Talk) -> WrapUp | None:
    if talk.after.wrapped is None:
        return None
    await asyncio.wait({talk.after.wrapped}, timeout=_WRAP_SECONDS)
    return talk.after.wrapped.result() if talk.after.wrapped.done() else None
