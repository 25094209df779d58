"""On one page: whether the year's duty will be met (table A.1), by share and by type of review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaign.duties.outlook import LineRoom, Outlook, outlook
from campaign.duties.shares import REVIEW_OF, SHARES, DutyKind, own_types
from models.plans import TypeFigures, figures_by_type
from models.populations import anybody_served, duties_of, progress_of
from models.wanting import year_of
from rules import CallingHours, ReviewType
from rules.annex_a import Line, YearlyShare, line_of
from rules.hours import SHANGHAI
from rules.sampling import STANDING_WORDS, Standing
from rules.yearly import Reviews, Share


@dataclass(frozen=True, slots=True)
class YearStanding:
    """The yearly shares and the types of review with how they stand, and the forecast that says so."""

    year: int
    shares: tuple[tuple[YearlyShare, Share], ...]
    types: tuple[tuple[Line, Reviews], ...]
    outlook: Outlook


def year_standing(session: Session, now: datetime, hours: CallingHours, room: LineRoom | None = None) -> YearStanding:
    """How the current year stands at today's pace; `room` is what the lines carry, if that is known."""
    year, seen = now.astimezone(SHANGHAI).year, outlook(session, now, hours, room)
    figures = figures_by_type(session, now, *year_of(year))
    return YearStanding(
        year,
        tuple((SHARES[kind], _share(session, kind, year, seen)) for kind in owed_kinds(session)),
        tuple((line_of(one), _reviews(figures.get(one.value, TypeFigures()), one, seen)) for one in ReviewType),
        seen,
    )


def owed_kinds(session: Session) -> list[DutyKind]:
    """The shares that this firm owes: a firm without brokers and advisers owes no conduct reviews."""
    return [one for one in DutyKind if one is not DutyKind.CONDUCT or anybody_served(session)]


def _share(session: Session, kind: DutyKind, year: int, seen: Outlook) -> Share:
    duty = next((one for one in duties_of(session, year) if one.kind == kind.value), None)
    if duty is None or not duty.standing:
        return Share(drawn=False)
    proof, progress = duty.standing[-1].proof, progress_of(session, duty, own_types(kind))
    return Share(
        drawn=True,
        needed=proof["needed"],
        done=proof["standings"].get(STANDING_WORDS[Standing.REVIEWED], 0) + proof["beside"] + progress.reviewed,
        open=progress.open,
        missed=seen.missed_by_type.get(REVIEW_OF[kind].value, 0),
        unplanned=progress.unplanned,
    )


def _reviews(figures: TypeFigures, of: ReviewType, seen: Outlook) -> Reviews:
    missed = seen.missed_by_type.get(of.value, 0)
    return Reviews(figures.open, figures.overdue, missed, figures.reviewed, figures.unreviewed)
