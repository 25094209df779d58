"""A script as its readers see it: what is said in the order of the walk, and where each answer leads. Values only.

The walk comes first (`MAIN`: from the opening along the safe answers to the goodbye), then what lies off it, then
the goodbyes, then what this script never comes to. What every question does alike (`usual`) is told once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import assert_never

from bot.glossary import CAPTURED, CUES, ENDINGS, REACTIONS
from bot.nodes import Exit, Goodbye, Limits, Node, Question, Reaction, Reply, Script, Statement, Texts, Waits
from bot.script_check import reachable, steps_from, target_of
from intents.values import Intent
from rules.labels import label_of
from rules.outcomes import Risk, Severity
from rules.risks import severity_of

# What the dialogue does whatever a script says, for its readers.
HABITS = (
    "必答的问题说不清：先换个说法再问一次，仍说不清才算回答",
    "说到有风险的事：在哪个问题上都作标记，（高）立即转人工",
    "转人工而没有坐席：说明稍后有专人回电",
)
TOLD = "听完以后"  # whatever is said to a statement, the conversation goes on


class Section(StrEnum):
    """Which part of the script a passage stands in."""

    MAIN = "main"  # 主线
    SIDE = "side"  # 旁支
    ENDING = "ending"  # 结束语
    UNUSED = "unused"  # 用不到的共用节点


class Kind(StrEnum):
    """What a passage does."""

    QUESTION = "question"  # 问
    STATEMENT = "statement"  # 告知
    GOODBYE = "goodbye"  # 结束


class Weight(StrEnum):
    """How an answer weighs."""

    SAFE = "safe"
    RISKY = "risky"
    PLAIN = "plain"  # it only finds the way


@dataclass(frozen=True, slots=True)
class Line:
    """One text that may be spoken; `field` is its name in the script file."""

    field: str
    text: str
    uninterruptible: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """Where answers lead. `answers` are the cues of the script file, `heard` the same in Chinese.

    `to` is the node that is entered, "" where the bot stays or hands over; `then` says in Chinese what happens.
    """

    answers: tuple[str, ...]
    heard: tuple[str, ...]
    to: str
    then: str
    weight: Weight = Weight.PLAIN
    risk: Risk | None = None
    say: str = ""
    confirms_identity: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """One node: its number in the outline, what it says, and the ways out that are its own."""

    number: int
    node: str
    section: Section
    kind: Kind
    lines: tuple[Line, ...]
    ways: tuple[Way, ...]
    must_hear: bool = False
    private: bool = False
    ending: str = ""

    @property
    def says(self) -> str:
        """The text by which one knows the node: the question, the statement, the goodbye."""
        return next((line.text for line in self.lines if line.field in ("ask", "say")), "")


@dataclass(frozen=True, slots=True)
class Answering:
    """An approved reply and the words that call for it."""

    name: str
    when: tuple[str, ...]
    say: str
    private: bool


@dataclass(frozen=True, slots=True)
class SlotUse:
    """A slot: what it is, its sample, whether only the client may hear it."""

    name: str
    about: str
    sample: str
    private: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole script for reading; everything is in the order in which it is to be read."""

    name: str
    title: str
    clause: str
    hash: str
    review_types: tuple[str, ...]
    slots: tuple[SlotUse, ...]
    passages: tuple[Passage, ...]
    usual: tuple[Way, ...]
    texts: tuple[Line, ...]
    questions: tuple[Answering, ...]
    doubts: tuple[Answering, ...]
    keypad: tuple[tuple[str, str], ...]
    limits: tuple[tuple[str, int], ...]
    waits: tuple[tuple[str, int], ...]

    def section(self, section: Section) -> tuple[Passage, ...]:
        """The passages of one section, in order."""
        return tuple(passage for passage in self.passages if passage.section is section)

    def passage(self, node: str) -> Passage:
        """The passage of a node; raises KeyError."""
        found = next((passage for passage in self.passages if passage.node == node), None)
        if found is None:
            raise KeyError(node)
        return found


def outline(script: Script) -> Outline:
    """The outline of a script that has passed its checks."""
    order = _order(script)
    numbers = {node: number for number, (node, _) in enumerate(order, start=1)}
    usual = _usual_exits(script)
    return Outline(
        name=script.name,
        title=script.title,
        clause=script.clause,
        hash=script.hash,
        review_types=tuple(map(label_of, script.review_types)),
        slots=tuple(SlotUse(slot.name, slot.about, slot.sample, slot.private) for slot in script.slots.values()),
        passages=tuple(_passage(script, node, section, numbers, usual) for node, section in order),
        usual=_grouped(_exit_way(script, cue, way, numbers) for cue, way in usual.items()),
        texts=tuple(Line(each.name, getattr(script.texts, each.name)) for each in fields(Texts)),
        questions=_answerings(script.questions),
        doubts=_answerings(script.doubts),
        keypad=tuple((key, CUES[cue]) for key, cue in script.keypad.items()),
        limits=tuple((each.name, getattr(script.limits, each.name)) for each in fields(Limits)),
        waits=tuple((each.name, getattr(script.waits, each.name)) for each in fields(Waits)),
    )


def shown_by(way: Way) -> str:
    """The risk that an answer shows, with its severity; "" for none."""
    return f"{label_of(way.risk)}（{label_of(severity_of(way.risk))}）" if way.risk else ""


def leads_to(way: Way) -> str:
    """What follows an answer, in Chinese."""
    said = f"说“{way.say}”" if way.say else ""
    confirmed = "确认了本人" if way.confirms_identity else ""
    return f"→ {'，'.join(part for part in (confirmed, said, way.then) if part)}"


def safe_walk(script: Script) -> tuple[str, ...]:
    """The nodes that a client comes to who gives the safe answer everywhere."""
    walk: list[str] = []
    node = script.nodes.get(script.entry)
    while node is not None and node.id not in walk:
        walk.append(node.id)
        node = script.nodes.get(_safe_target(script, node))
    return tuple(walk)


def _safe_target(script: Script, node: Node) -> str:
    match node:
        case Question():
            cue = next((answer for answer, risk in node.answers.items() if risk is None), Intent.YES)
        case Statement():
            cue = Intent.YES
        case Goodbye():
            return ""
        case _:
            assert_never(node)
    return target_of(script, node.exits[cue])


def _order(script: Script) -> list[tuple[str, Section]]:
    """Every node once, with its section."""
    main, reached = safe_walk(script), reachable(script)
    sections = dict.fromkeys(main, Section.MAIN)
    for node in script.nodes.values():
        if node.id not in reached:
            sections.setdefault(node.id, Section.UNUSED)
        elif isinstance(node, Goodbye):
            sections.setdefault(node.id, Section.ENDING)
    side = [node for node in _walked_from(script, main) if node not in sections]
    sections |= dict.fromkeys(side, Section.SIDE)
    placed = [*main, *side, *(node for node in script.nodes if node not in main and node not in side)]
    return sorted(((node, sections[node]) for node in placed), key=lambda entry: list(Section).index(entry[1]))


def _walked_from(script: Script, main: Iterable[str]) -> list[str]:
    """Every node that is reached, in the order in which a reader of the walk meets it."""
    met: dict[str, None] = {}
    waiting = [*main]
    while waiting:
        node = waiting.pop(0)
        met[node] = None
        fresh = [step.target for step in steps_from(script, node) if step.target not in met]
        waiting = [*(target for target in dict.fromkeys(fresh) if target not in waiting), *waiting]
    return [*met]


def _usual_exits(script: Script) -> dict[str, Exit]:
    """What most questions do with an answer that is not one to the question itself."""
    every = [node for node in script.nodes.values() if isinstance(node, Question)]
    questions = [node for node in every if node.review] or every
    own = {Intent.YES, Intent.NO}.union(*(node.answers for node in questions))
    counted = {cue: Counter(node.exits[cue] for node in questions) for cue in CUES if cue not in own}
    return {cue: exits.most_common(1)[0][0] for cue, exits in counted.items() if exits}


def _passage(
    script: Script, node_id: str, section: Section, numbers: Mapping[str, int], usual: Mapping[str, Exit]
) -> Passage:
    node = script.nodes[node_id]
    ways = _grouped(_ways(script, node, numbers, usual))
    number = numbers[node_id]
    match node:
        case Question():
            return Passage(number, node_id, section, Kind.QUESTION, _lines(node), ways, private=node.private)
        case Statement(say=say, must_hear=must_hear, private=private):
            lines = (Line("say", say, uninterruptible=must_hear),)
            return Passage(number, node_id, section, Kind.STATEMENT, lines, ways, must_hear, private)
        case Goodbye(say=say, private=private, ending=ending):
            lines = (Line("say", say),)
            return Passage(number, node_id, section, Kind.GOODBYE, lines, (), False, private, ENDINGS[ending])
        case _:
            assert_never(node)


def _lines(question: Question) -> tuple[Line, ...]:
    lead = question.before
    texts = (
        Line("before", lead.say if lead else "", lead is not None and not lead.interruptible),
        Line("ask", question.ask),
        Line("rephrase", question.rephrase),
        Line("keys", question.keys),
        Line("explain", question.explain),
    )
    return tuple(line for line in texts if line.text)


def _ways(script: Script, node: Node, numbers: Mapping[str, int], usual: Mapping[str, Exit]) -> Iterator[Way]:
    """The ways out of a node that are its own, its answers first."""
    answers = node.answers if isinstance(node, Question) else {}
    for answer, risk in answers.items():
        yield _weighed(_exit_way(script, answer, node.exits[answer], numbers), risk)
    if isinstance(node, Question) and node.capture is not None:
        then = _entering(script, node.captured, numbers)
        yield Way(("captured",), (CAPTURED[node.capture],), node.captured, then)
    onward = node.exits.get(Intent.YES) if isinstance(node, Statement) else None
    if onward is not None:
        going_on = tuple(cue for cue in CUES if node.exits[cue] == onward)
        yield replace(_exit_way(script, Intent.YES, onward, numbers), answers=going_on, heard=(TOLD,))
    for cue in CUES:
        way = node.exits.get(cue)
        if way is not None and cue not in answers and way not in (usual.get(cue), onward):
            yield _exit_way(script, cue, way, numbers)


def _exit_way(script: Script, cue: str, way: Exit, numbers: Mapping[str, int]) -> Way:
    target = target_of(script, way)
    then = _entering(script, target, numbers) if target else REACTIONS[way.go]
    if way.go == Reaction.REVIEW:
        then += "（上次中断的从中断处继续）"
    return Way((cue,), (CUES[cue],), target, then, say=way.say, confirms_identity=way.confirms_identity)


def _entering(script: Script, target: str, numbers: Mapping[str, int]) -> str:
    node = script.nodes[target]
    verb = {Question: "问", Statement: "读", Goodbye: "结束"}[type(node)]
    ending = f"：{ENDINGS[node.ending]}" if isinstance(node, Goodbye) else ""
    return f"{verb} {numbers[target]}{ending}"


def _weighed(way: Way, risk: Risk | None) -> Way:
    """The way of an answer to a review question; a grave one leads to a human instead."""
    if risk is None:
        return replace(way, weight=Weight.SAFE)
    if severity_of(risk) is Severity.HIGH:
        way = replace(way, to="", then=REACTIONS[Reaction.HAND_OVER])
    return replace(way, weight=Weight.RISKY, risk=risk)


def _grouped(ways: Iterable[Way]) -> tuple[Way, ...]:
    """Answers that lead to the same end, told together."""
    together: dict[Way, list[Way]] = {}
    for way in ways:
        together.setdefault(replace(way, answers=(), heard=()), []).append(way)
    return tuple(
        replace(
            bare,
            answers=tuple(answer for way in same for answer in way.answers),
            heard=tuple(word for way in same for word in way.heard),
        )
        for bare, same in together.items()
    )


def _answerings(replies: Iterable[Reply]) -> tuple[Answering, ...]:
    return tuple(Answering(reply.name, reply.when, reply.say, reply.private) for reply in replies)
