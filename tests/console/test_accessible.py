"""The pages by the rules of WCAG 2.2 AA as axe-core checks them, light and dark, and worked by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from rules import Post
from tests.browser import chromium_page
from tests.console.axe import faults
from tests.console.conftest import Place, served
from tests.signing_in import cookies_of, sit_down

pytestmark = pytest.mark.browser

# One of each kind: figures, lists with and without rows, a replay, forms, findings.
PAGES = (
    "/",
    "/calls/{call}",
    "/calls?risky=1&risk=complaint",
    "/inspections",
    "/duties",
    "/cases/new?call={call}",
    "/dnc?q=13800001111",
    "/agent",
    "/import",
    "/health",
)


def test_everybody_can_read_and_use_the_pages(place: Place) -> None:
    found: list[str] = []
    with served(place.app) as address, chromium_page() as page:
        page.goto(f"{address}/login")
        found += faults(page, "/login")
        sit_down(page, address, cookies_of(place.desk.database, *Post))
        for path in PAGES:
            answer = page.goto(address + path.format(call=place.call_id))
            assert answer is not None
            assert answer.status == 200, path
            found += faults(page, path)
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"{address}/escalations")
        found += faults(page, "/escalations")
        work_by_keys(page, address)
    assert not found


def work_by_keys(page: Page, address: str) -> None:
    """A list from the address bar to a call, without a mouse."""
    page.goto(f"{address}/calls")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="跳到正文")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    help_button = page.get_by_role("button", name="快捷键")
    help_button.focus()
    page.keyboard.press("Enter")
    keys = page.get_by_role("dialog", name="快捷键")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(help_button).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("查找")).to_be_focused()
    page.keyboard.press("j")  # typed, not a key of the page
    expect(page.get_by_label("查找")).to_have_value("j")
    page.locator("#main").focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls/1-1")
    page.wait_for_load_state("networkidle")  # nothing is under way when the server is stopped
