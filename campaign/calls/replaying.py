"""A finished call run again: with the version of the script that it ran, would the bot do the same?"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import ReplayError
from bot.merging import Review, merge
from bot.replay import Difference, Move, differences, facts_from_json, move_from_json
from bot.script import Script
from campaign.published import script_of
from models import Attempt, AttemptTask
from models.queue import events_of
from models.scripts import version_by_hash
from rules import ReviewType


@dataclass(frozen=True, slots=True)
class Replayed:
    """A call that was run again; `differences` is empty where today's program does what was done."""

    script: Script
    moves: tuple[Move, ...]
    differences: tuple[Difference, ...]


def replay_call(session: Session, call_id: str) -> Replayed:
    """Run a call again from its log, its facts and its script by hash.

    Raises ReplayError where there is no such call, no conversation in it, or its version is not in the database,
    and ScriptInvalid where that version no longer loads.
    """
    attempt = session.scalar(select(Attempt).where(Attempt.call_id == call_id))
    if attempt is None:
        raise ReplayError(f"没有通话 {call_id}；请在通话记录里查看编号")
    moves = tuple(move_from_json(row.body) for row in events_of(session, attempt.id))
    if not moves:
        raise ReplayError(f"通话 {call_id} 没有对话，无从重放")
    script = spoken(session, attempt)
    return Replayed(script, moves, differences(script, facts_from_json(attempt.facts), moves))


def spoken(session: Session, attempt: Attempt) -> Script:
    """The script that a call ran: its version, or what its tasks' versions came to when they were merged.

    Raises ReplayError and ScriptInvalid as `replay_call` does.
    """
    if len(attempt.served) == 1:
        return _version(session, attempt.served[0])
    reviews = [
        Review(_version(session, one), json.loads(one.slots), ReviewType(one.task.review_type))
        for one in attempt.served
    ]
    return merge(reviews).script


def _version(session: Session, served: AttemptTask) -> Script:
    version = version_by_hash(session, served.script, served.script_hash)
    if version is None:
        raise ReplayError(
            f"话术“{served.script}”的版本 {served.script_hash[:12]} 不在数据库里，无法重放；这次通话早于话术版本管理"
        )
    return script_of(version)
