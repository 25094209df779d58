"""Agents on duty as values: how they count, what their pages are told, why nobody took a call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from campaign.handover.briefing import Briefing


class Presence(StrEnum):
    """Whether an agent takes calls."""

    FREE = "空闲"
    BUSY = "忙碌"  # rung at or in a call, or what the agent chose
    AWAY = "小休"


class Failure(StrEnum):
    """Why no agent took a call."""

    NONE_FREE = "none_free"  # nobody who may take it is on duty, or the extension is engaged
    DECLINED = "declined"
    TIMED_OUT = "timed_out"  # not answered in time, or nobody became free while the client waited
    QUEUE_FULL = "queue_full"  # too many clients wait already
    TRUNK_REFUSED = "trunk_refused"  # the line or the exchange does not carry the transfer
    CLIENT_HUNG_UP = "client_hung_up"


class Withdrawn(StrEnum):
    """Why a call no longer rings at an agent."""

    TAKEN = "taken"  # by this agent
    DECLINED = "declined"  # by this agent
    TIMED_OUT = "timed_out"  # not taken in time
    CLIENT_HUNG_UP = "client_hung_up"
    GIVEN_UP = "given_up"  # the conversation waits no longer


@dataclass(frozen=True, slots=True)
class Rings:
    """A call wants this agent."""

    ring: str
    briefing: Briefing
    seconds: float  # until it goes to the next one


@dataclass(frozen=True, slots=True)
class RingEnded:
    """The ringing is over."""

    ring: str
    why: Withdrawn


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """The talk is over; `why` is a `telephony.bridge.Parting`."""

    ring: str
    why: str


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """How the agent counts from now on."""

    presence: Presence


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """How many clients wait for an agent from now on, those included who ring at somebody."""

    waiting: int


News: TypeAlias = Rings | RingEnded | TalkEnded | PresenceChanged | QueueChanged


class RosterError(Exception):
    """An agent cannot do this now; the message is for the agent."""
