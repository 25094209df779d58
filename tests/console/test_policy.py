"""The pages in a real Chromium under their own Content-Security-Policy: signed in by hand, nothing reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page
from sqlalchemy import select, update

from campaign.house import House
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from console.passwords import hash_of
from intents import load_matcher
from models import AuditEntry, ReviewPlan, SignedInSession
from models.access import IDLE, add_user
from rules import Post
from tests.browser import chromium_page
from tests.console.conftest import Place, served

pytestmark = pytest.mark.browser

PASSWORD = "四个 不相干 的词 好记"
PAGES = (
    "/ /campaigns /calls /incoming /escalations /cases /dnc /conflicts /duties /plans/new /people /outbox /scripts"
    " /inspections /results /scorecards /agent /try /import /health /users /log /account /nothing"
).split()
# Each page keeps what its policy refused, also while it was being loaded.
WATCH = """
window.refused = [];
addEventListener("securitypolicyviolation", (event) => refused.push(`${event.violatedDirective} ${event.sourceFile}`));
"""
# The player brings its style within the script; the page links the same style from a file instead.
LINKED_INSTEAD = "style-src-elem /static/vendor/wavesurfer.esm.js"


def refused(page: Page, address: str) -> list[str]:
    found: list[str] = page.evaluate("window.refused")
    return [what for what in (one.replace(address, "") for one in found) if what != LINKED_INSTEAD]


@pytest.fixture
def desk(place: Place, light_hashing: None) -> Place:
    """周岚 may sign in, and holds every post."""
    database, clock = place.desk.database, place.desk.clock
    with database.write() as session:
        hashed, now = hash_of(PASSWORD), datetime.now(UTC)
        add_user(session, "8101", "周岚", list(Post), password_hash=hashed, must_change=False, now=now)
    house = House("华夏安信证券", "客户服务中心", "8001", "95500")
    forms = Forms(database, Shelf(database), house, clock, load_matcher(), "https://hf.example.com", "w")
    place.app.state.desk = replace(place.desk, forms=forms)
    return place


def sign_in(page: Page) -> None:
    page.get_by_label("工号").fill("8101")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def test_the_pages_need_nothing_that_their_policy_forbids(desk: Place) -> None:
    with served(desk.app) as address, chromium_page() as page:
        page.add_init_script(WATCH)
        page.goto(f"{address}/calls/{desk.call_id}")
        sign_in(page)
        page.get_by_text("查看明文").click()
        page.get_by_label("查看明文的原因").fill("客户来电核实身份")
        page.get_by_role("button", name="查看", exact=True).click()
        page.get_by_text("单小明先生 13800001111").wait_for()
        found = {"call": refused(page, address)}
        for path in PAGES:
            page.goto(address + path)
            found[path] = refused(page, address)
        assert {path: what for path, what in found.items() if what} == {}
    with desk.desk.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "revealed")).one()
        assert (entry.subject, entry.reason) == ("客户 C001", "客户来电核实身份")


def test_what_was_typed_outlives_the_session(desk: Place) -> None:
    with served(desk.app) as address, chromium_page() as page:
        page.goto(f"{address}/plans/new")
        sign_in(page)
        page.get_by_label("方案名称").fill("方案 <一> & “二” 🙂")
        page.get_by_label("回访客户范围").fill("第一行\n第二行")
        page.get_by_label("适当性").check()
        with desk.desk.database.write() as session:
            session.execute(update(SignedInSession).values(seen_at=datetime.now(UTC) - IDLE))
        page.get_by_role("button", name="存为草稿").click()
        page.get_by_text("刚才填写的内容会在登录后提交").wait_for()
        sign_in(page)
        page.get_by_role("heading", name="方案 <一> & “二” 🙂").wait_for()
    with desk.desk.database.read() as session:
        plan = session.scalars(select(ReviewPlan)).one()
        assert plan.content["scope"].splitlines() == ["第一行", "第二行"]
        assert plan.content["review_types"] == ["suitability"]
