"""The operator's page: it says how everything stands, to whom it may, and retries what can be retried."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from campaign.running.condition import Plant
from campaign.running.neighbours import Neighbour, Neighbours, ProcessCondition
from models import Worker
from models.access_tables import AuditEntry
from rules import Post
from speech.load import Load
from telephony.archive import FolderArchive
from telephony.archiving import Archiving
from telephony.recording import RecordingStore
from tests.browser import chromium_page
from tests.conftest import KEY
from tests.console.conftest import Place, SignIn, served
from tests.signing_in import cookies_of, sit_down
from tests.telephony.test_recording import frames, recorded


def test_who_sees_it(as_posts: SignIn) -> None:
    assert as_posts(Post.OPERATOR).get("/health").status_code == 200
    assert as_posts(Post.INSPECTOR, number="9002").get("/health").status_code == 403


def test_troubles_come_with_their_remedy(as_posts: SignIn) -> None:
    text = as_posts(Post.OPERATOR).get("/health").text
    assert "没有在岗的工作进程" in text and "启动 huifang serve" in text
    assert "1 项异常" in text
    assert 'id="retry"' not in text
    assert 'href="/health"' in text


def test_archiving_is_tried_again(as_posts: SignIn, place: Place, tmp_path: Path) -> None:
    archive = FolderArchive(tmp_path / "far")
    store = RecordingStore(tmp_path / "here", KEY, archive)
    other = RecordingStore(tmp_path / "other", KEY)
    (tmp_path / "far").mkdir()
    theirs = recorded(other, "1-1", frames(5)).seal()
    archive.keep(theirs.path, other.folder / theirs.path)
    recorded(store, "1-1", frames(5)).seal()
    archiving = Archiving(store, archive)
    archiving.archive_waiting()
    plant = Plant(place.desk.database, place.desk.clock, tmp_path, store.folder, archiving)
    place.app.state.desk = replace(place.desk, plant=plant)
    operator = as_posts(Post.OPERATOR)
    text = operator.get("/health").text
    assert "录音 1-1" in text and 'id="retry"' in text
    answer = operator.post("/health/archive/retry", follow_redirects=False)
    assert (answer.status_code, archiving.condition().stuck) == (303, ())
    with place.desk.database.read() as session:
        assert [one.subject for one in session.scalars(select(AuditEntry)) if one.act == "archive_retried"] == [
            str(tmp_path / "far")
        ]
    place.app.state.desk = place.desk
    assert operator.post("/health/archive/retry").status_code == 404


def test_recognition_of_every_process_is_on_the_pages(as_posts: SignIn, place: Place, tmp_path: Path) -> None:
    nothing: Any = None
    neighbours = Neighbours(place.desk.database, "calls-01-11-aa", nothing)
    neighbours.others = (
        Neighbour("calls-02（bb）", ProcessCondition(ears=Load(4, 1, 0, 0.3, 0.2))),
        Neighbour("calls-03（cc）", ProcessCondition(ears=Load(2, 2, 7, 1.0, 4.0))),
    )
    plant = Plant(place.desk.database, place.desk.clock, tmp_path, tmp_path, neighbours=neighbours)
    place.app.state.desk = replace(place.desk, plant=plant)
    pages = as_posts(Post.OPERATOR)
    health, dashboard = pages.get("/health").text, pages.get("/").text
    assert "识别负荷 · calls-02（bb）" in health and "跟不上通话" in health
    assert 'id="retry"' not in health
    assert "3/6 个识别线程在忙，近10秒占用 53%，最多落后 4.0 秒" in dashboard
    place.app.state.desk = place.desk
    assert 'id="recogniser"' not in pages.get("/").text


@pytest.mark.browser
def test_it_asks_again_and_keeps_the_focus(place: Place) -> None:
    cookies = cookies_of(place.desk.database, Post.OPERATOR)
    with served(place.app) as address, chromium_page() as page:
        sit_down(page, address, cookies)
        page.goto(f"{address}/health")
        assert page.locator("#workers [data-level=bad]").count() == 1
        now = datetime.now(UTC)
        with place.desk.database.write() as session:
            session.add(Worker(id="h-1-a", host="calls-01", place="", started_at=now, heartbeat_at=now))
        page.locator("#outbox-link").focus()
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # somebody comes back to the page
        page.locator("#workers [data-level=good]").wait_for()
        assert page.evaluate("document.activeElement.id") == "outbox-link"
