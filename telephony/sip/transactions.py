"""The four transactions of RFC 3261 §17 with the Accepted state of RFC 6026, as literal tables.

A transaction absorbs retransmissions and makes its own. It is fed triggers and says what to do; `deadline` is when
its next timer is due. Timers: `again` is A, E or G, `limit` is B, F or H, `linger` is D, I, J, K, L or M.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from typing import TypeAlias

from telephony.sip.alarms import Alarms, Intervals


class State(StrEnum):
    """Where a transaction is."""

    CALLING = "calling"  # INVITE sent, nothing heard
    TRYING = "trying"  # another request sent or taken, no answer yet
    PROCEEDING = "proceeding"  # a provisional answer came or went
    ACCEPTED = "accepted"  # a 2xx to INVITE: more may follow (RFC 6026 §7)
    COMPLETED = "completed"  # a final answer came or went
    CONFIRMED = "confirmed"  # the ACK to a refusal was taken
    TERMINATED = "terminated"


class Kind(StrEnum):
    """The four machines."""

    INVITE_CLIENT = "invite client"  # §17.1.1
    CLIENT = "client"  # §17.1.2
    INVITE_SERVER = "invite server"  # §17.2.1
    SERVER = "server"  # §17.2.2


class Trigger(Enum):
    """What happens to a transaction: messages by their class, whichever way they go, and timers."""

    REQUEST = auto()  # the request once more
    ACK = auto()
    PROVISIONAL = auto()  # 1xx
    SUCCESS = auto()  # 2xx
    REFUSAL = auto()  # 3xx to 6xx
    BROKEN = auto()  # the transport failed
    AGAIN = auto()
    LIMIT = auto()
    LINGER = auto()


class Act(Enum):
    """What to do then, in order."""

    RESEND = auto()  # the last message that was sent
    SEND = auto()  # the user's response
    DELIVER = auto()  # the message goes to the user
    ACKNOWLEDGE = auto()  # build the ACK to a refusal, send it
    TELL_TIMEOUT = auto()
    TELL_BROKEN = auto()


_S, _T, _A = State, Trigger, Act
Table: TypeAlias = Mapping[tuple[State, Trigger], tuple[State, tuple[Act, ...]]]

TABLES: Mapping[Kind, Table] = {
    Kind.INVITE_CLIENT: {
        (_S.CALLING, _T.AGAIN): (_S.CALLING, (_A.RESEND,)),
        (_S.CALLING, _T.LIMIT): (_S.TERMINATED, (_A.TELL_TIMEOUT,)),
        (_S.CALLING, _T.BROKEN): (_S.TERMINATED, (_A.TELL_BROKEN,)),
        (_S.CALLING, _T.PROVISIONAL): (_S.PROCEEDING, (_A.DELIVER,)),
        (_S.CALLING, _T.SUCCESS): (_S.ACCEPTED, (_A.DELIVER,)),
        (_S.CALLING, _T.REFUSAL): (_S.COMPLETED, (_A.ACKNOWLEDGE, _A.DELIVER)),
        (_S.PROCEEDING, _T.PROVISIONAL): (_S.PROCEEDING, (_A.DELIVER,)),
        (_S.PROCEEDING, _T.SUCCESS): (_S.ACCEPTED, (_A.DELIVER,)),
        (_S.PROCEEDING, _T.REFUSAL): (_S.COMPLETED, (_A.ACKNOWLEDGE, _A.DELIVER)),
        (_S.PROCEEDING, _T.BROKEN): (_S.TERMINATED, (_A.TELL_BROKEN,)),
        (_S.ACCEPTED, _T.SUCCESS): (_S.ACCEPTED, (_A.DELIVER,)),
        (_S.ACCEPTED, _T.LINGER): (_S.TERMINATED, ()),
        (_S.COMPLETED, _T.REFUSAL): (_S.COMPLETED, (_A.ACKNOWLEDGE,)),
        (_S.COMPLETED, _T.BROKEN): (_S.TERMINATED, ()),
        (_S.COMPLETED, _T.LINGER): (_S.TERMINATED, ()),
    },
    Kind.CLIENT: {
        (_S.TRYING, _T.AGAIN): (_S.TRYING, (_A.RESEND,)),
        (_S.TRYING, _T.LIMIT): (_S.TERMINATED, (_A.TELL_TIMEOUT,)),
        (_S.TRYING, _T.BROKEN): (_S.TERMINATED, (_A.TELL_BROKEN,)),
        (_S.TRYING, _T.PROVISIONAL): (_S.PROCEEDING, (_A.DELIVER,)),
        (_S.TRYING, _T.SUCCESS): (_S.COMPLETED, (_A.DELIVER,)),
        (_S.TRYING, _T.REFUSAL): (_S.COMPLETED, (_A.DELIVER,)),
        (_S.PROCEEDING, _T.AGAIN): (_S.PROCEEDING, (_A.RESEND,)),
        (_S.PROCEEDING, _T.LIMIT): (_S.TERMINATED, (_A.TELL_TIMEOUT,)),
        (_S.PROCEEDING, _T.BROKEN): (_S.TERMINATED, (_A.TELL_BROKEN,)),
        (_S.PROCEEDING, _T.PROVISIONAL): (_S.PROCEEDING, (_A.DELIVER,)),
        (_S.PROCEEDING, _T.SUCCESS): (_S.COMPLETED, (_A.DELIVER,)),
        (_S.PROCEEDING, _T.REFUSAL): (_S.COMPLETED, (_A.DELIVER,)),
        (_S.COMPLETED, _T.LINGER): (_S.TERMINATED, ()),
    },
    Kind.INVITE_SERVER: {
        (_S.PROCEEDING, _T.REQUEST): (_S.PROCEEDING, (_A.RESEND,)),
        (_S.PROCEEDING, _T.PROVISIONAL): (_S.PROCEEDING, (_A.SEND,)),
        (_S.PROCEEDING, _T.SUCCESS): (_S.ACCEPTED, (_A.SEND,)),
        (_S.PROCEEDING, _T.REFUSAL): (_S.COMPLETED, (_A.SEND,)),
        (_S.PROCEEDING, _T.BROKEN): (_S.TERMINATED, (_A.TELL_BROKEN,)),
        (_S.ACCEPTED, _T.SUCCESS): (_S.ACCEPTED, (_A.SEND,)),
        (_S.ACCEPTED, _T.ACK): (_S.ACCEPTED, (_A.DELIVER,)),
        (_S.ACCEPTED, _T.LINGER): (_S.TERMINATED, ()),
        (_S.COMPLETED, _T.REQUEST): (_S.COMPLETED, (_A.RESEND,)),
        (_S.COMPLETED, _T.AGAIN): (_S.COMPLETED, (_A.RESEND,)),
        (_S.COMPLETED, _T.ACK): (_S.CONFIRMED, ()),
        (_S.COMPLETED, _T.LIMIT): (_S.TERMINATED, (_A.TELL_TIMEOUT,)),
        (_S.COMPLETED, _T.BROKEN): (_S.TERMINATED, (_A.TELL_BROKEN,)),
        (_S.CONFIRMED, _T.LINGER): (_S.TERMINATED, ()),
    },
    Kind.SERVER: {
        (_S.TRYING, _T.PROVISIONAL): (_S.PROCEEDING, (_A.SEND,)),
        (_S.TRYING, _T.SUCCESS): (_S.COMPLETED, (_A.SEND,)),
        (_S.TRYING, _T.REFUSAL): (_S.COMPLETED, (_A.SEND,)),
        (_S.PROCEEDING, _T.REQUEST): (_S.PROCEEDING, (_A.RESEND,)),
        (_S.PROCEEDING, _T.PROVISIONAL): (_S.PROCEEDING, (_A.SEND,)),
        (_S.PROCEEDING, _T.SUCCESS): (_S.COMPLETED, (_A.SEND,)),
        (_S.PROCEEDING, _T.REFUSAL): (_S.COMPLETED, (_A.SEND,)),
        (_S.PROCEEDING, _T.BROKEN): (_S.TERMINATED, (_A.TELL_BROKEN,)),
        (_S.COMPLETED, _T.REQUEST): (_S.COMPLETED, (_A.RESEND,)),
        (_S.COMPLETED, _T.BROKEN): (_S.TERMINATED, (_A.TELL_BROKEN,)),
        (_S.COMPLETED, _T.LINGER): (_S.TERMINATED, ()),
    },
}

_FIRST: Mapping[Kind, State] = {
    Kind.INVITE_CLIENT: State.CALLING,
    Kind.CLIENT: State.TRYING,
    Kind.INVITE_SERVER: State.PROCEEDING,
    Kind.SERVER: State.TRYING,
}
_D_SECONDS = 32.0  # timer D over UDP is at least 32 s, whatever T1 is
_TIMERS = {"again": Trigger.AGAIN, "limit": Trigger.LIMIT, "linger": Trigger.LINGER}


class Machine:
    """The state and the timers of one transaction; knows no messages."""

    def __init__(self, kind: Kind, *, reliable: bool, intervals: Intervals, now: float) -> None:
        self.kind, self.state = kind, _FIRST[kind]
        self._reliable, self._intervals = reliable, intervals
        self._alarms = Alarms()
        self._pause = intervals.t1  # until the next retransmission
        if kind in (Kind.INVITE_CLIENT, Kind.CLIENT):
            self._alarms.set("limit", now + intervals.give_up)
            self._repeat(now)

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        return self._alarms.next_at

    @property
    def over(self) -> bool:
        """Whether the transaction is terminated."""
        return self.state is State.TERMINATED

    def pull(self, trigger: Trigger, now: float) -> tuple[Act, ...]:
        """Something happened; what the table does not name is absorbed."""
        step = TABLES[self.kind].get((self.state, trigger))
        if step is None:
            return ()
        state, acts = step
        if trigger is Trigger.AGAIN:
            self._back_off()
            self._repeat(now)
        if state is not self.state:
            self._enter(state, now)
        return acts

    def expire(self, now: float) -> list[Act]:
        """What the timers that are due bring."""
        return [act for name in self._alarms.take_due(now) for act in self.pull(_TIMERS[name], now)]

    def _enter(self, state: State, now: float) -> None:
        self.state = state
        client = self.kind in (Kind.INVITE_CLIENT, Kind.CLIENT)
        if state is State.PROCEEDING and self.kind is Kind.CLIENT:
            self._pause = self._intervals.t2  # timer E once something was heard (§17.1.2.2)
            return
        if state is State.PROCEEDING and not client:
            return
        self._alarms.clear()
        if state is State.COMPLETED and self.kind is Kind.INVITE_SERVER:
            self._alarms.set("limit", now + self._intervals.give_up)
            self._pause = self._intervals.t1
            self._repeat(now)
        elif state not in (State.PROCEEDING, State.TERMINATED):
            self._alarms.set("linger", now + self._linger_seconds(state))

    def _linger_seconds(self, state: State) -> float:
        if state is State.ACCEPTED:  # L, M
            return self._intervals.give_up
        if self._reliable:
            return 0.0
        if self.kind is Kind.INVITE_CLIENT:  # D
            return max(self._intervals.give_up, _D_SECONDS)
        if self.kind is Kind.SERVER:  # J
            return self._intervals.give_up
        return self._intervals.t4  # I, K

    def _repeat(self, now: float) -> None:
        if not self._reliable:
            self._alarms.set("again", now + self._pause)

    def _back_off(self) -> None:
        self._pause *= 2
        if self.kind is not Kind.INVITE_CLIENT:  # A doubles without a bound (§17.1.1.2)
            self._pause = min(self._pause, self._intervals.t2)
