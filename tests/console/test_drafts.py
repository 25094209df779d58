"""What was typed into a form outlives every other form of its page, in a real browser; nobody else ever sees it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from models import Inspection
from models.inspecting_scores import lay_out_cards
from rules import Post
from rules.scorecards import BOT_CARD
from tests.browser import chromium_page
from tests.conftest import NOON
from tests.console.conftest import Place, SignIn, served
from tests.signing_in import cookies_of, sit_down

pytestmark = pytest.mark.browser


def drafts(page: Page) -> list[str]:
    kept: list[str] = page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('draft '))")
    return kept


def marked(page: Page, item: str) -> bool:
    return page.locator(f"#score-form [name='mark.{item}'][value=half]").is_checked()


def test_a_scorecard_outlives_comments_reloads_and_refusals_until_it_is_taken(place: Place, as_posts: SignIn) -> None:
    with place.desk.database.write() as session:
        lay_out_cards(session, NOON)
    as_posts(Post.INSPECTOR, number="2001", name="周岚").post("/inspections/next")
    with place.desk.database.read() as session:
        key = f"draft 2001 score-{session.scalars(select(Inspection.id)).one()}"
    mine = cookies_of(place.desk.database, Post.INSPECTOR, number="2001", name="周岚")
    others = cookies_of(place.desk.database, Post.INSPECTOR, number="2002", name="吴越")
    call = f"/calls/{place.call_id}"
    with served(place.app) as address, chromium_page() as page:
        sit_down(page, address, mine)
        page.goto(address + call)
        page.locator("#score-form [name='mark.clear'][value=half]").check()
        page.locator("#note-whole").fill("语速偏快")
        page.locator("#comment [name=words]").fill("这里停顿过长")
        page.locator("#comment button").click()
        page.get_by_text("这里停顿过长").wait_for()
        assert marked(page, "clear") and page.locator("#note-whole").input_value() == "语速偏快"
        page.reload()
        assert marked(page, "clear") and page.locator("#note-whole").input_value() == "语速偏快"
        page.get_by_role("button", name="提交评分").click()
        page.get_by_text("还没有评分").wait_for()
        page.goto(address + call)
        assert page.locator("#note-whole").input_value() == "语速偏快"
        for item in BOT_CARD.items:
            page.locator(f"#score-form [name='mark.{item.id}'][value=half]").check()
            page.locator(f"#score-form [name='note.{item.id}']").fill("见录音")
        page.get_by_role("button", name="提交评分").click()
        page.locator("#points").wait_for()
        assert drafts(page) == []
        page.evaluate("(key) => sessionStorage.setItem(key, '{}')", key)
        page.context.clear_cookies()
        sit_down(page, address, others)
        page.goto(address + call)
        assert drafts(page) == []
        page.evaluate("sessionStorage.setItem('draft 2002 people-1', '{}')")
        page.get_by_role("button", name="退出").click()
        page.get_by_role("heading", name="登录").wait_for()
        assert drafts(page) == []
