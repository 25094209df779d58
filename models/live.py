"""What processes that share a database say of their calls and of themselves, for the others to show.

All of it is soon out of date, and said anew: these transactions do not wait for the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.database import Database
from models.live_tables import LiveCallRow, WorkerCondition
from models.running_tables import Worker
from models.workers import still_alive


def is_shared(database: Database) -> bool:
    """Whether several processes may work on a database: on SQLite one does, and says nothing."""
    return database.engine.dialect.name == "postgresql"


def say_calls(session: Session, worker: str, changed: Sequence[Mapping[str, Any]], gone: Collection[str]) -> None:
    """Write the calls of a worker that are new or have changed, and take away those that are over.

    `changed` are rows of `LiveCallRow` without the worker. Raises `WorkerLost` for one that was given up.
    """
    _without_waiting(session)
    still_alive(session, worker)
    if gone:
        session.execute(delete(LiveCallRow).where(LiveCallRow.call_id.in_(gone), LiveCallRow.worker == worker))
    if changed:
        rows = insert(LiveCallRow).values([{**one, "worker": worker} for one in changed])
        names = [column.name for column in LiveCallRow.__table__.columns if not column.primary_key]
        session.execute(
            rows.on_conflict_do_update(index_elements=["call_id"], set_={name: rows.excluded[name] for name in names})
        )


@dataclass(frozen=True, slots=True)
class CarriedElsewhere:
    """A call that another worker carries."""

    call: LiveCallRow
    worker: Worker


def calls_elsewhere(session: Session, worker: str) -> Sequence[CarriedElsewhere]:
    """The calls on the line of all workers alive but one, in the order of their attempts."""
    query = select(LiveCallRow, Worker).join(Worker, Worker.id == LiveCallRow.worker)
    others = query.where(Worker.id != worker, Worker.ended_at.is_(None))
    return [CarriedElsewhere(*row) for row in session.execute(others.order_by(LiveCallRow.attempt_id))]


def say_condition(session: Session, worker: str, body: Mapping[str, Any], now: datetime) -> datetime | None:
    """Write how a worker stands; returns when somebody last wished that it archived at once what was put off.

    Raises `WorkerLost` for one that was given up.
    """
    _without_waiting(session)
    still_alive(session, worker)
    said = {"said_at": now, "body": dict(body)}
    row = insert(WorkerCondition).values(worker=worker, **said)
    kept = row.on_conflict_do_update(index_elements=["worker"], set_=said).returning(WorkerCondition.archive_retry_at)
    return session.scalars(kept).one()


@dataclass(frozen=True, slots=True)
class Said:
    """How another worker stands, as it last said."""

    worker: Worker
    condition: WorkerCondition


def conditions_elsewhere(session: Session, worker: str) -> Sequence[Said]:
    """How all workers alive but one stand, by their names."""
    query = select(Worker, WorkerCondition).join(WorkerCondition, WorkerCondition.worker == Worker.id)
    others = query.where(Worker.id != worker, Worker.ended_at.is_(None)).order_by(Worker.host, Worker.id)
    return [Said(*row) for row in session.execute(others)]


def ask_archive_retry(session: Session, now: datetime) -> None:
    """Wish that every worker archives at once what was put off; each reads it when it next says how it stands."""
    session.execute(update(WorkerCondition).values(archive_retry_at=now))


def _without_waiting(session: Session) -> None:
    session.execute(text("SET LOCAL synchronous_commit TO off"))
