"""The wait for an answer: how long the client may be silent, and keys that are gathered into a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.moves import Collect, Listen
from bot.shell.floor import Floor
from bot.shell.frames import KeyPressed
from bot.shell.turns import TurnTaking

_WAIT_FOR_TURN_MS = 200


@dataclass(frozen=True, slots=True)
class Silence:
    """The wait for this answer is over."""

    awaited: Listen | Collect
    at_ms: int


class Waiting:
    """What is waited for; `post` is given what the wait comes to, a Silence or the `#` that a pause stands for."""

    def __init__(self, floor: Floor, taking: TurnTaking, post: Callable[[Silence | KeyPressed], None]) -> None:
        self._floor = floor
        self._taking = taking
        self._post = post
        self._armed = False
        self._keys = ""
        self.awaited: Listen | Collect | None = None

    def begin(self, awaited: Listen | Collect) -> None:
        """Wait for this answer from when the bot has fallen silent."""
        self.end()
        self.awaited = awaited
        self._floor.question = awaited.question
        self._floor.pauses = awaited.pauses
        self._floor.collecting = isinstance(awaited, Collect)

    def end(self) -> None:
        """An answer has come, or the wait means nothing any more."""
        self.awaited, self._armed, self._keys = None, False, ""
        self._floor.collecting = False
        for name in ("silence", "keys"):
            self._floor.clock.cancel(name)

    def arm(self) -> None:
        """The bot is silent: count; where nothing was asked for, a usual wait keeps the call from hanging."""
        if self._armed:
            return
        self._armed, floor = True, self._floor
        self.awaited = self.awaited or Listen(floor.question)
        start_ms = max(floor.clock.now_ms, floor.playout.quiet_since_ms)
        floor.clock.set("silence", start_ms + self.awaited.wait_ms, self._silent)

    def press(self, key: KeyPressed) -> str:
        """The keys that are an answer now: the one pressed, or a whole number; "" while one is being keyed."""
        if not isinstance(self.awaited, Collect):
            return key.key
        self._armed = False
        if key.key == "#" and self._keys:
            return self._keys
        self._keys += key.key if key.key.isdigit() else ""
        if len(self._keys) >= self.awaited.max_digits:
            return self._keys
        self._floor.clock.set("keys", key.at_ms + self._taking.key_pause_ms, self._paused)
        return ""

    async def _silent(self) -> None:
        clock = self._floor.clock
        if self._floor.turn_busy:
            clock.set("silence", clock.now_ms + _WAIT_FOR_TURN_MS, self._silent)
        elif self.awaited:
            self._post(Silence(self.awaited, clock.now_ms))

    async def _paused(self) -> None:
        if self._keys:
            self._post(KeyPressed(key="#", at_ms=self._floor.clock.now_ms))
