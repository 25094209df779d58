"""How a process ends that is told to: the first SIGTERM or Ctrl-C asks, the second breaks off, the third kills."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

SIGNALS = (signal.SIGTERM, signal.SIGINT)
DRAINING = "正在停止：不再拨出新的电话，线路上的通话还可以继续，最多{:g}秒；再按一次 Ctrl-C（再发一次 SIGTERM）立即结束"
AT_ONCE = "正在结束：挂断线路上的通话，保存记录 …"

T = TypeVar("T")


async def until_told(
    work: Coroutine[Any, Any, T],
    tell: Callable[[str], None],
    asked: asyncio.Event | None = None,
    drain_seconds: float = 0.0,
) -> T | None:
    """Do `work` until it is done or broken off by a signal; what it came to, None: it was broken off.

    The first signal sets `asked`, for work that ends by itself then; the next one, or the first where there is no
    `asked`, cancels it, so that it still leaves nothing open. After that a signal does what it does to any process.
    """
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
    broken_off = False

    def told() -> None:
        nonlocal broken_off
        if asked is not None and not asked.is_set():
            asked.set()
            tell(DRAINING.format(drain_seconds))
            return
        broken_off = True
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        tell(AT_ONCE)
        task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, told)
    try:
        return await task
    except asyncio.CancelledError:
        if not broken_off:
            raise
        return None
