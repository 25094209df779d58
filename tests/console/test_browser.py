"""The pages in a real Chromium: live calls appear and go, words are clicked and heard."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page

from campaign.calls.feed import LiveCall, Stage
from rules import Post
from tests.browser import chromium_page
from tests.console.conftest import WORDS, Place, served
from tests.signing_in import cookies_of, sit_down

pytestmark = pytest.mark.browser


@pytest.fixture
def address(place: Place) -> Iterator[str]:
    loops: list[asyncio.AbstractEventLoop] = []

    async def remember_loop() -> None:
        loops.append(asyncio.get_running_loop())

    place.app.router.on_startup.append(remember_loop)
    with served(place.app) as base:
        place.app.state.loop = loops[0]
        yield base


@contextmanager
def inspecting(place: Place, address: str, width: int = 1366) -> Iterator[Page]:
    """A browser at which somebody is signed in who holds all posts."""
    with chromium_page(width) as page:
        sit_down(page, address, cookies_of(place.desk.database, *Post))
        yield page


def tell(place: Place, call: LiveCall) -> None:
    on_its_loop(place, lambda: place.desk.feed.show(call))


def on_its_loop(place: Place, act: Callable[[], None]) -> None:
    told = threading.Event()

    def show() -> None:
        act()
        told.set()

    place.app.state.loop.call_soon_threadsafe(show)
    assert told.wait(60)


def test_a_live_call_appears_changes_and_goes(place: Place, address: str) -> None:
    call = LiveCall("7-1", 7, "T007", "王**", "适当性回访", Stage.DIALLING)
    with inspecting(place, address) as page:
        page.goto(address)
        page.locator("#live-empty").wait_for(state="visible")
        tell(place, call)
        row = page.locator("#live tr")
        row.wait_for()
        assert row.locator("td").all_inner_texts() == ["T007", "王**", "适当性回访", "拨号中", ""]
        talking = LiveCall("7-1", 7, "T007", "王**", "适当性回访", Stage.TALKING, "suitability.self_operated")
        tell(place, talking)
        page.locator("#live").get_by_text("请问账户是您本人操作吗？").wait_for()
        assert page.locator("#live-count").inner_text() == "1"
        tell(place, LiveCall("7-1", 7, "T007", "王**", "适当性回访", Stage.ENDED))
        row.wait_for(state="detached")
        assert page.locator("#live-count").inner_text() == "0"
        elsewhere = LiveCall("8-1", 8, "T008", "王**", "适当性回访", Stage.TALKING, process="calls-02（bb）")
        on_its_loop(place, lambda: place.desk.feed.show_elsewhere([elsewhere]))
        row.wait_for()
        assert row.locator("td").all_inner_texts() == ["T008", "王**", "适当性回访", "通话中\ncalls-02（bb）", ""]
        on_its_loop(place, lambda: place.desk.feed.show_elsewhere([]))
        row.wait_for(state="detached")


def test_clicking_the_clients_words_plays_them(place: Place, address: str) -> None:
    with inspecting(place, address) as page:
        page.goto(f"{address}/calls/{place.call_id}")
        page.wait_for_function("document.getElementById('audio').readyState >= 1")
        assert page.evaluate("document.getElementById('audio').duration") == pytest.approx(12, abs=0.05)
        page.locator("#transcript li", has_text=WORDS).click()
        page.wait_for_function("document.getElementById('audio').currentTime >= 9.2")
        assert page.evaluate("document.getElementById('audio').currentTime") < 12
        assert page.locator("#transcript li.now").inner_text().count(WORDS) == 1


def test_listen_from_here_opens_the_recording_at_the_words(place: Place, address: str) -> None:
    with inspecting(place, address) as page:
        page.goto(f"{address}/escalations")
        page.get_by_role("link", name="从这里听").click()
        page.wait_for_function("document.getElementById('audio').currentTime == 9")


def test_the_keyboard_plays_and_moves(place: Place, address: str) -> None:
    with inspecting(place, address) as page:
        page.goto(f"{address}/calls/{place.call_id}")
        page.wait_for_function("document.getElementById('audio').readyState >= 1")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.getElementById('audio').currentTime >= 3")
        page.keyboard.press("Space")
        page.wait_for_function("!document.getElementById('audio').paused")
        page.keyboard.press("Space")
        page.wait_for_function("document.getElementById('audio').paused")


def test_the_pages_fit_a_desk_and_a_phone(place: Place, address: str) -> None:
    for width in (1366, 390):
        with inspecting(place, address, width=width) as page:
            own = ("/campaigns", "/campaigns/1", "/scripts/suitability", "/cases", "/dnc", "/conflicts")
            for path in ("/", *own, "/calls", f"/calls/{place.call_id}", "/escalations", "/import", "/agent", "/try"):
                page.goto(address + path)
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{path} is {wide} px wide on a screen of {width}"
