"""Corrections of results (000 §8.3.3) in the database: rows are only ever added, each building on the one before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models.errors import TakenByAnother
from models.people_tables import HumanReview
from models.questionnaire_tables import Correction
from models.tables import Answer, Attempt, AttemptTask, ReviewTask


@dataclass(frozen=True, slots=True)
class Corrected:
    """A value in place of another, by whom and why; `seen` is the latest correction known to them (0: none)."""

    before: str
    after: str
    reason: str
    by: str
    at: datetime
    seen: int = 0


def corrections_of_answers(session: Session, ids: Collection[int]) -> dict[int, list[Correction]]:
    """The corrections of answers, by answer, the first one first."""
    return _by(session.scalars(select(Correction).where(Correction.answer_id.in_(ids)).order_by(Correction.id)))


def corrections_of_tasks(session: Session, ids: Collection[int]) -> Sequence[Correction]:
    """Every correction of tasks and their answers, the first one first."""
    return session.scalars(select(Correction).where(Correction.task_id.in_(ids)).order_by(Correction.id)).all()


def corrections_of_status(session: Session, task_id: int) -> Sequence[Correction]:
    """The corrections of a task's status, the first one first."""
    query = select(Correction).where(Correction.task_id == task_id, Correction.answer_id.is_(None))
    return session.scalars(query.order_by(Correction.id)).all()


def _by(corrections: Iterable[Correction]) -> dict[int, list[Correction]]:
    found: dict[int, list[Correction]] = {}
    for one in corrections:
        if one.answer_id is not None:
            found.setdefault(one.answer_id, []).append(one)
    return found


def locked_answer(session: Session, id_: int) -> Sequence[Answer]:
    """An answer and its copies for the other tasks of a merged call, itself first; others wait to change them."""
    answer = session.scalars(select(Answer).where(Answer.id == id_)).one_or_none()
    if answer is None:
        return ()
    same = select(Answer).where(
        Answer.attempt_id == answer.attempt_id, Answer.node == answer.node, Answer.start_ms == answer.start_ms
    )
    copies = session.scalars(same.order_by(Answer.id).with_for_update()).all()
    return [answer, *(copy for copy in copies if copy.id != id_)]


def locked_task(session: Session, id_: int) -> ReviewTask | None:
    """A task; others wait to change it."""
    query = select(ReviewTask).where(ReviewTask.id == id_).with_for_update(of=ReviewTask)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def is_in_work(session: Session, task_id: int) -> bool:
    """Whether a call for a task is under way, or somebody has it in hand."""
    on_the_line = exists().where(
        AttemptTask.task_id == task_id, AttemptTask.attempt_id == Attempt.id, Attempt.ended_at.is_(None)
    )
    in_hand = exists().where(HumanReview.task_id == task_id, HumanReview.ended_at.is_(None))
    return bool(session.scalar(select(on_the_line | in_hand)))


def add_correction(
    session: Session, task_id: int, answer_id: int | None, known: Sequence[Correction], corrected: Corrected
) -> Correction:
    """Append a correction to those that are `known` under the row's lock; raises TakenByAnother for a stale one."""
    if (known[-1].id if known else 0) != corrected.seen:
        raise TakenByAnother("somebody else has corrected this in the meantime")
    row = Correction(
        task_id=task_id,
        answer_id=answer_id,
        before=corrected.before,
        after=corrected.after,
        reason=corrected.reason,
        by=corrected.by,
        at=corrected.at,
    )
    session.add(row)
    session.flush()
    return row
