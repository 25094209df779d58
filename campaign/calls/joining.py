"""What one call is to carry: the review of one task, or those of several tasks of the same client (一事一扰)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import ScriptError, SlotsMissing
from bot.merging import MergeRefused, Review, merge
from bot.script import Script
from campaign.calls.facts import slots_of
from campaign.house import House
from models import ReviewTask
from models.queue import Served
from rules import ReviewType

MOST_REVIEWS = 8  # in one call; there are ten types, and nobody is subject to all of them at once
LONGEST_WAIT = timedelta(hours=24)  # for a call that is coming anyhow

log = logging.getLogger(__name__)

ScriptOf = Callable[[str], Script]  # a published script by its name; raises ScriptError


@dataclass(frozen=True, slots=True)
class Carried:
    """A call in the making: what is spoken, with which slots, and the tasks that it serves, the first one leading."""

    script: Script
    slots: Mapping[str, str]
    tasks: tuple[ReviewTask, ...]
    served: tuple[Served, ...]


def carried(task: ReviewTask, others: Sequence[ReviewTask], script_of: ScriptOf, house: House) -> Carried:
    """The call for a task and for those of the client's other tasks that can share it.

    Raises ScriptError where the task itself cannot be dialled; another task that cannot is left for its own turn.
    """
    review = _review(task, script_of, house)
    served = Served(task.id, task.attempts_made + 1, review.script.name, review.script.hash)
    alone = Carried(review.script, review.slots, (task,), (served,))
    joining = [(task, review)]
    for other in sorted(others, key=_most_urgent)[: MOST_REVIEWS - 1]:
        try:
            joining.append((other, _review(other, script_of, house)))
        except ScriptError as error:
            log.warning("task %d cannot join the call for task %d: %s", other.id, task.id, error)
    return _merged(joining) or alone if len(joining) > 1 else alone


def waits_until(task: ReviewTask, next_call_at: datetime | None, now: datetime) -> datetime | None:
    """When a task that was never dialled is asked along with another one of its client; None: call now.

    A client who was called or has agreed to be called is not called in between for something else, as long as that
    call comes soon and before the task's deadline.
    """
    if next_call_at is None or task.attempts_made or next_call_at > now + LONGEST_WAIT:
        return None
    return None if task.deadline_at is not None and next_call_at > task.deadline_at else next_call_at


def _most_urgent(task: ReviewTask) -> tuple[bool, float, int]:
    """The nearest deadline first, as tasks are taken."""
    return task.deadline_at is None, task.deadline_at.timestamp() if task.deadline_at else 0.0, task.id


def _review(task: ReviewTask, script_of: ScriptOf, house: House) -> Review:
    """The review of one task; raises ScriptError where its script or a slot is missing."""
    script = script_of(task.script)
    slots = slots_of(task, house, script.business)
    if missing := script.missing_slots(slots):
        raise SlotsMissing(script.name, missing)
    return Review(script, {name: slots[name] for name in script.slots}, ReviewType(task.review_type))


def _merged(joining: Sequence[tuple[ReviewTask, Review]]) -> Carried | None:
    """Their call, None where they cannot share one."""
    try:
        merged = merge([review for _, review in joining])
    except MergeRefused as error:
        log.error("tasks %s are called separately: %s", ", ".join(str(task.id) for task, _ in joining), error)
        return None
    in_order = [joining[place] for place in merged.order]
    served = tuple(
        Served(
            task_id=task.id,
            no=task.attempts_made + 1,
            script=review.script.name,
            script_hash=review.script.hash,
            slots=json.dumps(dict(review.slots), ensure_ascii=False),
            questions=questions,
        )
        for (task, review), questions in zip(in_order, merged.questions, strict=True)
    )
    return Carried(merged.script, merged.slots, tuple(task for task, _ in in_order), served)
