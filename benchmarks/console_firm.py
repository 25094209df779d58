"""A large firm in a database within a minute: clients, tasks, calls, all made by the database itself from numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import case, literal
from sqlalchemy.orm import Session

from benchmarks.console_aftermath import build_aftermath
from benchmarks.numbered import fill, numbers, one_of, sealed, text_of
from models import (
    Attempt,
    AttemptTask,
    Campaign,
    Customer,
    Database,
    Escalation,
    ReviewTask,
    RiskFlag,
    Staff,
)
from models.base import Instant
from rules.hours import SHANGHAI

CAMPAIGNS = 8
DAYS = 60  # over which the calls are spread, the last one is today
STATUSES = ("待回访", "已完成：已回访", "未完成：无人应答", "已完成：无人应答", "未完成：转人工")
TYPES = ("suitability", "new_account", "other", "conduct")
OUTCOMES = ("reviewed", "no_answer", "busy", "hung_up", "needs_human")


@dataclass(frozen=True, slots=True)
class Size:
    """How large the firm is."""

    tasks: int
    calls: int


def build(database: Database, size: Size, now: datetime) -> None:
    """Fill an empty, migrated database; every client has one task, the latest tasks' clients were called."""
    with database.write() as session:
        _people(session, size, now)
        _clients(session, size.tasks)
        _tasks(session, size.tasks, now)
        _calls(session, size.calls, now)
        build_aftermath(session, size.calls, now)
    with database.engine.connect() as connection:
        tidy = "VACUUM ANALYZE" if connection.dialect.name == "postgresql" else "ANALYZE"  # as its daemon would
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(tidy)


def _people(session: Session, size: Size, now: datetime) -> None:
    session.add_all(Staff(id=n, number=f"S{n}", name=f"人员{n}", post="broker") for n in range(1, 201))
    session.add_all(Campaign(id=n, name=f"回访方案{n}", created_at=now) for n in range(1, CAMPAIGNS + 1))
    session.flush()


def _clients(session: Session, count: int) -> None:
    n = numbers(count)
    values = {
        "id": n,
        "number": "C" + text_of(n),
        "name": sealed("单小明"),
        "name_digest": "n" + text_of(n),
        "phone": sealed("13800001111"),
        "phone_digest": "p" + text_of(n),
        "served_by_id": 1 + n % 200,
        "do_not_call": case((n % 500 == 0, True), else_=False),
        "do_not_call_at": one_of(n, [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 29)]),
        "account_state": literal("active"),
    }
    fill(session, Customer, values)


def _tasks(session: Session, count: int, now: datetime) -> None:
    """Two in five done, one in fifty for people, the others to be dialled; deadlines over three months."""
    n = numbers(count)
    open_ = n % 5 == 0
    values = {
        "id": n,
        "number": "T" + text_of(n),
        "campaign_id": 1 + n % CAMPAIGNS,
        "customer_id": n,
        "review_type": one_of(n, TYPES),
        "script": one_of(n, TYPES),
        "created_at": literal(now - timedelta(days=DAYS), Instant()),
        "deadline_at": one_of(n / 5, [now + timedelta(days=day) for day in range(-3, 90, 2)]),
        "status": one_of(n, STATUSES),
        "final": case((n % 5 == 1, True), (n % 5 == 3, True), else_=False),
        "with_human": case((n % 50 == 4, True), else_=False),
        "due_at": case(
            (open_, one_of(n / 5, [now + timedelta(hours=hour) for hour in range(-2, 200, 5)])),
            (n % 5 == 2, literal(now + timedelta(hours=3), Instant())),
            ((n % 5 == 4) & (n % 50 != 4), literal(now + timedelta(hours=30), Instant())),
        ),
    }
    fill(session, ReviewTask, values)


def _calls(session: Session, count: int, now: datetime) -> None:
    n = numbers(count)
    morning = datetime.combine(now.astimezone(SHANGHAI).date(), time(), SHANGHAI)
    started = [morning - timedelta(days=day) + timedelta(minutes=3) for day in range(DAYS)]
    values = {
        "id": n,
        "call_id": text_of(n) + "-1",
        "task_id": n,
        "customer_id": n,
        "no": literal(1),
        "dialled": sealed("13800001111"),
        "worker": literal("w"),
        "started_at": one_of(n, started),
        "ended_at": one_of(n, [at + timedelta(minutes=2) for at in started]),
        "outcome": one_of(n, OUTCOMES),
        "status": one_of(n, STATUSES),
        "script": one_of(n, TYPES),
        "script_hash": literal("f" * 64),
        "facts": sealed("{}" * 400),  # as long as real ones
        "taken_in": literal(True),
        "counted": literal(True),
        "talk_ms": case((n % 5 == 1, 0), (n % 5 == 2, 0), else_=60_000),
        "evidence": literal({"identified": True, "decided_by": "conversation"}, Attempt.__table__.c.evidence.type),
    }
    fill(session, Attempt, values)
    served = {"attempt_id": n, "task_id": n, "no": literal(1), "script": one_of(n, TYPES)}
    fill(session, AttemptTask, served | {"script_hash": literal("f" * 64)})
    grave = numbers(count // 20)
    fill(
        session,
        Escalation,
        {
            "attempt_id": grave * 20,
            "task_id": grave * 20,
            "severity": literal("high"),
            "created_at": one_of(grave, started),
            "state": one_of(grave, ("open", "done", "done", "done")),
        },
    )
    fill(
        session,
        RiskFlag,
        {
            "attempt_id": grave * 20,
            "task_id": grave * 20,
            "risk": literal("not_self_operated"),
            "severity": literal("high"),
            "node": literal("suitability.self_operated"),
            "words": sealed("是我老婆在操作"),
            "start_ms": literal(9000),
            "end_ms": literal(10500),
        },
    )
