"""What people decide while calls are being made: pause, resume and stop a campaign, its hours, do-not-call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.errors import CampaignStopped
from models.queue import rows_changed, silence_of
from models.tables import Campaign, Customer, ReviewTask

# From which states a campaign comes into this one; a stopped one stays stopped.
FROM: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"running": ("running", "paused"), "paused": ("running", "paused"), "stopped": ("running", "paused", "stopped")}
)
DO_NOT_CALL = "客户要求不再致电，不再拨打，由人工决定"


def move_campaign(session: Session, campaign_id: int, state: str) -> None:
    """Bring a campaign to running, paused or stopped; raises `CampaignStopped` where it is over.

    Nothing more is dialled for it from the commit on; calls on the line go on.
    """
    move = update(Campaign).where(Campaign.id == campaign_id, Campaign.state.in_(FROM[state])).values(state=state)
    if rows_changed(session, move) != 1:
        raise CampaignStopped(f"campaign {campaign_id} was stopped, or there is none: begin a new one")
    if state != "running":
        session.execute(_tasks(ReviewTask.campaign_id == campaign_id).values(dial_by=None))


def set_hours(session: Session, campaign_id: int, hours: Mapping[str, Any] | None) -> None:
    """Give a campaign its own calling hours, or the firm's again (None)."""
    session.get_one(Campaign, campaign_id).hours = dict(hours) if hours is not None else None


def do_not_call(session: Session, customer_id: int, why: str, now: datetime) -> None:
    """Never dial a client again: from the commit on, whatever a call that is on the line now comes to."""
    known = update(Customer).where(Customer.id == customer_id, Customer.do_not_call.is_(False))
    session.execute(known.values(do_not_call=True, do_not_call_at=now, do_not_call_why=why[:120]))
    withhold(session, customer_id)


def withhold(session: Session, customer_id: int) -> None:
    """Hand what a client is still to be asked to a person."""
    waiting = _tasks(ReviewTask.customer_id == customer_id, ReviewTask.due_at.is_not(None))
    session.execute(waiting.values(due_at=None, dial_by=None, with_human=True, trouble=DO_NOT_CALL))


def withhold_all(session: Session) -> None:
    """Hand to a person what came in later, by an import, for clients who must not be called."""
    silent = select(Customer.id).where(Customer.do_not_call)
    waiting = _tasks(ReviewTask.due_at.is_not(None), ReviewTask.customer_id.in_(silent))
    session.execute(waiting.values(due_at=None, dial_by=None, with_human=True, trouble=DO_NOT_CALL))


def is_silent(session: Session, customer_id: int) -> bool:
    """Whether a client must not be called; nobody can change it before the transaction ends."""
    return session.scalars(silence_of(customer_id)).one()


def hand_to_person(session: Session, task_id: int, trouble: str) -> None:
    """Take a task that may not be dialled before its deadline out of the queue, for a person to do."""
    waiting = _tasks(ReviewTask.id == task_id, ReviewTask.due_at.is_not(None))
    session.execute(waiting.values(due_at=None, dial_by=None, with_human=True, trouble=trouble))


def _tasks(*wanted: Any) -> Any:
    return update(ReviewTask).where(*wanted).execution_options(synchronize_session=False)
