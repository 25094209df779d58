"""Scorecards (评分表): items with weights, some fatal, some judged by the call's own log; and what marks come to. Pure.

A score is the weighted share of what was reached among the items that apply, in tenths of a point of 100. A fatal item
(一票否决) that is not reached in full fails the call whatever the score. Nothing is rounded before the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import combinations
from types import MappingProxyType
from typing import Any

from rules.errors import BadPolicy

MOST_ITEMS, MOST_WEIGHT, MOST_TITLE = 40, 100, 120


class Mark(StrEnum):
    """What one item was given."""

    FULL = "full"  # 符合
    HALF = "half"  # 部分符合
    NONE = "none"  # 不符合
    NOT_APPLICABLE = "n/a"  # 不适用


MARK_WORDS: Mapping[Mark, str] = MappingProxyType(
    {Mark.FULL: "符合", Mark.HALF: "部分符合", Mark.NONE: "不符合", Mark.NOT_APPLICABLE: "不适用"}
)
_WORTH: Mapping[Mark, Fraction] = MappingProxyType(
    {Mark.FULL: Fraction(1), Mark.HALF: Fraction(1, 2), Mark.NONE: Fraction(0)}
)


class Check(StrEnum):
    """What the log of a bot's call answers by itself (bot.conduct)."""

    GREETING = "greeting"  # 问候完整：公司、部门、工号
    NOTICE = "notice"  # 告知录音和智能语音
    IDENTITY = "identity"  # 确认本人以前没有说到账户
    DISCLOSURES = "disclosures"  # 每一必听提示都听完


CHECK_WORDS: Mapping[Check, str] = MappingProxyType(
    {
        Check.GREETING: "问候完整（公司、部门、工号）",
        Check.NOTICE: "告知智能语音和通话录音",
        Check.IDENTITY: "确认本人以前未涉及账户",
        Check.DISCLOSURES: "必听提示全部听完",
    }
)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a scorecard; `check` None: an inspector judges it."""

    id: str
    title: str
    weight: int
    fatal: bool = False
    check: Check | None = None

    def as_json(self) -> dict[str, Any]:
        """The item as it is stored."""
        return {
            "id": self.id,
            "title": self.title,
            "weight": self.weight,
            "fatal": self.fatal,
            "check": self.check.value if self.check else None,
        }


def item_of(stored: Mapping[str, Any]) -> Item:
    """An item from its stored form."""
    check = Check(stored["check"]) if stored["check"] else None
    return Item(stored["id"], stored["title"], stored["weight"], stored["fatal"], check)


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard: items in order, and the points (of 100) from which a call passes."""

    items: tuple[Item, ...]
    pass_mark: int = 80


@dataclass(frozen=True, slots=True)
class Result:
    """What marks come to: `tenths` of a point (0 to 1,000), the fatal items that were missed."""

    tenths: int
    fatal: tuple[str, ...]
    passed: bool


def problems_of(card: Card) -> tuple[str, ...]:
    """Everything that keeps a card from being used, in Chinese."""
    found = []
    if not 1 <= len(card.items) <= MOST_ITEMS:
        found.append(f"评分项应有1到{MOST_ITEMS}项")
    if not 1 <= card.pass_mark <= 100:
        found.append("合格分应在1到100之间")
    if any(not item.title.strip() or len(item.title) > MOST_TITLE for item in card.items):
        found.append(f"每一项都要有名称，不超过{MOST_TITLE}字")
    if any(not 0 <= item.weight <= MOST_WEIGHT for item in card.items):
        found.append(f"权重应在0到{MOST_WEIGHT}之间")
    if not any(item.weight for item in card.items):
        found.append("至少一项的权重大于0")
    found += [f"“{title}”写了{times}次" for title, times in _repeated(item.title for item in card.items)]
    checks = (CHECK_WORDS[item.check] for item in card.items if item.check)
    found += [f"自动项“{title}”用了{times}次" for title, times in _repeated(checks)]
    return tuple(found)


def _repeated(titles: Iterable[str]) -> list[tuple[str, int]]:
    return [(title, times) for title, times in Counter(titles).items() if times > 1]


def result_of(card: Card, marks: Mapping[str, Mark]) -> Result:
    """The score of a call; raises BadPolicy where an item has no mark."""
    missing = [item.title for item in card.items if item.id not in marks]
    if missing:
        raise BadPolicy("还没有评分：" + "、".join(missing))
    counting = [(item, marks[item.id]) for item in card.items if marks[item.id] is not Mark.NOT_APPLICABLE]
    whole = sum(item.weight for item, _ in counting)
    reached = sum((item.weight * _WORTH[mark] for item, mark in counting), Fraction(0))
    tenths = int(1000 * reached / whole + Fraction(1, 2)) if whole else 1000
    fatal = tuple(item.title for item, mark in counting if item.fatal and mark is not Mark.FULL)
    return Result(tenths, fatal, not fatal and tenths >= 10 * card.pass_mark)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far inspectors agree who scored the same calls: shares of pairs of marks, and of points apart.

    `by_item`: of an item's title, the share of pairs of inspectors who gave the same mark; `spread`: the largest
    difference of two totals of one call, in tenths of a point.
    """

    by_item: Mapping[str, Fraction]
    overall: Fraction
    spread: int


def agreement_of(card: Card, calls: Sequence[Sequence[Mapping[str, Mark]]]) -> Agreement | None:
    """The agreement over calls, each with the marks of its inspectors; None where no call has two of them."""
    pairs = [pair for marks in calls for pair in combinations(marks, 2)]
    if not pairs:
        return None
    same = {item.title: sum(one[item.id] is other[item.id] for one, other in pairs) for item in card.items}
    totals = [[result_of(card, marks).tenths for marks in inspectors] for inspectors in calls if inspectors]
    return Agreement(
        {title: Fraction(count, len(pairs)) for title, count in same.items()},
        Fraction(sum(same.values()), len(pairs) * len(card.items)),
        max(max(tenths) - min(tenths) for tenths in totals),
    )


BOT_CARD = Card(
    (
        Item("greeting", CHECK_WORDS[Check.GREETING], 10, check=Check.GREETING),
        Item("notice", CHECK_WORDS[Check.NOTICE], 10, fatal=True, check=Check.NOTICE),
        Item("identity", CHECK_WORDS[Check.IDENTITY], 20, fatal=True, check=Check.IDENTITY),
        Item("disclosures", CHECK_WORDS[Check.DISCLOSURES], 20, check=Check.DISCLOSURES),
        Item("understood", "客户的答复登记正确", 20),
        Item("risks", "风险答复均已标记，未误标", 10),
        Item("clear", "语音清晰，应答及时", 10),
    )
)
PERSON_CARD = Card(
    (
        Item("greeting", "问候完整，使用规范用语", 10),
        Item("notice", "告知通话录音", 10, fatal=True),
        Item("identity", "确认本人以前未涉及账户", 20, fatal=True),
        Item("questions", "逐项提问，无诱导性陈述", 20, fatal=True),
        Item("disclosures", "风险提示完整宣读", 20),
        Item("recorded", "如实登记，不作评判", 10),
        Item("manner", "耐心礼貌，无四杜绝情形", 10),
    )
)
