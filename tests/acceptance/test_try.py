"""A script talked with by browser: aiortc is the browser, and answers by keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from campaign.demo.demo_firm import demo_clock
from console_app import create_app
from installation import open_works
from rules import Post
from settings import Settings
from telephony.browser import BrowserLines
from tests.acceptance.conftest import spoken_before
from tests.console.agent_floor import serving
from tests.signing_in import cookie_header, cookies_of
from tests.telephony.browserend import Browser
from tests.telephony.farend import WAIT

pytestmark = pytest.mark.audio


@dataclass(frozen=True)
class Base:
    """Where the pages are, and what a trainer's browser sends with every request."""

    address: str
    headers: dict[str, str]


@pytest.fixture
async def base(tmp_path: Path, kept: Path) -> AsyncIterator[Base]:
    spoken_before(tmp_path / "data", kept)
    settings = Settings(data_dir=tmp_path / "data", gateway_port=0)
    async with open_works(settings, demo_clock(1.0)) as works, BrowserLines() as browsers:
        async with serving(create_app(works, "华夏安信证券", browsers)) as address:
            yield Base(address, cookie_header(cookies_of(works.database, Post.TRAINER)))


@asynccontextmanager
async def opened(base: Base) -> AsyncIterator[tuple[ClientConnection, Browser]]:
    browser = Browser()
    try:
        line = base.address.replace("http", "ws") + "/try/line"
        async with connect(line, origin=base.address, additional_headers=base.headers) as page:  # type: ignore[arg-type]
            yield page, browser
    finally:
        await browser.close()


async def hear(page: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(120):
        news: dict[str, Any] = json.loads(await page.recv())
        return news


async def test_the_bot_calls_speaks_takes_keys_and_parts(base: Base) -> None:
    async with opened(base) as (page, browser):
        await page.send(json.dumps({"kind": "try", "script": "suitability", "sdp": await browser.offer()}))
        await browser.accept((await hear(page))["sdp"])
        opening = await hear(page)
        assert (opening["kind"], opening["speaker"]) == ("line", "机器人")
        spoken = await browser.hear(2.0)
        assert np.abs(spoken.astype(int)).max() > 3000
        browser.keys.send("0")  # a person, please
        lines = [opening]
        while (news := await hear(page))["kind"] == "line":
            lines.append(news)
        assert news == {"kind": "ended", "why": "通话已结束"}
        assert {"kind": "line", "speaker": "客户", "text": "（按键 0）"} in lines
        assert any("转接专员" in line["text"] for line in lines)
        assert "回电" in lines[-1]["text"]  # nobody is fetched for a trial


async def test_what_cannot_be_tried_is_refused_in_words(base: Base) -> None:
    async with opened(base) as (page, browser):
        await page.send(json.dumps({"kind": "try", "script": "nothing", "sdp": await browser.offer()}))
        await browser.accept((await hear(page))["sdp"])
        assert "没有已发布的版本" in (await hear(page))["why"]
    for message in ("{}", json.dumps({"kind": "try", "script": "suitability", "sdp": "v=0"})):
        async with opened(base) as (page, browser):
            await page.send(message)
            assert (await hear(page))["kind"] == "ended"


async def test_a_page_that_closes_hangs_up(base: Base) -> None:
    async with opened(base) as (page, browser):
        await page.send(json.dumps({"kind": "try", "script": "suitability", "sdp": await browser.offer()}))
        await browser.accept((await hear(page))["sdp"])
        await hear(page)
        await page.close()
        await asyncio.wait_for(browser.gone.wait(), WAIT)
