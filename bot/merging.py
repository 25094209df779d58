"""Several reviews of one client as one conversation (一事一扰, T/SAC 002-2024 §5.1.7). Pure.

The reviews follow each other in the order of rules.precedence, opened and closed once. What several of them ask
(the same filled `topic`, or without one the same words) is asked once and counts for each; an answer that any of
them holds risky is risky. Must-hear texts likewise: the same one is told once, different ones are all told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from bot.errors import ScriptInvalid
from bot.nodes import SLOT, Capture, Goodbye, Ladder, Node, Question, Reply, Script, fill
from bot.walk.merged_walk import REACTIONS, Key, TooManyWays, Walk
from bot.writing.script_check import WALK_RULES, reachable
from bot.writing.source import Place
from intents.values import Intent
from rules.outcomes import ReviewType, Risk, Severity
from rules.precedence import precedence_of
from rules.risks import severity_of

BUSINESS_SLOT = "回访业务"  # the only slot whose values are told together
MOST_TURNS = 400
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Review:
    """One review that a call is to carry: its script, what the script's slots hold, and why the client is called."""

    script: Script
    slots: Mapping[str, str]
    review_type: ReviewType | None = None  # None: the first of the script's types

    @property
    def precedence(self) -> tuple[int, str]:
        """Its place among other reviews."""
        return precedence_of(self.review_type or self.script.review_types[0]), self.script.name


@dataclass(frozen=True, slots=True)
class Merged:
    """The conversation that carries several reviews.

    `order` are the places of the given reviews in the order of the call; `questions` has for each of them, in that
    order, its own node for every node of the call that counts for it.
    """

    script: Script
    slots: Mapping[str, str]
    order: tuple[int, ...]
    questions: tuple[Mapping[str, str], ...]

    @property
    def credits(self) -> Mapping[str, tuple[str, ...]]:
        """For each node of the call the other nodes of the reviews that are answered with it."""
        counted: dict[str, dict[str, None]] = {}
        for own in self.questions:
            for asked, counts_for in own.items():
                counted.setdefault(asked, {})[counts_for] = None
        return {asked: tuple(one for one in ids if one != asked) for asked, ids in counted.items()}


class MergeRefused(ScriptInvalid):
    """Reviews that cannot share a call; each has to have its own."""


def merge(reviews: Sequence[Review]) -> Merged:
    """Make one conversation of one or more reviews of the same client; raises MergeRefused.

    Whether their slots hold what they speak has been checked before (Script.missing_slots).
    """
    order = tuple(sorted(range(len(reviews)), key=lambda place: reviews[place].precedence))
    parts, slots = _without_clashes([reviews[place] for place in order])
    keys = tuple(_keys(part, slots) for part in parts)
    walk = Walk(parts, keys)
    name = "+".join(part.name for part in parts)
    try:
        walk.run()
    except TooManyWays as error:
        raise MergeRefused(name, [Place(name, 1).problem(f"合并后的话术过于庞大（{error}）；请分别拨打")]) from error
    questions = tuple(_questions(walk, part) for part in range(len(parts)))
    script = _script(name, parts, walk, slots)
    _refuse_faults(script)
    return Merged(replace(script, hash=_hash(parts, questions)), slots, order, questions)


def _refuse_faults(script: Script) -> None:
    """Check the walk; each review's wording was checked with its own script."""
    place = Place(script.name, 1)
    faults = [fault for rule in WALK_RULES for fault in rule(script, lambda _node, _field: place)]
    if faults:
        raise MergeRefused(script.name, faults)


def _without_clashes(reviews: Sequence[Review]) -> tuple[tuple[Script, ...], dict[str, str]]:
    """The scripts with slots of their own where another review gives the same name another value."""
    slots: dict[str, str] = {}
    parts = []
    for review in reviews:
        names: dict[str, str] = {}
        for slot in review.script.slots:
            value = review.slots[slot]
            if slot != BUSINESS_SLOT and slots.setdefault(slot, value) != value:
                names[slot] = _free_name(slot, value, slots)
        parts.append(_renamed(review.script, names))
    business = dict.fromkeys(review.slots[BUSINESS_SLOT] for review in reviews if review.slots.get(BUSINESS_SLOT))
    return tuple(parts), slots | ({BUSINESS_SLOT: _listed(tuple(business))} if business else {})


def _free_name(slot: str, value: str, slots: dict[str, str]) -> str:
    count = 2
    while slots.setdefault(f"{slot}{count}", value) != value:
        count += 1
    return f"{slot}{count}"


def _listed(things: Sequence[str]) -> str:
    """适当性、执业情况和私募基金."""
    return "和".join(part for part in ("、".join(things[:-1]), things[-1]) if part)


def _renamed(script: Script, names: Mapping[str, str]) -> Script:
    """The script with slots called otherwise wherever its own nodes speak them."""
    if not names:
        return script
    nodes = {node.id: _respelt(node, names) if node.review else node for node in script.nodes.values()}
    slots = [replace(slot, name=names.get(slot.name, slot.name)) for slot in script.slots.values()]
    return replace(script, nodes=nodes, slots={slot.name: slot for slot in slots})


def _respelt(value: T, names: Mapping[str, str]) -> T:
    """A node, or a part of one, with the slots in its texts called otherwise."""
    changed: Any = value
    if isinstance(value, str) and type(value) is str:
        changed = SLOT.sub(lambda slot: f"{{{names.get(slot[1], slot[1])}}}", value)
    elif isinstance(value, tuple):
        changed = tuple(_respelt(each, names) for each in value)
    elif isinstance(value, Mapping):
        changed = {key: _respelt(each, names) for key, each in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        changed = replace(value, **{one.name: _respelt(getattr(value, one.name), names) for one in fields(value)})
    result: T = changed
    return result


def _keys(script: Script, slots: Mapping[str, str]) -> dict[str, Key]:
    """What each question and statement of a review's own is about."""
    own = (node for node in script.nodes.values() if node.review and not isinstance(node, Goodbye))
    return {node.id: _key(node, slots) for node in own}


def _key(node: Node, slots: Mapping[str, str]) -> Key:
    if isinstance(node, Goodbye):
        return ()
    if isinstance(node, Question):
        words = f"{node.before.say if node.before else ''}{node.ask}"
        kind = f"{'open' if node.capture is Capture.WORDS else 'asked'}{' yes is risky' if _reversed(node) else ''}"
    else:
        words, kind = node.say, "told"
    stated = node.topic not in ("", node.id)
    filled = fill(node.topic if stated else words, _Given(slots))
    return kind, "topic" if stated else "words", filled


class _Given(dict[str, str]):
    """Slots in which what the client fills in the call stands for itself."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def _reversed(question: Question) -> bool:
    return question.answers.get(Intent.YES) is not None and question.answers.get(Intent.NO) is None


def _questions(walk: Walk, part: int) -> dict[str, str]:
    """For each stop of the walk that counts for a review the node of that review."""
    by_key: dict[Key, str] = {}
    for own, key in walk.keys[part].items():
        by_key.setdefault(key, own)
    found = {}
    for stop, new_id in walk.ids.items():
        key = walk.keys[stop.part][stop.node]
        if stop.part == part or key in by_key:
            found[new_id] = stop.node if stop.part == part else by_key[key]
    return found


def _script(name: str, parts: Sequence[Script], walk: Walk, slots: Mapping[str, str]) -> Script:
    """The conversation; of what is shared the first review's wording is taken."""
    first, latter_first = parts[0], tuple(reversed(parts))
    stops = [set(keys) for keys in walk.keys]
    nodes = {
        node.id: node
        for part, own in zip(latter_first, reversed(stops), strict=True)
        for node in part.nodes.values()
        if node.id not in own
    }
    merged = replace(
        first,
        name=name,
        title="、".join(dict.fromkeys(part.title for part in parts)),
        clause="；".join(dict.fromkeys(part.clause for part in parts)),
        review_types=tuple(dict.fromkeys(one for part in parts for one in part.review_types)),
        review=walk.start,
        nodes=nodes | _weighed(walk),
        slots={slot.name: slot for part in latter_first for slot in part.slots.values()},
        questions=_replies([part.questions for part in parts]),
        doubts=_replies([part.doubts for part in parts]),
        limits=replace(first.limits, turns=min(MOST_TURNS, sum(part.limits.turns for part in parts))),
        care={risk: goodbye for part in latter_first for risk, goodbye in part.care.items()},
        pronunciations={word: read for part in latter_first for word, read in part.pronunciations.items()},
        hash="",
    )
    reached = reachable(merged)
    return replace(
        merged, nodes={node.id: node for node in merged.nodes.values() if node.id in reached or not node.review}
    )


def _weighed(walk: Walk) -> dict[str, Node]:
    """The stops of the walk, each question weighed as all the reviews weigh it that it counts for."""
    alike: dict[Key, list[Question]] = {}
    for part, keys in zip(walk.scripts, walk.keys, strict=True):
        for node_id, key in keys.items():
            node = part.nodes[node_id]
            if isinstance(node, Question):
                alike.setdefault(key, []).append(node)
    topics: set[str] = set()
    nodes: dict[str, Node] = {}
    for stop, new_id in walk.ids.items():
        node = walk.nodes[new_id]
        if isinstance(node, Question):
            node = _with_all(node, alike[walk.keys[stop.part][stop.node]])
        if not isinstance(node, Goodbye):
            # The same thing at another place of the walk, where it has not been asked yet.
            node = replace(node, topic=node.topic if node.topic not in topics else new_id)
            topics.add(node.topic)
        nodes[new_id] = node
    return nodes


def _with_all(question: Question, alike: Sequence[Question]) -> Question:
    """A question that counts for several reviews: as strict as the strictest of them."""
    meaning = {choice.name: choice.means for choice in question.choices}
    answers = dict(question.answers)
    for other in alike:
        for name in answers:
            theirs = other.answers.get(name, other.answers.get(meaning.get(name, name)))
            answers[name] = max(answers[name], theirs, key=_gravity)
    mandatory = next((other for other in alike if not other.survey), question)
    exits = dict(question.exits)
    if question.survey and mandatory.exits[Ladder.GAVE_UP].go in REACTIONS:
        exits[Ladder.GAVE_UP] = mandatory.exits[Ladder.GAVE_UP]
    return replace(
        question,
        answers=answers,
        exits=exits,
        survey=all(other.survey for other in alike),
        for_agent=tuple(dict.fromkeys(text for other in alike for text in other.for_agent)),
        phrases=tuple(dict.fromkeys(phrase for other in (question, *alike) for phrase in other.phrases)),
    )


def _gravity(risk: Risk | None) -> int:
    if risk is None:
        return 0
    return 1 if severity_of(risk) is Severity.MEDIUM else 2


def _replies(each: Sequence[tuple[Reply, ...]]) -> tuple[Reply, ...]:
    """What the reviews answer on their own, then what they all answer, each name once."""
    common = {reply for reply in each[0] if all(reply in replies for replies in each)}
    own = [reply for replies in each for reply in replies if reply not in common]
    named = {reply.name: reply for reply in reversed([*own, *(reply for reply in each[0] if reply in common)])}
    return tuple(reversed(named.values()))


def _hash(parts: Sequence[Script], questions: Sequence[Mapping[str, str]]) -> str:
    """SHA-256 (hex) of which versions were merged, and of what counts for what."""
    content = [[part.name, part.hash, sorted(own.items())] for part, own in zip(parts, questions, strict=True)]
    return hashlib.sha256(json.dumps(["merged", content], ensure_ascii=False).encode()).hexdigest()
