"""The questionnaire on a telephone's screen, filled in by a client in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Page
from sqlalchemy import select

from bot.script import load_script
from campaign.calls.feed import Feed
from campaign.clock import RealClock
from campaign.house import House
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from console import AskedWords, Desk, add_pages
from intents import load_matcher
from models import Attempt, Database, ReviewTask
from telephony.recording import RecordingStore
from tests.browser import chromium_page
from tests.conftest import KEY, publish
from tests.console.axe import faults
from tests.console.conftest import served

pytestmark = pytest.mark.browser

PHONE = (390, 844)
ANSWERS = ["是", "是", "是", "是", "否", "是", "不清楚", "否"]  # suitability in its order
STORED = ["yes", "yes", "yes", "yes", "no", "yes", "unsure", "no"]


@pytest.fixture
def forms(database: Database, task_id: int) -> Forms:
    publish(database, "suitability")
    house = House("华夏安信证券", "客户服务中心", "8001", "95500")
    return Forms(database, Shelf(database), house, RealClock(), load_matcher(), "", "w1")


@pytest.fixture
def link(forms: Forms, task_id: int, tmp_path: Path) -> Iterator[str]:
    """The address of the task's form on a running server."""
    app = FastAPI(openapi_url=None)
    add_pages(app)
    scripts = {"suitability": load_script("suitability")}
    store = RecordingStore(tmp_path / "recordings", KEY)
    asked = AskedWords(lambda: scripts)
    app.state.desk = Desk(forms.database, store, Feed(), forms.clock, "华夏安信证券", asked, forms=forms)
    with forms.database.write() as session:
        path = forms.invite(session, session.get_one(ReviewTask, task_id))
    with served(app) as base:
        yield base + path


def begin(page: Page, link: str) -> None:
    page.goto(link)
    assert "单小明" not in page.content()
    assert "购买金融产品" not in page.content()
    page.get_by_label("请输入您的姓名").fill("单小明")
    page.get_by_role("button", name="开始").click()
    page.get_by_text("请问账户是您本人操作吗？").wait_for()


def tick(page: Page, label: str) -> None:
    page.get_by_label(label, exact=True).check()
    page.get_by_role("button", name="下一题").click()


def test_a_client_fills_the_form_in_and_mends_an_answer(link: str, forms: Forms, task_id: int) -> None:
    with chromium_page(*PHONE) as page:
        page.goto(link)
        wrong = faults(page, "name")
        begin(page, link)
        wrong += faults(page, "question")
        for answer in ANSWERS:
            tick(page, answer)
        tick(page, "我已阅读")
        page.get_by_role("heading", name="请核对您的回答").wait_for()
        assert not [*wrong, *faults(page, "answers")]
        assert page.locator("li", has_text="上述违规行为").get_by_text("不允许发生违规代客操作").is_visible()
        page.locator("li", has_text="风险揭示书").get_by_role("link", name="修改").click()
        assert page.get_by_label("否", exact=True).is_checked()
        tick(page, "是")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.get_by_role("button", name="提交").click()
        page.get_by_role("heading", name="已收到").wait_for()
        page.goto(link)
        page.get_by_role("heading", name="已收到").wait_for()
    with forms.database.read() as session:
        attempt = session.scalars(select(Attempt)).one()
        stored = [answer.value for answer in sorted(attempt.answers, key=lambda answer: answer.id)]
        assert stored == [*STORED[:4], "yes", *STORED[5:]]
        assert session.get_one(ReviewTask, task_id).status == "已完成：已回访"


def test_a_client_who_takes_no_part_says_so_twice(link: str, forms: Forms, task_id: int) -> None:
    with chromium_page(*PHONE) as page:
        begin(page, link)
        page.get_by_text("不参加回访").click()
        page.get_by_role("button", name="确定不参加").click()
        page.get_by_role("heading", name="已收到").wait_for()
    with forms.database.read() as session:
        assert session.get_one(ReviewTask, task_id).status == "未完成：拒绝回访"


def test_another_name_opens_nothing(link: str) -> None:
    with chromium_page(*PHONE) as page:
        page.goto(link)
        page.get_by_label("请输入您的姓名").fill("<script>王小明")
        page.get_by_role("button", name="开始").click()
        page.get_by_role("alert").wait_for()
        assert "不符" in page.get_by_role("alert").inner_text()
        assert page.get_by_label("请输入您的姓名").is_visible()


@pytest.mark.parametrize("last", ["1.aaaa", "x", "99999999999999999999.a", "%00", "1"])
def test_a_link_that_is_not_ours_is_told_so(link: str, last: str) -> None:
    answer = httpx.get(f"{link.rpartition('/')[0]}/{last}")
    assert answer.status_code == 404
    assert "链接不正确" in answer.text


def test_no_answer_is_taken_without_the_name(link: str, forms: Forms, task_id: int) -> None:
    """The link alone, forwarded or guessed from a log, gives and shows nothing."""
    data = {"node": "suitability.self_operated", "value": "no"}
    assert httpx.post(f"{link}/answer", data=data).headers["location"] == f"/q/{link.rpartition('/')[2]}"
    assert httpx.post(f"{link}/refuse").status_code == 303
    with forms.database.read() as session:
        assert session.scalars(select(Attempt)).all() == []
        assert session.get_one(ReviewTask, task_id).status == "待回访"


def test_the_pages_carry_nothing_but_what_they_need(link: str) -> None:
    answer = httpx.get(link)
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "no-referrer" in answer.text
