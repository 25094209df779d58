"""What waits to be sent on one media connection, so that the media clock never waits for a socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp

_AUDIO_FRAMES = 100  # two seconds that a far end does not take
_MESSAGES = 1000


class Outbox:
    """Messages in order; `stuck` says why a far end counts as lost."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str | bytes, bool]] = deque()
        self._more = asyncio.Event()
        self._audio = 0

    @property
    def stuck(self) -> str:
        """Why nothing gets through; empty while all is well."""
        full = self._audio > _AUDIO_FRAMES or len(self._waiting) > _MESSAGES
        return "the exchange does not take its audio" if full else ""

    def put(self, message: str | bytes, *, audio: bool = False) -> None:
        """Send a message as soon as the connection takes it."""
        self._waiting.append((message, audio))
        self._audio += audio
        self._more.set()

    def drop_audio(self) -> None:
        """Forget the audio that has not been sent."""
        self._waiting = deque(each for each in self._waiting if not each[1])
        self._audio = 0

    @contextlib.asynccontextmanager
    async def writing(self, send: Callable[[str | bytes], Awaitable[None]]) -> AsyncIterator[None]:
        """Send what waits and what comes while the context lasts; a lost connection is its reader's to tell."""
        task = asyncio.ensure_future(self._write(send))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _write(self, send: Callable[[str | bytes], Awaitable[None]]) -> None:
        with contextlib.suppress(OSError, aiohttp.ClientError):
            while True:
                while self._waiting:
                    message, audio = self._waiting.popleft()
                    self._audio -= audio
                    await send(message)
                self._more.clear()
                await self._more.wait()
