"""What the client says and presses under a text that must be heard: it waits until the text was played."""

from __future__ import annotations

from bot.shell.floor import Floor
from bot.shell.frames import KeyPressed, TurnEnded


class HeldBack:
    """Keeps it in the order in which it came."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._items: list[TurnEnded | KeyPressed] = []

    @property
    def holds(self) -> bool:
        """Whether such a text is being played now."""
        current = self._floor.playout.current
        return current is not None and not current.stoppable

    def keep(self, item: TurnEnded | KeyPressed) -> None:
        """Hold something back."""
        self._items.append(item)

    def turns(self) -> list[TurnEnded]:
        """What was said, one turn after the other."""
        return [item for item in self._items if isinstance(item, TurnEnded)]

    def keys(self) -> list[KeyPressed]:
        """What was pressed, one key after the other."""
        return [item for item in self._items if isinstance(item, KeyPressed)]

    def release(self) -> tuple[list[KeyPressed], TurnEnded | None]:
        """The keys, and all that was said as one turn; nothing is held any more."""
        keys, turns = self.keys(), self.turns()
        self.clear()
        return keys, _joined(turns) if turns else None

    def clear(self) -> None:
        """Forget it."""
        self._items = []


def _joined(turns: list[TurnEnded]) -> TurnEnded:
    """Several turns under one prompt as one."""
    first, last = turns[0], turns[-1]
    return TurnEnded(
        text="".join(turn.text for turn in turns),
        start_ms=first.start_ms,
        end_ms=last.end_ms,
        voice_end_ms=last.voice_end_ms,
        confidence=min(turn.confidence for turn in turns),
        under_prompt=True,
        question=last.question,
        others=tuple(other for turn in turns for other in turn.others),
        words=tuple(word for turn in turns for word in turn.words),
    )
