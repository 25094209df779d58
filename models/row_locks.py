"""Rows that a transaction keeps from others until it ends, waited for no longer than anybody keeps one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

KEPT_SECONDS = 2  # far longer than a call takes to be counted: who keeps a row for so long stands still
_LOCK_NOT_AVAILABLE = "55P03"  # SQLSTATE of PostgreSQL


class RowKept(Exception):
    """Somebody else keeps the row; the transaction is broken off and can only be rolled back."""


@contextmanager
def without_long_waits(session: Session) -> Iterator[None]:
    """Wait at most KEPT_SECONDS for rows that others keep (SQLite keeps none); raises `RowKept`."""
    if session.get_bind().dialect.name == "sqlite":
        yield
        return
    session.execute(text(f"SET LOCAL lock_timeout = '{KEPT_SECONDS}s'"))
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", "") == _LOCK_NOT_AVAILABLE:
            raise RowKept from error
        raise
    session.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
