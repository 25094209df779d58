"""A manager in a real Chromium: imports clients, draws, has the plan approved by another one, and starts it."""

from __future__ import annotations

import re
from threading import Event

import pytest
from playwright.sync_api import FilePayload, expect
from sqlalchemy import func, select

from campaign.imports.importing import import_file
from campaign.imports.rows import ScriptLike
from console.remembered import Remembered
from models import ReviewTask
from rules import Post
from tests.browser import chromium_page
from tests.campaign.test_import_kinds import EVENTS, event
from tests.console.conftest import Place, served
from tests.signing_in import cookies_of, sit_down

pytestmark = pytest.mark.browser
NO_SCRIPTS: list[ScriptLike] = []


def bought_last_year(place: Place) -> None:
    """The clients' purchases, from the firm's own system."""
    now = place.desk.clock.now()
    rows = [
        event(事件号=f"B{n}", 事件类型="产品购买", 发生时间=f"{now.year - 1}-06-01", 客户号=f"K{n}", 产品代码="R3")
        for n in range(20)
    ]
    with place.desk.database.write() as session:
        for content in ("产品代码,产品名称,风险等级\nR3,安信三号,R3\n", EVENTS + "".join(rows)):
            import_file(session, content.encode(), now=now, scripts=NO_SCRIPTS)


def test_a_manager_imports_has_a_plan_approved_and_starts_it(place: Place) -> None:
    database = place.desk.database
    manager = cookies_of(database, Post.MANAGER, number="8101", name="周岚")
    second = cookies_of(database, Post.MANAGER, number="8102", name="吴涛")
    cookies_of(database, Post.AGENT, number="8002", name="孙敏")
    clients = "客户号,姓名,手机号\n" + "".join(f"K{n},客户,138{n:08}\n" for n in range(20))
    with served(place.app) as address, chromium_page() as page:
        sit_down(page, address, manager)
        page.goto(f"{address}/import")
        file = FilePayload(name="客户.csv", mimeType="text/csv", buffer=clients.encode("gb18030"))
        page.get_by_label("CSV 或 Excel 文件").set_input_files(file)
        page.get_by_role("button", name="预览").click()
        page.locator("#confirm").click()
        page.locator("#done").get_by_text("新增20名").wait_for()
        bought_last_year(place)

        page.goto(f"{address}/duties")
        card = page.locator('[data-quota="suitability"]')
        card.get_by_role("button", name="预览抽取").click()
        expect(page.get_by_role("button", name="确认抽取")).to_be_focused()
        page.keyboard.press("Enter")
        page.get_by_text("怎样核对").wait_for()
        expect(page.locator('[data-figure="抽中"]')).to_have_text("2")
        page.get_by_role("link", name=re.compile("方案")).filter(has_text="制定").click()
        for name, words in (("department", "合规部"), ("executing_department", "客服中心"), ("reviewers", "8002")):
            page.locator(f'[name="{name}"]').fill(words)
        page.get_by_role("button", name="提交").click()
        page.get_by_text("待审批").first.wait_for()
        plan = page.url

        sit_down(page, address, second)
        page.goto(plan)
        page.get_by_role("button", name="审批通过").click()
        page.get_by_role("button", name="开始执行").click()
        page.get_by_text("执行中").first.wait_for()
        page.goto(f"{address}/campaigns")
        row = page.locator("#campaigns tbody tr").first
        expect(row).to_contain_text("执行中")
        expect(row).to_contain_text("适当性")
    with database.read() as session:
        made = select(func.count()).select_from(ReviewTask).where(ReviewTask.number.startswith("P"))
        assert session.scalar(made) == 2


def test_figures_fill_in_once_they_are_counted(place: Place) -> None:
    place.app.state.remembered = kept = Remembered(patience=0.0)
    counting = Event()
    kept.ahead("another question that takes long", lambda: counting.wait(60))
    with served(place.app) as address, chromium_page() as page:
        sit_down(page, address, cookies_of(place.desk.database, Post.MANAGER))
        page.goto(address)
        expect(page.locator("[data-awaited]")).to_have_count(2)
        kept._patience = 60.0
        counting.set()
        page.locator("#duty tbody tr").first.wait_for()
        expect(page.locator("[data-awaited]")).to_have_count(0)
        expect(page.locator("#counted")).to_have_text("统计已完成")
    kept.close()
