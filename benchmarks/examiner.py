"""A mind for measuring: asks the prepared questions one after the other, whatever is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bot.moves import Action, Collect, Event, Heard, Listen, Say

M = TypeVar("M", bound=Event)
LEAD_MS = 500  # a question is put so long before its answer begins
_WAIT_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Put:
    """A question whose answer begins at `start_ms`."""

    question: str
    start_ms: int
    collects: bool = False


@dataclass(slots=True)
class Examiner:
    """Puts each question in time, whether the one before was answered, missed or answered twice.

    An answer is replied to, as a bot would.
    """

    puts: Sequence[Put]
    moves: list[tuple[int, Event | Action]] = field(default_factory=list)
    question: str = ""
    _now_ms: int = 0

    def log(self, move: Event | Action, at_ms: int) -> None:
        """Every move of the conversation with its position."""
        self._now_ms = at_ms
        self.moves.append((at_ms, move))

    def begin(self) -> tuple[Action, ...]:
        """Put the first question."""
        return self._go_on()

    def advance(self, event: Event) -> tuple[Action, ...]:
        """Go on to the question whose answer comes next."""
        reply = (Say("reply", "好的"),) if isinstance(event, Heard) else ()
        return (*reply, *self._go_on())

    def of(self, kind: type[M]) -> list[tuple[int, M]]:
        """The events of one kind with the positions at which they were told."""
        return [(at_ms, move) for at_ms, move in self.moves if isinstance(move, kind)]

    def _go_on(self) -> tuple[Action, ...]:
        coming = [put for put in self.puts if put.start_ms > self._now_ms]
        if not coming:
            self.question = ""
            return (Listen("", _WAIT_MS),)
        put, wait_ms = coming[0], _WAIT_MS
        if len(coming) > 1:  # missed: the next question is put in time all the same
            wait_ms = coming[1].start_ms - LEAD_MS - self._now_ms
        self.question = put.question
        if put.collects:
            return (Collect(put.question, wait_ms),)
        return (Listen(put.question, wait_ms),)
