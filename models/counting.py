"""What the bot's calls add up to for each version of a script, day by day: counted once, when they have ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session, selectinload

from models.counting_tables import ScriptTally, ScriptUnknown
from models.queue import rows_changed
from models.sealed import current_seal
from models.tables import Attempt, AttemptTask, CallEvent, Customer
from rules.hours import SHANGHAI

COUNT_LOCK = 0x68756974  # advisory: of processes that count the same calls one does
SAID = ("Listen", "Collect", "Heard")


class Tallied(StrEnum):
    """What is counted at a node, and of the calls as a whole (node "")."""

    CALLS = "calls"  # of the version with a client; node "" only
    ASKED = "asked"  # calls in which the node was asked
    ENDED = "ended"  # calls that ended there without a review; by outcome
    HEARD = "heard"  # things said there
    UNCLEAR = "unclear"  # of them, those that were not understood


@dataclass(frozen=True, slots=True)
class Day:
    """A day's calls of one version of a script."""

    script: str
    script_hash: str
    on: date


@dataclass(frozen=True, slots=True)
class Tally:
    """How often what happened where; `unknown`: the words that were not understood, by node."""

    times: Mapping[tuple[str, Tallied, str], int]  # node, what, outcome or ""
    unknown: Mapping[tuple[str, str], int]  # node, words


@dataclass(frozen=True, slots=True)
class Course:
    """What was asked and heard in a call for one task: kinds and bodies of its moves, in order."""

    day: Day
    outcome: str
    client: str
    questions: Mapping[str, str]
    moves: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SpokenIn:
    """Which calls are meant: of one version of a script, begun on these days, both included."""

    script: str
    script_hash: str
    first: date
    last: date


def not_counted(session: Session) -> int:
    """How many ended calls are in no tally yet."""
    return session.scalar(select(func.count(Attempt.id)).where(_is_new())) or 0


def next_to_count(session: Session, most: int) -> Sequence[int]:
    """The oldest calls that are in no tally, from now on counted; none where another process counts just now.

    The tallies belong into the same transaction.
    """
    if not _counts_alone(session):
        return ()
    oldest = select(Attempt.id).where(_is_new()).order_by(Attempt.id).limit(most)
    ids = session.scalars(oldest.with_for_update(skip_locked=True, key_share=True)).all()
    counted = update(Attempt).where(Attempt.id.in_(ids)).values(counted=True)
    session.execute(counted.execution_options(synchronize_session=False))
    return ids


def _counts_alone(session: Session) -> bool:
    """Nobody waits for who counts: a process may stand still in its midst."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(COUNT_LOCK))))


def courses_of(session: Session, ids: Sequence[int]) -> list[Course]:
    """The calls of the bot among these, once for each task; raises SealBroken."""
    by_bot = select(Attempt, Customer.name).join(Customer, Attempt.customer_id == Customer.id)
    rows = session.execute(
        by_bot.where(Attempt.id.in_(ids), Attempt.method == "voice_bot").options(selectinload(Attempt.served))
    ).all()
    moves = _moves(session, [attempt.id for attempt, _ in rows])
    return [_course(attempt, one, name, moves.get(attempt.id, [])) for attempt, name in rows for one in attempt.served]


def _is_new() -> ColumnElement[bool]:
    return and_(~Attempt.counted, Attempt.ended_at.is_not(None))


def _moves(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    events = (
        select(CallEvent.attempt_id, CallEvent.kind, CallEvent.body)
        .where(CallEvent.attempt_id.in_(ids), CallEvent.kind.in_(SAID))
        .order_by(CallEvent.attempt_id, CallEvent.seq)
    )
    moves: dict[int, list[tuple[str, str]]] = {}
    for attempt_id, kind, body in session.execute(events):
        moves.setdefault(attempt_id, []).append((kind, body))
    return moves


def _course(attempt: Attempt, one: AttemptTask, client: str, moves: Sequence[tuple[str, str]]) -> Course:
    day = Day(one.script, one.script_hash, attempt.started_at.astimezone(SHANGHAI).date())
    return Course(day, attempt.outcome or "", client, one.questions, moves)


def add_tally(session: Session, day: Day, tally: Tally) -> None:
    """Add what calls came to to their day's tally."""
    key = {"script": day.script, "script_hash": day.script_hash, "day": day.on}
    for (node, what, detail), times in tally.times.items():
        _add(session, ScriptTally, key | {"node": node, "kind": what.value, "detail": detail}, times)
    for (node, words), times in tally.unknown.items():
        digest = current_seal().digest(f"unknown {words}")
        _add(session, ScriptUnknown, key | {"node": node, "digest": digest}, times, words=words)


def _add(
    session: Session, table: type[ScriptTally | ScriptUnknown], key: Mapping[str, object], times: int, **new: str
) -> None:
    there = update(table).filter_by(**key).values(times=table.times + times)
    if rows_changed(session, there) == 0:
        session.add(table(**key, **new, times=times))
        session.flush()


def tally_of(session: Session, wanted: SpokenIn, most_unknown: int) -> Tally:
    """What the counted calls of some days came to; of what was not understood the most frequent at each node."""
    total = func.sum(ScriptTally.times)
    query = select(ScriptTally.node, ScriptTally.kind, ScriptTally.detail, total).where(*_of(ScriptTally, wanted))
    rows = session.execute(query.group_by(ScriptTally.node, ScriptTally.kind, ScriptTally.detail))
    times = {(node, Tallied(kind), detail): int(count) for node, kind, detail, count in rows}
    return Tally(times, _unknown(session, wanted, most_unknown))


def _unknown(session: Session, wanted: SpokenIn, most: int) -> dict[tuple[str, str], int]:
    times, key = func.sum(ScriptUnknown.times), (ScriptUnknown.node, ScriptUnknown.digest)
    place = func.row_number().over(partition_by=ScriptUnknown.node, order_by=(times.desc(), ScriptUnknown.digest))
    counted = select(*key, func.max(ScriptUnknown.day).label("day"), times.label("times"), place.label("place"))
    ranked = counted.where(*_of(ScriptUnknown, wanted)).group_by(*key).subquery()
    # The words of the latest day stand for those of all: they are the same.
    same = and_(
        ScriptUnknown.day == ranked.c.day, ScriptUnknown.node == ranked.c.node, ScriptUnknown.digest == ranked.c.digest
    )
    query = select(ScriptUnknown.node, ScriptUnknown.words, ranked.c.times).join(ranked, same)
    frequent = query.where(*_of(ScriptUnknown, wanted), ranked.c.place <= most)
    unknown: Counter[tuple[str, str]] = Counter()
    for node, words, count in session.execute(frequent):
        unknown[node, words] += int(count)  # the same words may be under two digests: a key was changed
    return unknown


def _of(table: type[ScriptTally | ScriptUnknown], wanted: SpokenIn) -> tuple[ColumnElement[bool], ...]:
    return (
        table.script == wanted.script,
        table.script_hash == wanted.script_hash,
        table.day.between(wanted.first, wanted.last),
    )
