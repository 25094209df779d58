"""The outbox as a page shows it (告知与事件): how much of each state, and the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from models.calls import Page
from models.posting_tables import Event
from models.tables import Notice, ReviewTask
from rules.postings import PostingState

P = TypeVar("P", bound=Notice | Event)


@dataclass(frozen=True, slots=True)
class PostingFilter:
    """What the list is narrowed to: these states, a task's number ("": any)."""

    states: tuple[PostingState, ...] = ()
    number: str = ""


def posting_counts(session: Session, table: type[P]) -> dict[PostingState, int]:
    """How many there are of each state; a state without any is 0."""
    rows = session.execute(select(table.state, func.count(table.id)).group_by(table.state))
    found = {PostingState(state): count for state, count in rows}
    return {state: found.get(state, 0) for state in PostingState}


def postings(session: Session, table: type[P], wanted: PostingFilter, *, page: int, size: int) -> Page[P]:
    """Notices or events, the latest first."""
    query: Select[P] = select(table)
    if wanted.states:
        query = query.where(table.state.in_([state.value for state in wanted.states]))
    if wanted.number:
        query = query.join(ReviewTask, table.task_id == ReviewTask.id).where(ReviewTask.number == wanted.number)
    total = session.scalar(query.with_only_columns(func.count(table.id))) or 0
    task = joinedload(table.task).joinedload(ReviewTask.customer)
    rows = session.scalars(query.options(task).order_by(table.id.desc()).limit(size).offset((page - 1) * size))
    return Page(rows.all(), total, page, size)
