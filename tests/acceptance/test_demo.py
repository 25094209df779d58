"""The demo campaign: every persona through audio, and what must hold of all calls together."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import select

from campaign.demo.demo import DEMO_CLIENTS
from models import Attempt, Notice, ReviewTask
from rules import APPENDIX_F, Outcome
from telephony.simulator.cast import load_cast
from tests.acceptance.conftest import Ran, replayed
from tests.acceptance.verdicts import MISHEARD, misheard, unexcused

pytestmark = pytest.mark.audio

CLIENTS = [client.id for client in load_cast().clients]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_the_client_declared_is_what_was_stored(demo: Ran, client: str) -> None:
    assert unexcused(demo, client) == []


def test_hardly_anybody_was_misheard(demo: Ran) -> None:
    assert len(misheard(demo)) <= MISHEARD, demo.result.differences


def test_everybody_was_dealt_with(demo: Ran) -> None:
    assert demo.result.calls == DEMO_CLIENTS == len(CLIENTS)
    with demo.database.read() as session:
        tasks = session.scalars(select(ReviewTask)).all()
        assert all(task.due_at is None for task in tasks)
        assert all(task.final or task.with_human for task in tasks)


def test_at_least_six_calls_ran_at_once(demo: Ran) -> None:
    assert demo.most_at_once >= 6


def test_each_attempt_reached_the_line_exactly_once(demo: Ran) -> None:
    reached = Counter(story["call"] for story in demo.network if story["event"] == "call")
    with demo.database.read() as session:
        stored = Counter(session.scalars(select(Attempt.call_id).where(Attempt.direction == "outgoing")))
    assert reached == stored


def test_a_client_who_missed_a_call_called_back_and_was_served(demo: Ran) -> None:
    came = [story for story in demo.network if story["event"] == "callback"]
    with demo.database.read() as session:
        served = session.scalars(select(Attempt).where(Attempt.direction == "incoming")).all()
        assert [attempt.task.number.partition("-")[2] for attempt in served] == ["anomaly-did-not-hear"]
    assert [(story["client"], story["hung_up_by"]) for story in came] == [("anomaly-did-not-hear", "bot")]


def test_no_redial_came_before_the_wait_of_table_f1(demo: Ran) -> None:
    waits = {row.outcome: row.wait for row in APPENDIX_F if row.wait is not None}
    with demo.database.read() as session:
        for task in session.scalars(select(ReviewTask)):
            for earlier, later in pairwise(task.attempts):
                wait = waits.get(Outcome(earlier.outcome or ""))
                if wait and earlier.callback_at is None and later.direction == "outgoing":
                    assert earlier.ended_at is not None
                    assert later.started_at - earlier.ended_at >= wait, later.call_id


def test_nobody_was_called_outside_the_calling_hours(demo: Ran) -> None:
    with demo.database.read() as session:
        for attempt in session.scalars(select(Attempt)):
            local = attempt.started_at + timedelta(hours=8)  # Shanghai keeps UTC+8 all year
            assert 9 <= local.hour < 20, attempt.call_id


def test_every_conversation_is_recorded_on_both_sides(demo: Ran) -> None:
    with demo.database.read() as session:
        talked = session.scalars(select(Attempt).where(Attempt.talk_ms > 0)).all()
        assert len(talked) >= 15
        for attempt in talked:
            assert attempt.recording is not None, attempt.call_id
            pcm = np.frombuffer(demo.recordings.read_pcm(attempt.call_id), "<i2").reshape(-1, 2).astype(float)
            assert abs(len(pcm) / 8 - attempt.recording.duration_ms) <= 20
            assert np.abs(pcm[:, 1]).max() > 1000, f"{attempt.call_id}: the bot is not audible"
            spoke = any(event.kind == "Heard" for event in attempt.events)
            assert not spoke or np.abs(pcm[:, 0]).max() > 1000, f"{attempt.call_id}: the client is not audible"


def test_what_was_heard_lies_where_the_log_says(demo: Ran) -> None:
    checked = 0
    with demo.database.read() as session:
        for attempt in session.scalars(select(Attempt).where(Attempt.talk_ms > 0)):
            for event in attempt.events:
                if event.kind == "Heard":
                    body = json.loads(event.body)
                    sound = demo.recordings.read_pcm(attempt.call_id, body["start_ms"], body["end_ms"])
                    client = np.frombuffer(sound, "<i2").reshape(-1, 2)[:, 0].astype(float)
                    around = demo.recordings.read_pcm(attempt.call_id)
                    quiet = np.frombuffer(around, "<i2").reshape(-1, 2)[:, 0].astype(float)
                    assert client.std() > 1.2 * np.median(np.abs(quiet)), f"{attempt.call_id} at {body['start_ms']}"
                    checked += 1
    assert checked > 50


def test_replaying_the_logs_gives_the_same_conversations(demo: Ran) -> None:
    assert replayed(demo) >= 15


def test_every_final_status_that_needs_a_notice_has_one(demo: Ran) -> None:
    told = {row.final_status: row.notice for row in APPENDIX_F if row.notice is not None}
    with demo.database.read() as session:
        noticed = {notice.task_id: notice.kind for notice in session.scalars(select(Notice))}
        for task in session.scalars(select(ReviewTask).where(ReviewTask.final)):
            if task.status in told:
                assert noticed.get(task.id) == told[task.status], task.number
            else:
                assert task.id not in noticed, task.number


def test_nothing_private_was_said_before_the_client_was_known(demo: Ran) -> None:
    with demo.database.read() as session:
        for attempt in session.scalars(select(Attempt).where(Attempt.outcome.in_(["wrong_number", "not_client"]))):
            said = " ".join(json.loads(event.body)["text"] for event in attempt.events if event.kind == "Say")
            business = str(attempt.task.slots.get("业务", "账户"))
            assert business not in said
            assert "账户" not in said
