"""Reviews by people in a real browser: taken, asked question by question, written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Page
from sqlalchemy import select

from bot.script import load_script
from campaign.calls.feed import Feed
from campaign.clock import Clock
from campaign.house import House
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from console import AskedWords, Desk, add_pages
from intents import load_matcher
from models import Attempt, Database, HumanReview, ReviewTask
from rules import Post
from telephony.recording import RecordingStore
from tests import signing_in
from tests.browser import chromium_page
from tests.campaign.test_questionnaires import Later
from tests.conftest import KEY, NOON, publish
from tests.console.conftest import served
from tests.signing_in import cookies_of

pytestmark = pytest.mark.browser

AFTERNOON = NOON + timedelta(hours=2)  # noon is within the lunch break


@pytest.fixture
def clock() -> Clock:
    made = Later()
    made.at = AFTERNOON
    return made


@pytest.fixture
def forms(database: Database, task_id: int, clock: Clock) -> Forms:
    """One task waits for a person."""
    publish(database, "suitability")
    with database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.with_human, task.due_at, task.trouble = True, None, "R5应由人工回访（§5.2.1、§5.2.2）"
        task.deadline_at = AFTERNOON + timedelta(days=3)
    house = House("华夏安信证券", "客户服务中心", "8001", "95500")
    return Forms(database, Shelf(database), house, clock, load_matcher(), "https://hf.example.com", "w1")


@pytest.fixture
def address(forms: Forms, tmp_path: Path) -> Iterator[str]:
    app = FastAPI(openapi_url=None)
    add_pages(app)
    scripts = {"suitability": load_script("suitability")}
    store = RecordingStore(tmp_path / "recordings", KEY)
    asked = AskedWords(lambda: scripts)
    app.state.desk = Desk(forms.database, store, Feed(), forms.clock, "华夏安信证券", asked, forms=forms)
    with served(app) as base:
        yield base


AGENTS = {"8002": "孙敏", "8003": "李静"}


def agent(forms: Forms, number: str = "8002") -> dict[str, str]:
    """The cookies of an agent's browser."""
    return cookies_of(forms.database, Post.AGENT, number=number, name=AGENTS[number])


def browsing(forms: Forms, address: str, number: str = "8002") -> httpx.Client:
    return httpx.Client(base_url=address, follow_redirects=True, cookies=agent(forms, number))


def sit_down(page: Page, address: str, forms: Forms) -> None:
    signing_in.sit_down(page, address, agent(forms))
    page.goto(f"{address}/people")


def take(page: Page) -> None:
    page.get_by_role("button", name="领取", exact=True).click()
    page.get_by_role("button", name="开始通话").wait_for()


def test_an_agent_takes_a_task_asks_and_writes_it_down(address: str, forms: Forms, task_id: int) -> None:
    with chromium_page() as page:
        signing_in.sit_down(page, address, cookies_of(forms.database, Post.MANAGER))
        page.goto(f"{address}/people")
        assert "单**" in page.locator("#people").inner_text()
        assert "单小明" not in page.content()
        assert page.get_by_role("button", name="领取", exact=True).count() == 0
        sit_down(page, address, forms)
        take(page)
        assert page.get_by_role("heading", name="单小明先生").is_visible()
        assert "13800001111" not in page.content()
        page.get_by_role("button", name="开始通话").click()
        for answer in ("是", "是", "是", "是", "否", "是", "不清楚", "否", "已宣读"):
            page.locator("form[aria-current]").get_by_role("button", name=answer, exact=True).click()
            page.wait_for_load_state()
        page.get_by_label("已回访").check()
        page.get_by_role("button", name="登记结果").click()
        page.get_by_text("您手上没有任务").wait_for()
        page.goto(f"{address}/calls")
        assert "人工电话" in page.locator("#calls").inner_text()
    with forms.database.read() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.method, attempt.outcome) == ("human_call", "reviewed")
        stored = [answer.value for answer in attempt.answers]
        assert sorted(stored) == sorted(["yes", "yes", "yes", "yes", "no", "yes", "unsure", "no"])
        assert session.get_one(ReviewTask, task_id).status == "已完成：已回访"


def test_a_closed_browser_loses_nothing(address: str, forms: Forms) -> None:
    """At a telephone's width, one question at a time."""
    with chromium_page() as page:
        sit_down(page, address, forms)
        take(page)
        page.get_by_role("button", name="开始通话").click()
        page.locator("form[aria-current]").get_by_role("button", name="否", exact=True).click()
        page.get_by_text("已答 1").wait_for()
    with chromium_page(390, 844) as page:
        sit_down(page, address, forms)
        page.get_by_role("link", name="我领取的").click()
        page.get_by_role("link", name="继续通话").click()
        page.get_by_role("link", name="逐题").click()
        page.get_by_role("link", name="上一题").click()
        assert page.get_by_role("button", name="否", exact=True).get_attribute("aria-pressed") == "true"
        page.get_by_role("button", name="是", exact=True).click()
        page.get_by_label("电话占线").check()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name="登记结果").click()
        page.get_by_text("您手上没有任务").wait_for()


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(address: str, forms: Forms) -> None:
    with chromium_page() as page:
        sit_down(page, address, forms)
        take(page)
        page.get_by_role("button", name="开始通话").click()
        page.get_by_label("已回访").check()
        page.get_by_label("备注、客户原话").fill("<b>晚点再打</b>")
        page.locator("form[aria-current]").get_by_role("button", name="是", exact=True).click()
        page.get_by_text("已答 1").wait_for()
        assert page.get_by_label("备注、客户原话").input_value() == "<b>晚点再打</b>"
        assert page.get_by_label("已回访").is_checked()
        page.get_by_role("button", name="登记结果").click()
        assert "还有问题没有回答" in page.get_by_role("alert").inner_text()
        assert page.get_by_label("备注、客户原话").input_value() == "<b>晚点再打</b>"
        assert page.get_by_label("已回访").is_checked()
        page.get_by_label("非本人接听", exact=True).check()
        page.get_by_label("非本人接听：客户的新号码").fill("12")
        page.get_by_role("button", name="登记结果").click()
        assert "不是有效的电话号码" in page.get_by_role("alert").inner_text()


def test_only_the_taker_sees_the_client_and_gives_back(address: str, forms: Forms, task_id: int) -> None:
    with browsing(forms, address) as first, browsing(forms, address, "8003") as second:
        assert "单小明" in first.post(f"/people/take/{task_id}").text
        again = second.post(f"/people/take/{task_id}")
        assert (again.status_code, "刚刚被别人领取" in again.text) == (409, True)
        with forms.database.read() as session:
            id_ = session.scalars(select(HumanReview.id)).one()
        other = second.get(f"/people/{id_}")
        assert "单小明" not in other.text
        assert "孙敏手上" in other.text
        for act in ("begin", "back", "answer", "record"):
            assert second.post(f"/people/{id_}/{act}", data={"node": "x", "outcome": "busy"}).status_code == 409
        assert "没有需要人工回访的任务" in first.get("/people").text
        assert "没有需要人工回访的任务" not in first.post(f"/people/{id_}/back").text


def test_what_is_not_there(address: str, forms: Forms) -> None:
    with browsing(forms, address) as client:
        assert client.get("/people/99").status_code == 404


def test_a_persons_call_is_shown_as_one(address: str, forms: Forms, task_id: int) -> None:
    with browsing(forms, address) as client:
        taken = client.post(f"/people/take/{task_id}").url.path
        client.post(f"{taken}/begin")
        client.post(f"{taken}/answer", data={"node": "suitability.self_operated", "value": "no"})
        client.post(f"{taken}/record", data={"outcome": "hung_up", "note": "单小明说晚点再说"})
        text = client.get(f"/calls/{task_id}-1").text
    for shown in (
        "人工电话",
        "坐席登记",
        "8002 孙敏",
        "单**说晚点再说",
        "未完成：客户挂断",
        "非本人操作",
        "人工通话没有文字记录",
    ):
        assert shown in text, shown
    for hidden in ("单小明", "通话质量", "SIP / Q.850", "100%"):
        assert hidden not in text, hidden
