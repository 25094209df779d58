"""Which processes make calls, which of them are dead, and what those left behind."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, text, update
from sqlalchemy.orm import Session

from models.database import Database
from models.errors import WorkerLost
from models.live_tables import LiveCallRow, WorkerCondition
from models.queue import rows_changed
from models.running_tables import Worker
from models.tables import Attempt
from rules.outcomes import Method

LOST_AFTER = timedelta(seconds=30)  # without a heartbeat
SWEEPS_WITHIN_SECONDS = 120  # else another worker sweeps: who swept may stand still
SWEEP_LOCK = 0x68756970  # advisory: one worker of all sweeps


def database_now(session: Session) -> datetime:
    """The database's own clock, by which all hosts measure heartbeats."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = session.scalars(select(func.clock_timestamp())).one()
    return now


def sign_on(session: Session, worker: Worker) -> None:
    """Enter a worker; one that worked in the same place before it is gone, or it would hold the place's lock."""
    if worker.place:
        gone = update(Worker).where(Worker.place == worker.place, Worker.ended_at.is_(None))
        session.execute(gone.values(ended_at=worker.started_at, lost=True))
    session.add(worker)


def beat(session: Session, worker: str, now: datetime) -> None:
    """Say that a worker lives; raises `WorkerLost` for one that was given up."""
    alive = update(Worker).where(Worker.id == worker, Worker.ended_at.is_(None)).values(heartbeat_at=now)
    if rows_changed(session, alive) != 1:
        raise _lost(worker)


def drain(session: Session, worker: str) -> None:
    """Say that a worker takes no new calls."""
    session.execute(update(Worker).where(Worker.id == worker).values(draining=True))


def sign_off(session: Session, worker: str, now: datetime) -> None:
    """A worker leaves; calls that it still has are settled as interrupted."""
    leaving = update(Worker).where(Worker.id == worker, Worker.ended_at.is_(None))
    session.execute(leaving.values(ended_at=now))
    _forget(session, [worker])


def still_alive(session: Session, worker: str) -> None:
    """Raise `WorkerLost` for a worker that was given up, and keep it from being given up until the transaction ends.

    A worker that never signed on (a single process, a tool) is alive.
    """
    query = select(Worker.ended_at).where(Worker.id == worker).with_for_update(read=True)
    row = session.execute(query).one_or_none()
    if row is not None and row.ended_at is not None:
        raise _lost(worker)


def _lost(worker: str) -> WorkerLost:
    return WorkerLost(f"worker {worker} was given up after {LOST_AFTER.seconds} s without a heartbeat")


def give_up_silent(session: Session, now: datetime, *, judge: str) -> Sequence[str]:
    """Give up the workers whose heartbeat is too old, never the one who judges, and return them."""
    silent = select(Worker.id).where(
        Worker.ended_at.is_(None), Worker.heartbeat_at < now - LOST_AFTER, Worker.id != judge
    )
    lost = session.scalars(silent.with_for_update(skip_locked=True)).all()
    if lost:
        session.execute(update(Worker).where(Worker.id.in_(lost)).values(ended_at=now, lost=True))
        _forget(session, lost)
    return lost


def _forget(session: Session, workers: Collection[str]) -> None:
    """What these workers last said of themselves and of their calls holds no more."""
    session.execute(delete(LiveCallRow).where(LiveCallRow.worker.in_(workers)))
    session.execute(delete(WorkerCondition).where(WorkerCondition.worker.in_(workers)))


def workers_alive(session: Session) -> Sequence[Worker]:
    """Everybody who makes calls now."""
    return session.scalars(select(Worker).where(Worker.ended_at.is_(None)).order_by(Worker.started_at)).all()


def left_behind(session: Session, besides: Collection[int] = ()) -> Sequence[Attempt]:
    """Attempts that nobody ended and whose worker is gone, or never signed on; `besides` them, those with these ids."""
    return session.scalars(select(Attempt).where(_is_left(besides)).order_by(Attempt.id)).all()


def any_left_behind(session: Session, besides: Collection[int] = ()) -> bool:
    """Whether there is such an attempt."""
    return session.scalar(select(Attempt.id).where(_is_left(besides)).limit(1)) is not None


def begun_by(session: Session, worker: str, task_id: int, incoming: bool, until: datetime) -> Sequence[int]:
    """The open attempts that a worker has begun for a task until an instant; `incoming`: calls of the client."""
    direction = "incoming" if incoming else "outgoing"
    own = select(Attempt.id).where(Attempt.worker == worker, Attempt.task_id == task_id, Attempt.ended_at.is_(None))
    return session.scalars(own.where(Attempt.started_at <= until, Attempt.direction == direction)).all()


def _is_left(besides: Collection[int]) -> ColumnElement[bool]:
    at_work = exists().where(Worker.id == Attempt.worker, Worker.ended_at.is_(None))
    by_machine = (
        Attempt.method != Method.HUMAN_CALL.value
    )  # a person's call is at no worker (campaign/other_ways/people.py)
    return and_(Attempt.ended_at.is_(None), by_machine, or_(~at_work, Attempt.id.in_(besides)))


@contextmanager
def sweeping_alone(database: Database) -> Iterator[bool]:
    """Whether this process is the one that sweeps for as long as the block lasts.

    PostgreSQL keeps it by an advisory lock; on SQLite every settlement is by the single writer anyhow.
    """
    if database.engine.dialect.name == "sqlite":
        yield True
        return
    with database.read() as session:
        session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{SWEEPS_WITHIN_SECONDS}s'"))
        yield bool(session.scalar(select(func.pg_try_advisory_xact_lock(SWEEP_LOCK))))
