"""Campaigns as managers see and change them: the list, who changed what and why, what a stop leaves behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select, union, update
from sqlalchemy.orm import Session, joinedload, selectinload

from models.calls import Page
from models.control import move_campaign
from models.managing_tables import CampaignActed
from models.queue import rows_changed
from models.sealed import current_seal
from models.tables import Attempt, AttemptTask, Campaign, Customer, ReviewTask, Staff
from rules.appendix_f import REVIEWED_STATUS

STOPPED = "回访方案已停止，由人工继续"
NO_BOUND = 1_000_000
_HOUR = timedelta(hours=1)


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
    is_open = or_(ReviewTask.due_at.is_not(None), and_(ReviewTask.with_human, ReviewTask.final.is_(False)))
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
    query = _narrowed(wanted).options(
        joinedload(ReviewTask.customer),
        joinedload(ReviewTask.product),
        selectinload(ReviewTask.attempts),
        selectinload(ReviewTask.notices),
    )
    return session.scalars(query.order_by(ReviewTask.id).limit(size).offset((page - 1) * size)).unique().all()


def count_tasks(session: Session, wanted: TaskFilter) -> int:
    """How many tasks there are in all."""
    return session.scalar(_narrowed(wanted).with_only_columns(func.count(ReviewTask.id))) or 0


def _narrowed(wanted: TaskFilter) -> Select[ReviewTask]:
    query = select(ReviewTask).where(ReviewTask.campaign_id == wanted.campaign_id)
    if wanted.status:
        query = query.where(ReviewTask.status == wanted.status)
    if wanted.text:
        digest = current_seal().digest(wanted.text)
        clients = (Customer.name_digest == digest, Customer.phone_digest == digest, Customer.number == wanted.text)
        of_client = (
            select(ReviewTask.id).join(Customer, ReviewTask.customer_id == Customer.id).where(is_client)
            for is_client in clients
        )
        # Each is found by an index of its own; together they would be looked for in every task.
        numbered = select(ReviewTask.id).where(ReviewTask.number == wanted.text)
        query = query.where(ReviewTask.id.in_(union(*of_client, numbered)))
    return query


def open_tasks_of(session: Session, campaign_id: int) -> OpenTasks:
    """What a campaign has not finished yet."""
    mine = ReviewTask.campaign_id == campaign_id
    to_dial = session.scalar(select(func.count(ReviewTask.id)).where(mine, ReviewTask.due_at.is_not(None))) or 0
    people = select(func.count(ReviewTask.id)).where(mine, ReviewTask.with_human, ReviewTask.final.is_(False))
    on_the_line = _calls_of_others("").where(mine, Attempt.ended_at.is_(None))
    live = on_the_line.with_only_columns(func.count(func.distinct(Attempt.id)))
    return OpenTasks(to_dial, session.scalar(people) or 0, session.scalar(live) or 0)


@dataclass(frozen=True, slots=True)
class OwnCalls:
    """What a worker knows of its own calls before the database does: by campaign, those on the line or being prepared
    (`live`), and when those of late were taken (`taken_at`)."""

    worker: str = ""
    live: Mapping[int, int] = field(default_factory=dict)
    taken_at: Mapping[int, Sequence[datetime]] = field(default_factory=dict)


def room_of(session: Session, campaigns: Sequence[Campaign], now: datetime, own: OwnCalls) -> dict[int, int]:
    """How many calls more each campaign that has bounds of its own may begin now; others are not in it.

    Workers that look in the same moment may together go over a bound by what each of them takes then.
    """
    bounded = [one for one in campaigns if one.lines is not None or one.calls_per_hour is not None]
    if not bounded:
        return {}
    live = _by_campaign(session, _calls_of_others(own.worker).where(Attempt.ended_at.is_(None)))
    return {
        one.id: max(0, min(_free(one, live.get(one.id, 0), own), _due_by_pace(session, one, now, own)))
        for one in bounded
    }


def _free(campaign: Campaign, others: int, own: OwnCalls) -> int:
    return NO_BOUND if campaign.lines is None else campaign.lines - others - own.live.get(campaign.id, 0)


def _due_by_pace(session: Session, campaign: Campaign, now: datetime, own: OwnCalls) -> int:
    """What the hour's calls leave: spread evenly, so that they do not all go out in its first minutes."""
    if campaign.calls_per_hour is None:
        return NO_BOUND
    span = pace_span(campaign.calls_per_hour)
    allowed = round(campaign.calls_per_hour * (span / _HOUR))
    others = _by_campaign(session, _calls_of_others(own.worker).where(Attempt.started_at > now - span))
    mine = sum(at > now - span for at in own.taken_at.get(campaign.id, ()))
    return allowed - others.get(campaign.id, 0) - mine


def pace_span(calls_per_hour: int) -> timedelta:
    """The time over which a pace is kept: a minute, or as long as one call may take its turn."""
    return max(_HOUR / calls_per_hour, timedelta(minutes=1))


def _calls_of_others(worker: str) -> Select[Attempt]:
    return select(Attempt).join(Attempt.served).join(AttemptTask.task).where(Attempt.worker != worker)


def _by_campaign(session: Session, query: Select[Attempt]) -> dict[int, int]:
    counted = query.with_only_columns(ReviewTask.campaign_id, func.count(func.distinct(Attempt.id)))
    return {campaign: count for campaign, count in session.execute(counted.group_by(ReviewTask.campaign_id))}


def campaigns_of_tasks(session: Session, tasks: Sequence[int]) -> dict[int, int]:
    """To which campaign each of these tasks belongs."""
    query = select(ReviewTask.id, ReviewTask.campaign_id).where(ReviewTask.id.in_(tasks))
    return {task: campaign for task, campaign in session.execute(query)}


def names_of(session: Session, numbers: Sequence[str]) -> dict[str, str]:
    """The names of members of the staff by number, for showing a trail; unknown ones are left out."""
    wanted = set(numbers) - {""}
    if not wanted:
        return {}
    query = select(Staff.number, Staff.name).where(Staff.number.in_(wanted))
    return {number: name for number, name in session.execute(query)}
