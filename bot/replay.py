"""A finished call from its log: moves to and from JSON, the conversation run again, and where it differs.

The log of a call is every event and action in the order in which they happened, so the actions after an event
are those that it led to. A difference between the log and a replay with the same script is a bug.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, TypeAlias, get_args

from pydantic import TypeAdapter, ValidationError

from bot.errors import ReplayError
from bot.moves import Action, AgentJoined, Attest, Event, Facts, Flag, Note
from bot.nodes import Script
from bot.walk.course import go_on, open_course
from bot.walk.state import State

Move: TypeAlias = Event | Action
KINDS: Mapping[str, type[Move]] = MappingProxyType({kind.__name__: kind for kind in get_args(Move)})
_ADAPTERS: Mapping[type[Any], TypeAdapter[Any]] = MappingProxyType(
    {kind: TypeAdapter(kind) for kind in (*KINDS.values(), Facts)}
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replay does otherwise: after which event of the log (0: before the first), and which action."""

    after_event: int
    expected: Action | None  # by the replay; None: nothing more
    logged: Action | None


def move_to_json(move: Move) -> str:
    """One event or action as a JSON object; `kind` is its name, instants are ISO 8601 with their zone."""
    return _dump(type(move), {"kind": type(move).__name__}, move)


def move_from_json(text: str) -> Move:
    """The event or action of one JSON object; raises ReplayError where it is none that we know."""
    fields = _fields(text)
    kind = KINDS.get(str(fields.pop("kind", "")))
    if kind is None:
        raise ReplayError("the stored move has no known kind: the log is damaged or of a later version")
    move: Move = _load(kind, fields)
    return move


def facts_to_json(facts: Facts) -> str:
    """The facts of a call as a JSON object."""
    return _dump(Facts, {}, facts)


def facts_from_json(text: str) -> Facts:
    """The facts of one JSON object; raises ReplayError where they are none."""
    facts: Facts = _load(Facts, _fields(text))
    return facts


def replay(script: Script, facts: Facts, events: Iterable[Event]) -> tuple[State, tuple[Action, ...]]:
    """Run a conversation again: how it ended, and all that the bot did."""
    course, done = open_course(script, facts)
    for event in events:
        course, actions = go_on(script, course, event)
        done += actions
    return course.state, done


def differences(script: Script, facts: Facts, log: Sequence[Move]) -> tuple[Difference, ...]:
    """What a replay of the events in a log does otherwise than the log says; empty when it agrees.

    What an agent has ticked on the line is not the bot's doing.
    """
    course, expected = open_course(script, facts)
    found: list[Difference] = []
    with_agent = False
    for number, (event, logged) in enumerate(_segments(log)):
        if event is not None:
            course, expected = go_on(script, course, event)
        with_agent = with_agent or isinstance(event, AgentJoined)
        if with_agent:
            logged = [move for move in logged if move in expected or not isinstance(move, Note | Flag | Attest)]
        pairs = zip_longest(expected, logged)
        found += [Difference(number, mine, theirs) for mine, theirs in pairs if mine != theirs]
    return tuple(found)


def _segments(log: Iterable[Move]) -> list[tuple[Event | None, list[Action]]]:
    """Each event with the actions after it; the first segment has no event."""
    segments: list[tuple[Event | None, list[Action]]] = [(None, [])]
    for move in log:
        if isinstance(move, Event):
            segments.append((move, []))
        else:
            segments[-1][1].append(move)
    return segments


def _dump(kind: type[Any], head: dict[str, Any], value: object) -> str:
    body = head | _ADAPTERS[kind].dump_python(value, mode="json")
    if isinstance(match := body.get("match"), dict):
        match["risks"] = sorted(match["risks"])  # a set has no order; a log must
    return json.dumps(body, ensure_ascii=False)


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise ReplayError(f"the stored move is not JSON ({error.msg} at character {error.pos})") from error
    if not isinstance(fields, dict):
        raise ReplayError("the stored move is not a JSON object")
    return fields


def _load(kind: type[Any], fields: dict[str, Any]) -> Any:
    try:
        return _ADAPTERS[kind].validate_python(fields)
    except ValidationError as error:
        where = "、".join(".".join(map(str, fault["loc"])) for fault in error.errors())
        raise ReplayError(f"the stored {kind.__name__} has wrong or missing fields: {where}") from None
