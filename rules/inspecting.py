"""Which calls are inspected (质检, 000 §7.4.2), why, and until when. Pure.

Every call of some kinds is inspected, and a share of the rest: a call is drawn by the BLAKE2b hash of 64 bits of the
seed, a line feed and the call id (in a shell: `printf '%s\\n%s' SEED CALL | b2sum -l 64`), so that anybody can repeat
the draw, call by call, and a raised share keeps all that the lower one drew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from hashlib import blake2b
from types import MappingProxyType

from rules.errors import BadPolicy
from rules.sampling import percent

SEED = "质检"
MOST_DAYS = 90
_KEY_BYTES = 8
_NO_SHARE = "比例请写0到100之间的数，例如5或2.5"


class Reason(StrEnum):
    """Why a call is inspected; a call waits in the queue of its first reason."""

    HIGH_RISK = "high_risk"  # 高风险或需要关怀的答复
    UNREADABLE = "unreadable"  # 通话记录损坏，读不出来：机器不能判断，须由人听录音
    UNDELIVERED = "undelivered"  # 必听提示未播完
    DISAGREEMENT = "disagreement"  # 判定依据互相矛盾
    INTERRUPTED = "interrupted"  # 通话中断
    DRAWN = "drawn"  # 其余接通的通话，按比例抽取
    ASKED = "asked"  # 有人指定：复核、申诉、校准，或手工加入


REASON_WORDS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.HIGH_RISK: "高风险",
        Reason.UNREADABLE: "记录无法读取",
        Reason.UNDELIVERED: "必听提示未播完",
        Reason.DISAGREEMENT: "判定依据矛盾",
        Reason.INTERRUPTED: "通话中断",
        Reason.DRAWN: "抽检",
        Reason.ASKED: "指定",
    }
)
RULED = tuple(reason for reason in Reason if reason is not Reason.ASKED)  # those that have a rule


@dataclass(frozen=True, slots=True)
class Rule:
    """What share of the calls of one kind is inspected, and within how many days of the call's end."""

    share: Fraction
    days: int


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What the rules need to know of an ended call."""

    call_id: str
    talked: bool = False  # somebody answered, so that there is something to hear
    grave: bool = False  # a risk of severity high or care was flagged
    undelivered: bool = False  # a must-hear text was not heard to its end
    disagreement: bool = False  # the witnesses of its outcome contradict each other
    interrupted: bool = False
    unreadable: bool = False  # its log cannot be read, so that no program can say what happened in it


DEFAULTS: Mapping[Reason, Rule] = MappingProxyType(
    {
        Reason.HIGH_RISK: Rule(Fraction(1), 2),
        Reason.UNREADABLE: Rule(Fraction(1), 2),
        Reason.UNDELIVERED: Rule(Fraction(1), 3),
        Reason.DISAGREEMENT: Rule(Fraction(1), 5),
        Reason.INTERRUPTED: Rule(Fraction(1), 5),
        Reason.DRAWN: Rule(Fraction(5, 100), 7),
    }
)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules in force; what is not named is as shipped."""

    changed: Mapping[Reason, Rule] = field(default_factory=dict)

    def rule(self, reason: Reason) -> Rule:
        """The rule of one kind."""
        return self.changed.get(reason, DEFAULTS[reason])

    def reasons(self, call: CallFacts) -> tuple[Reason, ...]:
        """Why a call is inspected, the gravest reason first; empty: it is not."""
        kinds = _kinds(call) or ((Reason.DRAWN,) if call.talked else ())
        return tuple(kind for kind in kinds if is_drawn(call.call_id, self.rule(kind).share))

    def due_at(self, reasons: tuple[Reason, ...], ended_at: datetime) -> datetime:
        """Until when the inspection is to be done: the soonest of its reasons."""
        return ended_at + timedelta(days=min(self.rule(reason).days for reason in reasons))


def _kinds(call: CallFacts) -> tuple[Reason, ...]:
    holds = {
        Reason.HIGH_RISK: call.grave,
        Reason.UNREADABLE: call.unreadable,
        Reason.UNDELIVERED: call.undelivered,
        Reason.DISAGREEMENT: call.disagreement,
        Reason.INTERRUPTED: call.interrupted,
    }
    return tuple(reason for reason, held in holds.items() if held)


def is_drawn(call_id: str, share: Fraction, seed: str = SEED) -> bool:
    """Whether a call belongs to the share that is drawn."""
    key = int.from_bytes(blake2b(f"{seed}\n{call_id}".encode(), digest_size=_KEY_BYTES).digest())
    return key * share.denominator < share.numerator << (8 * _KEY_BYTES)


def rule_of(written_percent: str, days: int) -> Rule:
    """A rule as a person writes it: 0 to 100 percent, within 1 to 90 days; raises BadPolicy with what to write."""
    try:
        share = percent(written_percent.strip().removesuffix("%"))
    except BadPolicy as error:
        raise BadPolicy(_NO_SHARE) from error
    if not 0 <= share <= 1:
        raise BadPolicy(_NO_SHARE)
    if not 1 <= days <= MOST_DAYS:
        raise BadPolicy(f"期限请写1到{MOST_DAYS}天")
    return Rule(share, days)


def written(share: Fraction) -> str:
    """A share in percent, as short as it is exact to a hundredth: 5, 2.5."""
    return f"{float(share * 100):.2f}".rstrip("0").rstrip(".")
