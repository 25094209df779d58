"""Where exchanges that open the media connection themselves find us."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from aiohttp import web

from telephony.gateways.line import MESSAGE_BYTES

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Listener:
    """An HTTP server with one handler per kind of path."""

    def __init__(self, host: str, port: int, handlers: Mapping[tuple[str, str], Answer]) -> None:
        self._host, self._port = host, port
        app = web.Application(client_max_size=MESSAGE_BYTES)
        for (method, path), handler in handlers.items():
            app.router.add_route(method, path, handler)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def open(self) -> None:
        """Listen; raises `OSError`."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise

    @property
    def port(self) -> int:
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        await self._runner.cleanup()


@contextlib.asynccontextmanager
async def accepted(request: web.Request, over: asyncio.Event) -> AsyncIterator[web.WebSocketResponse]:
    """A WebSocket connection for as long as the context lasts, and no longer than until `over`."""
    media = web.WebSocketResponse(heartbeat=20, max_msg_size=MESSAGE_BYTES, compress=False, timeout=1.0)
    await media.prepare(request)

    async def leave() -> None:
        await over.wait()
        await media.close()

    leaving = asyncio.ensure_future(leave())
    try:
        yield media
    finally:
        leaving.cancel()
        await asyncio.wait({leaving})
