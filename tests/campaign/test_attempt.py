"""What a call is begun with, and what is refused before anything is dialled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.moves import Attest, Flag, Listen, Note
from bot.replay import facts_from_json, move_to_json
from bot.script import Script
from campaign.calls.attempt import review_attempt
from campaign.calls.beginning import Begun, begin, plan
from campaign.calls.calllog import CallLog
from campaign.calls.feed import Feed
from campaign.calls.recovery import settle_interrupted
from campaign.clock import DemoClock
from campaign.house import House
from campaign.masking import kind_and_place
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from campaign.running.opening_hours import hours_to
from campaign.sending.channel_file import to_files
from campaign.sending.outbox import Outbox
from campaign.voices import Voices
from campaign.works import Works
from intents import Intent, load_matcher
from models import Attempt, Database, ReviewTask, ScriptVersion, StaleAttempt
from models.queue import open_task_count
from models.workers import left_behind
from rules import CallingHours, Opening, Outcome, PastAttempt, Risk, Severity, next_step
from speech.errors import VoiceUnavailable
from speech.prompts import Prompts
from speech.recogniser import Recogniser
from telephony import Gateway, RecordingStore
from tests.conftest import KEY, NOON, due, publish

ALL_DAY = CallingHours(week=((Opening(time(9), time(20)),),) * 7)


class Mute(Voices):
    """Voices that have failed."""

    def prompts_of(self, script: Script) -> Prompts:
        raise VoiceUnavailable("no voice")


@pytest.fixture(scope="module")
def ears(shipped_model: Path) -> Iterator[Recogniser]:
    """A recogniser, which no call here comes to need."""
    made = Recogniser(shipped_model, deadline_seconds=60)
    yield made
    made.close()


@pytest.fixture
def works(database: Database, tmp_path: Path, ears: Recogniser) -> Works:
    """Everything but a line: whoever dials gets GatewayUnavailable."""
    recordings = RecordingStore(tmp_path / "recordings", KEY)
    house, clock, matcher, shelf = (
        House("华夏安信证券", "客户服务中心", "8001", "95500"),
        DemoClock(NOON, 1.0),
        load_matcher(),
        Shelf(database),
    )
    return Works(
        database=database,
        dialer=Gateway("127.0.0.1", 0, recordings),
        recordings=recordings,
        ears=ears,
        voices=Mute(tmp_path / "prompts"),
        matcher=matcher,
        scripts=shelf,
        house=house,
        clock=clock,
        hours=ALL_DAY,
        call_log=CallLog(database),
        feed=Feed(),
        worker="w",
        outbox=Outbox(database, to_files(tmp_path / "outbox"), clock, "w"),
        forms=Forms(database, shelf, house, clock, matcher, "https://hf.example.com", "w"),
    )


def add_task(database: Database, task_id: int, number: str, **values: Any) -> int:
    """Another task of the same client, due at NOON."""
    with database.write() as session:
        first = session.get_one(ReviewTask, task_id)
        task = ReviewTask(
            number=number,
            campaign_id=first.campaign_id,
            customer_id=first.customer_id,
            created_at=NOON,
            due_at=NOON,
            **values,
        )
        session.add(task)
        session.flush()
        return task.id


def anomaly(database: Database, task_id: int) -> int:
    slots = {"异常类型": "证券交易"}
    return add_task(database, task_id, "T002", review_type="anomaly", script="anomaly", slots=slots)


def begun_for(works: Works, task_id: int) -> Begun:
    """The attempt on a task, its row written and its line not yet taken."""
    planned = plan(works, task_id)
    assert planned is not None
    return begin(works, planned)


async def test_a_task_whose_script_is_not_published_is_set_aside_until_it_is(works: Works, task_id: int) -> None:
    await review_attempt(works, task_id)
    with works.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        assert "suitability" in task.trouble
        assert task.attempts == []
        assert due(session, NOON) == []
        assert open_task_count(session) == 0
    publish(works.database, "suitability")
    with works.database.read() as session:
        assert due(session, NOON) == [task_id]
        assert session.get_one(ReviewTask, task_id).trouble == ""


async def test_a_task_with_an_empty_slot_is_set_aside_and_the_slot_named(works: Works, task_id: int) -> None:
    publish(works.database, "suitability")
    with works.database.write() as session:
        session.get_one(ReviewTask, task_id).slots = {"业务": " "}
    await review_attempt(works, task_id)
    with works.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        assert "业务" in task.trouble
        assert task.attempts_made == 0


async def test_a_published_version_that_no_longer_loads_is_refused_with_its_problems(
    works: Works, task_id: int
) -> None:
    publish(works.database, "suitability")
    with works.database.write() as session:
        version = session.scalars(select(ScriptVersion)).one()
        version.sources = {file: text.replace("entry:", "enter:") for file, text in version.sources.items()}
    await review_attempt(works, task_id)
    with works.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        assert "parts/opening.yaml" in task.trouble
        assert task.attempts_made == 0


async def test_a_voice_that_fails_before_dialling_is_our_own_line_and_leaves_nothing_open(
    works: Works, task_id: int
) -> None:
    publish(works.database, "suitability")
    await review_attempt(works, task_id)
    with works.database.read() as session:
        (attempt,) = session.get_one(ReviewTask, task_id).attempts
        assert attempt.outcome == "own_line_failed"
        assert left_behind(session) == []


async def test_every_call_stores_the_version_that_it_ran_and_the_next_one_runs_the_new_one(
    works: Works, task_id: int
) -> None:
    publish(works.database, "suitability")
    before = works.scripts.script("suitability").hash
    await review_attempt(works, task_id)
    publish(works.database, "suitability", edited=("请问账户是您本人操作吗？", "请问您的账户是您本人操作吗？"))
    after = works.scripts.script("suitability").hash
    assert before != after
    with works.database.write() as session:
        session.get_one(ReviewTask, task_id).due_at = NOON
    await review_attempt(works, task_id)
    with works.database.read() as session:
        attempts = session.get_one(ReviewTask, task_id).attempts
        assert [attempt.script_hash for attempt in attempts] == [before, after]
        assert [attempt.served[0].script_hash for attempt in attempts] == [before, after]


async def test_what_one_client_is_to_be_asked_becomes_one_call(works: Works, task_id: int) -> None:
    publish(works.database, "suitability", "anomaly")
    other_id = anomaly(works.database, task_id)
    await review_attempt(works, task_id)
    with works.database.read() as session:
        (attempt,) = session.get_one(ReviewTask, task_id).attempts
        assert session.get_one(ReviewTask, other_id).attempts == [attempt]
        assert attempt.call_id == f"{other_id}-1"  # the anomaly leads
        assert [one.script for one in attempt.served] == ["anomaly", "suitability"]
        assert attempt.script_hash not in {one.script_hash for one in attempt.served}
        suitability = attempt.served[1].questions
        assert suitability["anomaly.self_operated"] == "suitability.self_operated"
        first, both, second = facts_from_json(attempt.facts).slots["回访业务"].partition("和")
        assert "异常" in first
        assert both
        assert "适当性" in second
        due = {session.get_one(ReviewTask, one).due_at for one in (task_id, other_id)}
        assert len(due) == 1
    with pytest.raises(StaleAttempt):
        await review_attempt(works, other_id)


@pytest.mark.parametrize(("deadline_hours", "calls"), [(None, 0), (48, 0), (1, 1)])
async def test_a_client_who_is_called_again_soon_is_not_called_in_between(
    works: Works, task_id: int, deadline_hours: int | None, calls: int
) -> None:
    publish(works.database, "suitability", "anomaly")
    soon = NOON + timedelta(hours=2)
    with works.database.write() as session:
        session.get_one(ReviewTask, task_id).attempts_made = 1
        session.get_one(ReviewTask, task_id).due_at = soon  # a callback, or the interval of table F.1
    other_id = anomaly(works.database, task_id)
    with works.database.write() as session:
        deadline_at = NOON + timedelta(hours=deadline_hours) if deadline_hours else None
        session.get_one(ReviewTask, other_id).deadline_at = deadline_at
    await review_attempt(works, other_id)
    with works.database.read() as session:
        other = session.get_one(ReviewTask, other_id)
        assert other.attempts_made == calls
        assert calls or other.due_at == soon
        assert session.get_one(ReviewTask, task_id).due_at == soon


@pytest.mark.parametrize(("until", "past"), [(20, True), (48, False)])
def test_a_redial_that_the_hours_put_past_the_deadline_is_told_to_a_person_at_once(
    works: Works, task_id: int, until: int, past: bool
) -> None:
    publish(works.database, "suitability")
    with works.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.deadline_at = NOON + timedelta(hours=until)
        task.campaign.hours = hours_to(replace(ALL_DAY, week=((Opening(time(11), time(13)),),) * 7))
    planned = plan(works, task_id)
    assert planned is not None
    missed = PastAttempt(NOON + timedelta(minutes=30), NOON + timedelta(minutes=31), Outcome.NO_ANSWER)
    decision = next_step([missed], planned.tasks[0].policy, missed.ended_at)
    # An hour later the campaign is closed until 11:00 of the next day, 23 h after noon.
    assert (decision.past_deadline, decision.with_human) == (past, past)
    assert decision.redial_at == (None if past else NOON + timedelta(hours=23))


async def test_a_task_that_cannot_be_asked_does_not_hold_up_the_other(works: Works, task_id: int) -> None:
    publish(works.database, "suitability")
    other_id = anomaly(works.database, task_id)
    await review_attempt(works, task_id)
    with works.database.read() as session:
        (attempt,) = session.get_one(ReviewTask, task_id).attempts
        assert [one.task_id for one in attempt.served] == [task_id]
        assert session.get_one(ReviewTask, other_id).due_at == NOON


async def test_what_only_a_person_may_do_is_never_merged_into_a_call(works: Works, task_id: int) -> None:
    publish(works.database, "suitability", "new_account")
    other_id = add_task(
        works.database, task_id, "T003", review_type="new_account", script="new_account", with_human=True
    )
    with works.database.write() as session:
        session.get_one(ReviewTask, other_id).due_at = None
    await review_attempt(works, task_id)
    with works.database.read() as session:
        assert session.get_one(ReviewTask, other_id).attempts == []


async def test_a_call_for_two_tasks_that_a_killed_process_left_is_settled_for_both(works: Works, task_id: int) -> None:
    publish(works.database, "suitability", "anomaly")
    other_id = anomaly(works.database, task_id)
    begun = begun_for(works, task_id)
    said = Note("anomaly.self_operated", "no", "是我老婆", Intent.NO, 0.9, "规则", 9000, 9900)
    flagged = Flag(Risk.NOT_SELF_OPERATED, Severity.HIGH, "anomaly.self_operated", "是我老婆", 9000, 9900)
    told = Attest("anomaly.reminder", 4000, False, 15000)
    asked = (Listen("anomaly.self_operated"), said, flagged, Listen("anomaly.reminder"), told)
    for move in asked:
        works.call_log.append(begun.attempt_id, type(move).__name__, move_to_json(move), 0)
    await works.call_log.flush()

    assert settle_interrupted(works) == 1
    with works.database.read() as session:
        attempt = session.get_one(Attempt, begun.attempt_id)
        assert attempt.outcome == "interrupted"
        for one, question in ((other_id, "anomaly.self_operated"), (task_id, "suitability.self_operated")):
            assert [answer.question for answer in attempt.answers_for(one)] == [question]
            assert [flag.node for flag in attempt.flags_for(one)] == [question]
            task = session.get_one(ReviewTask, one)
            assert (task.status, task.resume_at) == ("未完成：通话中断", "anomaly.reminder")
        assert [(one.task_id, one.played_ms, one.complete) for one in attempt.deliveries] == [(other_id, 4000, False)]

    with works.database.write() as session:
        for one in (task_id, other_id):
            session.get_one(ReviewTask, one).due_at = NOON
    again = begun_for(works, task_id)
    assert again.facts.resume_at == "anomaly.reminder"
    assert again.script.hash == begun.script.hash


async def broken_off(works: Works, task_id: int, at: str) -> None:
    """A call that broke off at a node and was settled; its tasks are due again."""
    begun = begun_for(works, task_id)
    works.call_log.append(begun.attempt_id, "Listen", move_to_json(Listen(at)), 0)
    await works.call_log.flush()
    assert settle_interrupted(works) == 1
    with works.database.write() as session:
        for served in session.get_one(Attempt, begun.attempt_id).served:
            served.task.due_at = NOON


@pytest.mark.parametrize("either_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("renewed", [False, True])
async def test_a_review_goes_on_where_it_broke_off_only_in_the_same_version(
    works: Works, task_id: int, renewed: bool
) -> None:
    publish(works.database, "suitability")
    await broken_off(works, task_id, "suitability.own_application")
    if renewed:
        publish(works.database, "suitability", edited=("请问账户是您本人操作吗？", "请问您的账户是您本人操作吗？"))
    assert begun_for(works, task_id).facts.resume_at == ("" if renewed else "suitability.own_application")


@pytest.mark.parametrize("either_database", ["sqlite"], indirect=True)
async def test_a_review_goes_on_where_it_broke_off_only_with_the_same_others(works: Works, task_id: int) -> None:
    publish(works.database, "suitability")
    other = {"review_type": "suitability", "script": "suitability", "slots": {"业务": "购买私募产品"}}
    other_id = add_task(works.database, task_id, "T002", **other)
    await broken_off(works, task_id, "suitability.own_application")
    with works.database.write() as session:
        session.get_one(ReviewTask, task_id).due_at = None
    assert begun_for(works, other_id).facts.resume_at == ""


def test_an_unknown_error_is_logged_without_its_message() -> None:
    try:
        raise ValueError("我叫单小明")
    except ValueError as error:
        told = kind_and_place(error)
    assert told.startswith("ValueError at ")
    assert "单小明" not in told
