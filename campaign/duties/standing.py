"""On one page: whether the year's duty will be met (table A.1), by share and by type of review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaign.duties.drawing import REVIEW_OF, SHARES, DutyKind
from campaign.duties.outlook import Outlook, outlook
from models.plans import TypeFigures, figures_by_type
from models.populations import duties_of, members_of
from rules import CallingHours, ReviewType
from rules.annex_a import Line, YearlyShare, line_of
from rules.hours import SHANGHAI
from rules.yearly import Reviews, Share


@dataclass(frozen=True, slots=True)
class YearStanding:
    """The yearly shares and the types of review with how they stand, and the forecast that says so."""

    year: int
    shares: tuple[tuple[YearlyShare, Share], ...]
    types: tuple[tuple[Line, Reviews], ...]
    outlook: Outlook


def year_standing(session: Session, now: datetime, hours: CallingHours) -> YearStanding:
    """How the current year stands at today's pace."""
    year, seen = now.astimezone(SHANGHAI).year, outlook(session, now, hours)
    figures = figures_by_type(session, now, datetime(year, 1, 1, tzinfo=SHANGHAI))
    return YearStanding(
        year,
        tuple((share, _share(session, kind, year, seen)) for kind, share in SHARES.items()),
        tuple((line_of(one), _reviews(figures.get(one.value, TypeFigures()), one, seen)) for one in ReviewType),
        seen,
    )


def _share(session: Session, kind: DutyKind, year: int, seen: Outlook) -> Share:
    duty = next((one for one in duties_of(session, year) if one.kind == kind.value), None)
    if duty is None or not duty.draws:
        return Share(drawn=False)
    latest = duty.draws[-1]
    members, proof = members_of(session, latest.id), latest.proof
    return Share(
        drawn=True,
        needed=proof["needed"],
        done=proof["credited"] + proof["beside"] + members.reviewed,
        open=members.open + members.without_task,
        missed=seen.missed_by_type.get(REVIEW_OF[kind].value, 0),
    )


def _reviews(figures: TypeFigures, of: ReviewType, seen: Outlook) -> Reviews:
    return Reviews(figures.open, figures.overdue, seen.missed_by_type.get(of.value, 0), figures.reviewed)
