"""The outbox at work: real receivers, and a process that is killed while it sends."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import select, update

from campaign.clock import RealClock
from campaign.sending.channel_file import load_channels, to_files
from campaign.sending.outbox import Outbox
from models import Database, Event, Notice, ReviewTask
from models.outbox import SettledEvent, post_event
from rules.postings import PostingState
from tests.conftest import NOON

ROOT = Path(__file__).parents[2]

SENDER = """
import asyncio, sys
from pathlib import Path
from campaign.sending.channel_file import load_channels
from campaign.clock import RealClock
from campaign.sending.outbox import Outbox
from models import Database, Seal, use_seal

async def main(url, channels):
    use_seal(Seal(bytes(range(32))))
    async with Outbox(Database(url), load_channels(Path(channels), Path(channels).parent), RealClock(), "first"):
        await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


@dataclass
class Gateway:
    """A text message gateway that takes a request and answers when it is let."""

    url: str
    arrived: asyncio.Event
    let: asyncio.Event
    got: list[str]


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    arrived, let, got = asyncio.Event(), asyncio.Event(), list[str]()

    async def take(request: web.Request) -> web.Response:
        got.append((await request.json())["ref"])
        arrived.set()
        await let.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Gateway(f"http://127.0.0.1:{runner.addresses[0][1]}/", arrived, let, got)
    await runner.cleanup()


def channels_file(folder: Path, gateway: Gateway) -> Path:
    path = folder / "channels.yaml"
    path.write_text(f'sms:\n  url: {gateway.url}\n  fields:\n    to: "{{手机号}}"\n    ref: "{{编号}}"\n')
    return path


def owe_notice(database: Database, task_id: int) -> None:
    with database.write() as session:
        session.add(
            Notice(
                task_id=task_id, kind="review_sms", channel="sms", text="尊敬的客户", created_at=NOON, next_try_at=NOON
            )
        )


def state_of(database: Database) -> str:
    with database.read() as session:
        return session.scalars(select(Notice.state)).one()


async def test_notices_and_events_reach_their_folders(database: Database, task_id: int, tmp_path: Path) -> None:
    owe_notice(database, task_id)
    with database.write() as session:
        event = SettledEvent(f"1/{task_id}/status", "task.status_changed", {"status": "未完成：关机", "final": False})
        session.add(post_event(task_id, event, NOON))
    async with Outbox(database, to_files(tmp_path / "outbox"), RealClock(), "s1") as outbox:
        assert await outbox.emptied(60)
    (sms,) = (tmp_path / "outbox" / "sms").rglob("*.json")
    assert json.loads(sms.read_text())["客户号"] == "C001"
    (told,) = (tmp_path / "outbox" / "events").rglob("*.json")
    assert json.loads(told.read_text()) == {
        "id": f"1/{task_id}/status",
        "type": "task.status_changed",
        "timestamp": NOON.isoformat(),
        "data": {
            "task": "T001",
            "client": "C001",
            "review_type": "suitability",
            "status": "未完成：关机",
            "final": False,
        },
    }


async def test_two_outboxes_send_a_notice_once(
    database: Database, task_id: int, tmp_path: Path, gateway: Gateway
) -> None:
    owe_notice(database, task_id)
    gateway.let.set()
    channels = load_channels(channels_file(tmp_path, gateway), tmp_path)
    async with (
        Outbox(database, channels, RealClock(), "s1") as first,
        Outbox(database, channels, RealClock(), "s2") as second,
    ):
        assert all(await asyncio.gather(first.emptied(60), second.emptied(60)))
    assert len(gateway.got) == 1
    assert state_of(database) == PostingState.SENT


async def test_an_outbox_that_ends_finishes_what_it_was_sending(
    database: Database, task_id: int, tmp_path: Path, gateway: Gateway
) -> None:
    owe_notice(database, task_id)
    async with Outbox(database, load_channels(channels_file(tmp_path, gateway), tmp_path), RealClock(), "s1"):
        await asyncio.wait_for(gateway.arrived.wait(), 60)
        asyncio.get_running_loop().call_later(0.2, gateway.let.set)
    assert state_of(database) == PostingState.SENT


async def test_a_notice_whose_sender_was_killed_is_not_sent_again_by_itself(
    database: Database, task_id: int, tmp_path: Path, gateway: Gateway
) -> None:
    owe_notice(database, task_id)
    path = channels_file(tmp_path, gateway)
    url = database.engine.url.render_as_string(hide_password=False)
    sender = await asyncio.create_subprocess_exec(sys.executable, "-c", SENDER, url, str(path), cwd=ROOT)
    await asyncio.wait_for(gateway.arrived.wait(), 60)
    sender.send_signal(signal.SIGKILL)
    await sender.wait()
    assert state_of(database) == PostingState.SENDING
    with database.write() as session:  # its minute is over
        session.execute(update(Notice).values(claimed_until=NOON))
    async with Outbox(database, load_channels(path, tmp_path), RealClock(), "second") as outbox:
        assert await outbox.emptied(60)
    assert state_of(database) == PostingState.UNSURE
    assert len(gateway.got) == 1
    with database.read() as session:
        assert not session.get_one(ReviewTask, task_id).final
        assert session.scalars(select(Event)).all() == []
