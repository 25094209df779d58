"""Browsers as telephones (WebRTC): an agent's headset, or a caller without a telephone.

A page makes an offer, carries it here over whatever connects the two, and sets the answer. The connection is made
once and kept; each call then only opens the audio, which is how an agent hears the client at once. Microphones are
open to pages of this machine or behind HTTPS only: that is the browsers' rule.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from telephony.browser_connection import CONNECT_SECONDS, Connection
from telephony.errors import BrowserRefused, TelephonyError
from telephony.floor import Floor, open_leg
from telephony.handle import LegHandle
from telephony.legs import HangupCause
from telephony.medialeg import MediaLeg
from telephony.mediathread import MediaThread
from telephony.recording import Recorder
from telephony.wire import is_call_id

_BROWSERS = 300  # connected at once
_ACT_SECONDS = 10.0
_BATCH_FRAMES = 3

T = TypeVar("T")


class Unrecorded:
    """The tape of a call that is recorded elsewhere: an agent's, which the client's recording has."""

    def append(self, left: bytes, right: bytes) -> None:
        """Keep nothing."""

    def seal(self) -> None:
        """There is nothing to seal."""


class NoRecorder:
    """Records nothing."""

    def open(self, call_id: str) -> Unrecorded:
        """A tape that keeps nothing."""
        return Unrecorded()


@dataclass(slots=True)
class _Hall:
    """The connections on the media loop."""

    floor: Floor
    connections: set[Connection] = field(default_factory=set)

    async def answer(self, offer: str) -> tuple[Connection, str]:
        if len(self.connections) >= _BROWSERS:
            raise BrowserRefused(f"{_BROWSERS} browsers are connected: no more fit")
        connection = Connection(self.floor, self.connections.discard)
        self.connections.add(connection)
        return connection, await connection.answer(offer)

    async def close(self) -> None:
        await asyncio.gather(*(connection.close() for connection in list(self.connections)))
        await self.floor.end_all()
        self.floor.close()


class BrowserPhone:
    """A connected browser; one call at a time."""

    def __init__(self, connection: Connection, floor: Floor) -> None:
        self._connection, self._floor = connection, floor

    async def connected(self) -> bool:
        """Wait, fifteen seconds at most, until audio can pass; False when it cannot."""
        if self._floor.loop.is_closed():
            return False
        return await _run(self._floor.loop, _wait(self._connection.connected), CONNECT_SECONDS + _ACT_SECONDS)

    async def gone(self) -> None:
        """Wait until the browser is lost or the connection closed."""
        if self._floor.loop.is_closed():
            return
        future = asyncio.run_coroutine_threadsafe(_gone(self._connection), self._floor.loop)
        await asyncio.wrap_future(future)

    def call(self, call_id: str, recorder: Recorder | None = None) -> LegHandle:
        """Open the audio for a call; `Answered` follows, or HungUp when the browser is gone or in another call.

        Raises `BrowserRefused` once the service is closed.
        """
        if self._floor.loop.is_closed():
            raise BrowserRefused("browsers cannot be called now: the service is closed")
        if not is_call_id(call_id):
            raise TelephonyError("a call id is 1 to 60 letters, digits, dots, dashes and underscores")
        loop = self._floor.loop

        def end(leg: MediaLeg) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(leg.end, HangupCause.LOCAL)

        leg, handle = open_leg(
            call_id, self._floor, recorder or NoRecorder(), over=_nothing, end=end,
            batch_frames=_BATCH_FRAMES, play_seconds=120.0, kind=LegHandle,
        )  # fmt: skip
        loop.call_soon_threadsafe(self._connection.carry, leg, asyncio.get_running_loop())
        return handle

    async def close(self) -> None:
        """End the connection and the call on it; bounded."""
        if not self._floor.loop.is_closed():
            await _run(self._floor.loop, self._connection.close(), _ACT_SECONDS)


class BrowserLines:
    """Answers browsers' offers; their audio runs on a thread of its own."""

    def __init__(self) -> None:
        self._thread: MediaThread[_Hall] | None = None
        self._hall: _Hall | None = None

    async def __aenter__(self) -> Self:
        thread = MediaThread("browsers", _open)
        self._hall, self._thread = await thread.start(), thread
        return self

    async def __aexit__(self, *_: object) -> None:
        thread, self._thread, self._hall = self._thread, None, None
        if thread is not None:
            await thread.close()

    async def answer(self, offer: str) -> tuple[BrowserPhone, str]:
        """A phone, and the SDP to give the page that made this offer; raises `BrowserRefused`.

        Ask `connected` before calling: the page has yet to set the answer.
        """
        hall = self._hall
        if hall is None:
            raise BrowserRefused("browsers are not answered now: the service is closed")
        connection, answer = await _run(hall.floor.loop, hall.answer(offer), _ACT_SECONDS)
        return BrowserPhone(connection, hall.floor), answer


async def _open() -> _Hall:
    return _Hall(Floor(asyncio.get_running_loop(), lambda leg: None))


async def _run(loop: asyncio.AbstractEventLoop, act: Coroutine[Any, Any, T], seconds: float) -> T:
    """Act on the media loop and bring what comes of it here."""
    return await asyncio.wait_for(asyncio.wrap_future(asyncio.run_coroutine_threadsafe(act, loop)), seconds)


async def _wait(future: asyncio.Future[bool]) -> bool:
    return await asyncio.shield(future)


async def _gone(connection: Connection) -> None:
    await connection.over.wait()


def _nothing() -> None:
    """Nobody counts these calls."""
