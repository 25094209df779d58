"""Do-not-call (免打扰): put on by one person and at once, lifted only by two (000 §6.2). Pure.

free ─ add ─> silent ─ ask ─> asked ─ lift ─> free
                ^               └ keep (silent)
                └───────────────┘
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from rules.errors import RulesError
from rules.people import person_key


class SilenceState(StrEnum):
    """How a client stands."""

    FREE = "free"  # 可以致电
    SILENT = "silent"  # 免打扰
    ASKED = "asked"  # 免打扰，已申请解除，待复核


class SilenceAct(StrEnum):
    """What is done about it."""

    ADD = "add"  # 登记免打扰
    ASK = "ask"  # 申请解除
    LIFT = "lift"  # 复核解除
    KEEP = "keep"  # 不予解除


TRANSITIONS: Mapping[tuple[SilenceState, SilenceAct], SilenceState] = MappingProxyType(
    {
        (SilenceState.FREE, SilenceAct.ADD): SilenceState.SILENT,
        (SilenceState.SILENT, SilenceAct.ASK): SilenceState.ASKED,
        (SilenceState.ASKED, SilenceAct.LIFT): SilenceState.FREE,
        (SilenceState.ASKED, SilenceAct.KEEP): SilenceState.SILENT,
    }
)
NEEDS_REASON = frozenset({SilenceAct.ADD, SilenceAct.ASK, SilenceAct.KEEP})
STATE_WORDS: Mapping[SilenceState, str] = MappingProxyType(
    {
        SilenceState.FREE: "可以致电",
        SilenceState.SILENT: "免打扰",
        SilenceState.ASKED: "免打扰（已申请解除）",
    }
)
ACT_WORDS: Mapping[SilenceAct, str] = MappingProxyType(
    {
        SilenceAct.ADD: "登记免打扰",
        SilenceAct.ASK: "申请解除",
        SilenceAct.LIFT: "复核解除",
        SilenceAct.KEEP: "不予解除",
    }
)


class SilenceRefused(RulesError):
    """Something that may not be done about a client's do-not-call; the (Chinese) message says why."""


def acted(state: SilenceState, act: SilenceAct, *, by: str, why: str = "", asked_by: str = "") -> SilenceState:
    """How a client stands after an act of a person; raises SilenceRefused. `asked_by`: who asked for the lifting."""
    if not person_key(by):
        raise SilenceRefused("没有写明是谁；请先登录")
    after = TRANSITIONS.get((state, act))
    if after is None:
        raise SilenceRefused(f"该客户现在{STATE_WORDS[state]}，不能{ACT_WORDS[act]}；请刷新后再看")
    if act is SilenceAct.LIFT and person_key(by) == person_key(asked_by):
        raise SilenceRefused("解除由本人申请，不能自己复核；请由另一人复核")
    if act in NEEDS_REASON and not why.strip():
        raise SilenceRefused(f"{ACT_WORDS[act]}要写明原因")
    return after
