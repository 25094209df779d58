"""What the pages of scripts ask: which versions there are and wait, and the calls in which a version was spoken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from models.script_tables import ScriptVersion
from models.tables import Attempt, AttemptTask, CallEvent, Customer

SAID = ("Listen", "Collect", "Heard")
CHUNK = 200  # calls whose logs are in memory at a time


@dataclass(frozen=True, slots=True)
class SpokenIn:
    """Which calls are meant: of one version of a script, begun within a time."""

    name: str
    hashed: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class CallLogged:
    """A call with what was asked and heard in it: kinds and bodies, in order."""

    outcome: str
    client: str
    questions: dict[str, Any]
    moves: list[tuple[str, str]]


def every_version(session: Session) -> Sequence[ScriptVersion]:
    """All versions of all scripts with their trails, by name and number."""
    query = select(ScriptVersion).options(selectinload(ScriptVersion.acts))
    return session.scalars(query.order_by(ScriptVersion.name, ScriptVersion.number)).all()


def version_numbered(session: Session, name: str, number: int) -> ScriptVersion | None:
    """One version."""
    return session.scalar(select(ScriptVersion).where(ScriptVersion.name == name, ScriptVersion.number == number))


def count_calls(session: Session, wanted: SpokenIn) -> int:
    """In how many calls a version was spoken with a client by the bot."""
    return session.scalar(_calls(wanted).with_only_columns(func.count(Attempt.id)).order_by(None)) or 0


def logged_calls(session: Session, wanted: SpokenIn, limit: int) -> Iterator[CallLogged]:
    """Those calls, the latest first, `limit` at most."""
    rows = session.execute(_calls(wanted).limit(limit)).all()
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        moves: dict[int, list[tuple[str, str]]] = {row[0]: [] for row in chunk}
        events = (
            select(CallEvent.attempt_id, CallEvent.kind, CallEvent.body)
            .where(CallEvent.attempt_id.in_(moves), CallEvent.kind.in_(SAID))
            .order_by(CallEvent.attempt_id, CallEvent.seq)
        )
        for attempt_id, kind, body in session.execute(events):
            moves[attempt_id].append((kind, body))
        for attempt_id, outcome, client, questions in chunk:
            yield CallLogged(outcome or "", client, questions, moves[attempt_id])


def _calls(wanted: SpokenIn) -> Select[int, str | None, str, dict[str, Any]]:
    return (
        select(Attempt.id, Attempt.outcome, Customer.name, AttemptTask.questions)
        .join(AttemptTask, AttemptTask.attempt_id == Attempt.id)
        .join(Customer, Attempt.customer_id == Customer.id)
        .where(
            AttemptTask.script == wanted.name,
            AttemptTask.script_hash == wanted.hashed,
            Attempt.method == "voice_bot",
            Attempt.ended_at.is_not(None),
            Attempt.started_at >= wanted.since,
            Attempt.started_at < wanted.until,
        )
        .order_by(Attempt.started_at.desc(), Attempt.id.desc())
    )
