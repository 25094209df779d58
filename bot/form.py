"""A review script as a form: the same questions in the same order, answered by ticking (问卷, T/SAC 002-2024 §5.2.3).

Only the review itself is asked: who fills it in is settled before the first question is shown. Where a call would
clarify, transfer or hand over, a form goes on with what follows a safe answer; the risk is kept all the same. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.errors import BotError
from bot.moves import Attest, Flag, Note
from bot.nodes import ANSWERS, Capture, Goodbye, Ladder, Node, Question, Reaction, Script, Statement, fill
from bot.walk.choices import NONE, WORDS
from intents.values import Intent
from rules.outcomes import Risk
from rules.risks import severity_of

READ = "read"  # what is ticked under a text that the client must read
MOST_WORDS = 500  # characters of an open answer
EVIDENCE = "问卷勾选"


class FormError(BotError):
    """A value that the form does not offer at this question."""


class Kind(StrEnum):
    """What a page of the form wants of the client."""

    TICK = "tick"  # one of the options
    WRITE = "write"  # the client's own words, perhaps none
    READ = "read"  # that a text was read


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be ticked: what is stored and what stands beside the box."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Page:
    """One question or text as the client sees it, slots filled."""

    node: str
    kind: Kind
    text: str
    before: str = ""
    explain: str = ""
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """What the client gave at a page, `at_ms` after the form was opened."""

    value: str
    words: str = ""
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """How far a form is filled in: the pages answered in order, and the one to be shown now (None: all answered)."""

    answered: tuple[str, ...]
    now: str | None


_LABELS: Mapping[Intent, str] = MappingProxyType({Intent.YES: "是", Intent.NO: "否", Intent.UNSURE: "不清楚"})


def course(script: Script, given: Mapping[str, Given]) -> Course:
    """Walk the script by what was given; answers that an earlier change left aside do not count."""
    answered: list[str] = []
    at: str | None = script.review
    while at is not None and at in given and at not in answered:
        answered.append(at)
        at = _after(script, at, given[at].value)
    return Course(tuple(answered), at)


def _after(script: Script, node_id: str, value: str) -> str | None:
    node = script.nodes[node_id]
    go = node.exits[_cue(node, value)].go
    if go in tuple(Reaction):
        go = _onward(node)
    target = script.nodes[go]
    return go if target.review and not isinstance(target, Goodbye) else None


def _cue(node: Node, value: str) -> Intent | Ladder:
    if isinstance(node, Statement):
        return Ladder.SILENT
    if isinstance(node, Question) and node.capture is Capture.CHOICE:
        return next(choice.means for choice in node.choices if choice.name == value)
    return Intent.UNSURE if value in (WORDS, NONE) else Intent(value)


def _onward(node: Node) -> str:
    """Where a call goes from here after a safe answer."""
    ways = [node.exits[answer].go for answer in ANSWERS]
    return next(way for way in ways if way not in tuple(Reaction))


def ahead(script: Script, given: Mapping[str, Given]) -> tuple[str, ...]:
    """The pages that come after the one to be shown now, as long as every answer is a safe one."""
    walked = course(script, given)
    passed, at = [*walked.answered], walked.now
    while at is not None and at not in passed:
        passed.append(at)
        go = _onward(script.nodes[at]) if isinstance(script.nodes[at], Question) else _after(script, at, READ)
        target = script.nodes[go] if go else None
        at = go if target is not None and target.review and not isinstance(target, Goodbye) else None
    return tuple(passed[len(walked.answered) + 1 :])


def page(script: Script, node_id: str, slots: Mapping[str, str]) -> Page:
    """What the client sees at a node."""
    node = script.nodes[node_id]
    if isinstance(node, Question):
        before = fill(node.before.say, slots) if node.before else ""
        kind = Kind.WRITE if node.capture is Capture.WORDS else Kind.TICK
        return Page(node.id, kind, fill(node.ask, slots), before, fill(node.explain, slots), options(node))
    if isinstance(node, Statement):
        return Page(node.id, Kind.READ, fill(node.say, slots), options=options(node))
    raise FormError(f"{node_id} is neither asked nor told: a form has no page for it")


def options(node: Node) -> tuple[Option, ...]:
    """What can be ticked at a node."""
    if isinstance(node, Statement):
        return (Option(READ, "我已阅读"),)
    if not isinstance(node, Question) or node.capture is Capture.WORDS:
        return ()
    if node.capture is Capture.CHOICE:
        return tuple(Option(choice.name, choice.name) for choice in node.choices)
    return tuple(Option(answer.value, _LABELS[answer]) for answer in ANSWERS)


def checked(script: Script, node_id: str, value: str, words: str, at_ms: int) -> Given:
    """What was sent for a page, as it is kept; raises FormError for what the page does not offer."""
    node = script.nodes.get(node_id)
    if node is None or not node.review or isinstance(node, Goodbye):
        raise FormError("没有这个问题：请从链接重新打开问卷")
    if isinstance(node, Question) and node.capture is Capture.WORDS:
        said = words.strip()
        if len(said) > MOST_WORDS:
            raise FormError(f"内容过长：请写{MOST_WORDS}字以内")
        return Given(WORDS if said else NONE, said, at_ms)
    labels = {option.value: option.label for option in options(node)}
    if value not in labels:
        raise FormError("请选择其中一项")
    return Given(value, labels[value], at_ms)


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as a call would have left it: the answers, the risks, the texts that were read."""

    notes: tuple[Note, ...]
    flags: tuple[Flag, ...]
    attests: tuple[Attest, ...]


def filled(
    script: Script, given: Mapping[str, Given], risks: Mapping[str, Iterable[Risk]], evidence: str = EVIDENCE
) -> Filled:
    """What a form leaves on record; `risks` are those in the client's own words, by node, `evidence` who ticked."""
    nodes = [(script.nodes[node_id], given[node_id]) for node_id in course(script, given).answered]
    return Filled(
        notes=tuple(_note(node, one, evidence) for node, one in nodes if isinstance(node, Question)),
        flags=tuple(flag for node, one in nodes for flag in _flags(node, one, risks.get(node.id, ()))),
        attests=tuple(
            Attest(node.id, 0, True, one.at_ms) for node, one in nodes if isinstance(node, Statement) and node.must_hear
        ),
    )


def _note(node: Question, one: Given, evidence: str) -> Note:
    cue = _cue(node, one.value)
    intent = cue if isinstance(cue, Intent) and one.value not in (WORDS, NONE) else None
    return Note(node.id, one.value, one.words, intent, 1.0, evidence, one.at_ms, one.at_ms)


def _flags(node: Node, one: Given, spoken: Iterable[Risk]) -> Iterator[Flag]:
    risks = set(spoken)
    if isinstance(node, Question):
        cue = _cue(node, one.value)
        unsafe = node.answers.get(one.value, node.answers.get(cue.value))
        risks |= {unsafe} if unsafe is not None else set()
    for risk in Risk:
        if risk in risks:
            yield Flag(risk, severity_of(risk), node.id, one.words, one.at_ms, one.at_ms)
