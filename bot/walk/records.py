"""What a turn leaves on record: answers noted, risks flagged. Nothing here judges or explains (只做记录不做评判)."""

from __future__ import annotations

from collections.abc import Iterable

from bot.moves import Flag, Note
from bot.nodes import Capture, Question, Reaction, Statement
from bot.walk.said import Said
from bot.walk.state import Turn
from intents.values import Intent
from rules.outcomes import Risk, Severity
from rules.risks import severity_of

# What a review question stores, and what a question that only finds the way stores besides.
_REVIEWED = frozenset({Intent.YES, Intent.NO, Intent.UNSURE})
_ACKNOWLEDGED = _REVIEWED | {Intent.UNCLEAR}  # a statement is not answered; the words are kept
_ROUTED = _REVIEWED | {Intent.BUSY, Intent.NOT_CLIENT, Intent.WRONG_NUMBER}


def is_answer(turn: Turn, said: Said) -> bool:
    """Whether what was said answers the question here; a question asked back never does."""
    node = turn.node
    if isinstance(node, Statement):
        return said.cue in _ACKNOWLEDGED
    if isinstance(node, Question) and node.capture is Capture.WORDS:
        return bool(said.value)
    way = node.exits[said.cue]
    leads_on = way.go not in tuple(Reaction) or way.go == Reaction.REVIEW
    return leads_on and said.cue in (_REVIEWED if node.review else _ROUTED)


def note(turn: Turn, said: Said, value: str = "") -> Turn:
    """Store what was said as the answer to the question here; `value` where it is more than its meaning."""
    intent = said.cue if isinstance(said.cue, Intent) else None
    return turn.do(
        Note(
            question=turn.state.node,
            value=value or said.value or said.cue.value,
            words=said.words,
            intent=intent,
            confidence=said.confidence,
            evidence=said.evidence,
            start_ms=said.start_ms,
            end_ms=said.end_ms,
        )
    )


def shown_risks(turn: Turn, said: Said) -> frozenset[Risk]:
    """The risks in the words themselves and the one of an unsafe answer to the question here."""
    node = turn.node
    if isinstance(node, Question) and is_answer(turn, said):
        unsafe = node.answers.get(said.value, node.answers.get(said.cue))
        if unsafe is not None:
            return said.risks | {unsafe}
    return said.risks


def flag(turn: Turn, risks: Iterable[Risk], said: Said, node: str = "") -> Turn:
    """Mark risks with the client's words; in the order of the standing list, so that a replay gives the same."""
    where = node or turn.state.node
    marked = set(risks)
    flags = [
        Flag(risk, severity_of(risk), where, said.words, said.start_ms, said.end_ms) for risk in Risk if risk in marked
    ]
    return turn.do(*flags)


def grave(risks: frozenset[Risk]) -> Risk | None:
    """The first risk that calls a person at once, if any."""
    return _first(risks, Severity.HIGH)


def caring(risks: frozenset[Risk]) -> Risk | None:
    """The first risk that ends the call politely at once, if any."""
    return _first(risks, Severity.CARE)


def _first(risks: frozenset[Risk], severity: Severity) -> Risk | None:
    return next((risk for risk in Risk if risk in risks and severity_of(risk) is severity), None)
