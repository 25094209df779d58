"""How a task is ended: work that a cancellation may delay but not break off, and what is called off."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` comes to; a cancellation that arrives meanwhile takes effect only then.

    A thread that writes cannot be recalled: whoever were cancelled in its midst would write the same a second time.
    Errors are those of the work; after a cancellation they give way to it.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                continue  # told twice: once is enough
        if not task.cancelled():
            task.exception()  # looked at, so that it is not reported as forgotten
        raise


async def called_off(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait until they have ended, however they do."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
