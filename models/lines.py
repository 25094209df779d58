"""How many calls each trunk carries at once and starts within a second, over all workers of one database."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import ColumnElement, and_, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import LinesFull, LinesStuck, StaleAttempt
from models.queue import rows_changed
from models.row_locks import RowKept, without_long_waits
from models.running_tables import Line, Worker
from models.tables import Attempt

# A call reaches its trunk at the latest this long after it was counted: windows are longer by that much, so that the
# trunk sees no more starts in any second than it may, however long a start was under way.
LATE_SECONDS = 0.25
COUNTED_SECONDS = 0.05  # about as long as somebody else counts a call
STUCK_SECONDS = 0.5  # before lines on which nobody gets on with counting are tried again
TOGETHER = "*"  # the row of the bound on all trunks together; no trunk has this name


@dataclass(frozen=True, slots=True)
class LineCaps:
    """What the lines of one name (a trunk) may carry: `calls` at once, `per_second` new ones in any second."""

    name: str
    calls: int
    per_second: float

    @property
    def starts(self) -> int:
        """How many starts one window holds."""
        return max(1, math.floor(self.per_second))

    @property
    def window_seconds(self) -> float:
        """The window, longer than a second where fewer than one call a second may start."""
        return self.starts / self.per_second + LATE_SECONDS


@dataclass(frozen=True)
class Lines:
    """Every trunk in the order of preference, and what all of them together may carry (None: no further bound)."""

    each: tuple[LineCaps, ...]
    together: LineCaps | None = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the trunks."""
        return tuple(caps.name for caps in self.each)

    def in_order(self, order: Sequence[str]) -> tuple[LineCaps, ...]:
        """The trunks, those first that `order` names, as it names them."""
        place = {name: at for at, name in enumerate(order)}
        return tuple(sorted(self.each, key=lambda caps: place.get(caps.name, len(place))))


def enter_lines(session: Session, lines: Lines) -> None:
    """Make the rows under whose locks calls are counted; nothing happens for those that are there."""
    for name in (*lines.names, *((TOGETHER,) if lines.together else ())):
        if session.get(Line, name) is not None:
            continue
        try:
            with session.begin_nested():
                session.execute(insert(Line).values(name=name, starts=[]))
        except IntegrityError:
            continue  # another worker was first


def take_line(session: Session, lines: Lines, now: datetime, order: Sequence[str] = ()) -> str:
    """Count one call more on the first trunk that has room, and return its name; raises `LinesFull`.

    `now` is the database's clock, which is one for all hosts, asked after the call. The caller writes the name into
    its attempt in the same transaction.
    """
    together = _room(session, lines.together, lines.names, now) if lines.together else None
    full: list[LinesFull] = []
    for caps in lines.in_order(order):
        # Hosts prefer trunks in orders of their own: whoever has one trunk's row waits for no other's.
        wait = together is not None or not full
        try:
            line = _room(session, caps, (caps.name,), now, wait=wait)
        except LinesStuck:
            raise
        except LinesFull as reason:
            full.append(reason)
            continue
        _count(line, caps, now)
        if lines.together and together:
            _count(together, lines.together, now)
        return caps.name
    waits = [reason.wait_seconds for reason in full if reason.wait_seconds is not None]
    raise LinesFull("; ".join(str(reason) for reason in full), min(waits, default=None))


def free_lines(session: Session, lines: Lines) -> int:
    """How many calls more the lines carry now; a forecast: `take_line` has the last word."""
    on_the_line = (Attempt.line.in_(lines.names), Attempt.ended_at.is_(None), _takes_its_line())
    live = select(Attempt.line, func.count()).where(*on_the_line)
    on: dict[str, int] = {name: count for name, count in session.execute(live.group_by(Attempt.line))}
    free = sum(max(0, caps.calls - on.get(caps.name, 0)) for caps in lines.each)
    return max(0, min(free, lines.together.calls - sum(on.values()))) if lines.together else free


def change_line(
    session: Session, lines: Lines, attempt_id: int, name: str, now: datetime, unused: datetime | None = None
) -> None:
    """Count a call that has not reached its client anew, on this trunk: it was late there, or another has failed it.

    `unused`: a start that was counted there and did not take place. Raises `LinesFull`, and `StaleAttempt` where
    somebody else has settled the attempt meanwhile.
    """
    (caps,) = (each for each in lines.each if each.name == name)
    besides = _Besides(attempt_id, unused)
    together = _room(session, lines.together, lines.names, now, besides) if lines.together else None
    line = _room(session, caps, (name,), now, besides)
    _count(line, caps, now)
    if lines.together and together:
        _count(together, lines.together, now)
    move = update(Attempt).where(Attempt.id == attempt_id, Attempt.ended_at.is_(None)).values(line=name)
    if rows_changed(session, move.execution_options(synchronize_session=False)) != 1:
        raise StaleAttempt(f"attempt {attempt_id} was settled by somebody else")


@dataclass(frozen=True, slots=True)
class _Besides:
    """What does not count: a call that is on the line already, and a start of its own."""

    attempt_id: int = 0
    start: datetime | None = None


def _room(
    session: Session,
    caps: LineCaps,
    names: Sequence[str],
    now: datetime,
    besides: _Besides = _Besides(),
    *,
    wait: bool = True,
) -> Line:
    """The row of the lines, kept from others until the transaction ends; raises `LinesFull` where they have no room.

    Without `wait` lines that others are counting on just now have none.
    """
    line = _kept(session, caps.name) if wait else session.get(Line, caps.name, with_for_update={"skip_locked": True})
    if line is None and not wait:
        raise LinesFull(f"the lines {caps.name!r} are being counted on", COUNTED_SECONDS)
    if line is None:
        raise LookupError(f"the lines {caps.name!r} were never entered: call enter_lines() when a worker starts")
    if besides.start is not None:
        line.starts = without(line.starts, besides.start)
    live = select(func.count(Attempt.id)).where(
        Attempt.line.in_(names), Attempt.ended_at.is_(None), _takes_its_line(), Attempt.id != besides.attempt_id
    )
    count = session.scalar(live) or 0
    if count >= caps.calls:
        raise LinesFull(f"{count} calls are on the lines {caps.name!r}, which carry {caps.calls}")
    lately = _lately(line, caps, now)
    if len(lately) >= caps.starts:
        wait_seconds = lately[-caps.starts] + caps.window_seconds - now.timestamp()
        raise LinesFull(f"the lines {caps.name!r} take {caps.per_second:g} new calls a second", wait_seconds)
    return line


def _kept(session: Session, name: str) -> Line | None:
    try:
        with without_long_waits(session):
            return session.get(Line, name, with_for_update=True)
    except RowKept as reason:
        raise LinesStuck(
            f"a call on the lines {name!r} is being counted, and does not get on", STUCK_SECONDS
        ) from reason


def _takes_its_line() -> ColumnElement[bool]:
    """Whether an attempt that is not ended has its line still: not while a person writes down what came of the call.

    The line of a person's call is free, too, when the worker whose line it is was given up.
    """
    gone = exists().where(Worker.id == Attempt.line_worker, Worker.ended_at.is_not(None))
    return and_(Attempt.line_down_at.is_(None), ~gone)


def line_is_down(session: Session, attempt_id: int, now: datetime) -> None:
    """The line of a call is free for another one; what came of the call is still to be written down."""
    down = update(Attempt).where(Attempt.id == attempt_id, Attempt.ended_at.is_(None), Attempt.line_down_at.is_(None))
    session.execute(down.values(line_down_at=now).execution_options(synchronize_session=False))


def without(starts: Sequence[float], unused: datetime) -> list[float]:
    """Starts but for one that did not take place; another one of the same instant stays."""
    rest = list(starts)
    with suppress(ValueError):
        rest.remove(unused.timestamp())
    return rest


def _lately(line: Line, caps: LineCaps, now: datetime) -> list[float]:
    """The starts within the window, as seconds of the epoch."""
    return [at for at in line.starts if at > now.timestamp() - caps.window_seconds]


def _count(line: Line, caps: LineCaps, now: datetime) -> None:
    line.starts = [*_lately(line, caps, now), now.timestamp()]
