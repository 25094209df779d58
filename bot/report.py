"""What a conversation came to, as the shell hands it on."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.moves import Action, Attest, Event, Finish, Flag, Note

Move = Event | Action
Mark = tuple[int, int, int, int]  # of notes, flags, attests and deliveries


@dataclass(slots=True)
class Report:
    """Answers, flags and timings of one conversation.

    `finish` is None when a fault broke the dialogue off. `turn_latencies_ms` count from the client's last
    sound to the bot's first sample queued. `attests` say how much of each must-hear text was played; `delivered`
    names the prompts that were played in full.
    """

    finish: Finish | None = None
    notes: list[Note] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    turn_latencies_ms: list[int] = field(default_factory=list)
    attests: list[Attest] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    hung_up: bool = False  # the far end ended the call
    resume_at: str = ""  # the node at which a later attempt goes on

    def mark(self) -> Mark:
        """How far the report has come; `go_back` takes it."""
        return len(self.notes), len(self.flags), len(self.attests), len(self.delivered)

    def go_back(self, mark: Mark) -> None:
        """Forget what came since: it did not happen."""
        notes, flags, attests, delivered = mark
        del self.notes[notes:], self.flags[flags:], self.attests[attests:], self.delivered[delivered:]
        self.finish = None
