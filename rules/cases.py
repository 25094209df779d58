"""Cases that follow a review, and their life: objections to a result (000 §8.3.3), suspected violations (§8.4). Pure.

    open ─ assign ─> in_hand ─ find ─> found ─ confirm ─> confirmed ─┬ close ──────────────────> closed   (objection)
      └ withdraw ──────┴──> withdrawn    └ return (in_hand)          ├ report ─> reported ─ close ─> closed (violation)
                 (objection only)                                    └ dismiss ─────────────────> closed   (violation)

A manager names who verifies it and by when; what was found is confirmed by a second person (003 art. 11); nobody deals
with a case that concerns them. A suspected violation is never withdrawn: it is reported to 风控, or dismissed with the
reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from rules.errors import RulesError
from rules.people import person_key


class CaseKind(StrEnum):
    """What a case is about."""

    OBJECTION = "objection"  # 回访结果异议
    VIOLATION = "violation"  # 涉嫌违规事项


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"  # 待受理
    IN_HAND = "in_hand"  # 核实中
    FOUND = "found"  # 待复核
    CONFIRMED = "confirmed"  # 已复核
    REPORTED = "reported"  # 已报告
    CLOSED = "closed"  # 已办结
    WITHDRAWN = "withdrawn"  # 已撤回


class CaseAct(StrEnum):
    """What is done with a case."""

    ASSIGN = "assign"  # 指定承办人和期限
    FIND = "find"  # 提交核实结果及处理建议
    CONFIRM = "confirm"  # 复核通过
    RETURN = "return"  # 退回重新核实
    REPORT = "report"  # 报告风险管理部或相关业务部门
    DISMISS = "dismiss"  # 排除嫌疑
    CLOSE = "close"  # 答复并办结
    WITHDRAW = "withdraw"  # 撤回


_O, _V = CaseKind.OBJECTION, CaseKind.VIOLATION

# fmt: off
TRANSITIONS: Mapping[tuple[CaseKind, CaseState, CaseAct], CaseState] = MappingProxyType({
    (_O, CaseState.OPEN, CaseAct.ASSIGN): CaseState.IN_HAND,
    (_O, CaseState.OPEN, CaseAct.WITHDRAW): CaseState.WITHDRAWN,
    (_O, CaseState.IN_HAND, CaseAct.ASSIGN): CaseState.IN_HAND,
    (_O, CaseState.IN_HAND, CaseAct.FIND): CaseState.FOUND,
    (_O, CaseState.IN_HAND, CaseAct.WITHDRAW): CaseState.WITHDRAWN,
    (_O, CaseState.FOUND, CaseAct.CONFIRM): CaseState.CONFIRMED,
    (_O, CaseState.FOUND, CaseAct.RETURN): CaseState.IN_HAND,
    (_O, CaseState.CONFIRMED, CaseAct.CLOSE): CaseState.CLOSED,
    (_V, CaseState.OPEN, CaseAct.ASSIGN): CaseState.IN_HAND,
    (_V, CaseState.IN_HAND, CaseAct.ASSIGN): CaseState.IN_HAND,
    (_V, CaseState.IN_HAND, CaseAct.FIND): CaseState.FOUND,
    (_V, CaseState.FOUND, CaseAct.CONFIRM): CaseState.CONFIRMED,
    (_V, CaseState.FOUND, CaseAct.RETURN): CaseState.IN_HAND,
    (_V, CaseState.CONFIRMED, CaseAct.REPORT): CaseState.REPORTED,
    (_V, CaseState.CONFIRMED, CaseAct.DISMISS): CaseState.CLOSED,
    (_V, CaseState.REPORTED, CaseAct.CLOSE): CaseState.CLOSED,
})
# fmt: on

OVER = frozenset({CaseState.CLOSED, CaseState.WITHDRAWN})
BY_MANAGERS = frozenset(CaseAct) - {CaseAct.FIND, CaseAct.WITHDRAW}  # §8.3.3, §8.4 b: 客户回访管理部门

KIND_WORDS: Mapping[CaseKind, str] = MappingProxyType({_O: "回访结果异议", _V: "涉嫌违规"})
STATE_WORDS: Mapping[CaseState, str] = MappingProxyType(
    {
        CaseState.OPEN: "待受理",
        CaseState.IN_HAND: "核实中",
        CaseState.FOUND: "待复核",
        CaseState.CONFIRMED: "已复核",
        CaseState.REPORTED: "已报告",
        CaseState.CLOSED: "已办结",
        CaseState.WITHDRAWN: "已撤回",
    }
)
ACT_WORDS: Mapping[CaseAct, str] = MappingProxyType(
    {
        CaseAct.ASSIGN: "指定承办人",
        CaseAct.FIND: "提交核实结果",
        CaseAct.CONFIRM: "复核通过",
        CaseAct.RETURN: "退回重新核实",
        CaseAct.REPORT: "报告风险管理部或业务部门",
        CaseAct.DISMISS: "排除嫌疑并办结",
        CaseAct.CLOSE: "答复并办结",
        CaseAct.WITHDRAW: "撤回",
    }
)
# What has to be written down with an act; acts that are not here need nothing.
ASKS: Mapping[CaseAct, str] = MappingProxyType(
    {
        CaseAct.FIND: "核实结果及处理建议",
        CaseAct.RETURN: "退回的原因",
        CaseAct.REPORT: "报告给谁、报告了什么",
        CaseAct.DISMISS: "排除嫌疑的理由",
        CaseAct.CLOSE: "答复或处置结果",
        CaseAct.WITHDRAW: "撤回的原因",
    }
)


class CaseRefused(RulesError):
    """Something that may not be done with a case; the (Chinese) message says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """A case as the rules see it; persons by staff number or name, "" where there is none.

    `found_by`: who submitted what was found last; `concerns`: the member of the staff whom the case is about.
    """

    kind: CaseKind
    state: CaseState = CaseState.OPEN
    raised_by: str = ""
    owner: str = ""
    found_by: str = ""
    concerns: str = ""


@dataclass(frozen=True, slots=True)
class CaseActor:
    """Who acts: staff number, name, and whether the person is of the management (客户回访管理岗)."""

    number: str
    name: str = ""
    manages: bool = False

    @property
    def keys(self) -> frozenset[str]:
        """The keys under which the person may be on record."""
        return frozenset({person_key(self.number), person_key(self.name)} - {""})


def acted(standing: CaseStanding, act: CaseAct, actor: CaseActor, *, why: str = "", owner: str = "") -> CaseState:
    """The state after an act of a person; raises CaseRefused. `owner`: who is to verify, for `ASSIGN`."""
    state = TRANSITIONS.get((standing.kind, standing.state, act))
    if state is None:
        raise CaseRefused(f"这件事项{STATE_WORDS[standing.state]}，不能{ACT_WORDS[act]}；请刷新后按页面上的操作办理")
    if why_not := _why_not(standing, act, actor):
        raise CaseRefused(why_not)
    if act in ASKS and not why.strip():
        raise CaseRefused(f"{ACT_WORDS[act]}要写明{ASKS[act]}")
    if act is CaseAct.ASSIGN:
        if not person_key(owner):
            raise CaseRefused("没有写明由谁承办；请填写承办人的工号")
        if person_key(owner) == person_key(standing.concerns):
            raise CaseRefused("承办人就是事项涉及的人员；请指定无直接利益关系的人员（§6.3）")
    return state


def acts_for(standing: CaseStanding, actor: CaseActor) -> tuple[CaseAct, ...]:
    """What this person may do with the case now: the buttons of its page."""
    return tuple(
        act
        for act in CaseAct
        if (standing.kind, standing.state, act) in TRANSITIONS and not _why_not(standing, act, actor)
    )


def is_overdue(state: CaseState, deadline_at: datetime | None, now: datetime) -> bool:
    """Whether an open case is past its (aware) deadline."""
    return state not in OVER and deadline_at is not None and deadline_at < now


def _why_not(standing: CaseStanding, act: CaseAct, actor: CaseActor) -> str:
    """Why this person may not do it, whatever is written with it; "": nothing speaks against it."""

    def is_me(person: str) -> bool:
        return person_key(person) in actor.keys

    if not actor.keys:
        return "没有写明是谁；请先登录"
    if is_me(standing.concerns):
        return "事项涉及本人，不能办理（§6.3）；请由无直接利益关系的人员办理"
    if act is CaseAct.FIND and not is_me(standing.owner):
        return "只有承办人可以提交核实结果；请由承办人办理，或改派承办人"
    if act is CaseAct.WITHDRAW and not (actor.manages or is_me(standing.raised_by)):
        return "只有提出人或管理岗可以撤回"
    if act in BY_MANAGERS and not actor.manages:
        return f"{ACT_WORDS[act]}须由客户回访管理岗办理"
    if act in (CaseAct.CONFIRM, CaseAct.RETURN) and is_me(standing.found_by):
        return "核实结果由本人提交，不能自己复核；请由另一人复核"
    return ""
