"""Where the calls of a script end, and what clients said there that was not understood. Pure, but for the masks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.walk.merged_walk import unmarked
from campaign.masking import mask_name, mask_numbers
from intents import Intent

MOST_UNKNOWN = 10  # different things said, for each node
MOST_WORDS = 60  # characters of one of them
REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call as its log has it: kinds and bodies of its `Listen`, `Collect` and `Heard`, in order.

    `questions`: the script's own node for each node of the call, where it served several tasks.
    """

    outcome: str
    client: str  # the name, to be masked in what was said
    moves: Sequence[tuple[str, str]]
    questions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """How clients fared at one node: calls in which it was asked, and calls that ended there without a review."""

    node: str
    asked: int
    ended: int
    by_outcome: tuple[tuple[str, int], ...] = ()  # of those that ended
    heard: int = 0  # things said there
    unclear: int = 0  # of them, those that were not understood
    unknown: tuple[tuple[str, int], ...] = ()  # the most frequent of those, masked

    @property
    def drop_off(self) -> float:
        """The share of the calls that came here and ended here."""
        return self.ended / self.asked if self.asked else 0.0


def figures_by_node(calls: Iterable[LoggedCall], nodes: Iterable[str]) -> tuple[NodeFigures, ...]:
    """The figures of every node of a script at which somebody was asked something, in the order of `nodes`."""
    known = tuple(nodes)
    places = frozenset(known)
    asked: Counter[str] = Counter()
    heard: Counter[str] = Counter()
    ended: dict[str, Counter[str]] = {}
    unknown: dict[str, Counter[str]] = {}
    for call in calls:
        said = [(node, words) for node, words in _said(call) if node in places]
        asked.update({node for node, _ in said})
        for node, words in said:
            if words is None:
                continue
            heard[node] += 1
            if words:
                unknown.setdefault(node, Counter())[words] += 1
        if said and call.outcome != REVIEWED:
            ended.setdefault(said[-1][0], Counter())[call.outcome] += 1
    return tuple(
        NodeFigures(
            node,
            asked[node],
            ended.get(node, Counter()).total(),
            tuple(ended.get(node, Counter()).most_common()),
            heard[node],
            unknown.get(node, Counter()).total(),
            tuple(unknown.get(node, Counter()).most_common(MOST_UNKNOWN)),
        )
        for node in known
        if asked[node]
    )


def _said(call: LoggedCall) -> Iterator[tuple[str, str | None]]:
    """Each node that was asked with None, then what was said there: masked where it was not understood, else ""."""
    node = ""
    waiting: str | None = None
    for kind, body in call.moves:
        move = json.loads(body)
        if kind == "Heard":
            if waiting is not None and not move.get("goes_on"):
                yield node, waiting
            waiting = _unclear(call, move)
            continue
        if waiting is not None:
            yield node, waiting
            waiting = None
        question = str(move["question"])
        node = call.questions.get(question, unmarked(question))
        yield node, None
    if waiting is not None:
        yield node, waiting


def _unclear(call: LoggedCall, heard: Mapping[str, object]) -> str:
    match = heard.get("match")
    if not isinstance(match, dict) or match.get("intent") != Intent.UNCLEAR.value:
        return ""
    words = str(heard.get("text") or "").strip()
    if call.client:
        words = words.replace(call.client, mask_name(call.client))
    return mask_numbers(words)[:MOST_WORDS] or "（没有听出内容）"
