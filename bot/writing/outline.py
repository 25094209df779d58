"""A script in the order in which it is to be read: what is said, and where each answer leads. Pure.

The walk comes first (`MAIN`: from the opening along the safe answers to the goodbye), then what lies off it, then
the goodbyes, then what this script never comes to. What every question does alike (`usual`) is told once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from functools import partial
from typing import assert_never

from bot.nodes import Capture, Exit, Goodbye, Limits, Node, Question, Reaction, Reply, Script, Statement, Texts, Waits
from bot.writing.glossary import CAPTURED, CUES, ENDINGS, REACTIONS
from bot.writing.passages import Answering, Kind, Line, Outline, Passage, Section, SlotUse, Way, Weight
from bot.writing.script_check import reachable, steps_from, target_of
from intents.values import Intent
from rules.labels import label_of
from rules.outcomes import Risk, Severity
from rules.risks import severity_of

IN_WORDS = "说什么都记原话"
TOLD = "听完以后"  # whatever is said to a statement, the conversation goes on


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
        usual=_grouped(
            (*(_exit_way(script, cue, way, numbers) for cue, way in usual.items()), *_care_ways(script, numbers))
        ),
        texts=tuple(Line(each.name, said) for each in fields(Texts) if (said := getattr(script.texts, each.name))),
        questions=_answerings(script.questions),
        doubts=_answerings(script.doubts),
        keypad=tuple((key, CUES[cue]) for key, cue in script.keypad.items()),
        limits=tuple((each.name, getattr(script.limits, each.name)) for each in fields(Limits)),
        waits=tuple((each.name, getattr(script.waits, each.name)) for each in fields(Waits)),
    )


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
            answer = next((answer for answer, risk in node.answers.items() if risk is None), Intent.YES)
            return target_of(script, node.exits[_label(node, answer)])
        case Statement():
            return target_of(script, node.exits[Intent.YES])
        case Goodbye():
            return ""
        case _:
            assert_never(node)


def _label(question: Question, answer: str) -> str:
    """The cue of an answer: its own, or what the choice of that name means."""
    return next((choice.means for choice in question.choices if choice.name == answer), answer)


def _order(script: Script) -> list[tuple[str, Section]]:
    """Every node once, with its section."""
    main, reached = safe_walk(script), reachable(script) | set(script.care.values())
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
    made = partial(Passage, numbers[node_id], node_id, section, private=node.private)
    match node:
        case Question(survey=survey, for_agent=for_agent):
            keypad = tuple((key, CUES.get(answer, answer)) for key, answer in node.keypad.items())
            return made(Kind.QUESTION, _lines(node), ways, survey=survey, keypad=keypad, for_agent=for_agent)
        case Statement(say=say, must_hear=must_hear, for_agent=for_agent):
            lines = (Line("say", say, uninterruptible=must_hear),)
            return made(Kind.STATEMENT, lines, ways, must_hear=must_hear, for_agent=for_agent)
        case Goodbye(say=say, ending=ending):
            return made(Kind.GOODBYE, (Line("say", say),), (), ending=ENDINGS[ending])
        case _:
            assert_never(node)


def _lines(question: Question) -> tuple[Line, ...]:
    lead = question.before
    texts = (
        Line("before", lead.say if lead else "", lead is not None and not lead.interruptible),
        Line("ask", question.ask),
        Line("incoming", question.incoming),
        Line("rephrase", question.rephrase),
        Line("keys", question.keys),
        Line("explain", question.explain),
    )
    return tuple(line for line in texts if line.text)


def _ways(script: Script, node: Node, numbers: Mapping[str, int], usual: Mapping[str, Exit]) -> Iterator[Way]:
    """The ways out of a node that are its own, its answers first."""
    answers = node.answers if isinstance(node, Question) else {}
    if isinstance(node, Question):
        yield from _answer_ways(script, node, numbers)
    onward = node.exits.get(Intent.YES) if isinstance(node, Statement) else None
    if onward is not None:
        going_on = tuple(cue for cue in CUES if node.exits[cue] == onward)
        yield replace(_exit_way(script, Intent.YES, onward, numbers), answers=going_on, heard=(TOLD,))
    for cue in CUES:
        way = node.exits.get(cue)
        if way is not None and cue not in answers and way not in (usual.get(cue), onward):
            yield _exit_way(script, cue, way, numbers)


def _answer_ways(script: Script, node: Question, numbers: Mapping[str, int]) -> Iterator[Way]:
    """The ways of the answers that a question asks for: choices before the labels that no choice stands for."""
    if node.captured and node.capture is not None:
        yield Way(("captured",), (CAPTURED[node.capture],), node.captured, _entering(script, node.captured, numbers))
    chosen = {choice.name: choice.means for choice in node.choices}
    labels = {label: label for label in node.answers if label not in chosen and label not in chosen.values()}
    for answer, label in (chosen | labels).items():
        way = replace(_exit_way(script, label, node.exits[label], numbers), answers=(answer,))
        heard = IN_WORDS if node.capture is Capture.WORDS else CUES.get(answer, answer)
        yield _weighed(script, replace(way, heard=(heard,)), node.answers.get(answer), numbers)


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


def _weighed(script: Script, way: Way, risk: Risk | None, numbers: Mapping[str, int]) -> Way:
    """The way of an answer that is weighed; a grave one leads to a human, one that needs care to a goodbye."""
    if risk is None:
        return replace(way, weight=Weight.SAFE)
    if severity_of(risk) is Severity.HIGH:
        way = replace(way, to="", then=REACTIONS[Reaction.HAND_OVER])
    elif severity_of(risk) is Severity.CARE and risk in script.care:
        way = replace(way, to=script.care[risk], then=_entering(script, script.care[risk], numbers))
    return replace(way, weight=Weight.RISKY, risk=risk)


def _care_ways(script: Script, numbers: Mapping[str, int]) -> Iterator[Way]:
    """What ends the call politely at once, whatever was asked."""
    for risk, node in script.care.items():
        yield Way((risk,), (label_of(risk),), node, _entering(script, node, numbers), Weight.RISKY)


def _grouped(ways: Iterable[Way]) -> tuple[Way, ...]:
    """Answers that lead to the same end, told together."""
    together: dict[Way, list[Way]] = {}
    for way in ways:
        together.setdefault(replace(way, answers=(), heard=()), []).append(way)
    return tuple(
        replace(
            bare,
            answers=tuple(answer for way in same for answer in way.answers),
            heard=tuple(dict.fromkeys(word for way in same for word in way.heard)),
        )
        for bare, same in together.items()
    )


def _answerings(replies: Iterable[Reply]) -> tuple[Answering, ...]:
    return tuple(Answering(reply.name, reply.when, reply.say, reply.private) for reply in replies)
