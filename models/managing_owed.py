"""What is owed by type and deadline: what the bot has to do and from when on, what people have to, and shared calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, extract, func, select
from sqlalchemy.orm import Session

from models.tables import Campaign, ReviewTask
from rules.hours import SHANGHAI

_DAY_SECONDS = 86_400
_AHEAD_SECONDS = 8 * 3600  # of Shanghai's clocks


@dataclass(frozen=True, slots=True)
class OpenByDeadline:
    """Open tasks of one type with one deadline: what the bot has to do, and what people have to.

    `hours`: those of their campaign as they are stored, None: the firm's; `paused`: whether it is paused. `begins_at`:
    the day on which the bot may first call, None: today. `joins`: the bot asks them in the calls of the clients' tasks
    with this deadline, the same beginning and the same hours.
    """

    deadline_at: datetime
    review_type: str
    by_bot: int
    by_people: int
    hours: Mapping[str, Any] | None = None
    paused: bool = False
    begins_at: datetime | None = None
    joins: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Terms:
    """Which tasks are looked at, and what tells them apart: a campaign with terms of its own, a later beginning."""

    wanted: ColumnElement[bool]
    apart: ColumnElement[int | None]
    later: ColumnElement[int | None]  # days from 1970 on, in Shanghai


def open_by_type_and_deadline(session: Session, now: datetime, until: datetime) -> list[OpenByDeadline]:
    """Everything with a deadline up to an instant that is not done, in the order of the deadlines."""
    campaigns = {one.id: one for one in session.scalars(select(Campaign).where(Campaign.state != "stopped"))}
    terms = _terms(campaigns, now, until)
    joining = list(_joining(session, terms))
    alone: dict[tuple[Any, ...], int] = {}
    for *which, _, count in joining:
        alone[tuple(which)] = alone.get(tuple(which), 0) - count
    people = func.count().filter(ReviewTask.with_human.is_(True))
    each = ReviewTask.deadline_at, ReviewTask.review_type, terms.apart, terms.later
    query = select(*each, func.count() - people, people).where(terms.wanted).group_by(*each).order_by(*each[:2])
    lines = [
        _line(campaigns, which, bot + alone.get(tuple(which), 0), by) for *which, bot, by in session.execute(query)
    ]
    lines += [_line(campaigns, which, count, 0, joins=lead) for *which, lead, count in joining]
    return sorted(lines, key=lambda one: (one.deadline_at, one.review_type))


def _terms(campaigns: Mapping[int, Campaign], now: datetime, until: datetime) -> _Terms:
    peculiar = [one.id for one in campaigns.values() if one.hours is not None or one.state == "paused"]
    tomorrow = datetime.combine(now.astimezone(SHANGHAI).date() + timedelta(days=1), time(), SHANGHAI)
    day = (cast(extract("epoch", ReviewTask.due_at), BigInteger) + _AHEAD_SECONDS) // _DAY_SECONDS
    return _Terms(
        wanted=ReviewTask.final.is_(False)
        & ReviewTask.deadline_at.is_not(None)
        & (ReviewTask.deadline_at <= until)
        & ReviewTask.campaign_id.in_(select(Campaign.id).where(Campaign.state != "stopped")),
        apart=case((ReviewTask.campaign_id.in_(peculiar), ReviewTask.campaign_id)),
        later=case((ReviewTask.due_at >= tomorrow, day)),
    )


def _joining(session: Session, terms: _Terms) -> Iterator[tuple[Any, ...]]:
    """How many tasks share the call of one of their client's that is due before them, with that one's deadline."""
    for_bot = terms.wanted & ReviewTask.with_human.is_(False) & ReviewTask.due_at.is_not(None)
    several = select(ReviewTask.customer_id).group_by(ReviewTask.customer_id).having(func.count() > 1)  # by its index
    one_call = ReviewTask.customer_id, terms.apart, terms.later
    in_order = ReviewTask.deadline_at, ReviewTask.id
    ranked = (
        select(
            ReviewTask.deadline_at.label("deadline_at"),
            ReviewTask.review_type.label("review_type"),
            terms.apart.label("apart"),
            terms.later.label("later"),
            func.min(ReviewTask.deadline_at).over(partition_by=one_call).label("joins"),
            func.row_number().over(partition_by=one_call, order_by=in_order).label("place"),
        )
        .where(for_bot, ReviewTask.customer_id.in_(several))
        .subquery()
    )
    shared = ranked.c.deadline_at, ranked.c.review_type, ranked.c.apart, ranked.c.later, ranked.c.joins
    query = select(*shared, func.count()).where(ranked.c.place > 1).group_by(*shared)
    yield from (tuple(row) for row in session.execute(query))


def _line(
    campaigns: Mapping[int, Campaign], which: list[Any], by_bot: int, by_people: int, joins: datetime | None = None
) -> OpenByDeadline:
    deadline_at, review_type, apart, later = which
    campaign = campaigns.get(apart)
    return OpenByDeadline(
        deadline_at,
        review_type,
        by_bot,
        by_people,
        hours=campaign.hours if campaign is not None else None,
        paused=campaign is not None and campaign.state == "paused",
        begins_at=None if later is None else _midnight(later),
        joins=joins,
    )


def _midnight(day: int) -> datetime:
    return datetime.combine(date(1970, 1, 1) + timedelta(days=day), time(), SHANGHAI)
