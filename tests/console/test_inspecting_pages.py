"""The inspectors' pages: what waits, taking it, scoring, appeal, rules; and an inspector in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from models import Appeal, AuditEntry, Inspection, InspectionRule, Score, Scorecard, Staff
from models.inspecting_scores import lay_out_cards
from rules import Post
from rules.scorecards import BOT_CARD
from tests.browser import chromium_page
from tests.conftest import NOON
from tests.console.conftest import WORDS, Place, SignIn, served
from tests.signing_in import cookies_of, sit_down


@pytest.fixture
def inspectors(as_posts: SignIn, place: Place) -> Iterator[tuple[TestClient, TestClient]]:
    """Two inspectors, and the shipped scorecards."""
    with place.desk.database.write() as session:
        lay_out_cards(session, NOON)
    yield (
        as_posts(Post.INSPECTOR, number="2001", name="周岚"),
        as_posts(Post.INSPECTOR, number="2002", name="吴越"),
    )


def only(place: Place, table: type[Any]) -> Any:
    """The only row of a table."""
    with place.desk.database.read() as session:
        row = session.scalars(select(table)).one()
        session.expunge(row)
        return row


def filled(place: Place, mark: str = "full", **marks: str) -> dict[str, str]:
    """A form with every item marked."""
    with place.desk.database.read() as session:
        card = str(session.scalars(select(Scorecard.id).order_by(Scorecard.id)).first())
    form = {"card": card, "note.": "总体良好"}
    return form | {f"mark.{item.id}": marks.get(item.id, mark) for item in BOT_CARD.items}


def test_a_risky_call_waits_is_taken_once_and_scored(
    inspectors: tuple[TestClient, TestClient], place: Place, as_posts: SignIn
) -> None:
    first, second = inspectors
    text = first.get("/inspections").text
    assert "高风险" in text and "必听提示未播完" in text and "单**" in text and "单小明" not in text
    assert "没有符合条件的质检" in first.get("/inspections", params={"reason": "drawn"}).text
    taken = first.post("/inspections/next", follow_redirects=False)
    assert taken.headers["location"] == f"/calls/{place.call_id}#scoring"
    row = only(place, Inspection)
    assert second.post(f"/inspections/{row.id}/take").status_code == 409
    assert "周岚 正在质检" in second.get(f"/calls/{place.call_id}").text
    assert second.post(f"/inspections/{row.id}/score", data=filled(place)).status_code == 409
    # Something is missing: what was filled in stays.
    partly = filled(place)
    del partly["mark.clear"]
    answer = first.post(f"/inspections/{row.id}/score", data=partly)
    assert answer.status_code == 409
    assert "还没有评分：语音清晰" in answer.text and "总体良好" in answer.text
    scored = first.post(f"/inspections/{row.id}/score", data=filled(place, understood="half"))
    assert '<span class="h2 mb-0 ms-3" id="points">90.0</span>' in scored.text
    assert only(place, Score).script == "suitability"
    assert "90.0 分" in second.get(f"/calls/{place.call_id}").text
    assert place.call_id in first.get("/inspections.csv", params={"standing": "done"}).text
    # §8.3.3: who carried it out objects, for the bot who keeps it (§7.4.5 b); a manager verifies (§7.4.1 d).
    score = only(place, Score).id
    operator = as_posts(Post.OPERATOR, number="5001", name="顾平")
    trainer = as_posts(Post.TRAINER, number="4001", name="何进")
    manager = as_posts(Post.MANAGER, number="8201", name="吴峰")
    for who in (first, trainer, manager):
        assert who.post(f"/scores/{score}/appeal", data={"words": "不对"}).status_code == 403
        assert "申诉理由" not in who.get(f"/scores/{score}").text
    for who in (operator, trainer):
        assert place.call_id in who.get("/results").text
    assert "申诉" in operator.post(f"/scores/{score}/appeal", data={"words": "录音里登记正确"}).text
    assert operator.post(f"/scores/{score}/appeal", data={"words": "再说"}).status_code == 409
    assert "待答复的申诉" in manager.get("/results").text and "待答复的申诉" not in second.get("/results").text
    for who in (first, second, operator):
        assert who.post(f"/scores/{score}/answer", data={"words": "不成立", "upheld": "no"}).status_code == 403
        assert who.post(f"/scores/{score}/second-review").status_code == 403
    assert manager.post(f"/scores/{score}/answer", data={"words": "", "upheld": "no"}).status_code == 409
    assert "成立，另行复核" in manager.post(f"/scores/{score}/answer", data={"words": "属实", "upheld": "yes"}).text
    assert only(place, Appeal).upheld is True
    assert "没有等待领取的质检" in first.get("/inspections").text  # not by who scored it before
    assert "复核" in second.get("/inspections").text
    second.post("/inspections/next")
    with place.desk.database.read() as session:
        again = session.scalars(select(Inspection).where(Inspection.round == "second")).one().id
    second.post(f"/inspections/{again}/score", data=filled(place))
    assert "已由复核取代" in first.get(f"/scores/{score}").text


def test_rules_are_changed_with_a_trail_and_posts_keep_others_out(
    inspectors: tuple[TestClient, TestClient], place: Place, as_posts: SignIn
) -> None:
    first, _ = inspectors
    assert "没有改动过" in first.get("/inspections/rules").text
    first.post("/inspections/rules/drawn", data={"percent": "12.5", "days": "4"})
    text = first.get("/inspections/rules").text
    assert 'value="12.5"' in text and "12.5%，4天" in text and "周岚" in text
    for percent, days in (("101", "4"), ("x", "4"), ("5", "0")):
        assert first.post("/inspections/rules/drawn", data={"percent": percent, "days": days}).status_code == 422
    assert first.post("/inspections/rules/asked", data={"percent": "5", "days": "4"}).status_code == 404
    assert only(place, InspectionRule).percent == "12.5"
    with place.desk.database.read() as session:
        assert "修改质检规则" in session.scalars(select(AuditEntry.act)).all()
    agent = as_posts(Post.AGENT, number="8002", name="孙敏")
    for path in ("/inspections", "/inspections/rules", "/scores/1"):
        assert agent.get(path).status_code in (403, 404), path
    # A call that no rule chose is put in by hand and given back.
    first.post(f"/calls/{place.call_id}/inspect")
    row = only(place, Inspection)
    assert row.taken_by_id is not None
    assert first.post(f"/inspections/{row.id}/give-back").status_code == 200
    assert first.post(f"/inspections/{row.id}/give-back").status_code == 409
    assert first.post("/inspections/take-in").json() == {"left": 0}


def test_cards_results_and_calibration(
    inspectors: tuple[TestClient, TestClient], place: Place, as_posts: SignIn
) -> None:
    first, second = inspectors
    new = {"name": "简表", "pass_mark": "60", "title.0": "问候", "weight.0": "10", "check.0": "greeting"}
    assert "权重应在0到100之间" in first.post("/scorecards", data=new | {"title.4": "语气", "weight.4": "-1"}).text
    assert "名称请写" in first.post("/scorecards", data={"pass_mark": "x"}).text
    first.post("/scorecards", data=new | {"title.4": "语气", "weight.4": "30", "fatal.4": "on"})
    text = first.post("/scorecards", data=new | {"title.1": "态度", "weight.1": "20"}).text
    assert "简表" in text and "第2版" in text and "语气 30（否决）" in text
    with place.desk.database.read() as session:
        card = session.scalars(select(Scorecard).where(Scorecard.name == "简表", Scorecard.version == 2)).one()
        assert [item["title"] for item in card.items] == ["问候", "态度"]
        id_, names = card.id, [item["id"] for item in card.items]
        people = session.scalars(select(Staff.id).where(Staff.number.in_(("2001", "2002")))).all()
    assert "态度" in first.get(f"/scorecards/{id_}").text
    assert "停用" in first.post(f"/scorecards/{id_}/retire").text
    first.post(f"/scorecards/{id_}/retire")
    # Two inspectors score the same call without seeing each other.
    wanted = {"name": "十一月", "call_ids": place.call_id, "card": str(id_), "who": [str(one) for one in people]}
    for wrong in ({"name": ""}, {"call_ids": "9-9"}, {"who": wanted["who"][0]}, {"card": "0"}):
        assert first.post("/calibrations", data=wanted | wrong).status_code == 422, wrong
    assert "未评" in first.post("/calibrations", data=wanted).text
    for inspector, marks in ((first, ("full", "full")), (second, ("full", "none"))):
        assert "十一月" in inspector.get("/calibrations").text and "总体一致" not in inspector.get("/calibrations").text
        with place.desk.database.read() as session:
            mine = session.scalars(
                select(Inspection).where(Inspection.done_at.is_(None)).order_by(Inspection.id)
            ).first()
            assert mine is not None
            inspection_id = mine.id
        assert "态度" in inspector.get(f"/calls/{place.call_id}").text
        form = {"card": str(id_)} | {f"mark.{name}": mark for name, mark in zip(names, marks, strict=True)}
        inspector.post(f"/inspections/{inspection_id}/score", data=form)
    assert "总体一致 <strong>50%</strong>" in first.get("/calibrations").text
    with place.desk.database.read() as session:
        theirs = session.scalars(select(Score.id).order_by(Score.id.desc())).first()
    assert first.get(f"/scores/{theirs}").status_code == 404
    # Nobody's result; a first inspection is one.
    assert "这段时间没有评分" in first.get("/results").text
    first.post("/inspections/next")
    with place.desk.database.read() as session:
        row = session.scalars(select(Inspection).where(Inspection.round == "first")).one().id
    first.post(f"/inspections/{row}/score", data=filled(place, notice="none") | {"note.notice": "没有听到"})
    text = first.get("/results").text
    assert "suitability" in text and "90.0" in text and "一票否决" in text
    assert place.call_id in first.get("/results.csv").text
    assert "没有符合条件的评分" in first.get("/results", params={"until": "2020-01-01", "script": "x"}).text
    agent = as_posts(Post.AGENT, number="8002", name="孙敏")
    assert "没有符合条件的评分" in agent.get("/results", params={"agent": "2001"}).text
    assert agent.get("/results.csv").status_code == 403


def test_calls_are_searched_by_what_was_said_and_answered(pages: TestClient, place: Place) -> None:
    here, gone = f"/calls/{place.call_id}", "没有符合条件的通话"
    for wanted in (
        {"phrase": "老婆在操"},
        {"phrase": "我 老婆", "since": "2026-11-20T11:59"},
        {"question": "suitability.self_operated", "answer": "no"},
        {"risk": "not_self_operated", "status": "未完成：转人工"},
        {"until": "2026-11-20T12:01"},
    ):
        assert here in pages.get("/calls", params=wanted).text, wanted
        assert place.call_id in pages.get("/calls/found.csv", params=wanted).text, wanted
    for wanted in (
        {"phrase": "老公"},
        {"phrase": "老婆", "until": "2026-11-20T11:59"},
        {"question": "suitability.self_operated", "answer": "yes"},
        {"line": "main"},
        {"since": "2026-11-20T12:01"},
    ):
        assert gone in pages.get("/calls", params=wanted).text, wanted
    assert "已查完" in pages.get("/calls", params={"phrase": "老婆"}).text
    assert "至少写2个字" in pages.get("/calls", params={"phrase": "我，"}).text
    assert "单小明" not in pages.get("/calls/found.csv").text


@pytest.mark.browser
def test_an_inspector_replays_and_scores(place: Place) -> None:
    cookies = cookies_of(place.desk.database, Post.INSPECTOR, number="2001", name="周岚")
    with served(place.app) as base, chromium_page() as page:
        sit_down(page, base, cookies)
        page.goto(f"{base}/inspections")
        page.get_by_role("button", name="领取下一通").click()
        page.locator("#player[data-drawn]").wait_for()
        page.wait_for_function("document.getElementById('audio').readyState >= 1")
        page.keyboard.press("j")  # the answer, from a little before to a little after it
        page.wait_for_function("document.getElementById('audio').currentTime >= 9.5")
        assert page.locator("#transcript li.now").inner_text().count(WORDS) == 1
        page.wait_for_function("document.getElementById('audio').paused")
        assert page.evaluate("document.getElementById('audio').currentTime") == pytest.approx(10.6, abs=0.3)
        page.keyboard.press("?")
        page.locator("#keys").wait_for(state="visible")
        page.keyboard.press("?")
        page.keyboard.press(".")
        assert page.evaluate("document.getElementById('audio').playbackRate") == 1.25
        page.keyboard.press("c")
        page.keyboard.type("语速太快")
        page.keyboard.press("Enter")
        page.locator("#comments", has_text="语速太快").wait_for()
        for item in BOT_CARD.items:
            page.locator(f"input[name='mark.{item.id}'][value=full]").check()
        page.get_by_role("button", name="提交评分").click()
        assert page.locator("#points").inner_text() == "100.0"
