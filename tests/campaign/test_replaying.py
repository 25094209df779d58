"""A stored call run again by the version that it ran, whatever is published today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.errors import ReplayError
from bot.moves import Say
from bot.replay import Move, facts_to_json, move_to_json
from campaign.calls.facts import facts_for
from campaign.calls.joining import Carried, carried
from campaign.calls.replaying import replay_call
from campaign.house import House
from campaign.published import Shelf
from intents import Intent
from models import Database, ReviewTask
from models.queue import begin_attempt, companions, log_moves
from rules import CallingHours
from tests.bot.conversation import Conversation
from tests.conftest import NOON, publish

HOUSE = House("华夏安信证券", "客户服务中心", "8001", "95500")
WORDING = ("请问账户是您本人操作吗？", "请问您的账户是您本人操作吗？")


def call_for(database: Database, task_id: int) -> tuple[Carried, Conversation]:
    """A call to the client of a task in which every question is answered with yes."""
    shelf = Shelf(database)
    with database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        call = carried(task, companions(session, task, NOON), shelf.script, HOUSE)
        talk = Conversation(call.script, facts_for(call.tasks, call.slots, CallingHours(), NOON))
    for _ in range(4):
        talk.mean(Intent.YES)
    return call, talk


def store(database: Database, call: Carried, talk: Conversation, log: Sequence[Move]) -> str:
    with database.write() as session:
        attempt = begin_attempt(
            session,
            call.served,
            dialled="1",
            worker="w",
            now=NOON,
            script_hash=call.script.hash,
            facts=facts_to_json(talk.facts),
        )
        rows = [
            {"attempt_id": attempt.id, "seq": seq, "at_ms": 0, "kind": type(move).__name__, "body": move_to_json(move)}
            for seq, move in enumerate(log)
        ]
        log_moves(session, rows)
        return attempt.call_id


@pytest.fixture
def merged(database: Database, task_id: int) -> Database:
    """Two tasks of one client and their published scripts."""
    publish(database, "suitability", "anomaly")
    with database.write() as session:
        first = session.get_one(ReviewTask, task_id)
        session.add(
            ReviewTask(
                number="T002",
                campaign_id=first.campaign_id,
                customer_id=first.customer_id,
                review_type="anomaly",
                script="anomaly",
                slots={"异常类型": "证券交易"},
                created_at=NOON,
                due_at=NOON,
            )
        )
    return database


def test_a_call_replays_by_its_own_version_after_another_was_published(database: Database, task_id: int) -> None:
    publish(database, "suitability")
    call, talk = call_for(database, task_id)
    call_id = store(database, call, talk, talk.log)
    publish(database, "suitability", edited=WORDING)
    with database.read() as session:
        replayed = replay_call(session, call_id)
    assert replayed.differences == ()
    assert replayed.script.hash == call.script.hash
    assert len(replayed.moves) == len(talk.log)


def test_what_was_done_otherwise_is_named(database: Database, task_id: int) -> None:
    publish(database, "suitability")
    call, talk = call_for(database, task_id)
    places = [place for place, move in enumerate(talk.log) if isinstance(move, Say)]
    said = talk.log[places[-1]]
    assert isinstance(said, Say)
    log = list(talk.log)
    log[places[-1]] = replace(said, text="请问您本人没有操作账户对吧？")
    call_id = store(database, call, talk, log)
    with database.read() as session:
        (found,) = replay_call(session, call_id).differences
    assert found.expected == said


def test_a_call_for_several_tasks_replays_from_the_versions_of_each(merged: Database, task_id: int) -> None:
    call, talk = call_for(merged, task_id)
    assert len(call.served) == 2
    call_id = store(merged, call, talk, talk.log)
    publish(merged, "suitability", edited=WORDING)
    with merged.write() as session:
        session.get_one(ReviewTask, task_id).slots = {"业务": "签约投顾服务"}
    with merged.read() as session:
        replayed = replay_call(session, call_id)
    assert replayed.differences == ()
    assert replayed.script.hash == call.script.hash


def test_what_cannot_be_replayed_says_why(database: Database, task_id: int) -> None:
    publish(database, "suitability")
    call, talk = call_for(database, task_id)
    older = replace(call, served=tuple(replace(one, script_hash="0" * 64) for one in call.served))
    call_id = store(database, older, talk, talk.log)
    with database.read() as session:
        with pytest.raises(ReplayError, match="000000000000"):
            replay_call(session, call_id)
        with pytest.raises(ReplayError, match="没有通话"):
            replay_call(session, "99-9")
