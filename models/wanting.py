"""For which clients of a draw a task is to be made: those whose review is neither done nor under way otherwise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, joinedload

from models.duty_tables import Draw, DrawnMember
from models.tables import Attempt, AttemptTask, Campaign, Customer, ReviewTask
from rules.appendix_f import REVIEWED_STATUS
from rules.hours import SHANGHAI


@dataclass(frozen=True, slots=True)
class Counting:
    """What counts for a duty: the reviews of these types, and whether those called anyhow are asked as well."""

    types: Collection[str]
    merges: bool = False


@dataclass(frozen=True, slots=True)
class Wanting:
    """For how many clients of a draw a task is to be made: drawn, and credited ones who are asked in another call."""

    drawn: int = 0
    credited: int = 0

    @property
    def together(self) -> int:
        """Both."""
        return self.drawn + self.credited


def year_of(year: int) -> tuple[datetime, datetime]:
    """The first instant of a year in Shanghai, and that of the next."""
    return datetime(year, 1, 1, tzinfo=SHANGHAI), datetime(year + 1, 1, 1, tzinfo=SHANGHAI)


def not_stopped(task: Any = ReviewTask) -> ColumnElement[bool]:
    """That a task belongs to a campaign that is not stopped."""
    stands: ColumnElement[bool] = task.campaign_id.in_(select(Campaign.id).where(Campaign.state != "stopped"))
    return stands


def reviewed_in(
    client: InstrumentedAttribute[int], types: Collection[str], since: datetime, until: datetime
) -> ColumnElement[bool]:
    """That a review of one of these types was completed with a client in a time."""
    task = aliased(ReviewTask)
    return exists().where(
        task.customer_id == client,
        task.review_type.in_(types),
        AttemptTask.task_id == task.id,
        AttemptTask.status == REVIEWED_STATUS,
        Attempt.id == AttemptTask.attempt_id,
        Attempt.started_at >= since,
        Attempt.started_at < until,
    )


def under_way(client: InstrumentedAttribute[int], types: Collection[str]) -> ColumnElement[bool]:
    """That a review of one of these types is still to be done with a client, whatever it was made for."""
    task = aliased(ReviewTask)
    return exists().where(
        task.customer_id == client, task.review_type.in_(types), task.final.is_(False), not_stopped(task)
    )


def drawn_again(*, credited_too: bool = False) -> ColumnElement[bool]:
    """That the client of a `DrawnMember`, of the `Draw` beside it, came up in a later standing draw of the duty."""
    other, later = aliased(DrawnMember), aliased(Draw)
    again = and_(
        other.customer_id == DrawnMember.customer_id,
        other.draw_id == later.id,
        later.duty_id == Draw.duty_id,
        later.id > Draw.id,
        later.void_at.is_(None),
    )
    return exists().where(again if credited_too else and_(again, other.credited.is_(False)))


def _wants(draw: Draw, counting: Counting) -> ColumnElement[bool]:
    """Who is called for another reason anyhow counts as reviewed, except where this review is put into that call.

    A review that ended otherwise than reviewed has ended too: another client is drawn instead.
    """
    client, ended = DrawnMember.customer_id, ReviewTask.final.is_(True)
    mine = and_(ReviewTask.id == DrawnMember.task_id, ReviewTask.review_type.in_(counting.types), ended)
    return and_(
        DrawnMember.draw_id == draw.id,
        DrawnMember.credited.in_([False, True] if counting.merges else [False]),
        ~exists().where(mine),
        ~reviewed_in(client, counting.types, *year_of(draw.duty.year)),
        ~under_way(client, counting.types),
        ~drawn_again(),
    )


def wanting_of(session: Session, draw: Draw, counting: Counting) -> Wanting:
    """For how many clients of a draw a task is to be made."""
    counts = func.count().filter(DrawnMember.credited.is_(False)), func.count().filter(DrawnMember.credited.is_(True))
    query = select(*counts).select_from(DrawnMember).join(Draw, DrawnMember.draw_id == Draw.id)
    return Wanting(*session.execute(query.where(_wants(draw, counting))).one())


def members_wanting(session: Session, draw: Draw, counting: Counting, after: int, limit: int) -> Sequence[DrawnMember]:
    """The next of those for whom a task is to be made, in the order of their clients, each with the client."""
    query = (
        select(DrawnMember)
        .join(Draw, DrawnMember.draw_id == Draw.id)
        .where(_wants(draw, counting), DrawnMember.customer_id > after)
        .order_by(DrawnMember.customer_id)
        .limit(limit)
        .options(joinedload(DrawnMember.customer).joinedload(Customer.served_by))
    )
    return session.scalars(query).all()
