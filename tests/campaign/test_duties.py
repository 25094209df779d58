"""From business events to the tasks of table A.1: deadlines, methods, waits, and what keeps an event open."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.script import load_script, script_names
from campaign.duties.duties import Raised, raise_tasks
from models import BusinessEvent, Campaign, Customer, EventTask, ReviewTask, Staff
from rules import TradingCalendar
from tests.campaign.importers import CLIENTS, NOW, SHANGHAI, take
from tests.campaign.test_import_kinds import EVENTS, event

SCRIPTS = [load_script(name) for name in script_names()]
PRODUCTS = "产品代码,产品名称,风险等级,产品类型,冷静期小时\n"


@pytest.fixture
def firm(session: Session) -> Session:
    take(session, CLIENTS + "C1,王小明,先生,13800001111,,,6001\nC2,单丽,女士,13800002222,,,\n")
    take(session, "工号,姓名,岗位\n6001,赵立新,客户经理\n")
    take(session, PRODUCTS + "F3,安信三号,R3,私募基金,\nF5,安信五号,R5,私募基金,48\nB1,货币一号,R1,代销金融产品,\n")
    return session


def raised(session: Session, *rows: str, now: datetime = NOW, scripts: object = None) -> Raised:
    take(session, EVENTS + "".join(rows), now=now)
    return raise_tasks(session, now, scripts=SCRIPTS)


def only_task(session: Session) -> ReviewTask:
    return session.scalars(select(ReviewTask)).one()


def test_a_new_account(firm: Session) -> None:
    done = raised(
        firm, event(事件号="E1", 事件类型="开户", 发生时间="2026-06-01 09:00", 客户号="C1", 开户方式="双向视频")
    )
    task = only_task(firm)
    assert (task.number, task.review_type, task.script, task.customer.number) == (
        "E1-R",
        "new_account",
        "new_account",
        "C1",
    )
    assert (task.deadline_at, task.due_at, task.with_human, task.status) == (None, NOW, False, "待回访")
    assert task.campaign.name == "即时回访 2026"
    assert done.summary() == "已生成回访任务：新开户1个。"
    assert firm.scalars(select(BusinessEvent.state)).one() == "tasked"
    assert firm.scalars(select(EventTask.task_id)).one() == task.id


def test_a_one_way_video_opening_is_for_a_person_with_the_clause(firm: Session) -> None:
    done = raised(firm, event(事件号="E1", 事件类型="开户", 发生时间="2026-06-01", 客户号="C1", 开户方式="单向视频"))
    task = only_task(firm)
    assert (task.with_human, task.due_at) == (True, None)
    assert "表A.1第1项" in task.trouble
    assert "其中1个须由人工回访" in done.summary()


def test_a_new_permission_has_thirty_days_with_its_own(firm: Session) -> None:
    raised(firm, event(事件号="E1", 事件类型="新增权限", 发生时间="2026-05-20", 客户号="C1", 权限名称="创业板交易权限"))
    task = only_task(firm)
    assert task.slots == {"业务": "开通创业板交易权限"}
    assert task.deadline_at == datetime(2026, 6, 18, 23, 59, 59, tzinfo=SHANGHAI)  # 20 May is day 1 (§9.1)


def test_an_anomaly_has_two_trading_days(firm: Session) -> None:
    friday = datetime(2026, 6, 18, 15, tzinfo=SHANGHAI)  # 19 June 2026 is 端午节, a Friday
    raised(
        firm,
        event(事件号="E1", 事件类型="异常情形", 发生时间="2026-06-18", 客户号="C1", 异常类型="资金划转"),
        now=friday,
    )
    task = only_task(firm)
    assert task.deadline_at == datetime(2026, 6, 22, 23, 59, 59, tzinfo=SHANGHAI)
    assert task.slots == {"异常类型": "资金划转"}


def test_a_private_fund_waits_for_the_end_of_the_cooling_off_period(firm: Session) -> None:
    raised(
        firm,
        event(事件号="E1", 事件类型="产品购买", 发生时间="2026-06-01 09:30", 客户号="C1", 产品代码="F3"),
        event(事件号="E2", 事件类型="产品购买", 发生时间="2026-06-01 09:30", 客户号="C2", 产品代码="F3",
              冷静期届满="2026-06-03 12:00"),
        event(事件号="E3", 事件类型="产品购买", 发生时间="2026-06-01 09:30", 客户号="C2", 产品代码="F3",
              冷静期届满="2026-06-01 12:00"),
        event(事件号="E4", 事件类型="产品购买", 发生时间="2026-06-01 09:30", 客户号="C1", 产品代码="F5"),
    )  # fmt: skip
    tasks = {task.number: task for task in firm.scalars(select(ReviewTask))}
    bought_at = datetime(2026, 6, 1, 9, 30, tzinfo=SHANGHAI)
    assert tasks["E1-R"].due_at == bought_at + timedelta(hours=24)
    assert tasks["E2-R"].due_at == datetime(2026, 6, 3, 12, tzinfo=SHANGHAI)
    assert tasks["E3-R"].due_at == bought_at + timedelta(hours=24)  # less than 24 hours is not lawful
    assert (tasks["E4-R"].due_at, tasks["E4-R"].with_human) == (None, True)  # R5: not by a bot (§5.2)
    assert "R5应由人工回访" in tasks["E4-R"].trouble
    assert tasks["E1-R"].slots == {"基金名称": "安信三号"}


def test_other_purchases_and_complaints_call_for_nothing_yet(firm: Session) -> None:
    done = raised(
        firm,
        event(事件号="E1", 事件类型="产品购买", 发生时间="2026-06-01", 客户号="C1", 产品代码="B1"),
        event(事件号="E2", 事件类型="服务签约", 发生时间="2026-06-01", 客户号="C1", 产品代码="B1"),
        event(事件号="E3", 事件类型="投诉", 发生时间="2026-06-01", 客户号="C1", 投诉事项="佣金费率"),
    )
    assert (done.none, done.tasks) == (3, {})
    assert firm.scalar(select(func.count()).select_from(ReviewTask)) == 0
    assert all(firm.scalars(select(BusinessEvent.note)))
    assert raise_tasks(firm, NOW, scripts=SCRIPTS).summary() == ""


def test_a_settled_complaint_asks_the_complainant_and_clients_of_the_staff(firm: Session) -> None:
    more = "".join(f"D{number},客户,,139{number:08},,,6001\n" for number in range(30))
    take(firm, CLIENTS + more)
    dormant = "客户号,姓名,手机号,账户状态\n" + "".join(f"D{number},客户,139{number:08},休眠\n" for number in range(10))
    take(firm, dormant)
    row = event(事件号="E1", 事件类型="投诉办结", 发生时间="2026-06-01", 客户号="C2", 工号="6001", 投诉事项="佣金费率",
                投诉日期="2026-03-02")  # fmt: skip
    done = raised(firm, row)
    first, *others = firm.scalars(select(ReviewTask).order_by(ReviewTask.id)).all()
    assert (first.review_type, first.customer.number) == ("settled", "C2")
    assert first.slots == {"投诉日期": "2026年3月2日", "投诉事项": "佣金费率"}
    # C1 and D10 to D29 are 21 clients; 10% of them, rounded up, are 3.
    assert len(others) == 3
    assert {one.review_type for one in others} == {"complained"}
    assert {one.slots["工作人员"] for one in others} == {"赵立新"}
    assert all(one.customer.number == "C1" or int(one.customer.number[1:]) >= 10 for one in others)
    assert done.tasks == {"投诉处理完结": 1, "被投诉人员名下客户": 3}
    assert "名下客户31名，抽取3名（10%，种子E1）" in firm.scalars(select(BusinessEvent.note)).one()


def test_staff_who_leave(firm: Session) -> None:
    row = event(事件号="E1", 事件类型="离职", 发生时间="2026-06-01", 工号="6001", 离职日期="2026-06-30",
                接替人员="张华", 接替电话="13800001234")  # fmt: skip
    raised(firm, row)
    task = only_task(firm)
    assert (task.review_type, task.customer.number) == ("leaving", "C1")
    assert task.slots == {"工作人员": "赵立新", "新客户经理": "张华", "新联系方式": "13800001234"}
    assert task.deadline_at == datetime(2026, 6, 30, 23, 59, 59, tzinfo=SHANGHAI)
    assert firm.scalars(select(Staff.leaving)).one() is True


def test_staff_without_a_name_keep_the_event_open_until_they_have_one(session: Session) -> None:
    take(session, CLIENTS + "C1,王小明,先生,13800001111,,,6001\n")
    row = event(事件号="E1", 事件类型="离职", 发生时间="2026-06-01", 工号="6001", 离职日期="2026-06-30",
                接替人员="张华", 接替电话="13800001234")  # fmt: skip
    done = raised(session, row)
    assert done.stuck == [("E1", "没有登记这名工作人员的姓名；请先导入工作人员文件")]
    assert session.scalars(select(BusinessEvent.state)).one() == "stuck"
    take(session, "工号,姓名,岗位\n6001,赵立新,客户经理\n")
    assert raise_tasks(session, NOW, scripts=SCRIPTS).tasks == {"拟离职人员名下客户": 1}


def test_no_script_in_use(firm: Session) -> None:
    take(firm, EVENTS + event(事件号="E1", 事件类型="开户", 发生时间="2026-06-01", 客户号="C1"))
    done = raise_tasks(firm, NOW, scripts=[])
    assert "没有使用中的话术“new_account”；请先审核并发布" in done.summary()
    assert raise_tasks(firm, NOW, scripts=SCRIPTS).tasks == {"新开户": 1}


def test_a_calendar_without_this_year(firm: Session) -> None:
    far = datetime(2090, 6, 1, 10, tzinfo=SHANGHAI)
    done = raised(
        firm, event(事件号="E1", 事件类型="异常情形", 发生时间="2090-06-01", 客户号="C1", 异常类型="资金划转"), now=far
    )
    assert "交易日历缺少2090年" in done.stuck[0][1]
    calendar = TradingCalendar().with_year(2090, [])
    assert raise_tasks(firm, far, scripts=SCRIPTS, calendar=calendar).tasks == {"异常情形": 1}


def test_every_event_is_dealt_with_once(firm: Session) -> None:
    row = event(事件号="E1", 事件类型="开户", 发生时间="2026-06-01", 客户号="C1")
    raised(firm, row)
    raised(firm, row, event(事件号="E2", 事件类型="开户", 发生时间="2026-06-01", 客户号="C2"))
    assert sorted(firm.scalars(select(ReviewTask.number))) == ["E1-R", "E2-R"]
    assert firm.scalars(select(Campaign.name)).all() == ["即时回访 2026"]


def test_clients_who_want_no_calls_or_have_left(firm: Session) -> None:
    firm.scalars(select(Customer).where(Customer.number == "C1")).one().do_not_call = True
    firm.scalars(select(Customer).where(Customer.number == "C2")).one().account_state = "closed"
    firm.flush()
    raised(
        firm,
        event(事件号="E1", 事件类型="开户", 发生时间="2026-06-01", 客户号="C1"),
        event(事件号="E2", 事件类型="开户", 发生时间="2026-06-01", 客户号="C2"),
    )
    task = only_task(firm)
    assert (task.customer.number, task.with_human) == ("C1", True)
    assert "客户要求不再联系" in task.trouble


def test_more_events_than_are_held_at_a_time(firm: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaign.duties.duties.CHUNK", 2)
    rows = [event(事件号=f"E{number}", 事件类型="开户", 发生时间="2026-06-01", 客户号="C1") for number in range(5)]
    assert raised(firm, *rows).tasks == {"新开户": 5}
