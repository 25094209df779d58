"""Risks of an utterance: those that its words show, and those that the learned model adds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from intents.questions import Kind
from intents.reading import Reading
from intents.shown import Shown
from intents.values import Intent
from rules.outcomes import Risk

LABELLED = tuple(Risk)[:16]  # those that the answer sets know; the rest come from the words alone
LEARNED_SCORE = -0.14  # margin from which the learned model alone sets a risk
QUIET_SCORE = 0.03  # the same where the label is one that seldom carries a risk
# Labels that hardly ever carry a risk: there only patterns set one.
_RISKLESS = frozenset(
    {Intent.UNSURE, Intent.QUESTION, Intent.HOLD, Intent.REPEAT, Intent.DOUBT, Intent.WRONG_NUMBER, Intent.REFUSE}
)
_QUIET = frozenset({Intent.HUMAN, Intent.NOT_CLIENT, Intent.BUSY, Intent.UNCLEAR})
# What the safe answer to a question denies: read and unread do not go together.
_DENIED: Mapping[Kind, tuple[Intent, Risk]] = {
    Kind.WILL: (Intent.YES, Risk.NOT_OWN_WILL),
    Kind.READ: (Intent.YES, Risk.UNREAD),
    Kind.OPERATED: (Intent.YES, Risk.NOT_SELF_OPERATED),
    Kind.SIGNED: (Intent.YES, Risk.UNSIGNED),
    Kind.KNOWS: (Intent.YES, Risk.UNAWARE),
    Kind.SATISFIED: (Intent.YES, Risk.DISSATISFIED),
    Kind.UNSETTLED: (Intent.NO, Risk.UNSETTLED),
}
# A bare no names nothing: these risks need their matter in the words.
_BARE = re.compile(
    "(?:不|没|有|没有|还|并|真|说实话|是|知道|晓得|知|清楚|了解|懂|明白|听说过?|这些?|这个|那些?|我|俺|都|全|完全|根本"
    "|压根|一点|一概|什么|啥|也|太|大|怎么|很|人|跟我|给我|讲过?|说过?|告诉过?|从来|其他|别|剩|哪|咋会?|会|过"
    "|[啊呀吧呢嘛哦哎嗯哈啦嘞哟咯额呃的了诶耶喔噢噻撒嘅滴哒呗])+"
)
_NAMED = frozenset(
    {Risk.UNAWARE, Risk.UNREAD, Risk.UNSIGNED, Risk.UNSETTLED, Risk.NOT_SELF_OPERATED, Risk.NOT_OWN_WILL}
)


def decided_risks(
    patterns: Mapping[Risk, Shown], intent: Intent, reading: Reading, learned: Mapping[Risk, float]
) -> frozenset[Risk]:
    """The risks of an utterance: shown by its words, or learned and not ruled out; a complaint is dissatisfied."""
    found = {risk for risk, pattern in patterns.items() if pattern.by(reading.repaired)}
    if intent not in _RISKLESS:
        least = QUIET_SCORE if intent in _QUIET else LEARNED_SCORE
        likely = {risk for risk, score in learned.items() if score > least}
        found |= {risk for risk in likely if risk not in patterns or not patterns[risk].excluded_by(reading.repaired)}
    if _BARE.fullmatch(reading.plain):
        found -= _NAMED
    if intent is Intent.COMPLAINT:
        found.add(Risk.DISSATISFIED)
    return frozenset(found)


def unlabelled_risks(patterns: Mapping[Risk, Shown], reading: Reading) -> frozenset[Risk]:
    """The risks that no labelled set knows (已故, 未成年, 酒后) and that the words show."""
    others = ((risk, pattern) for risk, pattern in patterns.items() if risk not in LABELLED)
    return frozenset(risk for risk, pattern in others if pattern.by(reading.repaired))


def denied_risk(kind: Kind | None, intent: Intent) -> Risk | None:
    """The risk that an answer denies: 看过了 is not unread; None where it denies none."""
    safe, risk = _DENIED.get(kind, (None, None)) if kind else (None, None)
    return risk if intent is safe else None
