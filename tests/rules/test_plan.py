"""Table D.1 and the life of a plan: drafted, approved by another person, carried out."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from itertools import product
from typing import Any

import pytest

from rules import Method, ReviewType, RulesError
from rules.plan import (
    ACT_WORDS,
    HEADINGS,
    STATE_WORDS,
    TRANSITIONS,
    DrawnFor,
    Plan,
    PlanAct,
    PlanRefused,
    PlanStanding,
    PlanState,
    acted,
    acts_for,
    problems_of,
)
from rules.posts import Post

DRAFT = PlanStanding(PlanState.DRAFT, "周岚")
SUBMITTED = PlanStanding(PlanState.SUBMITTED, "周岚", "8102")
APPROVED = replace(SUBMITTED, state=PlanState.APPROVED)
RUNNING = replace(SUBMITTED, state=PlanState.RUNNING)


class TestLife:
    def test_from_draft_to_finished(self) -> None:
        assert acted(DRAFT, PlanAct.SUBMIT, by="8102") is PlanState.SUBMITTED
        assert acted(SUBMITTED, PlanAct.APPROVE, by="吴峰") is PlanState.APPROVED
        assert acted(APPROVED, PlanAct.START, by="周岚") is PlanState.RUNNING
        assert acted(RUNNING, PlanAct.FINISH, by="周岚") is PlanState.FINISHED

    def test_rejected_it_is_a_draft_again(self) -> None:
        assert acted(SUBMITTED, PlanAct.REJECT, by="吴峰", why="范围不清") is PlanState.DRAFT

    def test_withdrawn_from_any_open_state(self) -> None:
        for state in PlanState:
            standing = replace(SUBMITTED, state=state)
            if state in (PlanState.FINISHED, PlanState.WITHDRAWN):
                with pytest.raises(PlanRefused, match="不能再撤销"):
                    acted(standing, PlanAct.WITHDRAW, by="周岚", why="重复")
            else:
                assert acted(standing, PlanAct.WITHDRAW, by="周岚", why="重复") is PlanState.WITHDRAWN

    @pytest.mark.parametrize("by", ["周岚", "8102"])
    def test_taken_back_by_its_authors_while_nobody_has_decided(self, by: str) -> None:
        assert acted(SUBMITTED, PlanAct.RECALL, by=by, posts={Post.INSPECTOR}) is PlanState.DRAFT
        with pytest.raises(PlanRefused, match="只有待审批的方案可以收回"):
            acted(APPROVED, PlanAct.RECALL, by=by)

    def test_others_reject_instead(self) -> None:
        with pytest.raises(PlanRefused, match="只有方案的制定人、提交人可以收回"):
            acted(SUBMITTED, PlanAct.RECALL, by="吴峰", posts={Post.MANAGER})
        assert PlanAct.RECALL not in acts_for(SUBMITTED, by="吴峰", posts={Post.MANAGER})

    @pytest.mark.parametrize("by", ["周岚", " 周 岚", "8102", "８１０２"])
    def test_nobody_approves_their_own(self, by: str) -> None:
        with pytest.raises(PlanRefused, match="另一人"):
            acted(SUBMITTED, PlanAct.APPROVE, by=by)

    def test_whatever_the_table_lacks_is_refused_with_a_remedy(self) -> None:
        for state, act in product(PlanState, PlanAct):
            if (state, act) not in TRANSITIONS:
                with pytest.raises(PlanRefused) as caught:
                    acted(replace(SUBMITTED, state=state), act, by="吴峰", why="试")
                assert STATE_WORDS[state] in str(caught.value)
                assert "；" in str(caught.value)

    def test_a_running_plan_was_approved(self) -> None:
        """Every road to running leads over approved."""
        assert {state for (state, _), after in TRANSITIONS.items() if after is PlanState.RUNNING} == {
            PlanState.APPROVED
        }
        assert {act for (_, act), after in TRANSITIONS.items() if after is PlanState.APPROVED} == {PlanAct.APPROVE}

    @pytest.mark.parametrize("act", [PlanAct.REJECT, PlanAct.WITHDRAW])
    def test_reasons(self, act: PlanAct) -> None:
        with pytest.raises(PlanRefused, match="原因"):
            acted(SUBMITTED, act, by="吴峰", why=" ")

    def test_somebody_did_it(self) -> None:
        with pytest.raises(RulesError, match="是谁"):
            acted(DRAFT, PlanAct.SUBMIT, by="　")
        assert acts_for(DRAFT, by=" ") == ()

    def test_words(self) -> None:
        assert set(STATE_WORDS) == set(PlanState)
        assert set(ACT_WORDS) == set(PlanAct)


class TestPosts:
    @pytest.mark.parametrize("post", sorted(set(Post) - {Post.MANAGER}))
    def test_only_managers_decide(self, post: Post) -> None:
        """§7.4.1: 管理岗 organises, assigns and supervises."""
        for standing, act in [
            (SUBMITTED, PlanAct.APPROVE),
            (SUBMITTED, PlanAct.REJECT),
            (APPROVED, PlanAct.START),
            (RUNNING, PlanAct.FINISH),
            (RUNNING, PlanAct.WITHDRAW),
        ]:
            with pytest.raises(PlanRefused, match="管理岗"):
                acted(standing, act, by="吴峰", posts=[post], why="试")
            assert (
                acted(standing, act, by="吴峰", posts={Post.AGENT, Post.MANAGER}, why="试")
                is TRANSITIONS[standing.state, act]
            )

    def test_anybody_drafts_and_may_take_it_back(self) -> None:
        """§8.1.1: the departments concerned make the plan."""
        assert acted(DRAFT, PlanAct.SUBMIT, by="周岚", posts={Post.AGENT}) is PlanState.SUBMITTED
        assert acted(SUBMITTED, PlanAct.WITHDRAW, by="周岚", posts={Post.AGENT}, why="重做") is PlanState.WITHDRAWN

    def test_the_buttons_are_what_is_not_refused(self) -> None:
        for state, by, posts in product(PlanState, ["周岚", "吴峰"], [None, *([post] for post in Post)]):
            standing = replace(SUBMITTED, state=state)
            offered = acts_for(standing, by=by, posts=posts)
            for act in PlanAct:
                try:
                    acted(standing, act, by=by, posts=posts, why="试")
                except PlanRefused:
                    assert act not in offered
                else:
                    assert act in offered


PLAN = Plan(
    department="财富管理部",
    made_on=date(2026, 1, 5),
    purpose="落实适当性回访要求",
    steps="1、确定回访类型、回访对象、回访比率、回访时间要求；2、确定回访实施步骤",
    reviewed_from=date(2026, 1, 10),
    reviewed_until=date(2026, 12, 31),
    review_types=(ReviewType.SUITABILITY,),
    methods=(Method.VOICE_BOT,),
    scope="上年末购买产品的客户，按10%抽取",
    executing_department="客户服务中心",
    reviewers=(),
    risk_notice=True,
)


class TestTableD1:
    def test_headings_in_the_order_of_the_table(self) -> None:
        assert [heading for heading, _ in HEADINGS] == [
            "回访需求部门",
            "方案制定时间",
            "回访目的",
            "回访实施计划",
            "回访时间",
            "回访类型",
            "回访方式",
            "回访客户范围",
            "回访实施部门",
            "回访人员",
            "回访风险提示",
        ]
        assert {name for _, names in HEADINGS for name in names} == {one.name for one in fields(Plan)}

    def test_a_good_plan(self) -> None:
        assert problems_of(PLAN) == ()
        assert problems_of(replace(PLAN, review_types=(), other_type="反洗钱回访")) == ()
        assert problems_of(replace(PLAN, methods=(Method.HUMAN_CALL,), reviewers=("8001",))) == ()

    def test_a_plan_of_one_day(self) -> None:
        day = PLAN.made_on
        assert problems_of(replace(PLAN, reviewed_from=day, reviewed_until=day)) == ()

    def test_all_that_is_missing_at_once(self) -> None:
        empty = replace(
            PLAN,
            department="",
            purpose=" ",
            steps="",
            scope="",
            executing_department="　",
            review_types=(),
            other_type=" ",
            methods=(),
        )
        problems = problems_of(empty)
        assert len(problems) == 7
        assert all("未填写" in problem for problem in problems)

    def test_times_that_run_backwards(self) -> None:
        problems = problems_of(replace(PLAN, reviewed_until=date(2025, 12, 31)))
        assert len(problems) == 2
        assert all("2025-12-31" in problem for problem in problems)

    def test_human_reviews_name_the_people(self) -> None:
        for reviewers in ((), (" ",)):
            (problem,) = problems_of(replace(PLAN, methods=(Method.MEETING,), reviewers=reviewers))
            assert "回访人员" in problem

    def test_a_type_without_a_method(self) -> None:
        plan = replace(PLAN, review_types=(ReviewType.PRIVATE_FUND, ReviewType.OTHER), methods=(Method.QUESTIONNAIRE,))
        (problem,) = problems_of(plan)
        assert problem.startswith("私募基金回访没有可用的回访方式")
        assert problems_of(replace(plan, methods=(Method.QUESTIONNAIRE, Method.EMAIL))) == ()

    def test_a_yearly_review_is_done_by_the_years_end(self) -> None:
        """Table A.1 line 4: 每个自然年度结束前."""
        late = replace(PLAN, reviewed_until=date(PLAN.reviewed_from.year + 1, 1, 1))
        (problem,) = problems_of(late)
        assert "适当性回访的期限2026-12-31（表A.1第4项）" in problem
        assert problems_of(replace(late, review_types=(ReviewType.NEW_ACCOUNT,))) == ()

    def test_a_time_that_has_passed_since(self) -> None:
        (problem,) = problems_of(PLAN, today=date(2027, 1, 1))
        assert problem == f"回访时间止于{PLAN.reviewed_until}，已经过去；请更正"
        assert problems_of(PLAN, today=PLAN.reviewed_until) == ()


class TestAgainstTheDraw:
    SUITABILITY = DrawnFor(ReviewType.SUITABILITY, 2026)

    def test_what_fits(self) -> None:
        assert problems_of(PLAN, drawn=self.SUITABILITY) == ()

    @pytest.mark.parametrize(
        "changes",
        [
            {"review_types": (ReviewType.CONDUCT,)},
            {"review_types": (ReviewType.SUITABILITY, ReviewType.NEW_ACCOUNT)},
            {"other_type": "反洗钱回访"},
        ],
    )
    def test_other_types_than_were_drawn(self, changes: dict[str, Any]) -> None:
        (problem,) = problems_of(replace(PLAN, **changes), drawn=self.SUITABILITY)
        assert problem.startswith("抽中的客户只生成适当性回访任务；回访类型请只选适当性")

    def test_another_year_than_the_draws(self) -> None:
        (problem,) = problems_of(PLAN, drawn=DrawnFor(ReviewType.SUITABILITY, 2025))
        assert "期限2025-12-31" in problem

    def test_before_the_year_of_the_draw(self) -> None:
        early = replace(PLAN, reviewed_from=date(2025, 12, 31))
        (problem,) = problems_of(early, drawn=self.SUITABILITY)
        assert problem.startswith("回访时间始于2025-12-31，早于2026-01-01")
        assert problems_of(replace(early, reviewed_from=date(2026, 1, 1)), drawn=self.SUITABILITY) == ()

    def test_nobody_to_call(self) -> None:
        (problem,) = problems_of(PLAN, drawn=replace(self.SUITABILITY, idle=True))
        assert problem.startswith("这次抽取没有需要生成任务的客户")
