"""What follows from the attempts so far: `next_step` over table F.1 of T/SAC 002-2024 and its notes 1 to 3.

Choices where the table is silent:
- In a mixed history the next wait is that of the latest outcome; the calls are exhausted once the attempts
  reach the largest minimum and the span from first to last dialling exceeds the largest span among the
  outcomes seen; the final status is that of the latest attempt.
- The attempt that can be the last one (the third: the table says 2 to 3) is put off until the span is over,
  so that a task closes within the table's number.
- A callback is dialled at the agreed time and counts as an attempt; one left open (改日再联系) after 24 h. Who names a
  time and hangs up before it is confirmed is dialled no earlier than that.
- A relayed number is dialled right away and starts over; attempts before it no longer count.
- Our own line's failure is no attempt: the status stays, it is retried after a wait that doubles up to 1 h.
- An interrupted attempt (our process died) counts and waits as line 3, but never closes a task as
  客户挂断: where it would, a person goes on. So too after too many callbacks or relayed numbers.
- A questionnaire refused after the phone review has ended (note 2) opens no second one: a client who refused on the
  phone is not dialled again.
- A review inside a cooling-off period is void: it completes nothing and counts as no attempt.
- A redial that would come after the deadline is not made: the status stays temporary, `past_deadline` is
  set and a person decides; nothing is closed that the table has not closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rules.appendix_f import (
    APPENDIX_F,
    AWAITING,
    CALLBACK_STATUS,
    HOURS_24,
    HUMAN_STATUS,
    INTERRUPTED_STATUS,
    REVIEWED_STATUS,
    Notice,
    Row,
    row_of,
)
from rules.errors import BadHistory, BadPolicy
from rules.hours import CallingHours, next_allowed, written_minute
from rules.labels import label_of
from rules.outcomes import Outcome, RiskLevel

LEAST_R5 = 3  # note 3
OWN_LINE_LONGEST = timedelta(hours=1)
MOST_DOUBLINGS = 12  # 1 s × 2^12 is past the longest wait
OPEN_CALLBACK = HOURS_24  # 改日再联系: another day
STRICTLY = timedelta(seconds=1)  # "more than": the first whole second after the span
MOST_CALLBACKS = 3
MOST_RELAYS = 3


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """One ended attempt; instants are aware.

    `new_number`: the attempt brought a number at which the client is to be called instead. `by_phone` is
    False for a meeting or a questionnaire, which was completed or refused (table F.1 row 10).
    """

    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    callback_at: datetime | None = None
    new_number: bool = False
    by_phone: bool = True

    def __post_init__(self) -> None:
        instants = [self.started_at, self.ended_at, *([self.callback_at] if self.callback_at else [])]
        if any(at.tzinfo is None for at in instants):
            raise BadHistory("an attempt with a naive instant: give every time its zone")
        if self.ended_at < self.started_at:
            raise BadHistory(f"an attempt that ended ({self.ended_at}) before it began ({self.started_at})")
        if not self.by_phone and self.outcome not in (Outcome.REVIEWED, Outcome.REFUSED):
            raise BadHistory(f"{self.outcome.value} without a phone call: table F.1 row 10 knows reviewed and refused")


@dataclass(frozen=True, slots=True)
class RedialPolicy:
    """What a firm and a task add to table F.1.

    `attempts`: 2 or 3; R5 products and services always get at least 3 (note 3). `mandatory`: the review is
    a step of a business (note 1); `suitability`: note 2 applies. `own_line_retry`: first wait after our own
    line failed. With `hours`, redials are put inside the calling hours. `valid_from`: the end of a cooling-off
    period; a review that began before it is void.
    """

    attempts: int = 2
    risk_level: RiskLevel | None = None
    mandatory: bool = False
    suitability: bool = False
    own_line_retry: timedelta = timedelta(minutes=1)
    deadline_at: datetime | None = None
    hours: CallingHours | None = None
    valid_from: datetime | None = None

    def __post_init__(self) -> None:
        if self.attempts not in (2, 3):
            raise BadPolicy(f"{self.attempts} attempts: table F.1 asks for 2 or 3")
        if not timedelta(0) < self.own_line_retry <= OWN_LINE_LONGEST:
            raise BadPolicy(f"own line retried after {self.own_line_retry}: give more than 0 and at most 1 h")
        if self.deadline_at is not None and self.deadline_at.tzinfo is None:
            raise BadPolicy(f"naive deadline {self.deadline_at}: give it a time zone")
        if self.valid_from is not None and self.valid_from.tzinfo is None:
            raise BadPolicy(f"naive end of a cooling-off period {self.valid_from}: give it a time zone")

    @property
    def least_attempts(self) -> int:
        """The attempts that the client is owed before the calls may end (note 3)."""
        return max(self.attempts, LEAST_R5 if self.risk_level is RiskLevel.R5 else 2)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a task becomes: its status, and either a redial, a person, or the end.

    `redial_at` is None when nothing more is dialled; `notice` is due before a final status counts, and `until_told` is
    the status that stands until then.
    `reason` is a Chinese sentence with the clause. `suspend_business`: note 1; `questionnaire`: note 2.
    """

    status: str
    final: bool = False
    redial_at: datetime | None = None
    notice: Notice | None = None
    until_told: str = ""
    with_human: bool = False
    reason: str = ""
    suspend_business: bool = False
    questionnaire: bool = False
    past_deadline: bool = False


def next_step(history: Sequence[PastAttempt], policy: RedialPolicy, now: datetime) -> Decision:
    """Decide what follows after these attempts (oldest first); raises BadHistory for impossible ones."""
    _check_order(history, now)
    made = _let_through(history)
    taken = [attempt for attempt in made if not _is_void(attempt, policy)]
    if taken:
        decision = _after(taken, policy)
    else:
        reason = "回访在投资冷静期内进行，确认无效，冷静期满后重新回访（§5.1.6 d）" if made else "尚未拨打"
        decision = Decision(AWAITING, redial_at=now, reason=reason)
    if decision.redial_at is None:
        return decision
    at = max(decision.redial_at, now, policy.valid_from or now)
    retry_at = _own_line_retry_at(history, policy)
    if retry_at is not None:
        at = max(at, retry_at)
        decision = replace(decision, reason=f"我方线路故障，不计入拨打次数，稍后重拨；此前：{decision.reason}")
    return _timed(decision, at, policy)


def is_callback(history: Sequence[PastAttempt]) -> bool:
    """Whether the client asked for the next call: the latest one that our own line let through agreed its time."""
    made = _let_through(history)
    return bool(made) and made[-1].outcome is Outcome.CALLBACK_AGREED and made[-1].callback_at is not None


def _let_through(history: Sequence[PastAttempt]) -> list[PastAttempt]:
    """The attempts that our own line let through: the others are none."""
    return [attempt for attempt in history if attempt.outcome is not Outcome.OWN_LINE_FAILED]


def _check_order(history: Sequence[PastAttempt], now: datetime) -> None:
    if now.tzinfo is None:
        raise BadHistory(f"naive instant {now}: give it a time zone")
    for earlier, later in zip(history, history[1:], strict=False):
        if later.started_at < earlier.ended_at:
            raise BadHistory(f"an attempt began ({later.started_at}) before the one before had ended: sort the history")


def _is_void(attempt: PastAttempt, policy: RedialPolicy) -> bool:
    early = policy.valid_from is not None and attempt.started_at < policy.valid_from
    return early and attempt.outcome is Outcome.REVIEWED


def _after(taken: Sequence[PastAttempt], policy: RedialPolicy) -> Decision:
    latest = taken[-1]
    if latest.new_number:
        return _relayed(taken)
    if latest.outcome is Outcome.REVIEWED:
        how = "接通并" if latest.by_phone else "以问卷或面见方式"
        return Decision(REVIEWED_STATUS, final=True, reason=f"{how}完成回访（表F.1）")
    if not latest.by_phone:
        return _refused_elsewhere(taken, policy)
    if latest.outcome is Outcome.NEEDS_HUMAN:
        return _for_human("客户需要人工处理，由坐席继续")
    if latest.outcome is Outcome.CALLBACK_AGREED:
        return _callback(taken)
    row = _row(latest.outcome)
    if row.wait is None:
        return _closed(row, policy, f"{label_of(latest.outcome)}，不再拨打（表F.1第{row.number}行）")
    return _retried(_since_new_number(taken), row, row.wait, policy)


def _refused_elsewhere(taken: Sequence[PastAttempt], policy: RedialPolicy) -> Decision:
    """Row 10, unless the phone review has been begun: then that one goes on, or has ended already."""
    by_phone = [attempt for attempt in taken if attempt.by_phone]
    if not by_phone:
        reason = "问卷或面见中拒绝回访，转为电话回访（表F.1第10行）"
        return Decision(APPENDIX_F[9].temporary_status, redial_at=taken[-1].ended_at, reason=reason)
    phone = _after(by_phone, policy)
    if phone.final:
        return Decision(phone.status, final=True, reason="问卷或面见中拒绝回访；电话回访此前已结束，不再拨打")
    return replace(phone, reason=f"问卷或面见中拒绝回访，电话回访继续（表F.1第10行）；{phone.reason}")


def _row(outcome: Outcome) -> Row:
    row = row_of(outcome)
    if row is None:
        raise BadHistory(f"{outcome.value} has no line in table F.1 and no rule of its own: add one to EXTENSIONS")
    return row


def _since_new_number(taken: Sequence[PastAttempt]) -> list[PastAttempt]:
    relays = [place for place, attempt in enumerate(taken) if attempt.new_number]
    start = relays[-1] + 1 if relays else 0
    return [attempt for attempt in taken[start:] if attempt.by_phone]


def _relayed(taken: Sequence[PastAttempt]) -> Decision:
    if sum(attempt.new_number for attempt in taken) > MOST_RELAYS:
        return _for_human(f"已按他人提供的号码联系{MOST_RELAYS}次仍未找到客户本人，由人工处理")
    reason = "非本人接听并提供了客户的联系方式，立即改拨新号码，重新开始（附录E.1示例2）"
    return Decision(_row(Outcome.NOT_CLIENT).temporary_status, redial_at=taken[-1].ended_at, reason=reason)


def _callback(taken: Sequence[PastAttempt]) -> Decision:
    latest = taken[-1]
    if sum(attempt.outcome is Outcome.CALLBACK_AGREED for attempt in taken) > MOST_CALLBACKS:
        return _for_human(f"客户已改约{MOST_CALLBACKS}次以上，由人工联系")
    if latest.callback_at is None:
        reason = "客户暂不方便且未约定时间，改日再联系（附录E.1）"
        return Decision(CALLBACK_STATUS, redial_at=latest.ended_at + OPEN_CALLBACK, reason=reason)
    at = max(latest.callback_at, latest.ended_at)
    return Decision(CALLBACK_STATUS, redial_at=at, reason="按客户约定的时间回拨（附录E.1）")


def _retried(counted: Sequence[PastAttempt], row: Row, wait: timedelta, policy: RedialPolicy) -> Decision:
    latest, first_at = counted[-1], counted[0].started_at
    rows = [seen for seen in (row_of(attempt.outcome) for attempt in counted) if seen]
    least = max(policy.least_attempts, *(seen.least for seen in rows))
    span = max((seen.span for seen in rows if seen.span is not None), default=None)
    spanned = span is None or latest.started_at - first_at > span
    clause = f"表F.1第{row.number}行"
    if len(counted) >= least and spanned:
        return _exhausted(latest.outcome, row, policy, f"已拨打{len(counted)}次，次数和时间跨度均已满足（{clause}）")
    earliest = max(latest.ended_at + wait, latest.callback_at or latest.ended_at)
    if span is not None and len(counted) + 1 >= row.most:
        earliest = max(earliest, first_at + span + STRICTLY)
    interrupted = latest.outcome is Outcome.INTERRUPTED
    status = INTERRUPTED_STATUS if interrupted else row.temporary_status
    reason = f"{label_of(latest.outcome)}，已拨打{len(counted)}次（不少于{least}次），按间隔再次拨打（{clause}）"
    return Decision(status, redial_at=earliest, reason=reason)


def _exhausted(outcome: Outcome, row: Row, policy: RedialPolicy, reason: str) -> Decision:
    if outcome is Outcome.INTERRUPTED:
        human = _for_human("拨打次数已满，但最后一次因系统中断而结束，不能认定为客户原因，由人工处理")
        return replace(human, status=INTERRUPTED_STATUS)
    return _closed(row, policy, reason)


def _closed(row: Row, policy: RedialPolicy, reason: str) -> Decision:
    notes = ("；必要业务环节未完成回访，暂停相关业务（表F.1注1）" if policy.mandatory else "") + (
        "；年度内继续以问卷方式回访（表F.1注2）" if policy.suitability else ""
    )
    return Decision(
        row.final_status,
        final=True,
        notice=row.notice,
        until_told=row.temporary_status if row.notice else "",
        reason=reason + notes,
        suspend_business=policy.mandatory,
        questionnaire=policy.suitability,
    )


def _for_human(reason: str) -> Decision:
    return Decision(HUMAN_STATUS, with_human=True, reason=reason)


def _own_line_retry_at(history: Sequence[PastAttempt], policy: RedialPolicy) -> datetime | None:
    failures = 0
    while failures < len(history) and history[-1 - failures].outcome is Outcome.OWN_LINE_FAILED:
        failures += 1
    if not failures:
        return None
    doublings = min(failures - 1, MOST_DOUBLINGS)
    return history[-1].ended_at + min(policy.own_line_retry * (1 << doublings), OWN_LINE_LONGEST)


def _timed(decision: Decision, at: datetime, policy: RedialPolicy) -> Decision:
    if policy.hours is not None:
        at = next_allowed(at, policy.hours)
    if policy.deadline_at is None or at <= policy.deadline_at:
        return replace(decision, redial_at=at)
    next_at, last_at = written_minute(at), written_minute(policy.deadline_at)
    reason = f"{decision.reason}；下次可拨打时间{next_at}晚于办理期限{last_at}，由人工处理"
    return replace(decision, redial_at=None, with_human=True, past_deadline=True, reason=reason)
