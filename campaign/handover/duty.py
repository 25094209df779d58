"""Agents on duty as values: how they count, what their pages are told, why nobody took a call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from campaign.calls.call_form import CallForm
from campaign.handover.briefing import Briefing


class Presence(StrEnum):
    """Whether an agent takes calls."""

    FREE = "空闲"
    BUSY = "忙碌"  # rung at or in a call, or what the agent chose
    AWAY = "小休"
    WRAP_UP = "话后处理"  # writes down what came of a talk, for a bounded time
    WATCHING = "督导"  # a supervisor: listens, is offered nothing


CHOSEN = (Presence.FREE, Presence.BUSY, Presence.AWAY)  # what an agent may choose


class Failure(StrEnum):
    """Why no agent took a call."""

    NONE_FREE = "none_free"  # nobody who may take it is on duty, or the extension is engaged
    DECLINED = "declined"
    TIMED_OUT = "timed_out"  # not answered in time, or nobody became free while the client waited
    QUEUE_FULL = "queue_full"  # too many clients wait already
    TRUNK_REFUSED = "trunk_refused"  # the line or the exchange does not carry the transfer
    CLIENT_HUNG_UP = "client_hung_up"


class AskEnd(StrEnum):
    """How a consultation ended."""

    BACK = "back"  # the agent has come back to the client
    LEFT = "left"  # the client was left with who was asked
    DECLINED = "declined"
    TIMED_OUT = "timed_out"
    ENGAGED = "engaged"
    UNREACHABLE = "unreachable"  # the extension's line failed, or the colleague's voice did not open
    HUNG_UP = "hung_up"  # who was asked has gone
    CLIENT_HUNG_UP = "client_hung_up"
    TALK_OVER = "talk_over"  # the agent's own part has ended otherwise


class Withdrawn(StrEnum):
    """Why a call no longer rings at an agent."""

    TAKEN = "taken"  # by this agent
    DECLINED = "declined"  # by this agent
    TIMED_OUT = "timed_out"  # not taken in time
    CLIENT_HUNG_UP = "client_hung_up"
    GIVEN_UP = "given_up"  # the conversation waits no longer


@dataclass(frozen=True, slots=True)
class Rings:
    """A call wants this agent; `asked_by`: a colleague wants to ask about it, whose client stays with them."""

    ring: str
    briefing: Briefing
    seconds: float  # until it goes to the next one
    asked_by: str = ""
    form: CallForm | None = None


@dataclass(frozen=True, slots=True)
class RingEnded:
    """The ringing is over."""

    ring: str
    why: Withdrawn


@dataclass(frozen=True, slots=True)
class BriefingChanged:
    """What is known of a call that rings has grown: the client and the bot still speak."""

    ring: str
    briefing: Briefing


@dataclass(frozen=True, slots=True)
class TalkBegan:
    """The two hear each other; now the client's name is shown, and the review goes on as a form (None: there is none).

    Told again to a page that comes back in mid-talk.
    """

    ring: str
    call_id: str
    client: str
    phone: str  # masked
    form: CallForm | None = None
    briefing: Briefing | None = None
    muted: bool = False
    held: bool = False
    by_hand: bool = False  # the agent has dialled
    answered: bool = True  # of a call by hand


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody is asked about the client, who waits; empty when that is over, and `end` how it went."""

    who: str
    talking: bool = False  # else it rings there
    end: AskEnd | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A colleague who was asked hears the agent; told again to a page that comes back."""

    ring: str
    asked_by: str
    briefing: Briefing
    form: CallForm | None = None


@dataclass(frozen=True, slots=True)
class AskedNoMore:
    """The consultation is over, or rings no longer."""

    ring: str
    end: AskEnd


@dataclass(frozen=True, slots=True)
class FormChanged:
    """An answer was kept."""

    form: CallForm


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """The talk is over; `why` is a `telephony.bridge.Parting`, `wrap_seconds` what is left to write it down."""

    ring: str
    why: str
    wrap_seconds: float = 0.0
    complete: bool = False  # every question is answered
    suggested: str = ""  # the Outcome of a call by hand that nobody has answered


@dataclass(frozen=True, slots=True)
class VoiceLost:
    """The agent's voice is lost in a call by hand: the client waits, for a bounded time, until it is back."""


@dataclass(frozen=True, slots=True)
class WrapUpEnded:
    """The talk is written down, by the agent or because the time was over."""

    ring: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """The agent has gone on duty at another page: this one is over."""


@dataclass(frozen=True, slots=True)
class Supervising:
    """What a supervisor does on a call now; `call_id` is empty when it is over, `why` then says why."""

    call_id: str
    mode: str = ""  # campaign.handover.supervising.Mode
    why: str = ""


@dataclass(frozen=True, slots=True)
class Supervised:
    """A supervisor speaks to this agent, or no longer (empty)."""

    mode: str


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """How the agent counts from now on."""

    presence: Presence


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """How many clients wait for an agent from now on, those included who ring at somebody."""

    waiting: int


News: TypeAlias = (
    Rings
    | RingEnded
    | BriefingChanged
    | TalkBegan
    | Asking
    | Asked
    | AskedNoMore
    | FormChanged
    | TalkEnded
    | VoiceLost
    | WrapUpEnded
    | PresenceChanged
    | QueueChanged
    | Replaced
    | Supervising
    | Supervised
)


class RosterError(Exception):
    """An agent cannot do this now; the message is for the agent."""
