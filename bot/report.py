"""What a conversation came to, as the shell hands it on."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.moves import Attest, Finish, Flag, Note
from bot.walk.course import Move, Standing


@dataclass(slots=True)
class Report:
    """Answers, flags and timings of one conversation, as far as they stand.

    `turn_latencies_ms` count from the client's last sound to the bot's first sample queued.
    """

    turn_latencies_ms: list[int] = field(default_factory=list)
    hung_up: bool = False  # the far end ended the call
    resume_at: str = ""  # the node at which a later attempt goes on
    _standing: Standing = field(default_factory=Standing, init=False)

    def take(self, move: Move) -> None:
        """Take down what has happened or was done."""
        self._standing = self._standing.after(move)

    @property
    def finish(self) -> Finish | None:
        """How it ended; None when a fault broke the dialogue off."""
        return next(iter(self._standing.of(Finish)), None)

    @property
    def notes(self) -> tuple[Note, ...]:
        """The answers."""
        return self._standing.of(Note)

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The risky answers."""
        return self._standing.of(Flag)

    @property
    def attests(self) -> tuple[Attest, ...]:
        """How much of each must-hear text was played."""
        return self._standing.of(Attest)
