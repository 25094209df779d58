"""What people do with a call's result afterwards, as a call's page shows it (§8.3.3, 问卷)."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session

from campaign.other_ways.correcting import MOST_REASON, STATUSES, choices_for
from campaign.other_ways.inviting import form_standing, why_no_form
from console.access import signed_in
from console.desk import desk_of
from models import Attempt
from models.corrections import corrections_of_answers, corrections_of_status
from models.people import note_of
from rules import Post

MAY_CORRECT = (Post.INSPECTOR, Post.MANAGER)  # verifies and answers objections (§8.3.3)


def afterwards(request: Request, session: Session, attempt: Attempt) -> dict[str, Any]:
    """What a call's page shows of it."""
    desk, corrects = desk_of(request), signed_in(request).holds(*MAY_CORRECT)
    now = desk.clock.now()
    tasks = [one.task for one in attempt.served]
    said = attempt.said
    return {
        "corrects": corrects,
        "note": note_of(session, attempt.id),
        "corrected": corrections_of_answers(session, [answer.id for answer in said]),
        "choices": {answer.id: choices_for(session, answer) for answer in said} if corrects else {},
        "status_corrected": {task.id: corrections_of_status(session, task.id) for task in tasks},
        "statuses": STATUSES,
        "no_form": {task.id: form_standing(session, task, now) or why_no_form(task, desk.forms, now) for task in tasks},
        "most_reason": MOST_REASON,
    }
