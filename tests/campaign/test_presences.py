"""Who was on duty when: written down once, in order, whenever the process is told to end."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import select

from campaign.handover.duty import Presence
from campaign.handover.presences import PresenceLog
from campaign.handover.talks import Agent
from models import Database
from models.presence_tables import PresenceSpan
from models.tables import Staff


@pytest.fixture
def agent(database: Database) -> Agent:
    with database.write() as session:
        session.add(Staff(id=1, number="A1", name="方圆", post="agent"))
    return Agent(1, "A1", "方圆")


async def test_a_change_that_is_being_written_when_the_process_ends_is_written_once(
    database: Database, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, writing, go_on = PresenceLog._write, threading.Event(), threading.Event()

    def slowly(self: PresenceLog) -> None:
        writing.set()
        assert go_on.wait(60)
        write(self)

    monkeypatch.setattr(PresenceLog, "_write", slowly)
    log = PresenceLog(database, "w1")
    await log.__aenter__()
    log.note(agent, Presence.FREE)
    assert await asyncio.to_thread(writing.wait, 60)
    ending = asyncio.create_task(log.__aexit__(None, None, None))
    log.note(agent, None)
    await asyncio.sleep(0)  # the end has begun, the thread is still in its midst
    go_on.set()
    await ending
    with database.read() as session:
        spans = [(one.presence, one.ended_at is None) for one in session.scalars(select(PresenceSpan))]
    assert spans == [(Presence.FREE.value, False)]
