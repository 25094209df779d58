"""A supervisor's list of live calls in a real Chromium: whose they are, where they are, and buttons that stay put."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from campaign.calls.feed import LiveCall, Stage
from rules import Post
from tests.browser import chromium_page, microphone
from tests.console.agent_floor import floor
from tests.console.conftest import Place
from tests.console.test_agent_page import beeps
from tests.signing_in import cookies_of, sit_down

pytestmark = pytest.mark.browser

CALL = LiveCall("7-1", 7, "T7", "王**", "适当性回访", Stage.TALKING)


async def test_calls_of_every_process_with_buttons_that_stay_while_calls_change(place: Place, tmp_path: Path) -> None:
    feed = place.desk.feed
    cookies = cookies_of(place.desk.database, Post.MANAGER, number="9001", name="方圆")
    wav = beeps(tmp_path / "microphone.wav")
    async with floor(place, tmp_path / "agents") as on:
        loop = asyncio.get_running_loop()

        def change(question: str) -> None:
            feed.change("7-1", question=question)

        def work() -> None:
            with chromium_page(flags=microphone(wav)) as page:
                sit_down(page, on.base, cookies)
                page.goto(f"{on.base}/agent#call-8-1")
                page.click("#begin")
                rows = page.locator("#live-calls tr")
                rows.nth(2).wait_for()
                button = page.locator("[data-act='7-1-listen']").element_handle()
                loop.call_soon_threadsafe(change, "suitability.self_operated")
                page.get_by_text("请问账户是您本人操作吗？").wait_for()
                assert button.evaluate("one => one.isConnected")
                led = page.locator("[data-act='8-1-elsewhere']")
                assert led.get_attribute("href") == "https://hf2/agent#call-8-1"
                assert "calls-02（bb）" in led.inner_text()
                assert "table-active" in (rows.nth(1).get_attribute("class") or "")
                assert "没有公布控制台地址" in rows.nth(2).inner_text()
                page.fill("#find-live", "calls-03")
                page.wait_for_function("document.querySelectorAll('#live-calls tr:not([hidden])').length === 1")
                page.fill("#find-live", "谁也不是")
                page.get_by_text("没有找到这样的通话。").wait_for()
                page.fill("#find-live", "")
                button.click()
                page.locator("#trouble", has_text="这通电话已经结束").wait_for()

        feed.show(CALL)
        there = replace(CALL, call_id="8-1", process="calls-02（bb）", console="https://hf2")
        feed.show_elsewhere([there, replace(there, call_id="9-1", process="calls-03（cc）", console="")])
        await asyncio.to_thread(work)
