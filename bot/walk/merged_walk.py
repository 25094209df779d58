"""The walk through several reviews in one call: what was asked before is not asked again, whatever the way there.

A stop of the walk is a node of one review together with what is known by then. Where a question that was asked
before would come again, the walk goes on as its answer leads on there, so that a branch is taken rightly without
asking (资讯服务: 没有 → no question about its quality, in either review). What is known is kept only as far as it
matters further on; a node that is reached knowing different things stands once for each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.nodes import Goodbye, Node, Question, Reaction, Script, Statement
from bot.walk.certainty import Understanding
from intents.values import Intent, Match
from rules.outcomes import Ending

CAPTURED = "captured"
REACTIONS: frozenset[str] = frozenset(Reaction)
MOST_STOPS = 600
LEADS_ON = (Intent.UNSURE, Intent.YES, Intent.NO, CAPTURED)  # where a review goes on whose answer has no way of its own

Key = tuple[str, ...]  # what is asked or told; equal for what is the same


class TooManyWays(Exception):
    """The walk has more stops than a call should have."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A node of review `part`, reached knowing how these keys were answered."""

    part: int
    node: str
    known: frozenset[tuple[Key, str]] = frozenset()


@dataclass(slots=True)
class Walk:
    """The stops of the merged walk by their new node ids, in the order in which they were found."""

    scripts: tuple[Script, ...]
    keys: tuple[Mapping[str, Key], ...]  # of the review's own questions and statements
    ids: dict[Stop, str] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    start: str = ""
    _waiting: deque[Stop] = field(default_factory=deque)
    _taken: set[str] = field(default_factory=set)
    _behind: dict[tuple[int, str], tuple[str, ...]] = field(default_factory=dict)  # what comes from a node on

    def run(self) -> None:
        """Find every stop; raises TooManyWays."""
        self.start = self._resolve(0, self.scripts[0].review, {})
        while self._waiting:
            stop = self._waiting.popleft()
            self.nodes[self.ids[stop]] = self._rewired(stop)

    def _rewired(self, stop: Stop) -> Node:
        """The node of a stop with every way out leading to the stop that follows."""
        node = self.scripts[stop.part].nodes[stop.node]
        key, known = self.keys[stop.part][stop.node], dict(stop.known)

        def onward(cue: str, target: str) -> str:
            return target if target in REACTIONS else self._resolve(stop.part, target, known | {key: cue})

        exits = {cue: replace(way, go=onward(cue, way.go)) for cue, way in node.exits.items()}
        match node:
            case Question():
                captured = onward(CAPTURED, node.captured) if node.captured else ""
                return replace(node, id=self.ids[stop], exits=exits, captured=captured)
            case Statement():
                return replace(node, id=self.ids[stop], exits=exits)
            case Goodbye():
                raise TypeError(f"{node.id} is no stop: a goodbye has no key")

    def _resolve(self, part: int, target: str, known: Mapping[Key, str]) -> str:
        """The new id of where a way leads: past what is known, from the end of a review into the next one."""
        passed: set[tuple[int, str]] = set()
        while (part, target) not in passed:
            passed.add((part, target))
            key = self.keys[part].get(target)
            if key is not None and key in known:
                target = self._beyond(part, target, known[key])
            elif key is not None:
                return self._stop(part, target, known)
            elif part + 1 < len(self.scripts) and _completes(self.scripts[part].nodes.get(target)):
                part, target = part + 1, self.scripts[part + 1].review
            else:
                return target
        return self._end(part)

    def _beyond(self, part: int, node_id: str, cue: str) -> str:
        """Where a review goes on after an answer that was given before."""
        node = self.scripts[part].nodes[node_id]
        ways = {answer: way.go for answer, way in node.exits.items() if way.go not in REACTIONS}
        if isinstance(node, Question) and node.captured:
            ways[CAPTURED] = node.captured
        return next((ways[answer] for answer in (cue, *LEADS_ON) if answer in ways), self._end(part))

    def _end(self, part: int) -> str:
        """The goodbye after the last question of a review."""
        nodes = self.scripts[part].nodes
        return next(node.id for node in nodes.values() if _completes(node))

    def _stop(self, part: int, node_id: str, known: Mapping[Key, str]) -> str:
        stop = Stop(part, node_id, frozenset(self._relevant(part, node_id, known)))
        if stop not in self.ids:
            if len(self.ids) >= MOST_STOPS:
                raise TooManyWays(f"more than {MOST_STOPS} stops")
            self.ids[stop] = self._new_id(node_id)
            self._waiting.append(stop)
        return self.ids[stop]

    def _relevant(self, part: int, node_id: str, known: Mapping[Key, str]) -> Iterable[tuple[Key, str]]:
        """What is known of things that come again, and the answer only where a way depends on it."""
        later = range(part + 1, len(self.scripts))
        coming = [(part, ahead) for ahead in self._ahead(part, node_id)]
        coming += [(other, ahead) for other in later for ahead in self.keys[other]]
        for key, cue in known.items():
            again = [(other, ahead) for other, ahead in coming if self.keys[other][ahead] == key]
            if not again:
                continue
            alike = all(self._beyond(other, ahead, cue) == self._beyond(other, ahead, "") for other, ahead in again)
            yield key, "" if alike else cue

    def _ahead(self, part: int, node_id: str) -> tuple[str, ...]:
        """The questions and statements of a review from a node on, itself included."""
        if (part, node_id) not in self._behind:
            found: dict[str, None] = {}
            waiting = [node_id]
            while waiting:
                here = waiting.pop()
                if here in self.keys[part] and here not in found:
                    found[here] = None
                    node = self.scripts[part].nodes[here]
                    waiting += [way.go for way in node.exits.values()]
                    waiting += [node.captured] if isinstance(node, Question) and node.captured else []
            self._behind[part, node_id] = tuple(found)
        return self._behind[part, node_id]

    def _new_id(self, node_id: str) -> str:
        """The node's own id, marked where another stop has it."""
        new, count = node_id, 1
        while new in self._taken:
            count += 1
            new = f"{node_id}~{count}"
        self._taken.add(new)
        return new


def _completes(node: Node | None) -> bool:
    return isinstance(node, Goodbye) and node.ending is Ending.COMPLETED


@dataclass(frozen=True, slots=True)
class AsAskedAlone:
    """Understands what is said at a stop by the question of its own script."""

    matcher: Understanding

    def match(self, question: str, text: str) -> Match:
        """The meaning of `text` at a question, by the id that its script gives it."""
        return self.matcher.match(unmarked(question), text)


def unmarked(node_id: str) -> str:
    """The id of a node as its own script has it."""
    return node_id.partition("~")[0]
