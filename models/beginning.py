"""Attempts that no bot makes (问卷, 人工电话): written in one transaction, on a client who is not on the line."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import ClientBusy, StaleAttempt
from models.queue import Served, rows_changed
from models.tables import Attempt, AttemptTask, ReviewTask
from rules.outcomes import Method


def begin_without_bot(
    session: Session,
    task: ReviewTask,
    served: Served,
    method: Method,
    *,
    worker: str,
    now: datetime,
    dialled: str = "",
    line: str = "",
    line_worker: str = "",
) -> Attempt:
    """The attempt that a questionnaire or a person's call is; `line` is the trunk whose caps it counts to, if any.

    Raises ClientBusy while the client is on the line, StaleAttempt where the task was taken by somebody else.
    """
    attempt = Attempt(
        call_id=f"{served.task_id}-{served.no}",
        task_id=served.task_id,
        customer_id=task.customer_id,
        no=served.no,
        method=method.value,
        dialled=dialled,
        worker=worker,
        line=line,
        line_worker=line_worker,
        started_at=now,
        script=served.script,
        script_hash=served.script_hash,
        facts="{}",
    )
    session.add(attempt)
    try:
        session.flush()
    except IntegrityError as error:
        raise ClientBusy(f"attempt {served.task_id}-{served.no}: the client is on the line") from error
    _take(session, served)
    session.add(
        AttemptTask(
            attempt_id=attempt.id,
            task_id=served.task_id,
            no=served.no,
            script=served.script,
            script_hash=served.script_hash,
        )
    )
    session.flush()
    return attempt


def _take(session: Session, served: Served) -> None:
    take = (
        update(ReviewTask)
        .where(ReviewTask.id == served.task_id, ReviewTask.attempts_made == served.no - 1)
        .values(attempts_made=served.no, due_at=None, dial_by=None, held_by="", held_until=None)
    )
    if rows_changed(session, take) != 1:
        raise StaleAttempt(f"task {served.task_id} was taken by somebody else")
