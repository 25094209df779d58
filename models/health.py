"""What an operator asks the database about: the workers, each line, what is stuck, how large it has become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, and_, cast, func, or_, select, text, union
from sqlalchemy.orm import Session

from models.inspecting_tables import Inspection
from models.posting_tables import Event
from models.running_tables import Worker
from models.tables import Attempt, Notice
from rules.inspecting import Reason
from rules.outcomes import Outcome
from rules.postings import FOR_A_PERSON, PostingState


@dataclass(frozen=True, slots=True)
class WorkerAtWork:
    """A worker and how many calls it carries now."""

    worker: Worker
    calls: int


def workers_of_late(session: Session, since: datetime) -> Sequence[WorkerAtWork]:
    """The workers that are alive, then those that were given up since then, the latest first."""
    lost = Worker.lost & (Worker.ended_at >= since)
    query = select(Worker).where(or_(Worker.ended_at.is_(None), lost))
    workers = session.scalars(query.order_by(Worker.ended_at.is_not(None), Worker.started_at.desc()).limit(50)).all()
    on_the_line = select(Attempt.worker, func.count()).where(Attempt.ended_at.is_(None)).group_by(Attempt.worker)
    calls = {worker: count for worker, count in session.execute(on_the_line)}
    return [WorkerAtWork(worker, calls.get(worker.id, 0)) for worker in workers]


@dataclass(frozen=True, slots=True)
class LineUse:
    """How a line was used: attempts that began since an instant, those that the line lost, those on it now."""

    name: str
    attempts: int
    lost: int
    now: int


def line_uses(session: Session, since: datetime) -> Sequence[LineUse]:
    """Each line over all workers, by its name; a line without a name is that of the exchange."""
    live = and_(Attempt.ended_at.is_(None), Attempt.line_down_at.is_(None))
    # Each half is found by an index of its own; together they would be looked for in every attempt.
    query = (
        select(
            Attempt.line,
            func.count(),
            func.count().filter(Attempt.outcome == Outcome.OWN_LINE_FAILED.value),
            func.count().filter(live),
        )
        .where(Attempt.id.in_(union(*(select(Attempt.id).where(one) for one in (Attempt.started_at >= since, live)))))
        .group_by(Attempt.line)
        .order_by(Attempt.line)
    )
    return [LineUse(*row) for row in session.execute(query)]


def unreadable_calls(session: Session) -> Sequence[str]:
    """The calls that wait for an inspector and whose log cannot be read, the oldest first."""
    told = cast(Inspection.reasons, String).contains(f'"{Reason.UNREADABLE.value}"')
    query = select(Attempt.call_id).join(Inspection, Inspection.attempt_id == Attempt.id)
    return session.scalars(query.where(Inspection.done_at.is_(None), told).order_by(Inspection.id)).all()


@dataclass(frozen=True, slots=True)
class PostingJam:
    """Notices or events: to be sent, of these overdue since then, and for a person to decide."""

    waiting: int
    overdue: int
    for_people: int


def posting_jam(session: Session, table: type[Notice] | type[Event], overdue_before: datetime) -> PostingJam:
    """How much is on its way out, and how much of it does not move."""
    moving = table.state.in_([PostingState.WAITING.value, PostingState.SENDING.value])
    late = (table.state == PostingState.WAITING.value) & (table.next_try_at < overdue_before)
    query = select(
        func.count().filter(moving),
        func.count().filter(late),
        func.count().filter(table.state.in_([state.value for state in FOR_A_PERSON])),
    ).select_from(table)
    return PostingJam(*session.execute(query).one())


def database_bytes(session: Session) -> int:
    """How large the database is."""
    if session.get_bind().dialect.name == "sqlite":
        pages, size = (session.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("page_count", "page_size"))
        return int(pages) * int(size)
    return int(session.execute(select(func.pg_database_size(func.current_database()))).scalar_one())
