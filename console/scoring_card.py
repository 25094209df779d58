"""The scorecard on a call's page: what was done about the call, and the card of who has it in hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session

from campaign.inspecting.second_look import conduct_of
from console.access import signed_in
from console.inspecting_page import ROUND_WORDS
from models import Attempt
from models.inspecting import Round, inspections_of
from models.inspecting_scores import card_of, cards_in_use, usual_card
from rules import Post
from rules.scorecards import MARK_WORDS

MOST_NOTE = 500  # characters


def scoring_of(request: Request, session: Session, attempt: Attempt, filled: Mapping[str, str]) -> dict[str, Any]:
    """What a call's page shows of its inspection: what was done, and the card where it is in this person's hands."""
    me = signed_in(request)
    if not me.holds(Post.INSPECTOR, Post.MANAGER) or attempt.ended_at is None:
        return {"inspected": None}
    all_of_it = inspections_of(session, attempt.id, me.staff_id)
    mine = next((one for one in all_of_it if one.taken_by_id == me.staff_id and one.done_at is None), None)
    shown: dict[str, Any] = {"inspected": all_of_it, "in_hand": mine, "rounds": ROUND_WORDS, "round_of": Round}
    if mine is None:
        return shown
    fixed = mine.calibration.scorecard if mine.calibration else None
    wanted = request.query_params.get("card", filled.get("card", ""))
    cards = [fixed] if fixed else cards_in_use(session)
    stored = next((one for one in cards if str(one.id) == wanted), None) or fixed or usual_card(session, attempt)
    return shown | {
        "cards": cards,
        "stored": stored,
        "card": card_of(stored) if stored else None,
        "found": conduct_of(session, attempt),
        "filled": filled,
        "marks": MARK_WORDS,
        "most_note": MOST_NOTE,
    }
