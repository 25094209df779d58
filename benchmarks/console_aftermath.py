"""What follows from the calls of a large firm: what was heard, inspected, told, logged and counted."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, insert, literal, select
from sqlalchemy.orm import Session

from benchmarks.numbered import fill, numbers, one_of, sealed, text_of
from campaign.published import script_of
from models import (
    AuditEntry,
    CallIndex,
    HumanReview,
    IncomingCall,
    Inspection,
    Notice,
    ScriptTally,
    ScriptUnknown,
    ScriptVersion,
)
from models.base import Instant
from models.counting import Tallied
from models.inspecting_search import signature
from models.managing_tables import ReviewCase
from rules.hours import SHANGHAI

FIRST_AGENT, AGENTS = 1, 50
# What clients say in a call, roughly: the signatures of calls are as full as these.
SAID = (
    "是我本人",
    "是的没错",
    "我知道这个产品的风险",
    "没有人替我操作",
    "不太清楚你再说一遍",
    "可以的",
    "嗯我同意",
    "好的再见",
)
OUTCOMES = ("hung_up", "refused", "needs_human")
UNKNOWN_A_DAY = 6  # different words that were not understood at a node


def build_aftermath(session: Session, calls: int, now: datetime) -> None:
    """The rows behind the pages of inspectors, agents and operators; in proportion to the calls."""
    _heard(session, calls)
    _inspections(session, max(1, calls // 10), now)
    _people(session, max(1, calls // 20), now)
    _told(session, max(1, calls // 5), now)
    _logged(session, calls, now)


def _heard(session: Session, calls: int) -> None:
    n = numbers(calls)
    signatures = [signature([*SAID, f"这是第{number}种说法"]) for number in range(50)]
    fill(session, CallIndex, {"attempt_id": n, "heard": _bytes_of(n, signatures)})


def _bytes_of(n: ColumnElement[int], values: list[bytes]) -> ColumnElement[Any]:
    kind = CallIndex.__table__.c.heard.type
    return case({number: literal(value, kind) for number, value in enumerate(values)}, value=n % len(values))


def _inspections(session: Session, count: int, now: datetime) -> None:
    """One call in ten is inspected; a fifth of that is not done yet."""
    n = numbers(count)
    values = {
        "attempt_id": n * 10,
        "round": literal("first"),
        "reasons": literal(["high_risk"], Inspection.__table__.c.reasons.type),
        "lead": one_of(n, ("high_risk", "undelivered", "drawn")),
        "made_at": literal(now - timedelta(days=9), Instant()),
        "due_at": one_of(n, [now + timedelta(days=day) for day in range(-2, 12)]),
        "taken_by_id": case((n % 5 != 0, FIRST_AGENT + n % AGENTS)),
        "done_at": case((n % 5 > 1, literal(now - timedelta(days=1), Instant()))),
    }
    fill(session, Inspection, values)


def _people(session: Session, count: int, now: datetime) -> None:
    """What was taken from the list of people: most of it over, some in hand, some put off."""
    n = numbers(count)
    task = n * 50 + 4  # as `console_firm` gives them to people
    over = n % 20 != 0
    values = {
        "task_id": task,
        "staff_id": FIRST_AGENT + n % AGENTS,
        "taken_at": literal(now - timedelta(hours=1), Instant()),
        "held_until": literal(now + timedelta(hours=11), Instant()),
        "ended_at": case((over, literal(now, Instant()))),
        "ended_as": case((over, "recorded"), else_=""),
        "next_at": case((n % 3 == 1, literal(now + timedelta(days=1), Instant()))),
        "given": sealed("{}"),
        "note": sealed(""),
    }
    fill(session, HumanReview, values)


def _told(session: Session, count: int, now: datetime) -> None:
    n = numbers(count)
    at = one_of(n, [now - timedelta(hours=hour) for hour in range(1, 200, 7)])
    values = {
        "task_id": n * 5,
        "attempt_id": n * 5,
        "kind": literal("review_sms"),
        "channel": literal("sms"),
        "text": sealed("【基准证券】您好，我们多次致电未能联系到您，请回电95500。"),
        "created_at": at,
        "state": one_of(n, ("sent", "sent", "sent", "by_hand", "failed", "sent", "sent")),
        "sent_at": at,
    }
    fill(session, Notice, values)


def _logged(session: Session, calls: int, now: datetime) -> None:
    n = numbers(calls)
    at = one_of(n, [now - timedelta(minutes=minute) for minute in range(1, 9000, 37)])
    entries = {"at": at, "staff_id": FIRST_AGENT + n % AGENTS, "act": one_of(n, ("listened", "signed_in", "revealed"))}
    fill(session, AuditEntry, entries | {"subject": text_of(n) + "-1", "reason": sealed("")})
    few = numbers(max(1, calls // 20))
    fill(
        session,
        IncomingCall,
        {
            "call_id": text_of(few) + "-in",
            "at": at_of(few, now),
            "caller": literal("138****1111"),
            "trunk": literal("trunk"),
            "treatment": literal("serve"),
            "reason": literal(""),
        },
    )
    fill(
        session,
        ReviewCase,
        {
            "kind": literal("violation"),
            "state": one_of(few, ("open", "closed", "closed", "closed")),
            "attempt_id": few * 20,
            "customer_id": few * 20,
            "department": literal(""),
            "concerns": literal(""),
            "what": sealed("疑似他人操作"),
            "raised_by": literal("S1"),
            "created_at": at_of(few, now),
            "owner": literal("S2"),
            "found_by": literal(""),
            "deadline_at": literal(now + timedelta(days=3), Instant()),
        },
    )


def at_of(n: ColumnElement[int], now: datetime) -> ColumnElement[Any]:
    """Instants of the last days."""
    return one_of(n, [now - timedelta(hours=hour) for hour in range(1, 900, 11)])


def build_tallies(session: Session, script: str, days: int, now: datetime) -> None:
    """What the calls of a script came to, as they would have been counted, day by day."""
    version = session.scalars(select(ScriptVersion).where(ScriptVersion.name == script)).one()
    places = list(script_of(version).nodes)
    today = now.astimezone(SHANGHAI).date()
    for day in (today - timedelta(days=back) for back in range(days)):
        _tally(session, script, version.hash, day, places)


def _tally(session: Session, script: str, hashed: str, day: date, places: list[str]) -> None:
    of: dict[str, Any] = {"script": script, "script_hash": hashed, "day": day}
    calls = of | {"node": "", "kind": Tallied.CALLS.value, "detail": "", "times": 400}
    happened = [(what, "", 300) for what in (Tallied.ASKED, Tallied.HEARD, Tallied.UNCLEAR)]
    happened += [(Tallied.ENDED, outcome, 9) for outcome in OUTCOMES]
    counted = [
        of | {"node": node, "kind": what.value, "detail": detail, "times": times}
        for node in places
        for what, detail, times in happened
    ]
    session.execute(insert(ScriptTally), [calls, *counted])
    words = [(f"没有听懂的第{(number * 7 + day.day) % 30}句", 1 + number % 4) for number in range(UNKNOWN_A_DAY)]
    unknown = [
        of | {"node": node, "digest": hashlib.sha256(said.encode()).hexdigest(), "words": said, "times": times}
        for node in places
        for said, times in words
    ]
    session.execute(insert(ScriptUnknown), unknown)
