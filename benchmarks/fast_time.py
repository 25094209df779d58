"""An event loop whose time runs as fast as the machine works: it passes only while everybody waits for it.

Calls of hours take seconds, and nothing that is measured in this time depends on how busy the machine is: work in
threads costs no time at all. Not for what is paced by another process.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from time import monotonic
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
_Args = TypeVarTuple("_Args")
_STUCK_SECONDS = 300.0  # real ones: work in a thread that takes longer has hung
_POLL_SECONDS = 0.001  # a thread may be done a moment after its news


class _WaitingSelector(selectors.DefaultSelector):
    """Where the loop would sleep, time is moved on instead; while threads work it waits for them."""

    def __init__(self, pass_time: Callable[[float], None], busy: Callable[[], bool]) -> None:
        super().__init__()
        self._pass_time = pass_time
        self._busy = busy

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See selectors; `timeout` is in the loop's own time."""
        if timeout is not None and timeout <= 0:
            return super().select(0)
        given_up_at = monotonic() + _STUCK_SECONDS
        while self._busy() or timeout is None:
            if found := super().select(_POLL_SECONDS):
                return found
            if monotonic() > given_up_at:
                raise RuntimeError("nothing happens any more: a task waits for what nobody will do")
        found = super().select(0)  # a thread that has just finished has left its news there
        if not found:
            self._pass_time(timeout)
        return found


class FastLoop(asyncio.SelectorEventLoop):
    """`busy` says whether threads of somebody else's work for the loop; those of its own executors it knows."""

    def __init__(self, busy: Callable[[], bool]) -> None:
        self._now = 0.0
        self._others_busy = busy
        self._own: set[asyncio.Future[Any]] = set()
        super().__init__(_WaitingSelector(self._pass, self._is_busy))

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Args], T], *args: *_Args
    ) -> asyncio.Future[T]:
        """Work in a thread, for which time stands still."""
        future = super().run_in_executor(executor, func, *args)
        self._own.add(future)
        future.add_done_callback(self._own.discard)
        return future

    def _pass(self, seconds: float) -> None:
        self._now += seconds

    def _is_busy(self) -> bool:
        return bool(self._own) or self._others_busy()


def run(work: Coroutine[Any, Any, T], busy: Callable[[], bool] = lambda: False) -> T:
    """Run to the end in fast time."""
    with asyncio.Runner(loop_factory=lambda: FastLoop(busy)) as runner:
        return runner.run(work)
