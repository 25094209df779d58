"""A finished call run again: with the version of the script that it ran, would the bot do the same?"""

from __future__ import annotations

import json
from collections.abc import Sequence
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

_MOST_PLACES = 5  # that are told of a damaged log


@dataclass(frozen=True, slots=True)
class Replayed:
    """A call that was run again; `differences` is empty where today's program does what was done."""

    script: Script
    moves: tuple[Move, ...]
    differences: tuple[Difference, ...]


def replay_call(session: Session, call_id: str) -> Replayed:
    """Run a call again from its log, its facts and its script by hash.

    Raises ReplayError where there is no such call, no conversation in it, its record cannot be read, or its version
    is not in the database, and ScriptInvalid where that version no longer loads.
    """
    attempt = session.scalar(select(Attempt).where(Attempt.call_id == call_id))
    if attempt is None:
        raise ReplayError(f"没有通话 {call_id}；请在通话记录里查看编号")
    record = record_of(session, attempt)
    if record.trouble:
        raise ReplayError(f"{record.trouble}，无从重放")
    if not record.moves:
        raise ReplayError(f"通话 {call_id} 没有对话，无从重放")
    script = spoken(session, attempt)
    return Replayed(script, record.moves, differences(script, facts_from_json(attempt.facts), record.moves))


@dataclass(frozen=True, slots=True)
class Record:
    """The log of a call as far as it can be read; `trouble` says in Chinese what cannot, "": all can."""

    moves: tuple[Move, ...]
    trouble: str


def record_of(session: Session, attempt: Attempt) -> Record:
    """Read the log of a call; an entry that cannot be read keeps no other from being."""
    moves: list[Move] = []
    lost: list[int] = []
    log = events_of(session, attempt.id)
    for number, row in enumerate(log, 1):
        try:
            moves.append(move_from_json(row.body))
        except ReplayError:
            lost.append(number)
    return Record(tuple(moves), _trouble(not attempt.facts, lost, len(log)))


def _trouble(no_facts: bool, lost: Sequence[int], entries: int) -> str:
    places = "、".join(map(str, lost[:_MOST_PLACES])) + ("等" if len(lost) > _MOST_PLACES else "")
    parts = [f"日志共{entries}条，其中{len(lost)}条（第{places}条）"] if lost else []
    parts += ["开始通话时的资料"] if no_facts else []
    return f"通话记录无法读取：{'，以及'.join(parts)}已损坏，或不是现在的程序写下的" if parts else ""


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
