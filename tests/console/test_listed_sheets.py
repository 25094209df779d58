"""Lists of people's work as spreadsheets, and what they are narrowed to: nobody is named, every export is logged."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from models import AuditEntry, Customer, IncomingCall, Notice, ReviewTask
from rules import Post
from tests.conftest import NOON
from tests.console.conftest import WORDS, Place, SignIn

NAME, MASKED = "单小明", "单**"


@pytest.fixture
def pages(place: Place, as_posts: SignIn) -> TestClient:
    """A manager's browser; one client has called, and is to be told and called by a person."""
    with place.desk.database.write() as session:
        task = session.scalars(select(ReviewTask)).one()
        task.with_human, task.due_at = True, None
        session.add(
            Notice(task_id=task.id, kind="review_sms", channel="sms", text="您好", state="sent", created_at=NOON)
        )
        client_id = session.scalars(select(Customer.id)).one()
        for no, (caller, client) in enumerate((("139****9999", None), ("138****1111", client_id))):
            at = NOON + timedelta(minutes=no)
            call = {"call_id": f"in-{no}", "at": at, "trunk": "main", "treatment": "tell", "reason": "unknown"}
            session.add(IncomingCall(caller=caller, customer_id=client, **call))
    return as_posts(Post.MANAGER)


def rows(pages: TestClient, path: str, **narrowed: str) -> list[dict[str, str]]:
    answer = pages.get(path, params=narrowed)
    assert answer.status_code == 200, path
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/incoming.csv", {"来电号码": "138****1111", "处理": "告知客服电话", "时间": "2026-11-20 12:01:00"}),
        ("/escalations.csv", {"客户原话": WORDS, "状态": "待处理"}),
        ("/outbox.csv", {"内容": "回访告知", "方式": "短信"}),
        ("/people.csv", {"任务": "T001"}),
    ],
)
def test_a_list_becomes_a_spreadsheet(pages: TestClient, place: Place, path: str, shown: dict[str, str]) -> None:
    (first, *_) = rows(pages, path)
    assert {head: first[head] for head in shown} == shown
    assert first["客户"] == MASKED
    assert NAME not in pages.get(path).text
    with place.desk.database.read() as session:
        assert session.scalars(select(AuditEntry.act).where(AuditEntry.act == "exported")).all() == ["exported"] * 2


@pytest.mark.parametrize("path", ["/incoming", "/escalations", "/outbox"])
def test_a_search_narrows_the_page_and_the_spreadsheet_alike(pages: TestClient, path: str) -> None:
    wanted = "T001" if path == "/outbox" else NAME
    assert len(rows(pages, f"{path}.csv", q=wanted)) == 1
    assert MASKED in pages.get(path, params={"q": wanted}).text
    assert rows(pages, f"{path}.csv", q="没有这个人") == []
    assert "没有" in pages.get(path, params={"q": "没有这个人"}).text
    assert f'href="{path}.csv?' in pages.get(path, params={"q": wanted}).text


def test_the_sheet_of_peoples_reviews_is_narrowed_as_its_page(pages: TestClient) -> None:
    assert [one["任务"] for one in rows(pages, "/people.csv", q=NAME, state="now")] == ["T001"]
    assert rows(pages, "/people.csv", state="taken") == []
    assert rows(pages, "/people.csv", review_type="conduct") == []


def test_calls_that_came_are_narrowed_by_line_and_by_what_was_done(pages: TestClient) -> None:
    assert len(rows(pages, "/incoming.csv", q="main")) == 2
    assert len(rows(pages, "/incoming.csv", treatment="tell")) == 2
    assert rows(pages, "/incoming.csv", treatment="serve") == []
