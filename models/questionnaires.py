"""Questionnaires in the database: sent out, filled in tick by tick, ended once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from models.beginning import begin_without_bot
from models.errors import StaleAttempt
from models.questionnaire_tables import Questionnaire
from models.queue import Served, rows_changed
from models.tables import Attempt, ReviewTask
from rules.outcomes import Method


def questionnaire(session: Session, id_: int) -> Questionnaire | None:
    """A questionnaire with its task and client."""
    query = select(Questionnaire).where(Questionnaire.id == id_)
    task = joinedload(Questionnaire.task)
    return session.scalars(query.options(task.joinedload(ReviewTask.customer))).one_or_none()


def open_questionnaire(session: Session, task_id: int, now: datetime) -> Questionnaire | None:
    """The one that a client may still fill in for a task."""
    query = select(Questionnaire).where(
        Questionnaire.task_id == task_id, Questionnaire.ended_at.is_(None), Questionnaire.expires_at > now
    )
    return session.scalars(query.order_by(Questionnaire.id.desc())).first()


def latest_questionnaire(session: Session, task_id: int) -> Questionnaire | None:
    """The one of a task that was made last, whatever came of it."""
    query = select(Questionnaire).where(Questionnaire.task_id == task_id)
    return session.scalars(query.order_by(Questionnaire.id.desc()).limit(1)).first()


def note_opened(session: Session, id_: int, now: datetime) -> None:
    """The client has said who they are; the first time counts."""
    first = update(Questionnaire).where(Questionnaire.id == id_)
    session.execute(first.values(opened_at=func.coalesce(Questionnaire.opened_at, now)))


def note_wrong_name(session: Session, id_: int) -> None:
    """Somebody gave another name."""
    session.execute(
        update(Questionnaire).where(Questionnaire.id == id_).values(wrong_names=Questionnaire.wrong_names + 1)
    )


def keep_given(session: Session, id_: int, before: str, given: str) -> bool:
    """Keep what was ticked; False where it was changed meanwhile (a second window) or sent in."""
    row = session.scalars(select(Questionnaire).where(Questionnaire.id == id_).with_for_update()).one()
    if row.ended_at is not None or row.given != before:
        return False
    row.given = given
    return True


def begin_by_form(session: Session, form: Questionnaire, served: Served, *, worker: str, now: datetime) -> Attempt:
    """The attempt that a questionnaire is; it is settled in the same transaction.

    Raises ClientBusy while the client is on the line, StaleAttempt where it was sent in already.
    """
    id_ = form.id
    end = update(Questionnaire).where(Questionnaire.id == id_, Questionnaire.ended_at.is_(None))
    if rows_changed(session, end.values(ended_at=now)) != 1:
        raise StaleAttempt(f"questionnaire {id_} was sent in already")
    # Sent in now: calls may have come between the first tick and the last.
    attempt = begin_without_bot(session, form.task, served, Method.QUESTIONNAIRE, worker=worker, now=now)
    session.execute(update(Questionnaire).where(Questionnaire.id == id_).values(attempt_id=attempt.id))
    session.flush()
    return attempt
