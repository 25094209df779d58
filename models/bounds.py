"""What a campaign may have on the line at once and begin within an hour, over all workers of one database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, case, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import CampaignFull
from models.lines import LATE_SECONDS, without
from models.row_locks import RowKept, without_long_waits
from models.running_tables import CampaignPace
from models.tables import Attempt, AttemptTask, Campaign, ReviewTask
from rules.outcomes import Method

NO_BOUND = 1_000_000
HOUR_SECONDS = 3600
MINUTES = 60  # an hour's calls are spread over as many windows, so that they do not all go out in its first minutes
MOST_STARTS = 200  # of one window: every one of them is written down


@dataclass(frozen=True, slots=True)
class Pace:
    """How an hour's calls are spread: `starts` within any `seconds`, of which an hour holds a whole number."""

    starts: int
    seconds: float

    @property
    def window_seconds(self) -> float:
        """The window in which starts are counted; a call goes out a moment after it was."""
        return self.seconds + LATE_SECONDS


def pace_of(calls_per_hour: int) -> Pace:
    """At most so many calls in any hour: one window a minute, or as long a one as one call may take its turn."""
    starts = min(MOST_STARTS, max(1, calls_per_hour // MINUTES))
    return Pace(starts, HOUR_SECONDS / (calls_per_hour // starts))


def is_bounded(campaign: Campaign) -> bool:
    """Whether a campaign has bounds of its own."""
    return campaign.lines is not None or campaign.calls_per_hour is not None


def count_call(session: Session, campaigns: Collection[Campaign], now: datetime) -> None:
    """Count one call more for each of these bounded campaigns, or raise `CampaignFull` and count nothing.

    `now` is the database's clock. The caller writes the call's attempt in the same transaction, until whose end no
    other worker begins a call of these campaigns.
    """
    for campaign in sorted(campaigns, key=lambda one: one.id):
        pace = _kept(session, campaign.id)
        if campaign.lines is not None and _live(session, [campaign.id]).get(campaign.id, (0, 0))[0] >= campaign.lines:
            raise CampaignFull(f"campaign {campaign.id} has {campaign.lines} calls on the line, as many as it may")
        _count_start(pace, campaign, now)


def count_late(session: Session, campaigns: Collection[int], now: datetime, unused: datetime) -> None:
    """Count a call that is on the line anew, because it goes out later than it was counted; raises `CampaignFull`.

    `unused` is the start that was counted and did not take place.
    """
    for campaign_id in sorted(campaigns):
        pace = _kept(session, campaign_id)
        pace.starts = without(pace.starts, unused)
        _count_start(pace, session.get_one(Campaign, campaign_id), now)


def _kept(session: Session, campaign_id: int) -> CampaignPace:
    """The row of a campaign's starts, kept from others until the transaction ends; raises `CampaignFull`."""
    try:
        with without_long_waits(session):
            row = session.get(CampaignPace, campaign_id, with_for_update=True)
            if row is not None:
                return row
            _enter(session, campaign_id)
            return session.get_one(CampaignPace, campaign_id, with_for_update=True)
    except RowKept as reason:
        raise CampaignFull(f"a call of campaign {campaign_id} is being counted, and does not get on") from reason


def _enter(session: Session, campaign_id: int) -> None:
    with suppress(IntegrityError), session.begin_nested():  # another worker was first
        session.execute(insert(CampaignPace).values(campaign_id=campaign_id, starts=[]))


def _count_start(row: CampaignPace, campaign: Campaign, now: datetime) -> None:
    if campaign.calls_per_hour is None:
        return
    pace = pace_of(campaign.calls_per_hour)
    lately = _lately(row, pace, now)
    if len(lately) >= pace.starts:
        raise CampaignFull(f"campaign {campaign.id} begins {campaign.calls_per_hour} calls an hour, as many as it may")
    row.starts = [*lately, now.timestamp()]


def _lately(row: CampaignPace, pace: Pace, now: datetime) -> list[float]:
    return [at for at in row.starts if at > now.timestamp() - pace.window_seconds]


@dataclass(frozen=True, slots=True)
class OwnCalls:
    """A worker's own calls by campaign, on the line or being prepared; the database knows only of those."""

    worker: str = ""
    calls: Mapping[int, int] = field(default_factory=dict)


def room_of(session: Session, campaigns: Sequence[Campaign], now: datetime, own: OwnCalls) -> dict[int, int]:
    """How many calls more each campaign with bounds may begin now (`now`: the database's clock); others are not in it.

    A forecast, so that no more tasks are taken than can be dialled: `count_call` has the last word.
    """
    bounded = [one for one in campaigns if is_bounded(one)]
    if not bounded:
        return {}
    live = _live(session, [one.id for one in bounded], own.worker)
    rows = session.scalars(select(CampaignPace).where(CampaignPace.campaign_id.in_(one.id for one in bounded)))
    starts = {row.campaign_id: row for row in rows}
    room = {}
    for one in bounded:
        on_the_line, mine = live.get(one.id, (0, 0))
        prepared = max(0, own.calls.get(one.id, 0) - mine)
        room[one.id] = max(0, min(_free(one, on_the_line), _by_pace(one, starts.get(one.id), now)) - prepared)
    return room


def _free(campaign: Campaign, live: int) -> int:
    return NO_BOUND if campaign.lines is None else campaign.lines - live


def _by_pace(campaign: Campaign, row: CampaignPace | None, now: datetime) -> int:
    if campaign.calls_per_hour is None:
        return NO_BOUND
    pace = pace_of(campaign.calls_per_hour)
    return pace.starts - (len(_lately(row, pace, now)) if row else 0)


def _live(session: Session, campaigns: Collection[int], worker: str = "") -> dict[int, tuple[int, int]]:
    """The calls on the line that serve each of these campaigns, of all and of one worker: the bot's, whoever called."""
    query: Select[int, int, int] = (
        select(
            ReviewTask.campaign_id,
            func.count(func.distinct(Attempt.id)),
            func.count(func.distinct(case((Attempt.worker == worker, Attempt.id)))),
        )
        .select_from(Attempt)
        .join(AttemptTask, AttemptTask.attempt_id == Attempt.id)
        .join(ReviewTask, ReviewTask.id == AttemptTask.task_id)
        .where(Attempt.ended_at.is_(None), Attempt.line_down_at.is_(None), Attempt.method == Method.VOICE_BOT.value)
        .where(ReviewTask.campaign_id.in_(campaigns))
        .group_by(ReviewTask.campaign_id)
    )
    return {campaign: (every, own) for campaign, every, own in session.execute(query)}


def campaigns_of_tasks(session: Session, tasks: Sequence[int]) -> dict[int, int]:
    """To which campaign each of these tasks belongs."""
    query = select(ReviewTask.id, ReviewTask.campaign_id).where(ReviewTask.id.in_(tasks))
    return {task: campaign for task, campaign in session.execute(query)}
