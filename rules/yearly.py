"""Whether a yearly duty (table A.1: 10%, 5%, 10%) and each type of review will be met, in one word each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Verdict(StrEnum):
    """How a duty stands, the best first."""

    MET = "met"  # 已完成
    ON_COURSE = "on_course"  # 可按期完成
    ENDED = "ended"  # 已办结: by table F.1, not everybody was reviewed
    NOTHING = "nothing"  # 没有待办: nothing is owed now
    BEHIND = "behind"  # 进度不足: at today's pace something is missed
    UNPLANNED = "unplanned"  # 方案未执行: no plan calls enough of those who were drawn
    SHORT = "short"  # 抽取不足: who is drawn does not make up the share
    UNDRAWN = "undrawn"  # 未抽取
    OVERDUE = "overdue"  # 已逾期


VERDICT_WORDS: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.MET: "已完成",
        Verdict.ON_COURSE: "可按期完成",
        Verdict.ENDED: "已办结",
        Verdict.NOTHING: "没有待办",
        Verdict.BEHIND: "进度不足",
        Verdict.UNPLANNED: "方案未执行",
        Verdict.SHORT: "抽取不足",
        Verdict.UNDRAWN: "未抽取",
        Verdict.OVERDUE: "已逾期",
    }
)
GOOD = frozenset({Verdict.MET, Verdict.ON_COURSE, Verdict.ENDED, Verdict.NOTHING})


@dataclass(frozen=True, slots=True)
class Share:
    """How far a yearly share has come, in clients: `missed` of the open ones at today's pace.

    `unplanned`: those of the open ones for whom no plan has made a task yet.
    """

    drawn: bool  # whether there was a draw at all
    needed: int = 0
    done: int = 0
    open: int = 0
    missed: int = 0
    unplanned: int = 0

    @property
    def verdict(self) -> Verdict:
        """How it stands."""
        if not self.drawn:
            return Verdict.UNDRAWN
        if self.done >= self.needed:
            return Verdict.MET
        if self.done + self.open < self.needed:
            return Verdict.SHORT
        if self.done + self.open - self.unplanned < self.needed:
            return Verdict.UNPLANNED
        return Verdict.BEHIND if self.done + self.open - self.missed < self.needed else Verdict.ON_COURSE

    @property
    def lacking(self) -> int:
        """How many clients more would have to be drawn."""
        return max(0, self.needed - self.done - self.open)


@dataclass(frozen=True, slots=True)
class Reviews:
    """How the reviews of one type stand, in tasks: those past their deadline are `overdue`, `missed` come later.

    `unreviewed` have ended by table F.1 without a review: what is owed was done, and nobody was asked.
    """

    open: int = 0
    overdue: int = 0
    missed: int = 0
    done: int = 0
    unreviewed: int = 0

    @property
    def all(self) -> int:
        """All that are or were owed."""
        return self.done + self.unreviewed + self.open

    @property
    def verdict(self) -> Verdict:
        """How they stand."""
        if self.overdue:
            return Verdict.OVERDUE
        if self.missed:
            return Verdict.BEHIND
        if self.open:
            return Verdict.ON_COURSE
        if self.unreviewed:
            return Verdict.ENDED
        return Verdict.MET if self.done else Verdict.NOTHING
