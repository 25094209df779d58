"""A connection to an exchange's signalling that is made again whenever it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import aiohttp

from telephony.errors import WireError
from telephony.gateways.board import Call

_FIRST_SECONDS = 5.0
_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0)  # seconds between tries, the last one from then on

log = logging.getLogger(__name__)


class Kept:
    """`once` connects, calls its argument when it stands, and returns or raises when it is lost; calls end then."""

    def __init__(self, name: str, once: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        self._name, self._once = name, once
        self.calls: dict[str, Call] = {}
        self._reason = f"{name} has not answered yet"
        self._tries = 0
        self._tried = asyncio.Event()
        self._task = asyncio.ensure_future(self._keep())

    async def begin(self) -> None:
        """Wait until the first try went well or not, five seconds at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._tried.wait(), _FIRST_SECONDS)

    def require(self) -> None:
        """Raise `WireError` while there is no connection."""
        if self._reason:
            raise WireError(self._reason)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _keep(self) -> None:
        while True:
            try:
                await self._once(self._stand)
                self._fall(f"{self._name} closed the connection")
            except WireError as error:
                self._fall(str(error))
            except (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
                self._fall(f"{self._name} cannot be reached or was lost ({type(error).__name__})")
            await asyncio.sleep(_PAUSES[min(self._tries, len(_PAUSES)) - 1])

    def _stand(self) -> None:
        log.info("%s: connected", self._name)
        self._reason, self._tries = "", 0
        self._tried.set()

    def _fall(self, reason: str) -> None:
        if reason != self._reason:
            log.warning("no connection to the exchange: %s", reason)
        self._reason = reason
        self._tries += 1
        self._tried.set()
        for call in list(self.calls.values()):
            call.line.fail(reason)
