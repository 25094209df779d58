"""What to do with a call that comes to us, and what an incoming call counts for. Pure.

Choices where the standard is silent:
- A client who calls chose the time: calling hours do not matter.
- An incoming call in which nobody was found to be the client is no attempt of ours: it counts for nothing of table F.1,
  and its tasks go on as they were. What was agreed, refused or asked for in it holds all the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rules import Decision, Outcome

PAUSE = timedelta(minutes=10)  # before a client who has just hung up on us is dialled: as after 电话占线

_COUNTRY = re.compile(r"(?:\+|00)86|86(?=1[3-9][0-9]{9}$)")
_MOBILE = re.compile(r"0?(1[3-9][0-9]{9})")
_BINDING = frozenset({Outcome.REVIEWED, Outcome.REFUSED, Outcome.CALLBACK_AGREED, Outcome.NEEDS_HUMAN})


class Treatment(StrEnum):
    """What is done with a call that comes."""

    SERVE = "serve"  # 接听并回访
    TELL = "tell"  # 接听，告知客服电话
    REFUSE = "refuse"  # 不接听


class Reason(StrEnum):
    """Why."""

    OPEN_TASKS = "open_tasks"  # 有待完成的回访
    HIDDEN = "hidden"  # 未显示号码
    UNKNOWN = "unknown"  # 号码未登记
    NOTHING_OPEN = "nothing_open"  # 没有待完成的回访
    DO_NOT_CALL = "do_not_call"  # 免打扰客户
    ON_THE_LINE = "on_the_line"  # 正在与该号码的客户通话
    LINES_FULL = "lines_full"  # 来电线路已满
    NO_SENTENCE = "no_sentence"  # 没有审核通过的告知语
    CLOSING = "closing"  # 系统正在停机，不再接听


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a call is refused: SIP status and Q.850 cause."""

    sip: int
    q850: int


REFUSALS = {
    Reason.ON_THE_LINE: Refusal(486, 17),  # user busy
    Reason.LINES_FULL: Refusal(480, 34),  # no circuit available
    Reason.NO_SENTENCE: Refusal(480, 31),  # normal, unspecified
    Reason.CLOSING: Refusal(480, 41),  # temporary failure
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that the bot still has to bring to an end."""

    task_id: int
    due_at: datetime
    attempts_made: int
    deadline_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A client whose number, or whose number learnt in a call, is the caller's."""

    customer_id: int
    do_not_call: bool = False
    on_the_line: bool = False
    waiting: tuple[Waiting, ...] = ()
    called_at: datetime | None = None  # when we tried last


@dataclass(frozen=True, slots=True)
class Decided:
    """What to do with a caller; `task_ids` are to be served, the most urgent first."""

    treatment: Treatment
    reason: Reason
    customer_id: int | None = None
    task_ids: tuple[int, ...] = ()

    @property
    def refusal(self) -> Refusal:
        """How the call is refused, where it is."""
        return REFUSALS[self.reason]


def number_of(caller: str) -> str:
    """A caller id as numbers are kept: without the country code, mobile numbers without a leading zero."""
    digits = re.sub(r"[^0-9+]", "", caller)
    national = _COUNTRY.sub("", digits) if _COUNTRY.match(digits) else digits
    if mobile := _MOBILE.fullmatch(national):
        return mobile[1]
    # A landline in its international form has lost the zero of its area.
    return "0" + national if national != digits and not national.startswith("0") else national


def decide(caller: str, candidates: Sequence[Candidate], free_lines: int, now: datetime) -> Decided:
    """What to do with a caller (the number as `number_of` gives it, "" where it is hidden)."""
    if any(one.on_the_line for one in candidates):
        return Decided(Treatment.REFUSE, Reason.ON_THE_LINE, _only(candidates))
    if free_lines <= 0:
        return Decided(Treatment.REFUSE, Reason.LINES_FULL, _only(candidates))
    if not caller:
        return Decided(Treatment.TELL, Reason.HIDDEN)
    if not candidates:
        return Decided(Treatment.TELL, Reason.UNKNOWN)
    allowed = [one for one in candidates if not one.do_not_call]
    if not allowed:
        return Decided(Treatment.TELL, Reason.DO_NOT_CALL, _only(candidates))
    served = {one.customer_id: answerable(one.waiting, now) for one in allowed}
    clients = [one for one in allowed if served[one.customer_id]]
    if not clients:
        return Decided(Treatment.TELL, Reason.NOTHING_OPEN, _only(candidates))
    client = max(clients, key=_likeliest)
    return Decided(Treatment.SERVE, Reason.OPEN_TASKS, client.customer_id, served[client.customer_id])


def answerable(waiting: Sequence[Waiting], now: datetime) -> tuple[int, ...]:
    """The tasks of a client that its own call may serve, the nearest deadline first.

    What is due, what we tried already, and what only waits for the next try of another one; what may not begin yet (a
    private fund within its cooling-off period) keeps waiting, and what is past its deadline is a person's.
    """
    tried = {one.due_at for one in waiting if one.attempts_made}
    ready = [one for one in waiting if one.due_at <= now or one.due_at in tried]
    in_time = [one for one in ready if one.deadline_at is None or one.deadline_at >= now]
    return tuple(one.task_id for one in sorted(in_time, key=_urgency))


def _urgency(one: Waiting) -> tuple[bool, float, int]:
    return one.deadline_at is None, one.deadline_at.timestamp() if one.deadline_at else 0.0, one.task_id


def _likeliest(client: Candidate) -> tuple[float, int]:
    """Of several clients with one telephone the one whom we tried last: that is who calls back."""
    return client.called_at.timestamp() if client.called_at else 0.0, -client.customer_id


def _only(candidates: Sequence[Candidate]) -> int | None:
    return candidates[0].customer_id if len(candidates) == 1 else None


def counts(outcome: Outcome, *, identified: bool, new_number: bool) -> bool:
    """Whether an incoming call that ended so is one of the attempts of table F.1."""
    return identified or new_number or outcome in _BINDING


def as_before(status: str, due_at: datetime | None, deadline_at: datetime | None, now: datetime) -> Decision:
    """What a task becomes by an incoming call that counts for nothing: what it was, after a pause."""
    later = due_at if due_at is None else max(due_at, now + PAUSE)
    in_time = later is None or deadline_at is None or later <= deadline_at
    return Decision(
        status,
        redial_at=later if in_time else due_at,
        reason="客户来电，没有确认是本人，不计入拨打次数，按原来的安排继续",
    )
