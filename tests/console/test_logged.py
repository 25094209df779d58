"""The system log tells of every act (T/SAC 002-2024 §7.5.1): who, what, with which record; and of none that was not."""

from __future__ import annotations

import logging
import re
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Session

from bot.script import script_sources
from console import add_pages
from console.access import declared_of
from console.logged import Logged, Unlogged, UnloggedRoute, check_logged
from console.logged_acts import LOGGED
from models import Answer, AuditEntry, Campaign, Credential, Customer, Inspection, ScriptVersion, Staff
from models.database import Database
from rules import Post
from rules.scorecards import BOT_CARD
from tests.console.conftest import Place, SignIn
from tests.console.test_duties_pages import of_draw, year  # noqa: F401

MANAGER, SECOND = {"number": "8101", "name": "周岚"}, {"number": "8102", "name": "吴涛"}
CLIENTS = "客户号,姓名,手机号\nC100,王小明,13800002222\n"


def told(place: Place) -> list[tuple[str, str, str, str]]:
    """Who, what, with what, why; since it was last asked."""
    with place.desk.database.write() as session:
        found = session.execute(
            select(Staff.number, AuditEntry.act, AuditEntry.subject, AuditEntry.reason)
            .select_from(AuditEntry)
            .outerjoin(Staff, AuditEntry.staff_id == Staff.id)
            .order_by(AuditEntry.id)
        ).all()
        session.execute(delete(AuditEntry))
    return [(number or "", act, subject, reason) for number, act, subject, reason in found]


def test_campaigns_clients_answers_and_cases(as_posts: SignIn, place: Place) -> None:
    manager, second = as_posts(Post.MANAGER, **MANAGER), as_posts(Post.MANAGER, **SECOND)
    with place.desk.database.read() as session:
        client, answer = session.scalars(select(Customer.id)).one(), session.scalars(select(Answer.id)).one()
    with place.desk.database.write() as session:
        session.execute(update(Answer).values(script_hash=session.scalars(select(ScriptVersion.hash)).one()))

    manager.post("/campaigns/1/act?doing=resume", data={"doing": "pause", "why": " "})
    manager.post("/campaigns/1/act?doing=resume", data={"doing": "pause", "why": "线路检修，问13800001111"})
    manager.post("/campaigns/1/hours", data={"hours": "", "why": "按公司"})
    manager.post("/campaigns/1/pace", data={"lines": "x", "why": "少一些"})
    assert told(place) == [
        ("8101", "campaign_pause", "执行 1", "线路检修，问138****1111"),
        ("8101", "campaign_hours", "执行 1", "按公司"),
    ]

    manager.post(f"/dnc/{client}/add?q=13800001111", data={"why": ""})
    manager.post(f"/dnc/{client}/add?q=13800001111", data={"why": "单小明来电要求", "q": "单小明"})
    manager.post(f"/dnc/{client}/ask", data={"why": "改变主意"})
    manager.post(f"/dnc/{client}/lift")  # asked for by the same person
    second.post(f"/dnc/{client}/lift")
    assert told(place) == [
        ("8101", "silence_add", "客户 C001", ""),
        ("8101", "silence_ask", "客户 C001", ""),
        ("8102", "silence_lift", "客户 C001", ""),
    ]

    correction = {"value": "yes", "reason": "单小明说是", "seen": "0"}
    for _ in range(2):
        manager.post(f"/calls/{place.call_id}/answers/{answer}/correct", data=correction)
    assert told(place) == [("8101", "answer_corrected", f"通话 {place.call_id} 答案 {answer}", "")]

    manager.post("/cases", data={"kind": "violation", "call": place.call_id, "what": " "})
    manager.post("/cases", data={"kind": "violation", "call": place.call_id, "what": "客户称由他人操作"})
    manager.post("/cases/1/assign", data={"owner": "8102", "deadline": "2036-01-01", "why": "请核实"})
    manager.post("/cases/1/close", data={"why": "为时过早"})
    manager.post("/cases/99/assign", data={"owner": "8102", "deadline": "2036-01-01"})
    assert told(place) == [("8101", "case_opened", "事项 1", ""), ("8101", "case_assign", "事项 1", "")]


@pytest.mark.usefixtures("year")
def test_draws_plans_and_scripts(as_posts: SignIn, place: Place) -> None:
    for number, name in (("8002", "孙敏"), ("8003", "李静")):
        as_posts(Post.AGENT, number=number, name=name)
    manager, second = as_posts(Post.MANAGER, **MANAGER), as_posts(Post.MANAGER, **SECOND)
    plan = of_draw(manager, place.desk.clock.now().year)
    assert told(place) == [("8101", "draw", "抽取 1", "")]  # what was shown first left none
    assert manager.post("/plans", data=plan | {"purpose": " "}).status_code == 422
    path = manager.post("/plans", data=plan).url.path
    manager.post(f"{path}/act", data={"doing": "approve"})  # one's own
    second.post(f"{path}/act", data={"doing": "approve"})
    assert told(place) == [("8101", "plan_made_submit", "方案 1", ""), ("8102", "plan_approve", "方案 1", "")]

    author = as_posts(Post.MANAGER, Post.TRAINER, number="8301", name="郑训")
    old, new = "是您本人操作", "是由您本人操作"
    files = [(file, text.replace(old, new)) for file, text in script_sources("suitability").items() if old in text]
    upload = [("files", (PurePosixPath(file).name, text.encode(), "application/yaml")) for file, text in files]
    author.post("/scripts/suitability/submit", data={"why": "改得更自然"}, files=upload)
    author.post("/scripts/suitability/versions/2/approve")  # one's own
    second.post("/scripts/suitability/versions/2/approve")
    second.post("/scripts/suitability/versions/2/publish")
    assert told(place) == [
        ("8301", "script_submit", "话术 suitability", "改得更自然"),
        ("8102", "script_approve", "话术 suitability 第2版", ""),
        ("8102", "script_publish", "话术 suitability 第2版", ""),
    ]


def test_what_was_done_already_is_told_once(as_posts: SignIn, place: Place) -> None:
    manager = as_posts(Post.MANAGER, Post.INSPECTOR, **MANAGER)
    ask = f"/calls/{place.call_id}/inspect"
    assert manager.post(ask, follow_redirects=False).status_code == 303
    assert told(place) == [("8101", "inspection_asked", f"通话 {place.call_id}", "")]
    with place.desk.database.read() as session:
        inspection = session.scalars(select(Inspection.id)).one()
    manager.post(f"/inspections/{inspection}/give-back", follow_redirects=False)
    assert (manager.post(ask, follow_redirects=False).status_code, told(place)) == (303, [])

    (card,) = re.findall(r'name="card" value="(\d+)"', manager.get(f"/calls/{place.call_id}").text)
    marks = {
        f"{what}.{one.id}": said for one in BOT_CARD.items for what, said in (("mark", "half"), ("note", "见录音"))
    }
    path = manager.post(f"/inspections/{inspection}/score", data={"card": card} | marks).url.path
    told(place)
    for _ in range(2):
        assert manager.post(f"{path}/second-review").status_code == 200
    assert [act for _, act, _, _ in told(place)] == ["second_review"]


def test_imports_by_a_person_and_by_a_program(as_posts: SignIn, place: Place) -> None:
    place.app.state.desk = replace(place.desk, api_token="geheim-42")
    manager = as_posts(Post.MANAGER, **MANAGER)

    def send(text: str, **form: str) -> str:
        return manager.post("/import", files={"file": ("王小明.csv", text.encode(), "text/csv")}, data=form).text

    send("\x00\x01")
    preview = send(CLIENTS, act="preview")
    assert told(place) == []
    (job,) = re.findall(r'action="/import/jobs/([^"]+)/confirm"', preview)
    manager.post(f"/import/jobs/{job}/confirm")
    assert told(place) == [("8101", "import_confirmed", f"导入 {job}", "")]
    assert manager.post(f"/import/jobs/{job}/confirm").status_code == 200  # pressed twice
    (given_up,) = re.findall(r'action="/import/jobs/([^"]+)/confirm"', send(CLIENTS.replace("王", "李"), act="preview"))
    manager.post(f"/import/jobs/{given_up}/drop")
    late = manager.post(f"/import/jobs/{given_up}/confirm")
    assert (late.status_code, "没有导入；请重新上传" in late.text, told(place)) == (409, True, [])
    send(CLIENTS.replace("C100", "C101"))
    ((*who_did, subject, _),) = told(place)
    assert who_did == ["8101", "import"] and re.fullmatch(r"导入 \S+", subject)

    with TestClient(place.app, headers={"Authorization": "Bearer geheim-42"}) as program:
        # What some programs say of every body that they send.
        plain = {"content": CLIENTS.encode(), "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
        program.post("/api/imports/clients?preview=true", **plain)  # type: ignore[arg-type]
        program.post("/api/imports/nothing", **plain)  # type: ignore[arg-type]
        assert told(place) == []
        begun = program.post("/api/imports/clients", **plain).json()["job"]  # type: ignore[arg-type]
    assert told(place) == [("", "api_import", f"导入 {begun}", "")]


def test_the_log_shows_words_in_groups(as_posts: SignIn, place: Place) -> None:
    manager, operator = as_posts(Post.MANAGER, **MANAGER), as_posts(Post.OPERATOR, number="8401", name="何维")
    manager.post("/campaigns/1/act", data={"doing": "pause", "why": "线路检修"})
    text = operator.get("/log?act=campaign_pause").text
    assert re.search(r'<optgroup label="回访方案"><option value="campaign_pause" selected>执行：暂停</option>', text)
    assert re.search(r"周岚（8101）.*执行：暂停.*执行 1.*线路检修", text)
    assert "执行：暂停,执行 1,线路检修" in operator.get("/log.csv?act=campaign_pause").text


def test_who_must_choose_a_password_first_has_done_nothing(as_posts: SignIn, place: Place) -> None:
    manager = as_posts(Post.MANAGER, **MANAGER)
    with place.desk.database.write() as session:
        staff = session.scalars(select(Staff).where(Staff.number == "8101")).one()
        if session.get(Credential, staff.id) is None:
            session.add(Credential(staff_id=staff.id, password_hash="", created_at=place.desk.clock.now()))
        session.get_one(Credential, staff.id).must_change = True
    answer = manager.post("/campaigns/1/act", data={"doing": "pause", "why": "x"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert told(place) == []


def test_an_entry_that_cannot_be_written_is_told_to_the_operator(
    as_posts: SignIn, place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    manager = as_posts(Post.MANAGER, **MANAGER)
    write = Database.write

    def away(database: Database) -> AbstractContextManager[Session]:
        with database.read() as session:
            is_paused = session.get_one(Campaign, 1).state == "paused"
        if is_paused:  # from here on the database is away
            raise InvalidatePoolError
        return write(database)

    monkeypatch.setattr(Database, "write", away)
    with caplog.at_level(logging.ERROR, "console.logged"):
        answer = manager.post("/campaigns/1/act", data={"doing": "pause", "why": "x"}, follow_redirects=False)
    monkeypatch.undo()
    assert answer.status_code == 303 and told(place) == []
    (line,) = [record.getMessage() for record in caplog.records if record.name == "console.logged"]
    assert "campaign_pause of 执行 1 by staff" in line and "InvalidatePoolError" in line


def test_every_route_that_may_change_something_says_what_the_log_tells_of_it() -> None:
    app = FastAPI(openapi_url=None)
    add_pages(app)
    routes = set(declared_of(app))
    check_logged(LOGGED, routes)
    with pytest.raises(UnloggedRoute, match="PUT /forgotten: not in the table"):
        check_logged(LOGGED, routes | {"PUT /forgotten", "GET /seen", "WS /line"})
    with pytest.raises(UnloggedRoute, match="POST /gone: there is no such route"):
        check_logged({**LOGGED, "POST /gone": Logged("话术", "gone", "去")}, routes)
    with pytest.raises(UnloggedRoute, match="POST /cases: no reason"):
        check_logged({**LOGGED, "POST /cases": Unlogged("")}, routes)


def test_acts_fit_their_column_and_have_one_word_each() -> None:
    acts = [one for declared in LOGGED.values() if isinstance(declared, Logged) for one in declared.acts.items()]
    assert len(set(acts)) == len(dict(acts)) and max(len(act) for act, _ in acts) <= 40
    assert all(re.search(r"[\u4e00-\u9fff]", word) for _, word in acts)
