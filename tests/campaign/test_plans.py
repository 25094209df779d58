"""Review plans: four eyes, a campaign with a task for every drawn client, and what will be missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.duties.drawing import Wanted, draw_sample
from campaign.duties.plans import Actor, act, draft, plan_of, redraft, wanting
from campaign.duties.shares import DutyKind
from campaign.duties.standing import year_standing
from models import Campaign, Customer, Draw, DrawnMember, ReviewPlan, ReviewTask, ScriptVersion
from models.plans import figures_by_type
from models.populations import members_of, members_of_duty
from models.wanting import year_of
from rules import CallingHours, ReviewType
from rules.annex_a import OTHER_SHARE, SUITABILITY_SHARE
from rules.outcomes import Method
from rules.plan import Plan, PlanAct, PlanRefused
from rules.posts import Post
from rules.yearly import Verdict
from tests.campaign.importers import NOW, SHANGHAI
from tests.campaign.test_drawing import buy, client, firm, review, task_for

__all__ = ["firm"]  # a fixture

PLAN = Plan(
    department="合规部",
    made_on=date(2026, 6, 1),
    purpose="完成2026年度适当性回访",
    steps="按种子抽取10%，六月起拨打",
    reviewed_from=date(2026, 6, 8),
    reviewed_until=date(2026, 12, 31),
    review_types=(ReviewType.SUITABILITY,),
    methods=(Method.VOICE_BOT, Method.HUMAN_CALL),
    scope="上年末购买产品或接受服务的客户",
    executing_department="客户服务中心",
    reviewers=("8002",),
    risk_notice=True,
)
WANG, LI = Actor("8101", NOW), Actor("8201", NOW)


def use_script(session: Session, name: str) -> None:
    session.add(
        ScriptVersion(
            name=name, number=1, hash="f", title=name, sources={}, author="a", submitted_by="a", state="published",
            created_at=NOW,
        )
    )  # fmt: skip
    session.flush()


def approved(session: Session, draw_id: int | None = None, plan: Plan = PLAN) -> ReviewPlan:
    stored = draft(session, "适当性回访方案", plan, WANG, draw_id=draw_id, submit=True)
    return act(session, stored, PlanAct.APPROVE, LI)


@pytest.fixture
def drawn(firm: Session) -> int:
    """60 buyers of whom two hold R5, C1 among them drawn for certain."""
    use_script(firm, "suitability")
    use_script(firm, "periodic")
    buy(firm, range(0, 60))
    buy(firm, range(1, 3), "R5")
    buy(firm, range(3, 60), "R2", "服务签约")
    return draw_sample(firm, Wanted(DutyKind.SUITABILITY, 2026, "s", r5="100", ordinary="100"), by="8101", now=NOW).id


def others_members(session: Session, draw_id: int) -> list[DrawnMember]:
    return list(session.scalars(select(DrawnMember).where(DrawnMember.draw_id == draw_id)))


class TestLife:
    def test_drafted_submitted_approved_by_another_person(self, session: Session) -> None:
        stored = draft(session, "方案", PLAN, WANG)
        assert plan_of(stored) == PLAN
        act(session, stored, PlanAct.SUBMIT, WANG)
        with pytest.raises(PlanRefused, match="不能自己审批"):
            act(session, stored, PlanAct.APPROVE, Actor(" ８１０１ ", NOW))
        act(session, stored, PlanAct.APPROVE, LI)
        assert stored.state == "approved"
        session.expire_all()
        trail = [(one.act, one.by) for one in session.scalars(select(ReviewPlan)).one().acts]
        assert trail == [("submit", "8101"), ("approve", "8201")]

    def test_only_managers_approve_where_posts_are_known(self, session: Session) -> None:
        stored = draft(session, "方案", PLAN, WANG, submit=True)
        with pytest.raises(PlanRefused, match="须由管理岗"):
            act(session, stored, PlanAct.APPROVE, Actor("8002", NOW, posts={Post.AGENT, Post.INSPECTOR}))
        managers = replace(LI, posts={Post.AGENT, Post.MANAGER})
        assert act(session, stored, PlanAct.APPROVE, managers).state == "approved"

    def test_everything_that_is_wrong_is_told_at_once(self, session: Session) -> None:
        bad = replace(PLAN, purpose=" ", reviewers=(), reviewed_until=date(2026, 6, 1))
        with pytest.raises(PlanRefused) as refused:
            draft(session, "方案", bad, WANG, submit=True)
        for part in ("回访目的未填写", "回访时间止于2026-06-01，早于开始的2026-06-08", "没有写明回访人员"):
            assert part in str(refused.value)

    def test_a_rejected_plan_is_a_draft_again_and_can_be_changed(self, session: Session) -> None:
        stored = draft(session, "方案", PLAN, WANG, submit=True)
        with pytest.raises(PlanRefused, match="只有草稿可以修改"):
            redraft(session, stored, PLAN, WANG)
        with pytest.raises(PlanRefused, match="要写明原因"):
            act(session, stored, PlanAct.REJECT, LI)
        act(session, stored, PlanAct.REJECT, replace(LI, why="范围不清"))
        redraft(session, stored, replace(PLAN, scope="全部购买人"), WANG)
        assert act(session, stored, PlanAct.SUBMIT, WANG).state == "submitted"
        assert plan_of(stored).scope == "全部购买人"

    def test_nothing_starts_without_approval(self, session: Session) -> None:
        stored = draft(session, "方案", PLAN, WANG, submit=True)
        with pytest.raises(PlanRefused, match="只有审批通过的方案可以执行"):
            act(session, stored, PlanAct.START, LI)
        assert session.scalars(select(Campaign)).all() == []


class TestStarting:
    def test_every_drawn_client_gets_a_task(self, firm: Session, drawn: int) -> None:
        stored = act(firm, approved(firm, drawn), PlanAct.START, LI)
        tasks = firm.scalars(select(ReviewTask)).all()
        assert stored.campaign is not None
        assert (stored.campaign.name, stored.campaign.state) == ("适当性回访方案", "running")
        assert len(tasks) == 8  # both R5 holders, and 10% of the 58 others, rounded up
        assert {task.campaign_id for task in tasks} == {stored.campaign_id}
        assert {task.deadline_at for task in tasks} == {datetime(2026, 12, 31, 23, 59, 59, tzinfo=SHANGHAI)}
        by_client = {task.customer.number: task for task in tasks}
        r5 = by_client["C1"]
        assert (r5.with_human, r5.due_at) == (True, None)  # §5.2: R5 by a person
        assert "R5应由人工回访" in r5.trouble
        assert r5.product is not None
        assert r5.product.risk_level == "R5"
        other = next(task for task in tasks if task.customer.number not in ("C0", "C1", "C2"))
        assert other.slots == {"业务": "签约服务"}
        assert other.due_at == datetime(2026, 6, 8, tzinfo=SHANGHAI)
        assert members_of(firm, drawn).open == 8

    def test_who_is_called_for_conduct_anyhow_is_asked_about_suitability_too(self, firm: Session, drawn: int) -> None:
        conduct = task_for(firm, client(firm, 7), ReviewType.CONDUCT)
        again = draw_sample(firm, Wanted(DutyKind.SUITABILITY, 2026, "t", share="20"), by="8101", now=NOW)
        stored = act(firm, approved(firm, again.id), PlanAct.START, LI)
        mine = select(ReviewTask).where(ReviewTask.campaign_id == stored.campaign_id)
        task = firm.scalars(mine.where(ReviewTask.customer_id == conduct.customer_id)).one()
        assert task.review_type == "suitability"
        member = firm.get_one(DrawnMember, (again.id, conduct.customer_id))
        assert (member.credited, member.task_id) == (True, task.id)

    def test_other_clients_who_are_called_anyhow_get_no_second_task(self, firm: Session) -> None:
        use_script(firm, "periodic")
        task_for(firm, client(firm, 7), ReviewType.LEAVING)
        draw = draw_sample(firm, Wanted(DutyKind.OTHER, 2026, "o"), by="8101", now=NOW)
        plan = replace(PLAN, review_types=(ReviewType.OTHER,))
        stored = act(firm, approved(firm, draw.id, plan), PlanAct.START, LI)
        tasks = firm.scalars(select(ReviewTask).where(ReviewTask.campaign_id == stored.campaign_id)).all()
        assert len(tasks) == 4
        assert {(task.review_type, task.script) for task in tasks} == {("other", "periodic")}

    def test_who_was_drawn_for_suitability_counts_for_the_others_without_a_second_call(
        self, firm: Session, drawn: int
    ) -> None:
        """§5.1.7: 回访如有重叠可合并进行; eight buyers are drawn, and 5% of the 90 clients are five."""
        others = draw_sample(firm, Wanted(DutyKind.OTHER, 2026, "o"), by="8101", now=NOW)
        assert (others.proof["needed"], others.proof["credited"], others.proof["drawn"]) == (5, 8, 0)
        with pytest.raises(PlanRefused, match="这次抽取没有需要生成任务的客户"):
            draft(firm, "其他", replace(PLAN, review_types=(ReviewType.OTHER,)), WANG, draw_id=others.id, submit=True)
        act(firm, approved(firm, drawn), PlanAct.START, LI)
        tasks = {one.task.review_type for one in others_members(firm, others.id) if one.task}
        assert tasks == {"suitability"}
        standing = dict(year_standing(firm, NOW, CallingHours()).shares)
        other = standing[OTHER_SHARE]
        assert (other.needed, other.done, other.open) == (5, 0, 8)
        for task in firm.scalars(select(ReviewTask)).all():
            task.status, task.final = "已完成：已回访", True
        firm.flush()
        other = dict(year_standing(firm, NOW, CallingHours()).shares)[OTHER_SHARE]
        assert (other.done, other.open, other.verdict) == (8, 0, Verdict.MET)

    def test_a_plan_of_human_calls_gives_its_tasks_to_people(self, firm: Session, drawn: int) -> None:
        act(firm, approved(firm, drawn, replace(PLAN, methods=(Method.HUMAN_CALL,))), PlanAct.START, LI)
        assert all(task.with_human and task.due_at is None for task in firm.scalars(select(ReviewTask)))

    def test_no_script_in_use(self, firm: Session) -> None:
        buy(firm, range(0, 10))
        draw = draw_sample(firm, Wanted(DutyKind.SUITABILITY, 2026, "s"), by="8101", now=NOW)
        with pytest.raises(PlanRefused, match="没有使用中的话术“suitability”"):
            act(firm, approved(firm, draw.id), PlanAct.START, LI)

    def test_finishing_and_withdrawing(self, firm: Session, drawn: int) -> None:
        stored = act(firm, approved(firm, drawn), PlanAct.START, LI)
        with pytest.raises(PlanRefused, match="还有8个回访任务没有最终登记状态"):
            act(firm, stored, PlanAct.FINISH, LI)
        act(firm, stored, PlanAct.WITHDRAW, replace(LI, why="口径有变"))
        assert stored.campaign is not None
        firm.refresh(stored.campaign)
        assert (stored.state, stored.campaign.state) == ("withdrawn", "stopped")

    def test_a_withdrawn_plan_leaves_its_clients_to_a_new_one(self, firm: Session, drawn: int) -> None:
        stored = act(firm, approved(firm, drawn), PlanAct.START, LI)
        act(firm, stored, PlanAct.WITHDRAW, replace(LI, why="口径有变"))
        assert members_of(firm, drawn).withdrawn == 8
        suitability = dict(year_standing(firm, NOW, CallingHours()).shares)[SUITABILITY_SHARE]
        assert (suitability.open, suitability.verdict) == (0, Verdict.SHORT)
        again = draft(firm, "第二版", PLAN, WANG, draw_id=drawn, submit=True)
        act(firm, act(firm, again, PlanAct.APPROVE, LI), PlanAct.START, LI)
        assert (members_of(firm, drawn).withdrawn, members_of(firm, drawn).open) == (0, 8)
        topping_up = Wanted(DutyKind.SUITABILITY, 2026, "s", r5="100", ordinary="100")
        assert draw_sample(firm, topping_up, by="8101", now=NOW).proof["drawn"] == 0
        act(firm, again, PlanAct.WITHDRAW, replace(LI, why="口径又变"))
        assert draw_sample(firm, topping_up, by="8101", now=NOW).proof["drawn"] == 8

    def test_nobody_is_called_again_who_was_reviewed_before_the_plan_was_withdrawn(
        self, firm: Session, drawn: int
    ) -> None:
        stored = act(firm, approved(firm, drawn), PlanAct.START, LI)
        ended = firm.scalars(select(ReviewTask).order_by(ReviewTask.id).limit(2)).all()
        for task, status in zip(ended, ("已完成：已回访", "已完成：空号"), strict=True):
            task.status, task.final = status, True
        act(firm, stored, PlanAct.WITHDRAW, replace(LI, why="口径有变"))
        again = act(firm, draft(firm, "第二版", PLAN, WANG, draw_id=drawn, submit=True), PlanAct.APPROVE, LI)
        act(firm, again, PlanAct.START, LI)
        called = firm.scalars(select(ReviewTask).where(ReviewTask.campaign_id == again.campaign_id)).all()
        assert len(called) == 6
        assert not {task.customer_id for task in called} & {task.customer_id for task in ended}
        assert {task.id for task in ended} < {member.task_id for member in others_members(firm, drawn)}

    def test_a_client_of_two_draws_is_called_once(self, firm: Session, drawn: int) -> None:
        stored = act(firm, approved(firm, drawn), PlanAct.START, LI)
        act(firm, stored, PlanAct.WITHDRAW, replace(LI, why="口径有变"))
        topping_up = Wanted(DutyKind.SUITABILITY, 2026, "s", r5="100", ordinary="100")
        later = draw_sample(firm, topping_up, by="8101", now=NOW)
        assert later.proof["drawn"] == 8
        assert members_of(firm, drawn).withdrawn == 0  # they are the later draw's
        with pytest.raises(PlanRefused, match="没有需要生成任务的客户"):
            draft(firm, "从前一次", PLAN, WANG, draw_id=drawn, submit=True)
        second = act(firm, draft(firm, "第二版", PLAN, WANG, draw_id=later.id, submit=True), PlanAct.APPROVE, LI)
        act(firm, second, PlanAct.START, LI)
        assert wanting(firm, firm.get_one(Draw, drawn)).together == 0
        assert members_of_duty(firm, later.duty_id).drawn == 8

    def test_who_is_reviewed_otherwise_after_the_draw_is_done_and_not_open(self, firm: Session, drawn: int) -> None:
        """One of the eight, by a task of its own: nobody is counted twice, whatever draw is the latest."""
        member = others_members(firm, drawn)[0]
        review(firm, member.customer, ReviewType.SUITABILITY, NOW + timedelta(hours=1))
        one = dict(year_standing(firm, NOW, CallingHours()).shares)[SUITABILITY_SHARE]
        assert (one.done, one.open, one.unplanned) == (1, 7, 7)
        assert wanting(firm, firm.get_one(Draw, drawn)).together == 7
        again = Wanted(DutyKind.SUITABILITY, 2026, "t", r5="100", ordinary="100")
        draw_sample(firm, again, by="8101", now=NOW + timedelta(hours=2))
        one = dict(year_standing(firm, NOW, CallingHours()).shares)[SUITABILITY_SHARE]
        assert (one.done, one.open, one.unplanned) == (1, 7, 7)

    def test_a_review_of_another_year_is_not_this_years(self, firm: Session, drawn: int) -> None:
        review(firm, others_members(firm, drawn)[0].customer, ReviewType.SUITABILITY, datetime(2027, 1, 2, tzinfo=UTC))
        one = dict(year_standing(firm, NOW, CallingHours()).shares)[SUITABILITY_SHARE]
        assert (one.done, one.open) == (0, 8)

    def test_what_was_done_in_a_year_is_of_that_year(self, firm: Session) -> None:
        task_for(firm, client(firm, 1), ReviewType.CONDUCT, "已完成：已回访")
        done = [figures_by_type(firm, NOW, *year_of(year))["conduct"].reviewed for year in (2025, 2026, 2027)]
        assert done == [0, 1, 0]

    def test_what_ended_without_a_review_is_told_apart(self, firm: Session) -> None:
        for number, status in enumerate(("已完成：已回访", "已完成：无人应答", "已完成：空号"), 1):
            task_for(firm, client(firm, number), ReviewType.CONDUCT, status)
        figures = figures_by_type(firm, NOW, *year_of(2026))["conduct"]
        assert (figures.reviewed, figures.unreviewed, figures.open) == (1, 2, 0)

    def test_a_stopped_campaign_owes_nothing_and_keeps_what_it_did(self, firm: Session) -> None:
        task_for(firm, client(firm, 1), ReviewType.CONDUCT, "已完成：已回访")
        task_for(firm, client(firm, 2), ReviewType.CONDUCT).campaign.state = "stopped"
        firm.flush()
        figures = figures_by_type(firm, NOW, *year_of(2026))["conduct"]
        assert (figures.reviewed, figures.open) == (1, 0)

    def test_a_new_plan_takes_those_along_who_were_credited_for_the_withdrawn_one(
        self, firm: Session, drawn: int
    ) -> None:
        others = draw_sample(firm, Wanted(DutyKind.OTHER, 2026, "o"), by="8101", now=NOW)
        act(firm, act(firm, approved(firm, drawn), PlanAct.START, LI), PlanAct.WITHDRAW, replace(LI, why="口径有变"))
        again = act(firm, draft(firm, "第二版", PLAN, WANG, draw_id=drawn, submit=True), PlanAct.APPROVE, LI)
        act(firm, again, PlanAct.START, LI)
        assert {one.task.campaign_id for one in others_members(firm, others.id) if one.task} == {again.campaign_id}

    def test_two_plans_for_one_draw(self, firm: Session, drawn: int) -> None:
        first = approved(firm, drawn)
        second = act(firm, draft(firm, "又一个", PLAN, WANG, draw_id=drawn, submit=True), PlanAct.APPROVE, LI)
        act(firm, first, PlanAct.START, LI)
        with pytest.raises(PlanRefused, match="任务已由另一方案生成"):
            act(firm, second, PlanAct.START, LI)

    def test_it_is_too_late_to_start(self, firm: Session, drawn: int) -> None:
        stored = approved(firm, drawn)
        with pytest.raises(PlanRefused, match="回访时间已于2026-12-31结束，不能开始"), firm.begin_nested():
            act(firm, stored, PlanAct.START, replace(LI, at=datetime(2027, 1, 1, 9, tzinfo=SHANGHAI)))
        assert act(firm, stored, PlanAct.START, replace(LI, at=datetime(2026, 12, 31, 9, tzinfo=SHANGHAI)))

    def test_who_asks_not_to_be_called_after_the_draw_is_for_a_person(self, firm: Session, drawn: int) -> None:
        client(firm, 1).do_not_call = True
        firm.flush()
        act(firm, approved(firm, drawn), PlanAct.START, LI)
        task = firm.scalars(select(ReviewTask).join(Customer).where(Customer.number == "C1")).one()
        assert (task.with_human, task.due_at) == (True, None)
        assert "§6.2" in task.trouble

    def test_a_plan_of_questionnaires_says_so(self, firm: Session, drawn: int) -> None:
        act(firm, approved(firm, drawn, replace(PLAN, methods=(Method.QUESTIONNAIRE,))), PlanAct.START, LI)
        assert {task.trouble for task in firm.scalars(select(ReviewTask))} == {
            "回访方案的回访方式是问卷，不用智能语音，由执行岗办理（表D.1）"
        }

    def test_more_members_than_are_held_at_a_time(
        self, firm: Session, drawn: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("campaign.duties.plans.CHUNK", 3)
        act(firm, approved(firm, drawn), PlanAct.START, LI)
        assert len(firm.scalars(select(ReviewTask)).all()) == 8
