"""Clients who wait for agents, as values: who is there, what happens, what is to be done.

`campaign.handover.offering` decides. Instants are seconds of one clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from campaign.handover.duty import Failure, Presence, Withdrawn
from rules import Severity


@dataclass(frozen=True, slots=True)
class Terms:
    """How long one agent is rung, how long a client waits in all, how many clients may wait at once.

    Those who wait again, because the agent's line failed, are not counted out. `wrap_seconds` bound the wrap-up after
    a talk; for `look_seconds` what an agent has to know is on the screen before they hear the client.
    """

    offer_seconds: float = 12.0
    wait_seconds: float = 60.0
    most_waiting: int = 50
    wrap_seconds: float = 60.0
    look_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Client:
    """A client who waits from `since` until `until` at the latest.

    `barred` are the numbers and names of staff who must not get the call (000 §6.3), `passed` the numbers of those
    who have had their chance, `failure` why the last of them did not take it.
    """

    call: str
    severity: Severity
    since: float
    until: float
    barred: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    failure: Failure = Failure.NONE_FREE
    first: str = ""  # the number of a colleague to whom the client was passed on: rung before others


@dataclass(frozen=True, slots=True)
class Person:
    """An agent on duty; `idle_since` orders those who are free."""

    number: str
    name: str
    presence: Presence
    idle_since: float


@dataclass(frozen=True, slots=True)
class Offer:
    """A call that rings at an agent until it goes to the next one."""

    call: str
    number: str
    until: float


@dataclass(frozen=True, slots=True)
class Room:
    """Who waits, in order of arrival, who is on duty, and what rings where."""

    clients: tuple[Client, ...] = ()
    people: tuple[Person, ...] = ()
    offers: tuple[Offer, ...] = ()

    @property
    def deadline(self) -> float | None:
        """When a `Ticked` has something to do."""
        bounds = (*(one.until for one in self.clients), *(one.until for one in self.offers))
        return min(bounds, default=None)

    def offer_of(self, call: str) -> Offer | None:
        """Where a call rings."""
        return next((offer for offer in self.offers if offer.call == call), None)

    def person(self, number: str) -> Person | None:
        """An agent on duty."""
        return next((person for person in self.people if person.number == number), None)


# What happens


@dataclass(frozen=True, slots=True)
class Came:
    """A client begins to wait, or waits again."""

    client: Client


@dataclass(frozen=True, slots=True)
class Left:
    """A client waits no longer."""

    call: str
    why: Withdrawn


@dataclass(frozen=True, slots=True)
class Replied:
    """An agent took a call that rang, or would not."""

    call: str
    number: str
    taken: bool


@dataclass(frozen=True, slots=True)
class SignedOn:
    """An agent is on duty."""

    number: str
    name: str
    presence: Presence = Presence.FREE


@dataclass(frozen=True, slots=True)
class SignedOff:
    """An agent is on duty no longer."""

    number: str


@dataclass(frozen=True, slots=True)
class BecameFree:
    """An agent's talk is over, or the agent has chosen to be free, busy or away."""

    number: str
    presence: Presence = Presence.FREE


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed."""


Event: TypeAlias = Came | Left | Replied | SignedOn | SignedOff | BecameFree | Ticked


# What is to be done


@dataclass(frozen=True, slots=True)
class Ring:
    """Let a call ring at an agent."""

    call: str
    number: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Stop:
    """Let it ring there no longer."""

    call: str
    number: str
    why: Withdrawn


@dataclass(frozen=True, slots=True)
class Connect:
    """Join a client to the agent who took the call; where that fails, the client comes again as it stands here."""

    client: Client
    number: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nobody will take this call."""

    call: str
    failure: Failure


Act: TypeAlias = Ring | Stop | Connect | GiveUp
