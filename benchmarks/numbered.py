"""Rows by the thousand that the database makes itself from numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, Table, case, cast, func, insert, literal, select
from sqlalchemy.orm import Session

from models import Base
from models.base import Instant
from models.sealed import Sealed


def fill(session: Session, table: type[Base], values: dict[str, Any]) -> None:
    """Insert one row for each number that the values are made of."""
    into = table.__table__
    if not isinstance(into, Table):
        raise TypeError(f"{table} is no table")
    session.execute(insert(into).from_select(list(values), select(*values.values())))


def numbers(count: int) -> ColumnElement[int]:
    """1, 2, 3 … count, each the number of a row."""
    counting = select(literal(1).label("n")).cte("counting", recursive=True)
    counting = counting.union_all(select(counting.c.n + 1).where(counting.c.n < count))
    return counting.c.n


def one_of(n: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[Any]:
    """Texts or instants in turn."""
    kind = Instant() if isinstance(values[0], datetime) else String()
    place = cast(func.floor(n), Integer) % len(values)
    return case({number: literal(value, kind) for number, value in enumerate(values)}, value=place)


def text_of(n: ColumnElement[int]) -> ColumnElement[str]:
    """The number in digits."""
    return cast(n, String)


def sealed(text: str) -> ColumnElement[Any]:
    """A text as the database keeps it."""
    return literal(text, Sealed())
