"""What waits to be sent, as people see and settle it; and results that people correct."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from campaign.house import House
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from intents import load_matcher
from models import Answer, Attempt, Correction, Event, Notice
from models.questionnaire_tables import Questionnaire
from models.scripts import published_version
from rules import Post
from tests.conftest import NOON
from tests.console.conftest import Place, SignIn

TEXT = "【华夏安信证券】尊敬的客户，请致电95500。"


@pytest.fixture
def pages(place: Place, task_id: int, as_posts: SignIn) -> TestClient:
    """The settled call of a task, one notice and one event of every state; 周岚 inspects."""
    database = place.desk.database
    house = House("华夏安信证券", "客户服务中心", "8001", "95500")
    clock = place.desk.clock
    forms = Forms(database, Shelf(database), house, clock, load_matcher(), "https://hf.example.com", "w")
    place.app.state.desk = replace(place.desk, forms=forms)
    with database.write() as session:
        version = published_version(session, "suitability")
        assert version is not None
        session.execute(update(Answer).values(script_hash=version.hash))
        common = {"task_id": task_id, "created_at": NOON}
        for no, state in enumerate(("waiting", "sending", "sent", "unsure", "failed", "by_hand", "told")):
            session.add(Notice(kind=f"kind{no}", channel="sms", text=TEXT, state=state, **common))
            body = {"status": "未完成：转人工", "final": False, "reason": "客户需要人工处理"}
            session.add(Event(key=f"e{no}", kind="task.status_changed", body=body, state=state, **common))
    return as_posts(Post.INSPECTOR, number="8101", name="周岚")


def state_of(place: Place, kind: str) -> tuple[str, str]:
    with place.desk.database.read() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == kind)).one()
        return notice.state, notice.told_by


def test_every_state_is_counted_and_narrows_the_list(pages: TestClient) -> None:
    text = pages.get("/outbox").text
    for label in ("待发送", "发送中", "已发送", "待确认是否已发送", "发送失败", "待人工告知", "已人工告知"):
        assert f"{label} <span" in text, label
    for state, kind in (("failed", "kind4"), ("by_hand", "kind5"), ("waiting", "kind0")):
        listed = pages.get("/outbox", params={"state": state}).text.partition('id="postings"')[2]
        assert [no for no in range(7) if f"kind{no}" in listed] == [int(kind[-1])]
    listed = pages.get("/outbox", params={"state": "person"}).text.partition('id="postings"')[2]
    assert [no for no in range(7) if f"kind{no}" in listed] == [3, 4, 5]
    assert "没有符合条件的告知" in pages.get("/outbox", params={"q": "T999"}).text
    assert "登记状态变更" in pages.get("/outbox", params={"what": "event"}).text


def test_texts_are_shown_only_to_who_asks(pages: TestClient, place: Place) -> None:
    listed = pages.get("/outbox").text
    assert TEXT not in listed
    assert "单小明" not in listed
    assert "138****1111" in listed
    with place.desk.database.read() as session:
        notice, event = session.scalars(select(Notice.id)).first(), session.scalars(select(Event.id)).first()
    assert pages.get("/outbox", params={"show": str(notice)}).text.count(TEXT) == 1
    assert "客户需要人工处理" in pages.get("/outbox", params={"what": "event", "show": str(event)}).text


def test_a_person_settles_what_waits_for_one(pages: TestClient, place: Place) -> None:
    with place.desk.database.read() as session:
        ids = {notice.kind: notice.id for notice in session.scalars(select(Notice))}
    pages.post(f"/outbox/notice/{ids['kind5']}/told")
    assert state_of(place, "kind5") == ("told", "周岚（8101）")
    pages.post(f"/outbox/notice/{ids['kind4']}/again")
    assert state_of(place, "kind4") == ("waiting", "周岚（8101）")
    for kind, act in (("kind5", "told"), ("kind4", "again"), ("kind2", "again"), ("kind1", "told")):
        answer = pages.post(f"/outbox/notice/{ids[kind]}/{act}")
        assert (answer.status_code, "状态已经变化" in answer.text) == (409, True), kind
    assert pages.post("/outbox/notice/999/told").status_code == 404
    assert pages.post(f"/outbox/notice/{ids['kind3']}/drop").status_code == 404


def correct(pages: TestClient, place: Place, value: str = "yes", reason: str = "<i>听错</i>", seen: int = 0) -> str:
    with place.desk.database.read() as session:
        answer_id = session.scalars(select(Answer.id)).one()
    data = {"value": value, "reason": reason, "seen": str(seen)}
    return pages.post(f"/calls/{place.call_id}/answers/{answer_id}/correct", data=data).text


def test_a_corrected_answer_shows_both_values(pages: TestClient, as_posts: SignIn, place: Place) -> None:
    assert "更正答复" not in as_posts(Post.AGENT, number="8002").get(f"/calls/{place.call_id}").text
    assert "更正答复" in pages.get(f"/calls/{place.call_id}").text
    text = correct(pages, place)
    answers = text.partition('id="answers"')[2].partition("</table>")[0]
    assert '<s class="text-secondary">否</s> 是' in answers
    assert "周岚（8101）" in answers
    assert "&lt;i&gt;听错&lt;/i&gt;" in answers
    assert "刚刚有人更正过" in correct(pages, place, "unsure")
    with place.desk.database.read() as session:
        seen = session.scalars(select(Correction.id)).one()
    text = correct(pages, place, "unsure", seen=seen)
    assert text.partition('id="answers"')[2].partition("</table>")[0].count("<s ") == 2


def test_a_corrected_status_shows_both_values(pages: TestClient, place: Place, task_id: int) -> None:
    data = {"value": "已完成：已回访", "reason": "录音里已答完", "seen": "0"}
    text = pages.post(f"/calls/{place.call_id}/tasks/{task_id}/correct", data=data).text
    status = text.partition('id="status"')[2]
    assert '<s class="text-secondary">未完成：转人工</s> <strong>已完成：已回访</strong>' in status
    assert "录音里已答完" in status
    again = pages.post(f"/calls/{place.call_id}/tasks/{task_id}/correct", data=data)
    assert (again.status_code, "相同" in again.text) == (409, True)


def test_a_form_is_sent_from_the_call_or_the_reason_is_given(pages: TestClient, place: Place, task_id: int) -> None:
    set_up = place.app.state.desk
    place.app.state.desk = replace(set_up, forms=None)
    assert "HUIFANG_PUBLIC_ADDRESS" in pages.get(f"/calls/{place.call_id}").text
    place.app.state.desk = set_up
    assert "发送问卷" in pages.get(f"/calls/{place.call_id}").text
    assert "发送问卷" in pages.get("/campaigns/1").text
    text = pages.post(f"/tasks/{task_id}/questionnaire", data={"call_id": place.call_id}).text
    sent = "发出（短信，等待发送），有效期至"
    assert sent in text and "，未打开" in text and "问卷已经发送过" not in text
    again = pages.post(f"/tasks/{task_id}/questionnaire", data={"call_id": place.call_id})
    assert (again.status_code, sent in again.text) == (409, True)
    assert state_of(place, "questionnaire") == ("waiting", "")
    now = place.desk.clock.now()
    changes: list[tuple[dict[str, Any], str]] = [
        ({"opened_at": now}, "填写中"),
        ({"expires_at": now - timedelta(minutes=1)}, "已过期"),
        ({"ended_at": now, "attempt_id": 1}, "已提交"),
    ]
    for values, word in changes:
        with place.desk.database.write() as session:
            session.execute(update(Questionnaire).values(values))
            session.execute(update(Notice).where(Notice.kind == "questionnaire").values(state="sent"))
        shown = pages.get(f"/calls/{place.call_id}").text
        assert "发出（短信），有效期至" in shown and f"，{word}</div>" in shown, word
    assert pages.post(f"/tasks/{task_id}/questionnaire").status_code == 409
    assert pages.post("/tasks/999/questionnaire").status_code == 404


def test_lists_say_by_which_method(pages: TestClient, place: Place) -> None:
    assert "智能语音" in pages.get("/calls").text
    with place.desk.database.write() as session:
        session.execute(update(Attempt).values(method="questionnaire"))
    assert "问卷" in pages.get("/calls").text.partition('id="calls"')[2]


def test_many_are_turned_page_by_page(pages: TestClient, place: Place, task_id: int) -> None:
    with place.desk.database.write() as session:
        for no in range(30):
            at = NOON + timedelta(minutes=no)
            session.add(Notice(task_id=task_id, kind=f"more{no}", channel="sms", text=TEXT, created_at=at))
    assert "第 1 / 2 页，共 31 条" in pages.get("/outbox", params={"state": "waiting"}).text
    second = pages.get("/outbox", params={"state": "waiting", "page_no": "2"}).text
    assert second.partition('id="postings"')[2].count("<tr>") == 1 + 6  # the heads
