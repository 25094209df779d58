"""Correction of a result by a person with a reason, both values kept (000 §8.3.3).

An answer keeps what was stored at the call: the correction stands beside it and counts. A task's status changes as if
the call had ended so: what table F.1 owes the client before a final status is owed here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import ScriptError
from bot.form import Option, options
from bot.nodes import Capture, Question
from bot.walk.choices import NONE, WORDS
from campaign.calls.facts import relations_of
from campaign.house import House
from campaign.published import script_of
from campaign.sending.notices import notice_for
from models import Answer, AttemptTask, Correction, Notice, ReviewTask, Staff, TakenByAnother
from models.corrections import (
    Corrected,
    add_correction,
    corrections_of_answers,
    corrections_of_status,
    is_in_work,
    locked_answer,
    locked_task,
)
from models.outbox import BY_HAND, SettledEvent, post_event
from models.queue import history_of
from models.scripts import version_by_hash
from rules import APPENDIX_F, Reviewer, ReviewType, Row, conflict
from rules.annex_a import MANDATORY
from rules.appendix_f import HUMAN_STATUS, REVIEWED_STATUS
from rules.postings import ENDED, EventKind, PostingState

MOST_REASON = 500  # characters
_CLOSING: Mapping[str, Row] = MappingProxyType({row.final_status: row for row in APPENDIX_F if row.final_status})
STATUSES = (REVIEWED_STATUS, HUMAN_STATUS, *_CLOSING)  # what a status may be corrected to; 转人工: a person calls again
_OPEN_ANSWERS = (Option(WORDS, "有内容"), Option(NONE, "没有"))
_FASTER = "刚刚有人更正过：请看过现在的内容再决定"


class CorrectionRefused(ValueError):
    """A correction that cannot be made; the message is for who makes it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to stand instead, and why; `seen`: the latest correction on their screen (0: none)."""

    value: str
    reason: str
    by: Staff
    seen: int = 0


def choices_for(session: Session, answer: Answer) -> tuple[Option, ...]:
    """What the script offers at an answer's question; empty where it can only be kept (a time, a number)."""
    served = session.get(AttemptTask, (answer.attempt_id, answer.task_id))
    version = version_by_hash(session, served.script, answer.script_hash) if served else None
    try:
        node = script_of(version).nodes.get(answer.question) if version else None
    except ScriptError:
        return ()
    if not isinstance(node, Question) or node.capture in (Capture.TIME, Capture.NUMBER):
        return ()
    return _OPEN_ANSWERS if node.capture is Capture.WORDS else options(node)


def correct_answer(session: Session, answer_id: int, wanted: Wanted, now: datetime) -> None:
    """Let another value count for an answer, and for its copies in a merged call; raises CorrectionRefused."""
    rows = locked_answer(session, answer_id)
    if not rows:
        raise CorrectionRefused("没有这条答复")
    answer = rows[0]
    task = session.get_one(ReviewTask, answer.task_id)
    _check(session, task, wanted)
    if wanted.value not in {option.value for option in choices_for(session, answer)}:
        raise CorrectionRefused("话术没有这个选项")
    known = corrections_of_answers(session, [row.id for row in rows])
    current = known[answer.id][-1].after if answer.id in known else answer.value
    if current == wanted.value:
        raise CorrectionRefused("与现在的答复相同，不必更正")
    _append(session, answer.task_id, answer.id, known.get(answer.id, []), current, wanted, now)
    for copy in rows[1:]:
        earlier = known.get(copy.id, [])
        seen = Wanted(wanted.value, wanted.reason, wanted.by, earlier[-1].id if earlier else 0)
        _append(session, copy.task_id, copy.id, earlier, earlier[-1].after if earlier else copy.value, seen, now)


def correct_status(session: Session, task_id: int, wanted: Wanted, house: House, now: datetime) -> None:
    """Give a task another status, and what follows from it; raises CorrectionRefused."""
    task = locked_task(session, task_id)
    if task is None or not task.attempts_made:
        raise CorrectionRefused("还没有回访结果，不能更正")
    _check(session, task, wanted)
    if wanted.value not in STATUSES:
        raise CorrectionRefused("请选择表F.1中的登记状态")
    if wanted.value in (task.status, task.closes_as):
        raise CorrectionRefused("与现在的登记状态相同，不必更正")
    if is_in_work(session, task_id):
        raise CorrectionRefused("这项任务正在通话或在坐席手上，办结后再更正")
    row = _append(session, task_id, None, corrections_of_status(session, task_id), task.status, wanted, now)
    _apply(session, task, wanted.value, house, now)
    _tell(session, task, row, now)


def _check(session: Session, task: ReviewTask, wanted: Wanted) -> None:
    if not wanted.reason.strip():
        raise CorrectionRefused("请写明更正的原因")
    if len(wanted.reason) > MOST_REASON:
        raise CorrectionRefused(f"原因过长：请写{MOST_REASON}字以内")
    person = Reviewer(wanted.by.number, wanted.by.name, wanted.by.post == "broker")
    against = conflict(person, relations_of(session, [task.customer])[task.customer_id])
    if against is not None:
        raise CorrectionRefused(against.reason)


def _append(
    session: Session,
    task_id: int,
    answer_id: int | None,
    known: Sequence[Correction],
    before: str,
    wanted: Wanted,
    now: datetime,
) -> Correction:
    by = f"{wanted.by.name}（{wanted.by.number}）"
    corrected = Corrected(before, wanted.value, wanted.reason.strip(), by, now, wanted.seen)
    try:
        return add_correction(session, task_id, answer_id, known, corrected)
    except TakenByAnother as error:
        raise CorrectionRefused(_FASTER) from error


def _apply(session: Session, task: ReviewTask, status: str, house: House, now: datetime) -> None:
    task.due_at = task.dial_by = None
    task.with_human = status == HUMAN_STATUS
    row = _CLOSING.get(status)
    waits = row is not None and not _is_told(session, task, row, house, now)
    task.status = row.temporary_status if row is not None and waits else status
    task.closes_as = status if waits else ""
    task.final = status != HUMAN_STATUS and not waits


def _is_told(session: Session, task: ReviewTask, row: Row, house: House, now: datetime) -> bool:
    """Whether the client has been told what a final status asks for; else it is in the outbox from now on."""
    if row.notice is None:
        return True
    sent = session.scalars(select(Notice).where(Notice.task_id == task.id, Notice.kind == row.notice.value)).all()
    if not sent:
        settled = notice_for(row.notice, house, email=task.customer.email)
        by_hand = settled.channel == BY_HAND
        state = PostingState.BY_HAND if by_hand else PostingState.WAITING
        session.add(
            Notice(
                task_id=task.id,
                attempt_id=history_of(session, task.id)[-1].id,
                kind=settled.kind,
                channel=settled.channel,
                text=settled.text,
                created_at=now,
                state=state.value,
                next_try_at=None if by_hand else now,
            )
        )
    return any(PostingState(notice.state) in ENDED for notice in sent)


def _tell(session: Session, task: ReviewTask, row: Correction, now: datetime) -> None:
    body = {"status": task.status, "final": task.final, "reason": "人工更正（§8.3.3）", "before": row.before}
    event = SettledEvent(f"correction-{row.id}/status", EventKind.STATUS_CHANGED.value, body)
    session.add(post_event(task.id, event, now))
    closes = task.closes_as or (task.status if task.final else "")
    if closes and closes != REVIEWED_STATUS and ReviewType(task.review_type) in MANDATORY:
        suspended = SettledEvent(
            f"correction-{row.id}/suspended",
            EventKind.BUSINESS_SUSPENDED.value,
            {"status": closes, "reason": "必要业务环节未完成回访，暂停相关业务（表F.1注1）"},
        )
        session.add(post_event(task.id, suspended, now))
