"""A page that is open over a line keeps its session, and loses the line when the session has ended."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.access import SignedIn
from models import Database
from models.access import session_is_alive, session_was_seen

LOOK_SECONDS = 60.0


class Lasting:
    """ASGI middleware for WebSockets: signing out, being disabled and the longest time end the line within a minute."""

    def __init__(self, app: ASGIApp, look_seconds: float = LOOK_SECONDS) -> None:
        self.app = app
        self.look_seconds = look_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})  # where the route's declaration leaves who it is
        over = asyncio.ensure_future(self._over(HTTPConnection(scope)))
        try:
            await self.app(scope, _until(over, receive), send)
            if over.done():
                with contextlib.suppress(RuntimeError):  # the page's own code has closed it
                    await send({"type": "websocket.close", "code": 1008, "reason": ""})
        finally:
            over.cancel()
            await asyncio.wait({over})

    async def _over(self, line: HTTPConnection) -> None:
        """Until the session has ended; a line without one is not for us to judge."""
        while True:
            await asyncio.sleep(self.look_seconds)
            me: SignedIn | None = getattr(line.state, "me", None)
            with contextlib.suppress(DBAPIError):  # a database that is away ends nobody's call
                if me is not None and not await run_in_threadpool(_go_on, line.app.state.desk.database, me.session_id):
                    return


def _go_on(database: Database, session_id: int) -> bool:
    now = datetime.now(UTC)
    with database.write() as session:
        if not session_is_alive(session, session_id, now):
            return False
        session_was_seen(session, session_id, now)
    return True


def _until(over: asyncio.Future[None], receive: Receive) -> Receive:
    async def receiving() -> Message:
        asked = asyncio.ensure_future(receive())
        both: set[asyncio.Future[Any]] = {asked, over}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            asked.cancel()
            raise
        if asked.done():
            return await asked
        asked.cancel()
        return {"type": "websocket.disconnect", "code": 1008, "reason": "signed out"}

    return receiving
