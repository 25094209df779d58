"""Time of a call, counted in the samples of its recording."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Alarm = Callable[[], Awaitable[None]]


class MediaClock:
    """Says where in the recording the call is and rings alarms set for a position.

    It stands still when no audio comes; whoever waits on it needs a watch of its own for that case.
    """

    def __init__(self) -> None:
        self.now_ms = 0
        self._alarms: dict[str, tuple[int, Alarm]] = {}
        self._zero: float | None = None  # the moment (s) at which the recording began, as nearly as was seen

    def advance(self, now_ms: int, moment: float) -> None:
        """Audio up to `now_ms` has arrived at `moment` (s, of the event loop)."""
        self.now_ms = now_ms
        zero = moment - now_ms / 1000
        if self._zero is None or zero < self._zero:
            self._zero = zero

    def since_ms(self, position_ms: int, moment: float) -> int:
        """How long before `moment` the recording was at this position."""
        return 0 if self._zero is None else round((moment - self._zero) * 1000) - position_ms

    def set(self, name: str, at_ms: int, alarm: Alarm) -> None:
        """Ring once at the first frame that ends at or after `at_ms`; one alarm per name."""
        self._alarms[name] = (at_ms, alarm)

    def cancel(self, name: str) -> None:
        """Take an alarm back."""
        self._alarms.pop(name, None)

    async def ring(self) -> None:
        """Ring what is due."""
        due = [name for name, (at_ms, _) in self._alarms.items() if at_ms <= self.now_ms]
        for name in due:
            entry = self._alarms.pop(name, None)
            if entry:
                await entry[1]()
