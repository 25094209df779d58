"""The demo when its own clients have been dealt with: whoever comes due later is called all the same."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.script import Script
from campaign.clock import DemoClock
from campaign.demo.demo import Demo
from campaign.to_the_end import called_off
from campaign.works import Works
from models import Database, ReviewTask, Seal
from speech.prompts import Prompts
from tests.campaign.test_attempt import ears, works
from tests.campaign.world import Mute
from tests.conftest import NOON, publish

__all__ = ["ears", "works"]


class Asked(Mute):
    """Voices that are not there, and tell that a call was to be made with them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.loop, self.asked = asyncio.get_running_loop(), asyncio.Event()

    def prompts_of(self, script: Script) -> Prompts:
        """See Voices."""
        self.loop.call_soon_threadsafe(self.asked.set)
        return super().prompts_of(script)


@pytest.fixture
def database(tmp_path: Path, seal: Seal, migrated: Path) -> Iterator[Database]:
    """An empty, migrated SQLite database."""
    opened = Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'test.db')}")
    yield opened
    opened.close()


async def test_a_task_that_comes_due_after_the_demo_is_dialled(works: Works, task_id: int, tmp_path: Path) -> None:
    publish(works.database, "suitability")
    with works.database.write() as session:
        session.get_one(ReviewTask, task_id).due_at = NOON + timedelta(hours=3)
    voices = Asked(tmp_path / "prompts")
    after = replace(works, clock=DemoClock(NOON, 600.0), voices=voices)
    going_on = asyncio.create_task(Demo(lines=1).go_on(after))
    try:
        async with asyncio.timeout(120):
            await voices.asked.wait()
        assert after.clock.now() < NOON + timedelta(hours=4)  # not by the demo's pace
    finally:
        await called_off(going_on)
