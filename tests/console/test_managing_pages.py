"""The manager's pages: the dashboard, campaigns under control, do-not-call, cases, conflicts of interest."""

from __future__ import annotations

import re
from datetime import timedelta
from threading import Event

from fastapi.testclient import TestClient
from sqlalchemy import delete, select

from console.remembered import Remembered
from models import Attempt, AuditEntry, Base, BusinessEvent, Campaign, Customer, ReviewTask, Staff
from rules import Post
from tests.console.conftest import Place, SignIn

MANAGER = {"number": "8101", "name": "周岚"}
SECOND = {"number": "8102", "name": "吴涛"}


def figure(text: str, word: str) -> int:
    (count,) = re.findall(rf'data-figure="{word}">(\d+)<', text)
    return int(count)


def campaign_of(place: Place) -> Campaign:
    with place.desk.database.read() as session:
        one = session.scalars(select(Campaign)).one()
        session.expunge(one)
        return one


def test_the_dashboard_counts_todays_tasks_and_judges_the_year(pages: TestClient, place: Place) -> None:
    now = place.desk.clock.now()
    with place.desk.database.write() as session:
        session.scalars(select(Attempt)).one().started_at = now
        task = session.scalars(select(ReviewTask)).one()
        late = ReviewTask(
            number="T002", campaign_id=task.campaign_id, customer_id=task.customer_id, review_type="anomaly",
            script="anomaly", created_at=now, due_at=now, deadline_at=now - timedelta(days=1),
        )  # fmt: skip
        session.add(late)
    text = pages.get("/", params={"span": "today"}).text
    expected = {"到期": 2, "已拨": 1, "接通": 1, "核实身份": 0, "完成": 0}
    assert {word: figure(text, word) for word in expected} == expected
    assert re.search(r'data-duty="anomaly".*?已逾期', text, re.S)
    assert re.search(r'data-duty="适当性回访".*?未抽取', text, re.S)
    assert re.search(r"转人工</th><td class=\"text-end\">1<", text)
    assert "线路正常" in text
    assert "异常情形" in pages.get("/dashboard.csv").text


def test_figures_that_are_still_counted_hold_up_no_page(pages: TestClient, place: Place) -> None:
    place.app.state.remembered = kept = Remembered(patience=0.0)
    counting = Event()
    kept.ahead("another question that takes long", lambda: counting.wait(60))
    waiting = {path: pages.get(path).text for path in ("/", "/duties")}
    assert [text.count("data-awaited") for text in waiting.values()] == [2, 2]
    assert all("正在统计" in text and "data-as-of" not in text for text in waiting.values())
    assert figure(waiting["/"], "到期") == 0  # what is counted at once is there
    counting.set()
    kept._patience = 60.0
    for path in waiting:
        text = pages.get(path).text
        assert "data-awaited" not in text and "正在统计" not in text
        assert re.search(r"data-as-of>截至 \d\d:\d\d:\d\d<", text)
    kept.close()


def test_a_firm_that_has_just_begun_is_told_what_to_do(as_posts: SignIn, place: Place) -> None:
    tables = "answer risk_flag delivery escalation recording call_event line_quality attempt_task attempt review_task"
    with place.desk.database.write() as session:
        for table in tables.split():
            session.execute(delete(Base.metadata.tables[table]))
    text = as_posts(Post.MANAGER).get("/").text
    places = [text.index(step) for step in ("导入数据", "抽取并制定方案", "核对话术，开始执行")]
    assert places == sorted(places)


def test_a_campaign_is_paused_resumed_and_stopped(as_posts: SignIn, place: Place) -> None:
    manager, one = as_posts(Post.MANAGER, **MANAGER), campaign_of(place)
    here = f"/campaigns/{one.id}"
    inspector = as_posts(Post.INSPECTOR, Post.OPERATOR)
    assert "保存拨打时间" not in inspector.get(here).text
    for what in ("act", "hours", "pace"):
        assert inspector.post(f"{here}/{what}", data={"doing": "pause", "why": "x"}).status_code == 403
    refused = manager.post(f"{here}/act", data={"doing": "pause", "why": " "})
    assert (refused.status_code, "暂停要写明原因" in refused.text) == (422, True)
    assert "已暂停" in manager.post(f"{here}/act", data={"doing": "pause", "why": "线路检修"}).text
    text = manager.post(f"{here}/act", data={"doing": "resume"}).text
    assert "线路检修" in text
    assert "周岚 8101" in text
    unsure = manager.post(f"{here}/act", data={"doing": "stop", "why": "作废"})
    assert (unsure.status_code, "我已了解" in unsure.text) == (422, True)
    assert campaign_of(place).state == "running"
    stopped = manager.post(
        f"{here}/act", data={"doing": "stop", "why": "作废", "confirmed": "1", "open_tasks": "people"}
    )
    assert "已停止" in stopped.text
    over = manager.post(f"{here}/act", data={"doing": "resume"})
    assert (over.status_code, "已经停止" in over.text) == (422, True)
    assert "已停止" in manager.get("/campaigns", params={"state": "stopped"}).text
    assert "没有符合条件的方案" in manager.get("/campaigns", params={"q": "别的"}).text


def test_hours_lines_and_pace_are_changed_while_calls_are_made(as_posts: SignIn, place: Place) -> None:
    manager, here = as_posts(Post.MANAGER, **MANAGER), f"/campaigns/{campaign_of(place).id}"
    wrong = manager.post(f"{here}/hours", data={"hours": "周一 9点；周八 09:00-10:00；周二 12:00-11:00", "why": "x"})
    assert wrong.status_code == 422
    for part in ("周一 9点", "周八", "开始不早于结束"):
        assert part in wrong.text, part
    good = "周一至周五 10:00-12:00 14:00-17:00；周六至周日 不拨打；节假日 10:00-11:00"
    assert good in manager.post(f"{here}/hours", data={"hours": good, "why": "错开早盘"}).text
    assert campaign_of(place).hours == {
        "week": [["10:00-12:00", "14:00-17:00"]] * 5 + [[], []], "closed": [], "on_holidays": ["10:00-11:00"],
    }  # fmt: skip
    manager.post(f"{here}/hours", data={"hours": "", "why": "恢复"})
    assert campaign_of(place).hours is None
    wrong = manager.post(f"{here}/pace", data={"lines": "-1", "calls_per_hour": "很多", "why": ""})
    for fault in ("要写明原因", "同时通话“-1”", "每小时拨打“很多”"):
        assert fault in wrong.text, fault
    text = manager.post(f"{here}/pace", data={"lines": "3", "calls_per_hour": "120", "why": "坐席少"}).text
    assert "同时3通，每小时120次" in text
    assert (campaign_of(place).lines, campaign_of(place).calls_per_hour) == (3, 120)


def test_a_client_is_put_on_the_do_not_call_list_and_lifted_by_two(as_posts: SignIn, place: Place) -> None:
    agent = as_posts(Post.AGENT, number="8001", name="孙敏")
    manager, second = as_posts(Post.MANAGER, **MANAGER), as_posts(Post.MANAGER, **SECOND)
    with place.desk.database.read() as session:
        client = session.scalars(select(Customer)).one().id
    assert "登记免打扰" in agent.get("/dnc", params={"q": "13800001111"}).text
    assert agent.post(f"/dnc/{client}/add", data={"why": ""}).status_code == 422
    text = agent.post(f"/dnc/{client}/add", data={"why": "客户来电13800001111要求"}).text
    assert "孙敏8001 登记免打扰" in text
    assert "单小明" not in text
    assert "13800001111要求" not in text
    assert "等待管理岗复核" in agent.post(f"/dnc/{client}/ask", data={"why": "客户改变主意"}).text
    assert agent.post(f"/dnc/{client}/lift").status_code == 403
    assert "单**" in manager.get("/dnc", params={"asked": "1"}).text
    manager.post(f"/dnc/{client}/keep", data={"why": "未能核实"})
    manager.post(f"/dnc/{client}/ask", data={"why": "书面申请"})
    assert "不能自己复核" in manager.post(f"/dnc/{client}/lift").text
    assert "孙敏" in manager.get("/dnc.csv").text or "8001" in manager.get("/dnc.csv").text
    lifted = second.post(f"/dnc/{client}/lift").text
    assert "名单上没有符合条件的客户" in lifted
    with place.desk.database.read() as session:
        assert not session.get_one(Customer, client).do_not_call
        assert session.scalars(select(AuditEntry.act)).all().count("exported") == 2


def test_a_suspected_violation_from_a_call_to_risk_control(as_posts: SignIn, place: Place) -> None:
    inspector = as_posts(Post.INSPECTOR, number="8201", name="郑核")
    manager, second = as_posts(Post.MANAGER, **MANAGER), as_posts(Post.MANAGER, **SECOND)
    form = inspector.get("/cases/new", params={"call": place.call_id, "kind": "violation"}).text
    assert f'value="{place.call_id}"' in form
    wrong = inspector.post("/cases", data={"kind": "violation", "call": "9-9", "client": "没有", "what": " "})
    for fault in ("没有写明内容", "没有这个通话编号", "没有这个客户号"):
        assert fault in wrong.text, fault
    what = {"kind": "violation", "call": place.call_id, "concerns": "77777", "what": "单小明说赵立代为操作"}
    nobody = inspector.post("/cases", data=what)
    assert (nobody.status_code, "涉及人员“77777”不在人员名单里，请填写工号或姓名" in nobody.text) == (422, True)
    assert 'value="77777"' in nobody.text and "单小明说赵立代为操作" in nobody.text  # what was typed is still there
    what["concerns"] = " 赵立"
    opened = inspector.post("/cases", data=what)
    here = opened.url.path
    assert "单**说赵立代为操作" in opened.text and "赵立 B01" in opened.text
    assert "等待管理岗指定承办人" in opened.text
    late = manager.post(f"{here}/assign", data={"owner": "没有", "deadline": "明天"})
    assert (late.status_code, "不是日期" in late.text) == (422, True)
    assert manager.post(f"{here}/assign", data={"owner": "8201", "deadline": "2020-01-01"}).status_code == 200
    assert "逾期" in manager.get("/cases", params={"state": "unfinished", "overdue": "1"}).text
    assert "逾期 1" in manager.get("/").text
    assert "只有承办人" in manager.post(f"{here}/find", data={"why": "属实"}).text
    inspector.post(f"{here}/find", data={"why": "录音属实，建议报告"})
    assert inspector.post(f"{here}/confirm").status_code == 422
    second.post(f"{here}/confirm")
    reported = second.post(f"{here}/report", data={"why": "已报风险管理部"}).text
    assert "已报告" in reported
    closed = manager.post(f"{here}/close", data={"why": "<script>alert(1)</script>已处分"}).text
    assert "已办结" in closed
    assert "<script>alert" not in closed
    sheet = manager.get("/cases.csv", params={"kind": "violation"}).text
    assert "涉嫌违规" in sheet
    assert "单小明" not in sheet
    assert "没有符合条件的事项" in manager.get("/cases", params={"state": "unfinished"}).text


def test_who_may_not_review_whom(as_posts: SignIn, place: Place) -> None:
    manager = as_posts(Post.MANAGER, **MANAGER)
    now = place.desk.clock.now()
    with place.desk.database.write() as session:
        client, staff = session.scalars(select(Customer)).one(), session.scalars(select(Staff).limit(1)).one()
        session.add(
            BusinessEvent(
                number="S1", kind="complaint", customer_id=client.id, staff_id=staff.id, occurred_at=now, created_at=now
            )
        )
    for query, shown in (
        ({}, "赵立 B01"),
        ({"client": "13800001111"}, "C001 单**"),
        ({"staff": "赵立", "why": "complained"}, "C001 单**"),
        ({"why": "solicits"}, "任何客户"),
        ({"staff": "没有"}, "没有符合条件的记录"),
        ({"client": "别人", "why": "complained"}, "没有符合条件的记录"),
    ):
        assert shown in manager.get("/conflicts", params=query).text, query
    assert "被该客户投诉" in manager.get("/conflicts.csv", params={"why": "complained"}).text


def test_what_is_not_there(pages: TestClient) -> None:
    for path in ("/campaigns/99", "/cases/99", "/scripts/none", "/scripts/none/figures"):
        assert pages.get(path).status_code == 404, path
