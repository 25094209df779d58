"""A process that is told to end by a signal: at work, and with pages open."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from aiohttp import ClientConnectorError, ClientResponse, ClientSession

from campaign.running.ending import AT_ONCE, until_told
from models import Database
from rules import Post
from tests.campaign.test_kills import ROOT
from tests.ports import free_port
from tests.signing_in import cookies_of

WAIT = 300.0


@asynccontextmanager
async def serving(folder: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """`huifang serve` on a data folder of its own."""
    settings = {
        "HUIFANG_DATA_DIR": str(folder), "HUIFANG_PORT": str(port), "HUIFANG_GATEWAY_PORT": str(free_port()),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import sys, huifang; sys.exit(huifang.main())", "serve",
        cwd=ROOT, env=os.environ | settings, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def watched(browser: ClientSession, address: str) -> ClientResponse:
    """The live news of a server, again while it is not yet up."""
    while True:
        try:
            return await browser.get(address)
        except ClientConnectorError:
            await asyncio.sleep(0.1)


async def test_a_server_tells_the_open_pages_and_ends(tmp_path: Path, migrated: Path) -> None:
    opened = Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'huifang.db')}")
    cookies = cookies_of(opened, Post.MANAGER)
    opened.close()
    port = free_port()
    async with (
        asyncio.timeout(WAIT),
        serving(tmp_path, port) as process,
        ClientSession(cookies=cookies) as browser,
        await watched(browser, f"http://127.0.0.1:{port}/live") as news,
    ):
        assert json.loads((await news.content.readline()).removeprefix(b"data:"))["kind"] == "picture"
        process.terminate()
        rest = (await news.content.read()).decode().split()
        assert json.loads("".join(rest).removeprefix("data:")) == {"kind": "closing"}
        _, said = await process.communicate()
        assert process.returncode == 0
        assert "正在停止" in said.decode() and "Traceback" not in said.decode()
    with closing(sqlite3.connect(tmp_path / "huifang.db")) as left:
        assert left.execute("SELECT count(*) FROM worker WHERE ended_at IS NULL").fetchone() == (0,)


async def test_the_second_signal_breaks_off_and_what_was_open_is_closed() -> None:
    said: list[str] = []
    asked, closed = asyncio.Event(), asyncio.Event()

    async def work() -> str:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asked.wait()
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            closed.set()
        return "done"

    async with asyncio.timeout(WAIT):
        assert await until_told(work(), said.append, asked, 90.0) is None
    assert closed.is_set() and said[-1] == AT_ONCE and "90秒" in said[0]


async def test_who_waits_for_nothing_is_broken_off_by_the_first_signal() -> None:
    async def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    said: list[str] = []
    async with asyncio.timeout(WAIT):
        await until_told(work(), said.append)
    assert said == [AT_ONCE]
