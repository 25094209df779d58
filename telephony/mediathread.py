"""A thread with an event loop of its own for media, so that slow conversations never make a frame late."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Generic, Protocol, TypeVar

import uvloop

_START_SECONDS = 10.0
_CLOSE_SECONDS = 12.0


class Service(Protocol):
    """What runs on a media thread."""

    async def close(self) -> None:
        """End everything; called on the thread's loop."""


S = TypeVar("S", bound=Service)


class MediaThread(Generic[S]):
    """Runs the service that `opening` makes; start it once."""

    def __init__(self, name: str, opening: Callable[[], Awaitable[S]]) -> None:
        self._opening = opening
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started: Future[S] = Future()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The thread's event loop, there once `start` has returned."""
        if self._loop is None:
            raise RuntimeError("the media thread has not been started")
        return self._loop

    async def start(self) -> S:
        """Start the thread and return its service; raises what `opening` raised, `TimeoutError` after ten seconds."""
        self._thread.start()
        return await asyncio.wait_for(asyncio.wrap_future(self._started), _START_SECONDS)

    async def close(self) -> None:
        """Close the service and end the thread; bounded to twelve seconds."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        await asyncio.to_thread(self._thread.join, _CLOSE_SECONDS)

    def _run(self) -> None:
        loop = self._loop = uvloop.new_event_loop()
        try:
            try:
                service = loop.run_until_complete(self._opening())
            except Exception as error:
                self._started.set_exception(error)
                return
            self._started.set_result(service)
            loop.run_forever()
            loop.run_until_complete(service.close())
        finally:
            loop.close()
