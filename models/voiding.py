"""What stands against taking a draw back (作废): reviews that it brought about, and draws that rest on it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.duty_tables import Draw, DrawnMember, Duty, ReviewPlan
from models.tables import ReviewTask
from models.wanting import not_stopped
from rules.sampling import STANDING_WORDS, Standing


def tasks_begun(session: Session, draw_id: int) -> int:
    """How many tasks of a draw's plans are open or have ended, however; those of withdrawn plans are neither."""
    campaigns = select(ReviewPlan.campaign_id).where(ReviewPlan.draw_id == draw_id)
    query = select(func.count(ReviewTask.id)).where(
        ReviewTask.campaign_id.in_(campaigns), or_(ReviewTask.final.is_(True), not_stopped())
    )
    return session.scalar(query) or 0


def resting_on(session: Session, draw: Draw) -> Sequence[Draw]:
    """The later standing draws of the year that credit clients because this one drew them."""
    mine = select(DrawnMember.customer_id).where(DrawnMember.draw_id == draw.id, DrawnMember.credited.is_(False))
    dead = ReviewTask.final.is_(False) & ~not_stopped()
    credits = (
        select(DrawnMember.draw_id)
        .outerjoin(ReviewTask, DrawnMember.task_id == ReviewTask.id)
        .where(DrawnMember.credited.is_(True), DrawnMember.customer_id.in_(mine))
        .where(DrawnMember.task_id.is_(None) | dead)
    )
    query = (
        select(Draw)
        .join(Duty, Draw.duty_id == Duty.id)
        .where(Duty.year == draw.duty.year, Draw.void_at.is_(None), Draw.id > draw.id)
        .where(or_(Draw.id.in_(credits), Draw.duty_id == draw.duty_id))
        .order_by(Draw.id)
    )
    return [one for one in session.scalars(query) if one.duty_id != draw.duty_id or _counted_drawn(one)]


def _counted_drawn(draw: Draw) -> bool:
    """Whether a draw counted clients of earlier ones of its duty."""
    return bool(draw.proof["standings"].get(STANDING_WORDS[Standing.DRAWN]))
