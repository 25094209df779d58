"""A review plan (客户回访方案, T/SAC 002-2024 §8.1.1 and table D.1) and its life: who may do what with it. Pure.

    draft ─ submit ─> submitted ─ approve ─> approved ─ start ─> running ─ finish ─> finished
      ^                   ├ reject, recall          │               │
      └───────────────────┘   └────── withdraw ─────┴── withdraw ───┴─────> withdrawn

Its content is fixed once it is submitted; who drafted or submitted it may take it back while nobody has decided.
Nobody approves a plan that they drafted or submitted (双人复核), and whoever rejects or withdraws one says why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from rules.annex_a import Term, line_of
from rules.errors import RulesError
from rules.labels import label_of
from rules.methods import BY_PEOPLE, refusal_of
from rules.outcomes import Method, ReviewType
from rules.people import person_key
from rules.posts import Post


class PlanState(StrEnum):
    """Where a plan stands."""

    DRAFT = "draft"  # 草稿
    SUBMITTED = "submitted"  # 待审批
    APPROVED = "approved"  # 已审批，待执行
    RUNNING = "running"  # 执行中
    FINISHED = "finished"  # 已完成
    WITHDRAWN = "withdrawn"  # 已撤销


class PlanAct(StrEnum):
    """What is done with a plan."""

    SUBMIT = "submit"  # 提交
    RECALL = "recall"  # 收回修改
    APPROVE = "approve"  # 审批通过
    REJECT = "reject"  # 退回
    START = "start"  # 开始执行
    FINISH = "finish"  # 完成
    WITHDRAW = "withdraw"  # 撤销


# fmt: off
TRANSITIONS: Mapping[tuple[PlanState, PlanAct], PlanState] = MappingProxyType({
    (PlanState.DRAFT, PlanAct.SUBMIT): PlanState.SUBMITTED,
    (PlanState.DRAFT, PlanAct.WITHDRAW): PlanState.WITHDRAWN,
    (PlanState.SUBMITTED, PlanAct.RECALL): PlanState.DRAFT,
    (PlanState.SUBMITTED, PlanAct.APPROVE): PlanState.APPROVED,
    (PlanState.SUBMITTED, PlanAct.REJECT): PlanState.DRAFT,
    (PlanState.SUBMITTED, PlanAct.WITHDRAW): PlanState.WITHDRAWN,
    (PlanState.APPROVED, PlanAct.START): PlanState.RUNNING,
    (PlanState.APPROVED, PlanAct.WITHDRAW): PlanState.WITHDRAWN,
    (PlanState.RUNNING, PlanAct.FINISH): PlanState.FINISHED,
    (PlanState.RUNNING, PlanAct.WITHDRAW): PlanState.WITHDRAWN,
})
# fmt: on

NEEDS_REASON = frozenset({PlanAct.REJECT, PlanAct.WITHDRAW})
BY_MANAGERS = frozenset({PlanAct.APPROVE, PlanAct.REJECT, PlanAct.START, PlanAct.FINISH})  # §7.4.1 客户回访管理岗

STATE_WORDS: Mapping[PlanState, str] = MappingProxyType(
    {
        PlanState.DRAFT: "草稿",
        PlanState.SUBMITTED: "待审批",
        PlanState.APPROVED: "已审批待执行",
        PlanState.RUNNING: "执行中",
        PlanState.FINISHED: "已完成",
        PlanState.WITHDRAWN: "已撤销",
    }
)
ACT_WORDS: Mapping[PlanAct, str] = MappingProxyType(
    {
        PlanAct.SUBMIT: "提交",
        PlanAct.RECALL: "收回修改",
        PlanAct.APPROVE: "审批通过",
        PlanAct.REJECT: "退回",
        PlanAct.START: "开始执行",
        PlanAct.FINISH: "完成",
        PlanAct.WITHDRAW: "撤销",
    }
)
_REMEDIES: Mapping[PlanAct, str] = MappingProxyType(
    {
        PlanAct.SUBMIT: "只有草稿可以提交",
        PlanAct.RECALL: "只有待审批的方案可以收回",
        PlanAct.APPROVE: "只有待审批的方案可以审批",
        PlanAct.REJECT: "只有待审批的方案可以退回",
        PlanAct.START: "只有审批通过的方案可以执行",
        PlanAct.FINISH: "只有执行中的方案可以完成",
        PlanAct.WITHDRAW: "已完成或已撤销的方案不能再撤销",
    }
)


class PlanRefused(RulesError):
    """Something that may not be done with a plan; the (Chinese) message says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """A plan as the rules see it: its state, who drafted it and who submitted it ("": nobody yet)."""

    state: PlanState = PlanState.DRAFT
    drafted_by: str = ""
    submitted_by: str = ""

    @property
    def authors(self) -> frozenset[str]:
        """Those who must not approve it, as keys of persons."""
        return frozenset({person_key(self.drafted_by), person_key(self.submitted_by)}) - {""}


def acted(
    standing: PlanStanding, act: PlanAct, *, by: str, posts: Collection[Post] | None = None, why: str = ""
) -> PlanState:
    """The state after an act of a person; raises PlanRefused.

    `posts`: the person's, None where they are not known: then only persons are told apart.
    """
    if not person_key(by):
        raise PlanRefused("没有写明是谁；请写上工号或姓名")
    state = TRANSITIONS.get((standing.state, act))
    if state is None:
        raise PlanRefused(f"这个方案{STATE_WORDS[standing.state]}，不能{ACT_WORDS[act]}；{_REMEDIES[act]}")
    if act is PlanAct.APPROVE and person_key(by) in standing.authors:
        raise PlanRefused(f"“{by}”是这个方案的制定人或提交人，不能自己审批；请由另一人审批")
    if act is PlanAct.RECALL and person_key(by) not in standing.authors:
        raise PlanRefused("只有方案的制定人、提交人可以收回；管理岗请退回并写明原因")
    if not _may(standing, act, person_key(by), posts):
        own = "或方案的制定人、提交人" if act is PlanAct.WITHDRAW else ""
        raise PlanRefused(f"{ACT_WORDS[act]}须由管理岗{own}进行；请由管理岗人员操作（§7.4.1）")
    if act in NEEDS_REASON and not why.strip():
        raise PlanRefused(f"{ACT_WORDS[act]}要写明原因")
    return state


def acts_for(standing: PlanStanding, *, by: str, posts: Collection[Post] | None = None) -> tuple[PlanAct, ...]:
    """What this person may do with the plan now: the buttons of its page."""
    me = person_key(by)
    return tuple(
        act
        for act in PlanAct
        if me
        and (standing.state, act) in TRANSITIONS
        and not (act is PlanAct.APPROVE and me in standing.authors)
        and not (act is PlanAct.RECALL and me not in standing.authors)
        and _may(standing, act, me, posts)
    )


def _may(standing: PlanStanding, act: PlanAct, me: str, posts: Collection[Post] | None) -> bool:
    if posts is None or Post.MANAGER in posts:
        return True
    return me in standing.authors if act is PlanAct.WITHDRAW else act not in BY_MANAGERS


@dataclass(frozen=True, slots=True)
class Plan:
    """The lines of table D.1; texts as written, `reviewed_from` and `reviewed_until` are its 回访时间."""

    department: str
    made_on: date
    purpose: str
    steps: str
    reviewed_from: date
    reviewed_until: date
    review_types: tuple[ReviewType, ...]
    methods: tuple[Method, ...]
    scope: str
    executing_department: str
    reviewers: tuple[str, ...]
    risk_notice: bool
    other_type: str = ""


# The headings of table D.1 in its order, and the fields under them.
HEADINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("回访需求部门", ("department",)),
    ("方案制定时间", ("made_on",)),
    ("回访目的", ("purpose",)),
    ("回访实施计划", ("steps",)),
    ("回访时间", ("reviewed_from", "reviewed_until")),
    ("回访类型", ("review_types", "other_type")),
    ("回访方式", ("methods",)),
    ("回访客户范围", ("scope",)),
    ("回访实施部门", ("executing_department",)),
    ("回访人员", ("reviewers",)),
    ("回访风险提示", ("risk_notice",)),
)


@dataclass(frozen=True, slots=True)
class DrawnFor:
    """The draw whose clients a plan calls: by what review, for the duty of which year; `idle`: it calls for no task."""

    review_type: ReviewType
    year: int
    idle: bool = False


def problems_of(plan: Plan, today: date | None = None, drawn: DrawnFor | None = None) -> tuple[str, ...]:
    """All that keeps a plan from being submitted (`today`), in Chinese with the remedy; empty: nothing."""
    return (*_missing(plan), *_contradictions(plan, today or plan.made_on), *_against(plan, drawn), *_refused(plan))


def _missing(plan: Plan) -> list[str]:
    texts = {
        "回访需求部门": plan.department,
        "回访目的": plan.purpose,
        "回访实施计划": plan.steps,
        "回访客户范围": plan.scope,
        "回访实施部门": plan.executing_department,
        "回访类型": plan.other_type.strip() or "".join(plan.review_types),
        "回访方式": "".join(plan.methods),
    }
    return [f"{heading}未填写；请填写" for heading, text in texts.items() if not text.strip()]


def _contradictions(plan: Plan, today: date) -> list[str]:
    problems = []
    if plan.reviewed_until < plan.reviewed_from:
        problems.append(f"回访时间止于{plan.reviewed_until}，早于开始的{plan.reviewed_from}；请更正")
    if plan.reviewed_until < plan.made_on:
        problems.append(f"回访时间止于{plan.reviewed_until}，早于方案制定时间{plan.made_on}；请更正")
    elif plan.reviewed_until < today:
        problems.append(f"回访时间止于{plan.reviewed_until}，已经过去；请更正")
    if BY_PEOPLE & set(plan.methods) and not any(map(person_key, plan.reviewers)):
        problems.append("人工回访没有写明回访人员；请填写回访人员")
    return problems


def _against(plan: Plan, drawn: DrawnFor | None) -> list[str]:
    """What does not fit the draw, or the deadline of table A.1 where that is the year's end."""
    year = drawn.year if drawn else plan.reviewed_from.year
    yearly = [one for one in plan.review_types if line_of(one).term is Term.YEAR_END or drawn]
    problems = []
    if yearly and plan.reviewed_until > date(year, 12, 31):
        words, clause = label_of(yearly[0]), line_of(yearly[0]).clause
        problems.append(f"回访时间止于{plan.reviewed_until}，晚于{words}回访的期限{year}-12-31（{clause}）；请更正")
    if drawn is None:
        return problems
    if plan.reviewed_from < date(year, 1, 1):
        problems.append(f"回访时间始于{plan.reviewed_from}，早于{year}-01-01；{year}年度的回访在当年进行，请更正")
    if set(plan.review_types) != {drawn.review_type} or plan.other_type.strip():
        words = label_of(drawn.review_type)
        problems.append(f"抽中的客户只生成{words}回访任务；回访类型请只选{words}，其他类型另行制定方案")
    if drawn.idle:
        problems.append("这次抽取没有需要生成任务的客户（无人抽中，或任务已由另一方案生成）；不需要制定方案")
    return problems


def _refused(plan: Plan) -> list[str]:
    """The types for which none of the plan's methods may be used."""
    problems = []
    for review_type in plan.review_types:
        refusals = [refusal for method in plan.methods if (refusal := refusal_of(review_type, method))]
        if refusals and len(refusals) == len(plan.methods):
            problems.append(f"{label_of(review_type)}回访没有可用的回访方式：{refusals[0].reason}")
    return problems
