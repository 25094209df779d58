"""Where the calls of a script end, and what clients said there that was not understood."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.errors import ScriptError
from bot.walk.merged_walk import unmarked
from campaign.masking import kind_and_place, mask_name, mask_numbers
from campaign.published import script_of
from intents import Intent
from models.counting import Course, Day, Tallied, Tally, add_tally, courses_of, next_to_count
from models.scripts import version_by_hash
from rules import Outcome

MOST_UNKNOWN = 10  # different things said, for each node
MOST_WORDS = 60  # characters of one of them
AT_ONCE = 100  # calls counted in one transaction

log = logging.getLogger(__name__)


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


def figures_by_node(tally: Tally, nodes: Iterable[str]) -> tuple[NodeFigures, ...]:
    """The figures of every node of a script at which somebody was asked something, in the order of `nodes`."""
    ended: dict[str, list[tuple[str, int]]] = {}
    for (node, what, outcome), count in tally.times.items():
        if what is Tallied.ENDED:
            ended.setdefault(node, []).append((outcome, count))
    unknown: dict[str, list[tuple[str, int]]] = {}
    for (node, words), count in tally.unknown.items():
        unknown.setdefault(node, []).append((words, count))
    return tuple(
        NodeFigures(
            node,
            asked,
            sum(count for _, count in ended.get(node, ())),
            _most_frequent(ended.get(node, ())),
            tally.times.get((node, Tallied.HEARD, ""), 0),
            tally.times.get((node, Tallied.UNCLEAR, ""), 0),
            _most_frequent(unknown.get(node, ()))[:MOST_UNKNOWN],
        )
        for node in nodes
        if (asked := tally.times.get((node, Tallied.ASKED, ""), 0))
    )


def _most_frequent(counts: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts, key=lambda one: (-one[1], one[0])))


def count_ended(session: Session, most: int = AT_ONCE) -> int:
    """Put calls that have ended into the tallies of their scripts, the oldest first; returns how many.

    0 when none is left, or another process counts just now. A call that cannot be read is in no tally.
    """
    ids = next_to_count(session, most)
    try:
        tallies = _tallies(session, ids)
    except SQLAlchemyError:
        raise
    except Exception:  # of one call among them
        tallies = [tally for attempt_id in ids for tally in _tallies_if_readable(session, attempt_id)]
    for day, tally in tallies:
        add_tally(session, day, tally)
    return len(ids)


def _tallies_if_readable(session: Session, attempt_id: int) -> Sequence[tuple[Day, Tally]]:
    try:
        return _tallies(session, [attempt_id])
    except SQLAlchemyError:
        raise
    except Exception as error:  # its message may quote the client
        log.error("attempt %d is in no figures: it cannot be read: %s", attempt_id, kind_and_place(error))
        return ()


def _tallies(session: Session, ids: Sequence[int]) -> list[tuple[Day, Tally]]:
    by_day: dict[Day, list[Course]] = {}
    for course in courses_of(session, ids):
        by_day.setdefault(course.day, []).append(course)
    days = sorted(by_day, key=lambda one: (one.on, one.script, one.script_hash))
    return [(day, tally_of_calls(by_day[day], _nodes(session, day))) for day in days]


def _nodes(session: Session, day: Day) -> Collection[str]:
    version = version_by_hash(session, day.script, day.script_hash)
    try:
        return script_of(version).nodes.keys() if version is not None else ()
    except ScriptError:
        return ()  # of a version that cannot be read any more no node is shown either


def tally_of_calls(calls: Iterable[Course], nodes: Collection[str]) -> Tally:
    """What calls came to at the nodes of their script. Pure, but for the masks."""
    times: Counter[tuple[str, Tallied, str]] = Counter()
    unknown: Counter[tuple[str, str]] = Counter()
    for call in calls:
        times[("", Tallied.CALLS, "")] += 1
        said = [(node, words) for node, words in _said(call) if node in nodes]
        times.update((node, Tallied.ASKED, "") for node in {node for node, _ in said})
        for node, words in said:
            if words is not None:
                times[(node, Tallied.HEARD, "")] += 1
            if words:
                times[(node, Tallied.UNCLEAR, "")] += 1
                unknown[(node, words)] += 1
        if said and call.outcome != Outcome.REVIEWED:
            times[(said[-1][0], Tallied.ENDED, call.outcome)] += 1
    return Tally(times, unknown)


def _said(call: Course) -> Iterator[tuple[str, str | None]]:
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


def _unclear(call: Course, heard: Mapping[str, object]) -> str:
    match = heard.get("match")
    if not isinstance(match, dict) or match.get("intent") != Intent.UNCLEAR.value:
        return ""
    words = str(heard.get("text") or "").strip()
    if call.client:
        words = words.replace(call.client, mask_name(call.client))
    return mask_numbers(words)[:MOST_WORDS] or "（没有听出内容）"
