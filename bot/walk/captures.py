"""What a question takes from the client's words beside their meaning: a time, a telephone number. Pure.

A value is taken at the question that asks for it, at the one before it (不方便，明天下午三点吧) and at the one that
reads it back (不，四点吧). What is found is a `Captured` value to be confirmed, a `Piece` of a number that is still
growing, or a `Rejected` one that is asked for again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from bot.moves import Facts
from bot.nodes import Capture, Node, Question, Script
from bot.walk.callbacks import amended_time, contradicts, offer
from bot.walk.dictation import Growth, amend, dictate
from bot.walk.said import Said
from intents import parse_number
from intents.values import Intent

_MAY_HOLD_A_VALUE = (Intent.YES, Intent.NO, Intent.BUSY, Intent.UNSURE, Intent.UNCLEAR)


@dataclass(frozen=True, slots=True)
class Captured:
    """A value that `question` asks for: as stored with the answer, and as the state remembers it.

    The conversation goes on at `then`, where the client confirms it, after the text `why` where it is not the value
    that was asked for.
    """

    question: str
    then: str
    value: str
    remembered: Mapping[str, object]
    why: str = ""
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """The beginning of a number; the client is asked to go on."""

    question: str
    digits: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A value that cannot be used: `why` is the text that says so. Where it is `final`, it is not asked for again."""

    question: str
    why: str
    told: Mapping[str, str] = field(default_factory=dict)
    final: bool = False


Found: TypeAlias = Captured | Piece | Rejected


@dataclass(frozen=True, slots=True)
class Known:
    """What a conversation knows already of the values that it asks for."""

    facts: Facts
    digits: str = ""  # of the number that is being dictated
    number: str = ""  # that is read back
    callback_at: datetime | None = None  # that is read back
    callback_words: str = ""


def find(script: Script, node: Node, said: Said, known: Known) -> Found | None:
    """What the client's words hold of the value that `node` asks for or reads back; None where they hold nothing."""
    question = asked_by(script, node)
    if question is None or said.cue not in _MAY_HOLD_A_VALUE:
        return None
    if question.capture is Capture.TIME:
        return _time(question, said, known, read_back=question is not node)
    return _read_back(question, said, known) if question is not node else _number(question, said, known)


def asked_by(script: Script, node: Node) -> Question | None:
    """The question for a time or number that a node is, or whose value it reads back; None for any other node."""
    if not isinstance(node, Question):
        return None
    if node.captured:
        return node
    asking = (other for other in script.nodes.values() if isinstance(other, Question) and other.captured == node.id)
    return next(asking, None)


def _time(question: Question, said: Said, known: Known, *, read_back: bool) -> Found | None:
    if said.keyed:
        return None
    agreed = known.callback_at if read_back else None
    span = amended_time(said.words, known.callback_words if agreed else "", known.facts.called_at)
    if span is None or (agreed and said.cue is Intent.YES and not contradicts(span, agreed)):
        return None
    offered = offer(span, said.words, known.facts)
    why = offered.why or ""
    if offered.at is None:
        return Rejected(question.id, why, offered.told, final=True)
    remembered = {"callback_at": offered.at, "callback_words": span.words}
    return Captured(question.id, question.captured, span.start.isoformat(), remembered, why, offered.told)


def _number(question: Question, said: Said, known: Known) -> Found | None:
    words = said.words.removeprefix("按键") if said.keyed else said.words
    if said.keyed and len(words) == 1 and not known.digits:
        return None  # a choice from the menu, no digit of a number
    dictated = dictate(known.digits, words)
    return _grown(question, dictated.growth, dictated.digits, known) if dictated else None


def _read_back(question: Question, said: Said, known: Known) -> Found | None:
    if said.keyed and len(said.words.removeprefix("按键")) == 1:
        return None
    dictated = amend(known.number, said.words.removeprefix("按键"))
    if dictated is None or (said.cue is Intent.YES and dictated.digits in ("", known.number)):
        return None
    return _grown(question, dictated.growth, dictated.digits, known)


def _grown(question: Question, growth: Growth, digits: str, known: Known) -> Found:
    match growth:
        case Growth.WHOLE if digits == parse_number(known.facts.dialled):
            return Rejected(question.id, "dialled_number")
        case Growth.WHOLE:
            return Captured(question.id, question.captured, digits, {"new_number": digits})
        case Growth.MORE:
            return Piece(question.id, digits)
        case Growth.ANEW:
            return Rejected(question.id, "number_anew")
        case _:
            return Rejected(question.id, "bad_number")
