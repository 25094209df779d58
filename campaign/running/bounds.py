"""The bounds that a campaign has of its own (calls at once, new calls an hour), as a worker claims by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from models import Campaign
from models.bounds import OwnCalls, campaigns_of_tasks, is_bounded, room_of
from models.claims import claim, let_go
from models.workers import database_now


@dataclass(slots=True)
class CampaignBounds:
    """Remembers which of a worker's tasks belong to campaigns with bounds; all workers' calls the database knows."""

    worker: str
    _campaign_of: dict[int, int] = field(default_factory=dict)

    def room(self, session: Session, campaigns: Sequence[Campaign], busy: Collection[int]) -> dict[int, int]:
        """How many calls more each bounded campaign may begin now; `busy` are the worker's tasks on the line."""
        self._campaign_of = {task: of for task, of in self._campaign_of.items() if task in busy}
        if not any(is_bounded(one) for one in campaigns):
            return {}
        own = OwnCalls(self.worker, Counter(self._campaign_of.values()))
        return room_of(session, campaigns, database_now(session), own)

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
        return kept
