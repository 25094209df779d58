"""Conduct reviews (执业情况, table A.1 line 5): of whom a share is owed, what is credited, and the call that joins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.script import load_script
from campaign.calls.joining import carried
from campaign.duties.drawing import DrawRefused, Wanted, draw_sample
from campaign.duties.plans import NAMELESS, act, wanting
from campaign.duties.shares import DutyKind
from campaign.duties.standing import owed_kinds, year_standing
from campaign.house import House
from models import Draw, DrawnMember, ReviewTask, Staff
from models.populations import members_in
from models.wanting import Wanting
from rules import CallingHours, ReviewType
from rules.annex_a import CONDUCT_SHARE
from rules.plan import PlanAct
from rules.sampling import key_of
from rules.yearly import Verdict
from tests.campaign.importers import CLIENTS, NOW, take
from tests.campaign.test_drawing import client, drawn_numbers, review, task_for
from tests.campaign.test_plans import LI, PLAN, approved, use_script

CONDUCT = Wanted(DutyKind.CONDUCT, 2026, "2026执业")
STAFF = "工号,姓名,岗位\n6001,赵立新,经纪人\n6002,钱晓东,投资顾问\n8002,孙敏,执行岗\n"


@pytest.fixture
def firm(session: Session) -> Session:
    """C0 to C29 are a broker's (C28 dormant, C29 of this year), C30 to C44 an adviser's; the others are nobody's."""
    header = CLIENTS.strip() + ",开户日期,账户状态\n"
    rows = "".join(
        f"C{one},客户{one},,139{one:08},,,{'6001' if one < 30 else '6002' if one < 45 else ''},"
        f"{'2026-03-01' if one == 29 else '2020-03-01'},{'休眠' if one == 28 else ''}\n"
        for one in range(60)
    )
    take(session, STAFF)
    take(session, header + rows)
    return session


def test_a_tenth_of_the_clients_of_brokers_and_advisers(firm: Session) -> None:
    """经纪人、投资顾问名下客户，可与适当性回访比例结合: of 44 who were there last year, without the dormant one 43."""
    drawn = draw_sample(firm, CONDUCT, by="8201", now=NOW)
    proof = drawn.proof
    assert (proof["population"], proof["basis"], proof["needed"], proof["drawn"], proof["owed"]) == (44, 43, 5, 5, 0)
    assert proof["standings"] == {"可抽取": 43, "休眠账户": 1}
    numbers = sorted((f"C{one}" for one in range(45) if one not in (28, 29)), key=lambda one: key_of("2026执业", one))
    assert drawn_numbers(firm, drawn) == set(numbers[:5])
    assert drawn.parameters["basis"] == "served"


def serve_by_a_manager(firm: Session, numbers: range) -> None:
    """Clients whom an account manager serves."""
    take(firm, "工号,姓名,岗位\n6003,周明,客户经理\n")
    firm.flush()
    manager = firm.scalars(select(Staff).where(Staff.number == "6003")).one()
    for number in numbers:
        client(firm, number).served_by = manager
    firm.flush()


def test_clients_of_account_managers_are_not_of_line_5(firm: Session) -> None:
    """经纪人、证券投资顾问名下客户: C0 to C28 and C30 to C44, as if nobody served C50 to C59."""
    serve_by_a_manager(firm, range(50, 60))
    proof = draw_sample(firm, CONDUCT, by="8201", now=NOW).proof
    assert (proof["population"], proof["basis"], proof["needed"]) == (44, 43, 5)
    assert proof["served"] == {"经纪人": 29, "投资顾问": 15, "客户经理": 10}


def test_who_may_be_a_broker_is_counted(firm: Session) -> None:
    """Entered before brokers, advisers and account managers were told apart."""
    serve_by_a_manager(firm, range(50, 60))
    for person in firm.scalars(select(Staff)):
        person.serves_as = ""
    firm.flush()
    proof = draw_sample(firm, CONDUCT, by="8201", now=NOW).proof
    assert (proof["population"], proof["served"]) == (54, {"岗位未登记": 54})
    take(firm, STAFF + "6003,周明,客户经理\n")  # the same file again tells them apart
    assert draw_sample(firm, CONDUCT, by="8201", now=NOW).proof["population"] == 44


def test_a_firm_of_account_managers_owes_none(session: Session) -> None:
    take(session, "工号,姓名,岗位\n6003,周明,客户经理\n6004,6004,客户经理\n")
    take(session, CLIENTS + "C1,客户,,13900000001,,,6003\nC2,客户,,13900000002,,,6004\n")
    assert DutyKind.CONDUCT not in owed_kinds(session)
    with pytest.raises(DrawRefused, match="没有2025年末经纪人、投资顾问名下的客户"):
        draw_sample(session, CONDUCT, by="8201", now=NOW)


def test_the_share_of_suitability_is_the_least(firm: Session) -> None:
    with pytest.raises(DrawRefused, match="执业情况回访的比例不得低于10%（§5.1.7 a、b、表A.1第5项）"):
        draw_sample(firm, replace(CONDUCT, share="9"), by="8201", now=NOW)


def test_who_was_asked_the_same_of_a_leaving_person_counts(firm: Session) -> None:
    """E.2.4 to E.2.6 ask 对XXX的服务满意吗 and 是否存在上述违规行为; E.2.3 does not ask the first."""
    march = datetime(2026, 3, 2, tzinfo=UTC)
    for number, kind in ((1, ReviewType.CONDUCT), (2, ReviewType.LEAVING), (3, ReviewType.COMPLAINED)):
        review(firm, client(firm, number), kind, march)
    review(firm, client(firm, 4), ReviewType.SUITABILITY, march)
    review(firm, client(firm, 50), ReviewType.LEAVING, march)  # nobody's client any more
    proof = draw_sample(firm, CONDUCT, by="8201", now=NOW).proof
    assert (proof["standings"]["本年度已回访"], proof["credited"], proof["drawn"]) == (3, 3, 2)


def started(firm: Session, draw: Draw) -> list[ReviewTask]:
    plan = replace(PLAN, review_types=(ReviewType.CONDUCT,), reviewed_from=date(2026, 6, 1))
    stored = act(firm, approved(firm, draw.id, plan), PlanAct.START, LI)
    return list(firm.scalars(select(ReviewTask).where(ReviewTask.campaign_id == stored.campaign_id)))


def test_who_is_called_for_suitability_anyhow_is_asked_in_the_same_call(firm: Session) -> None:
    use_script(firm, "conduct")
    for number in (7, 8, 31):
        task_for(firm, client(firm, number), ReviewType.SUITABILITY).slots = {"业务": "购买金融产品"}
    draw = draw_sample(firm, CONDUCT, by="8201", now=NOW)
    assert (draw.proof["standings"]["与其他回访合并进行"], draw.proof["drawn"]) == (3, 2)
    share = dict(year_standing(firm, NOW, CallingHours()).shares)[CONDUCT_SHARE]
    assert (share.needed, share.done, share.open, share.verdict) == (5, 0, 5, Verdict.UNPLANNED)
    tasks = {task.customer.number: task for task in started(firm, draw)}
    assert len(tasks) == 5 and {"C7", "C8", "C31"} < tasks.keys()
    assert {(task.review_type, task.script, task.due_at) for task in tasks.values()} == {("conduct", "conduct", NOW)}
    assert (tasks["C7"].slots, tasks["C31"].slots) == ({"工作人员": "赵立新"}, {"工作人员": "钱晓东"})
    share = dict(year_standing(firm, NOW, CallingHours()).shares)[CONDUCT_SHARE]
    assert (share.open, share.unplanned, share.verdict) == (5, 0, Verdict.BEHIND)  # nobody has called yet
    both = firm.scalars(select(ReviewTask).where(ReviewTask.customer_id == client(firm, 7).id)).all()
    house = House("华夏安信证券", "客服中心", "8001", "95500")
    call = carried(both[0], both[1:], load_script, house)
    assert {task.review_type for task in call.tasks} == {"suitability", "conduct"}
    asked = set(call.script.nodes)
    assert {"conduct.satisfied", "suitability.self_operated"} <= asked


def test_a_review_of_suitability_alone_does_not_do_it(firm: Session) -> None:
    use_script(firm, "conduct")
    task = task_for(firm, client(firm, 7), ReviewType.SUITABILITY)
    draw = draw_sample(firm, CONDUCT, by="8201", now=NOW)
    task.status, task.final = "已完成：已回访", True
    firm.flush()
    share = dict(year_standing(firm, NOW, CallingHours()).shares)[CONDUCT_SHARE]
    assert (share.done, share.open) == (0, 5)
    for one in started(firm, draw):
        one.status, one.final = "已完成：已回访", True
    firm.flush()
    share = dict(year_standing(firm, NOW, CallingHours()).shares)[CONDUCT_SHARE]
    assert (share.done, share.open, share.verdict) == (5, 0, Verdict.MET)


def test_a_draw_of_merged_clients_alone_wants_tasks_too(firm: Session) -> None:
    """For one of them nobody is registered any more: the bot could not say about whom it asks (E.2.4)."""
    use_script(firm, "conduct")
    for number in range(5):
        task_for(firm, client(firm, number), ReviewType.SUITABILITY)
    draw = draw_sample(firm, CONDUCT, by="8201", now=NOW)
    assert (draw.proof["credited"], draw.proof["drawn"]) == (5, 0)
    assert wanting(firm, draw) == Wanting(drawn=0, credited=5)
    client(firm, 3).served_by = None
    firm.flush()
    tasks = {task.customer.number: task for task in started(firm, draw)}
    assert (tasks["C3"].with_human, tasks["C3"].due_at, tasks["C3"].trouble) == (True, None, NAMELESS)
    assert not tasks["C2"].with_human and len(tasks) == 5
    assert wanting(firm, draw) == Wanting()


def test_who_was_just_drawn_for_conduct_is_merged_into_suitability(firm: Session) -> None:
    drawn = draw_sample(firm, CONDUCT, by="8201", now=NOW)
    brokerage = draw_sample(firm, Wanted(DutyKind.BROKERAGE, 2026, "b"), by="8201", now=NOW)
    # 58 clients of last year's end are active: six are owed, the five of the conduct draw count.
    assert (brokerage.proof["needed"], brokerage.proof["credited"], brokerage.proof["drawn"]) == (6, 5, 1)
    credited = {one.number for one in members_in(firm, brokerage.id) if one.credited}
    assert credited == drawn_numbers(firm, drawn)


def test_a_person_without_a_name_cannot_be_asked_about(firm: Session) -> None:
    take(firm, CLIENTS + "C70,客户,,13900000070,,,6009\n")
    with pytest.raises(DrawRefused) as refused:
        draw_sample(firm, CONDUCT, by="8201", now=NOW)
    assert str(refused.value).startswith("工号6009共1名服务客户的人员没有登记姓名")
    assert "请先导入工作人员文件" in str(refused.value)


def test_a_firm_without_brokers_owes_none(session: Session) -> None:
    take(session, CLIENTS + "C1,客户,,13900000001,,,\n")
    assert DutyKind.CONDUCT not in owed_kinds(session)
    with pytest.raises(DrawRefused, match="没有2025年末经纪人、投资顾问名下的客户"):
        draw_sample(session, CONDUCT, by="8201", now=NOW)


def test_everybody_who_came_up_is_listed(firm: Session) -> None:
    task = task_for(firm, client(firm, 7), ReviewType.SUITABILITY)
    draw = draw_sample(firm, CONDUCT, by="8201", now=NOW)
    lines = list(members_in(firm, draw.id))
    assert [one.number for one in lines] == sorted(one.number for one in lines)
    assert len(lines) == len(firm.scalars(select(DrawnMember)).all()) == 5
    (merged,) = (one for one in lines if one.credited)
    assert (merged.number, merged.task, merged.review_type, merged.status) == (
        "C7", task.number, "suitability", "待回访",
    )  # fmt: skip
