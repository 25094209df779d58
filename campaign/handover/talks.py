"""A client and a person on one line, whatever road joined them, and what it takes to get there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from campaign.handover.briefing import Briefing, Notebook
from campaign.handover.duty import Failure
from campaign.handover.meanwhile import Asides
from campaign.handover.sheet import Sheet
from campaign.handover.wrapping import WrapUp
from rules import Severity
from telephony.bridge import BridgeEnd, Joinable


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who may take calls."""

    staff_id: int
    number: str  # 工号
    name: str


@dataclass(slots=True)
class Loan:
    """The audio of somebody who was asked about a client, open for being joined to the client.

    `give_up`: nobody will join them; they are told so and hung up. Nothing happens where they are joined.
    """

    leg: Joinable
    outside: bool = False  # at an extension
    taken: bool = False  # they are joined
    void: bool = False  # given up
    give_up: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Onward:
    """To whom a client is passed on: rung first, or joined at once (a supervisor who takes over, who was asked).

    `alone`: to nobody else where that fails, because the bot or the agent is still there. `number` is an extension's
    address where it is no agent's.
    """

    number: str
    at_once: bool = False
    alone: bool = False
    loan: Loan | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A client who waits for a person.

    `barred` are the staff numbers and names who must not get the call (000 §6.3), `passed` the numbers of those who
    had it and lost their line or passed it on, `since` when the client first waited (the loop's clock), where that was
    before. `notebook` and `sheet` go on while the client waits and talks.
    """

    client: Joinable
    briefing: Briefing
    barred: frozenset[str] = frozenset()
    severity: Severity = Severity.HIGH
    passed: frozenset[str] = frozenset()
    asides: Asides = field(default_factory=Asides)
    since: float | None = None
    notebook: Notebook | None = None
    sheet: Sheet | None = None
    phone: str = ""  # masked
    onward: Onward | None = None


@dataclass(slots=True)
class Afterwards:
    """What follows a talk: to whom the client was passed on, and what the agent wrote down in the wrap-up.

    `consulted` are those who were asked about the client in it.
    """

    onward: Onward | None = None
    consulted: list[str] = field(default_factory=list)
    wrapped: asyncio.Future[WrapUp | None] | None = None  # None: there is no wrap-up


@dataclass(frozen=True, slots=True)
class Talk:
    """A person and the client hear each other until `end`: an agent at the console, or who answered at an extension."""

    end: asyncio.Task[BridgeEnd]
    agent: Agent | None = None
    target: str = ""  # the address of the extension
    after: Afterwards = field(default_factory=Afterwards)

    @property
    def taker(self) -> str:
        """The agent's number, or the extension's address."""
        return self.agent.number if self.agent is not None else self.target


@dataclass(frozen=True, slots=True)
class Transferred:
    """The exchange has joined the client to an extension: they talk without us."""

    target: str


Found: TypeAlias = Talk | Transferred | Failure


class Search(Protocol):
    """Fetches a person for a waiting client, within a bounded time; the client hears that somebody is rung."""

    async def __call__(self, wanted: Wanted) -> Found: ...
