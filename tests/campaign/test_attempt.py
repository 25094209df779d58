"""What is refused before anything is dialled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from bot.script import load_script
from campaign.attempt import review_attempt
from campaign.calllog import CallLog
from campaign.clock import DemoClock
from campaign.feed import Feed
from campaign.masking import kind_and_place
from campaign.works import House, Works
from intents import load_matcher
from models import Database, ReviewTask
from models.queue import due_tasks, open_task_count, unended_attempts
from rules import CallingHours
from speech.errors import VoiceUnavailable
from speech.prompts import Prompts
from speech.recogniser import Recogniser, find_model
from telephony import Gateway, RecordingStore
from tests.conftest import KEY, NOON


@pytest.fixture
def works(database: Database, tmp_path: Path) -> Iterator[Works]:
    """Everything but a line: whoever dials gets GatewayUnavailable."""
    recordings = RecordingStore(tmp_path / "recordings", KEY)
    ears = Recogniser(find_model("", tmp_path / "models"))
    yield Works(
        database=database,
        dialer=Gateway("127.0.0.1", 0, recordings),
        recordings=recordings,
        ears=ears,
        prompts={},
        matcher=load_matcher(),
        scripts={"suitability": load_script("suitability")},
        house=House("华夏安信证券", "客户服务中心", "8001", "95500"),
        clock=DemoClock(NOON, 1.0),
        hours=CallingHours(),
        call_log=CallLog(database),
        feed=Feed(),
        worker="w",
    )
    ears.close()


async def test_a_task_whose_script_has_vanished_is_set_aside(works: Works, task_id: int) -> None:
    await review_attempt(replace(works, scripts={}), task_id)
    with works.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        assert "suitability" in task.trouble
        assert task.attempts == []
        assert due_tasks(session, NOON, 10) == []
        assert open_task_count(session) == 0


async def test_a_task_with_an_empty_slot_is_set_aside_and_the_slot_named(works: Works, task_id: int) -> None:
    with works.database.write() as session:
        session.get_one(ReviewTask, task_id).slots = {"业务": " "}
    await review_attempt(works, task_id)
    with works.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        assert "业务" in task.trouble
        assert task.attempts_made == 0


class Mute:
    """Prompts whose voice has failed."""

    async def fetch(self, text: str, slower: bool = False) -> bytes:
        raise VoiceUnavailable("no voice")


async def test_a_voice_that_fails_before_dialling_is_our_own_line_and_leaves_nothing_open(
    works: Works, task_id: int
) -> None:
    mute = {"suitability": cast(Prompts, Mute())}
    await review_attempt(replace(works, prompts=mute), task_id)
    with works.database.read() as session:
        (attempt,) = session.get_one(ReviewTask, task_id).attempts
        assert attempt.outcome == "own_line_failed"
        assert unended_attempts(session) == []


def test_an_unknown_error_is_logged_without_its_message() -> None:
    try:
        raise ValueError("我叫单小明")
    except ValueError as error:
        told = kind_and_place(error)
    assert told.startswith("ValueError at ")
    assert "单小明" not in told
