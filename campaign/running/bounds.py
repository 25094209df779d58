"""The bounds that a campaign has of its own (calls at once, new calls an hour), as one worker keeps to them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models import Campaign
from models.claims import claim, let_go
from models.managing import OwnCalls, campaigns_of_tasks, pace_span, room_of


@dataclass(slots=True)
class CampaignBounds:
    """Remembers which of a worker's tasks belong to campaigns with bounds, and when they were taken."""

    worker: str
    _campaign_of: dict[int, int] = field(default_factory=dict)
    _taken: deque[tuple[datetime, int]] = field(default_factory=deque)

    def room(
        self, session: Session, campaigns: Sequence[Campaign], now: datetime, busy: Collection[int]
    ) -> dict[int, int]:
        """How many calls more each bounded campaign may begin now; `busy` are the worker's tasks on the line."""
        spans = [pace_span(one.calls_per_hour) for one in campaigns if one.calls_per_hour]
        longest = max(spans, default=timedelta())
        while self._taken and self._taken[0][0] <= now - longest:
            self._taken.popleft()
        self._campaign_of = {task: of for task, of in self._campaign_of.items() if task in busy}
        taken_at: dict[int, list[datetime]] = {}
        for at, campaign_id in self._taken:
            taken_at.setdefault(campaign_id, []).append(at)
        return room_of(session, campaigns, now, OwnCalls(self.worker, Counter(self._campaign_of.values()), taken_at))

    def claim(
        self, session: Session, now: datetime, wanted: int, campaigns: Collection[int], room: dict[int, int]
    ) -> list[int]:
        """Take the head of the queue in order of the deadlines, and give back what goes beyond a campaign's room."""
        open_ = [one for one in campaigns if room.get(one, 1) > 0]
        taken = claim(session, self.worker, now, wanted, open_) if open_ else []
        if not room or not taken:
            return taken
        left, kept = Counter(room), []
        bounded = {task: of for task, of in campaigns_of_tasks(session, taken).items() if of in room}
        for task in taken:
            of = bounded.get(task)
            if of is not None and left[of] <= 0:
                let_go(session, self.worker, task)
                continue
            kept.append(task)
            if of is not None:
                left[of] -= 1
                self._campaign_of[task] = of
                self._taken.append((now, of))
        return kept
