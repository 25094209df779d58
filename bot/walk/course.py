"""The course of a conversation whose last turn can be taken back. Pure.

A pause ends the client's turn, and sometimes the client then goes on: 是的 … 哦不对，不是我. While the bot's reply has
hardly begun, the next `Heard` holds both parts and `goes_on`: the dialogue forgets that it heard the first one alone.
What it noted and flagged for that alone is taken back too (`Standing`), and so is more that does not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias, TypeVar

from bot.dialogue import advance, begin
from bot.moves import Action, Attest, BargedIn, Event, Facts, Finish, Flag, Heard, Note, PromptFinished, Strike
from bot.nodes import Script
from bot.walk.state import State
from rules.outcomes import Ending

Move: TypeAlias = Event | Action
_M = TypeVar("_M")

_RECORDS = (Note, Flag, Attest, Finish)


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


@dataclass(frozen=True, slots=True)
class Standing:
    """The moves of a conversation that stand, and those that stood before the client's last words.

    Here alone it is decided what is taken back: all that came of words with which the client had not ended, all that
    a machine has left, the answers of somebody who was not the client, an ending over which the client turned round.
    """

    moves: tuple[Move, ...] = ()
    before: tuple[Move, ...] | None = None

    def after(self, move: Move) -> Standing:
        """What stands once this has happened or been done."""
        match move:
            case Heard(goes_on=True) if self.before is not None:
                return Standing((*self.before, move), self.before)
            case Heard():
                return Standing((*self.moves, move), self.moves)
            case Strike():
                return self._with(move, (each for each in self.moves if not _given_since(each, move.since_ms)))
            case Finish():
                overtaken = _RECORDS if move.ending is Ending.MACHINE else Finish
                return self._with(move, (each for each in self.moves if not isinstance(each, overtaken)))
            case _ if isinstance(move, Action | PromptFinished | BargedIn):
                return self._with(move, self.moves)
            case _:
                return Standing((*self.moves, move))

    def _with(self, move: Move, moves: Iterable[Move]) -> Standing:
        return Standing((*moves, move), self.before)

    def of(self, kind: type[_M]) -> tuple[_M, ...]:
        """The moves of one kind that stand, in order."""
        return tuple(move for move in self.moves if isinstance(move, kind))


def _given_since(move: Move, since_ms: int) -> bool:
    match move:
        case Note():
            return move.start_ms >= since_ms
        case Attest() | PromptFinished():
            return move.at_ms >= since_ms
        case _:
            return False


def standing(log: Iterable[Move]) -> tuple[Move, ...]:
    """The moves of a log without what was taken back."""
    return reduce(Standing.after, log, Standing()).moves
