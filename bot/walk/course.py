"""The course of a conversation whose last turn can be taken back. Pure.

A pause ends the client's turn, and sometimes the client then goes on: 是的 … 哦不对，不是我. While the bot's reply has
hardly begun, the next `Heard` holds both parts and `goes_on`: the dialogue forgets that it heard the first one alone.
What it noted and flagged for that alone is taken back too (`standing`), and so is all that a machine had said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from bot.dialogue import advance, begin
from bot.moves import Action, Attest, BargedIn, Event, Facts, Finish, Flag, Heard, Note, PromptFinished
from bot.nodes import Script
from bot.walk.state import State
from rules.outcomes import Ending

Move: TypeAlias = Event | Action


_TAKEN_BACK = (Note, Flag, Attest, Finish)


@dataclass(frozen=True, slots=True)
class Course:
    """Where a conversation stands, and where it stood before the client's last words; None: nothing to take back."""

    state: State
    before: State | None = None


def open_course(script: Script, facts: Facts) -> tuple[Course, tuple[Action, ...]]:
    """Begin; see bot.dialogue.begin."""
    state, actions = begin(script, facts)
    return Course(state), actions


def go_on(script: Script, course: Course, event: Event) -> tuple[Course, tuple[Action, ...]]:
    """Take one event: the next course and the actions, in order."""
    again = course.before if isinstance(event, Heard) and event.goes_on else None
    state, actions = advance(script, again or course.state, event)
    return Course(state, _before(course, again, event)), actions


def _before(course: Course, again: State | None, event: Event) -> State | None:
    """What could be taken back after this event: what became of the bot's prompts changes nothing in that."""
    match event:
        case Heard():
            return again or course.state
        case PromptFinished() | BargedIn():
            return course.before
        case _:
            return None


def standing(log: Iterable[Move]) -> tuple[Move, ...]:
    """The moves of a log without the notes, flags and endings that were taken back or were a machine's."""
    kept: list[Move] = []
    last_heard = 0
    for move in log:
        if isinstance(move, Finish) and move.ending is Ending.MACHINE:
            kept = [each for each in kept if not isinstance(each, _TAKEN_BACK)]
        if isinstance(move, Heard) and move.goes_on:
            kept[last_heard:] = [each for each in kept[last_heard:] if not isinstance(each, _TAKEN_BACK)]
        elif isinstance(move, Heard):
            last_heard = len(kept)
        elif isinstance(move, Event) and not isinstance(move, PromptFinished | BargedIn):
            last_heard = len(kept) + 1
        kept.append(move)
    return tuple(kept)
