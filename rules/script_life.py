"""The life of a script version (§7.5.1: 话术管理): who may do what with it, and what it becomes. Pure.

    draft ─ submit ─> submitted ─ approve ─> approved ─ publish ─> published ─ supersede ─> superseded
                          ├ reject ─> rejected  │                    ^   └ roll_back ─> rolled_back ─┐
                          └ withdraw ─> withdrawn <┘                 └──────────── restore ──────────┘

A draft is the files on disk; only a published version is spoken to clients. Nobody approves what they have
written or submitted (双人复核), and whoever refuses or turns back a version says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from rules.errors import RulesError
from rules.people import person_key


class VersionState(StrEnum):
    """Where a version of a script stands."""

    DRAFT = "draft"  # 草稿: the files on disk
    SUBMITTED = "submitted"  # 待审核
    APPROVED = "approved"  # 已审核，待发布
    PUBLISHED = "published"  # 使用中
    SUPERSEDED = "superseded"  # 已被新版本取代
    ROLLED_BACK = "rolled_back"  # 已撤回使用
    REJECTED = "rejected"  # 已退回
    WITHDRAWN = "withdrawn"  # 已撤销


class ScriptAct(StrEnum):
    """What is done with a version."""

    SUBMIT = "submit"  # 提交
    APPROVE = "approve"  # 审核通过
    REJECT = "reject"  # 退回
    WITHDRAW = "withdraw"  # 撤销
    PUBLISH = "publish"  # 发布
    SUPERSEDE = "supersede"  # 被取代: another version was published
    ROLL_BACK = "roll_back"  # 撤回使用: an earlier version is published again
    RESTORE = "restore"  # 恢复使用: the earlier version


# fmt: off
TRANSITIONS: Mapping[tuple[VersionState, ScriptAct], VersionState] = MappingProxyType({
    (VersionState.DRAFT, ScriptAct.SUBMIT): VersionState.SUBMITTED,
    (VersionState.SUBMITTED, ScriptAct.APPROVE): VersionState.APPROVED,
    (VersionState.SUBMITTED, ScriptAct.REJECT): VersionState.REJECTED,
    (VersionState.SUBMITTED, ScriptAct.WITHDRAW): VersionState.WITHDRAWN,
    (VersionState.APPROVED, ScriptAct.PUBLISH): VersionState.PUBLISHED,
    (VersionState.APPROVED, ScriptAct.WITHDRAW): VersionState.WITHDRAWN,
    (VersionState.PUBLISHED, ScriptAct.SUPERSEDE): VersionState.SUPERSEDED,
    (VersionState.PUBLISHED, ScriptAct.ROLL_BACK): VersionState.ROLLED_BACK,
    (VersionState.SUPERSEDED, ScriptAct.RESTORE): VersionState.PUBLISHED,
    (VersionState.ROLLED_BACK, ScriptAct.RESTORE): VersionState.PUBLISHED,
})
# fmt: on

NEEDS_REASON = frozenset({ScriptAct.REJECT, ScriptAct.ROLL_BACK, ScriptAct.RESTORE})

STATE_WORDS: Mapping[VersionState, str] = MappingProxyType(
    {
        VersionState.DRAFT: "草稿",
        VersionState.SUBMITTED: "待审核",
        VersionState.APPROVED: "已审核待发布",
        VersionState.PUBLISHED: "使用中",
        VersionState.SUPERSEDED: "已被取代",
        VersionState.ROLLED_BACK: "已撤回使用",
        VersionState.REJECTED: "已退回",
        VersionState.WITHDRAWN: "已撤销",
    }
)
ACT_WORDS: Mapping[ScriptAct, str] = MappingProxyType(
    {
        ScriptAct.SUBMIT: "提交",
        ScriptAct.APPROVE: "审核通过",
        ScriptAct.REJECT: "退回",
        ScriptAct.WITHDRAW: "撤销",
        ScriptAct.PUBLISH: "发布",
        ScriptAct.SUPERSEDE: "被取代",
        ScriptAct.ROLL_BACK: "撤回使用",
        ScriptAct.RESTORE: "恢复使用",
    }
)
_REMEDIES: Mapping[ScriptAct, str] = MappingProxyType(
    {
        ScriptAct.APPROVE: "只有待审核的版本可以审核",
        ScriptAct.REJECT: "只有待审核的版本可以退回",
        ScriptAct.WITHDRAW: "只有尚未发布的版本可以撤销；使用中的版本请用 rollback",
        ScriptAct.PUBLISH: "只有审核通过的版本可以发布",
        ScriptAct.RESTORE: "只能恢复曾经使用过的版本",
    }
)


class LifeRefused(RulesError):
    """Something that may not be done with a version; the message says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A version as the rules see it: its state, who wrote it and who submitted it ("": nobody yet)."""

    state: VersionState = VersionState.DRAFT
    author: str = ""
    submitted_by: str = ""


def after(standing: Standing, act: ScriptAct, *, by: str, why: str = "") -> VersionState:
    """The state after an act of a person; raises LifeRefused."""
    if not person_key(by):
        raise LifeRefused("没有写明是谁；请用 --by 写上工号或姓名")
    state = TRANSITIONS.get((standing.state, act))
    if state is None:
        remedy = _REMEDIES.get(act, "请先用 history 查看各版本的状态")
        raise LifeRefused(f"这个版本{STATE_WORDS[standing.state]}，不能{ACT_WORDS[act]}；{remedy}")
    if act is ScriptAct.APPROVE and person_key(by) in (person_key(standing.author), person_key(standing.submitted_by)):
        raise LifeRefused(f"“{by}”是这个版本的撰写人或提交人，不能自己审核；请由另一人审核")
    if act in NEEDS_REASON and not why.strip():
        raise LifeRefused(f"{ACT_WORDS[act]}要写明原因；请用 --why 写上")
    return state
