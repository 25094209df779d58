"""Campaigns as managers see and change them: the list, who changed what and why, what a stop leaves behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from models.calls import Page, rows_of_page
from models.control import move_campaign
from models.managing_tables import CampaignActed
from models.people import tasks_named
from models.queue import rows_changed
from models.tables import Attempt, AttemptTask, Campaign, ReviewTask, Staff
from rules.appendix_f import REVIEWED_STATUS

STOPPED = "回访方案已停止，由人工继续"


class CampaignAct(StrEnum):
    """What is done with a campaign while it runs."""

    PAUSE = "pause"  # 暂停
    RESUME = "resume"  # 继续
    STOP = "stop"  # 停止
    HOURS = "hours"  # 修改拨打时间
    PACE = "pace"  # 修改线路数和速度


ACT_WORDS: Mapping[CampaignAct, str] = MappingProxyType(
    {
        CampaignAct.PAUSE: "暂停",
        CampaignAct.RESUME: "继续",
        CampaignAct.STOP: "停止",
        CampaignAct.HOURS: "修改拨打时间",
        CampaignAct.PACE: "修改线路和速度",
    }
)
STATE_OF: Mapping[CampaignAct, str] = MappingProxyType(
    {CampaignAct.PAUSE: "paused", CampaignAct.RESUME: "running", CampaignAct.STOP: "stopped"}
)


@dataclass(frozen=True, slots=True)
class CampaignFilter:
    """What the list of campaigns is narrowed to; empty fields narrow nothing."""

    text: str = ""  # a part of the name
    state: str = ""


@dataclass(frozen=True, slots=True)
class OpenTasks:
    """What of a campaign is not over: to be dialled, with people, and on the line now."""

    to_dial: int
    with_people: int
    on_the_line: int


def campaign_list(session: Session, wanted: CampaignFilter, *, page: int, size: int) -> Page[Campaign]:
    """Campaigns, the latest first."""
    query = select(Campaign)
    if wanted.text:
        query = query.where(Campaign.name.contains(wanted.text, autoescape=True))
    if wanted.state:
        query = query.where(Campaign.state == wanted.state)
    total = session.scalar(query.with_only_columns(func.count(Campaign.id))) or 0
    rows = session.scalars(query.order_by(Campaign.id.desc()).limit(size).offset((page - 1) * size))
    return Page(rows.all(), total, page, size)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign has come, in tasks."""

    tasks: int = 0
    waiting: int = 0  # to be dialled, now or later
    final: int = 0
    reviewed: int = 0
    with_human: int = 0


def progress_of(session: Session, campaigns: Sequence[int]) -> dict[int, Progress]:
    """How far each of these campaigns has come."""
    query = (
        select(
            ReviewTask.campaign_id,
            func.count(),
            func.count().filter(ReviewTask.due_at.is_not(None)),
            func.count().filter(ReviewTask.final.is_(True)),
            func.count().filter(ReviewTask.status == REVIEWED_STATUS),
            func.count().filter(ReviewTask.with_human.is_(True)),
        )
        .where(ReviewTask.campaign_id.in_(campaigns))
        .group_by(ReviewTask.campaign_id)
    )
    return {campaign: Progress(*counts) for campaign, *counts in session.execute(query)}


def change_campaign(
    session: Session, campaign_id: int, act: CampaignAct, *, by: str, why: str, at: datetime, to_people: bool = False
) -> None:
    """Pause, resume or stop a campaign and write it down; raises `CampaignStopped` where it is over.

    `to_people`: what a stop leaves open goes to people, instead of staying as it is.
    """
    before = session.get_one(Campaign, campaign_id).state
    move_campaign(session, campaign_id, STATE_OF[act])
    details: dict[str, Any] = {"before": before, "after": STATE_OF[act]}
    if act is CampaignAct.STOP:
        details["to_people"] = hand_over_open(session, campaign_id, at) if to_people else 0
    record_change(session, campaign_id, act, by=by, why=why, at=at, details=details)


def hand_over_open(session: Session, campaign_id: int, at: datetime) -> int:
    """Give people what is open, in a campaign of their own beside the one that is over; returns how many tasks."""
    over = session.get_one(Campaign, campaign_id)
    theirs = Campaign(name=f"{over.name[:100]}（转人工）", created_at=at)
    session.add(theirs)
    session.flush()
    is_open = or_(ReviewTask.due_at.is_not(None), and_(ReviewTask.with_human, ~ReviewTask.final))
    moved = (
        update(ReviewTask)
        .where(ReviewTask.campaign_id == campaign_id, is_open)
        .values(
            campaign_id=theirs.id,
            trouble=case((ReviewTask.with_human, ReviewTask.trouble), else_=STOPPED),
            due_at=None,
            dial_by=None,
            with_human=True,
        )
    )
    return rows_changed(session, moved.execution_options(synchronize_session=False))


def set_pace(session: Session, campaign_id: int, lines: int | None, calls_per_hour: int | None) -> None:
    """Give a campaign its own bounds, or none (None)."""
    campaign = session.get_one(Campaign, campaign_id)
    campaign.lines, campaign.calls_per_hour = lines, calls_per_hour


def record_change(
    session: Session, campaign_id: int, act: CampaignAct, *, by: str, why: str, at: datetime, details: dict[str, Any]
) -> None:
    """Add to the trail of a campaign."""
    session.add(CampaignActed(campaign_id=campaign_id, act=act.value, by=by, why=why[:500], at=at, details=details))
    session.flush()


def changes_of(session: Session, campaign_id: int) -> Sequence[CampaignActed]:
    """What was done with a campaign, the latest first."""
    query = select(CampaignActed).where(CampaignActed.campaign_id == campaign_id)
    return session.scalars(query.order_by(CampaignActed.id.desc())).all()


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """What the tasks of a campaign are narrowed to; empty fields narrow nothing."""

    campaign_id: int
    status: str = ""
    text: str = ""  # a client's name, telephone or client number, or a task number: exact


def campaign_tasks(session: Session, wanted: TaskFilter, *, page: int, size: int) -> Sequence[ReviewTask]:
    """One page of a campaign's tasks, in the order in which they were made."""
    beside = (
        joinedload(ReviewTask.customer),
        joinedload(ReviewTask.product),
        selectinload(ReviewTask.attempts),
        selectinload(ReviewTask.notices),
    )
    return rows_of_page(session, _narrowed(wanted), ReviewTask.id, (ReviewTask.id,), beside, page=page, size=size)


def count_tasks(session: Session, wanted: TaskFilter) -> int:
    """How many tasks there are in all."""
    return session.scalar(_narrowed(wanted).with_only_columns(func.count(ReviewTask.id))) or 0


def _narrowed(wanted: TaskFilter) -> Select[ReviewTask]:
    query = select(ReviewTask).where(ReviewTask.campaign_id == wanted.campaign_id)
    if wanted.status:
        query = query.where(ReviewTask.status == wanted.status)
    if wanted.text:
        query = query.where(ReviewTask.id.in_(tasks_named(wanted.text)))
    return query


def open_tasks_of(session: Session, campaign_id: int) -> OpenTasks:
    """What a campaign has not finished yet."""
    mine = ReviewTask.campaign_id == campaign_id
    to_dial = session.scalar(select(func.count(ReviewTask.id)).where(mine, ReviewTask.due_at.is_not(None))) or 0
    people = select(func.count(ReviewTask.id)).where(mine, ReviewTask.with_human, ~ReviewTask.final)
    served = select(func.count(func.distinct(Attempt.id))).join(Attempt.served).join(AttemptTask.task)
    live = served.where(mine, Attempt.ended_at.is_(None))
    return OpenTasks(to_dial, session.scalar(people) or 0, session.scalar(live) or 0)


def names_of(session: Session, numbers: Sequence[str]) -> dict[str, str]:
    """The names of members of the staff by number, for showing a trail; unknown ones are left out."""
    wanted = set(numbers) - {""}
    if not wanted:
        return {}
    query = select(Staff.number, Staff.name).where(Staff.number.in_(wanted))
    return {number: name for number, name in session.execute(query)}
