"""The WebSocket gateway: a `Dialer` whose media run on a thread of their own.

Far ends connect to `ws://host:port/exchange` and `/media/<call>` (see `wire`). The thread owns sockets, clock,
jitter buffers, play queues and recordings; conversations on other loops see `Leg`s.
"""

from __future__ import annotations

import asyncio
import errno
from dataclasses import dataclass
from typing import Self

from telephony.errors import CallExists, GatewayUnavailable, TelephonyError
from telephony.floor import open_leg
from telephony.handle import LegHandle
from telephony.legs import HangupCause
from telephony.medialeg import MediaLeg
from telephony.mediathread import MediaThread
from telephony.pacing import Lateness
from telephony.peer import Peer
from telephony.recording import Recorder
from telephony.switchboard import Placed, Switchboard
from telephony.wire import is_call_id, is_number
from telephony.wireline import WRITE_BYTES


@dataclass(frozen=True, slots=True)
class _Running:
    """What exists while the gateway listens."""

    loop: asyncio.AbstractEventLoop
    board: Switchboard
    server: asyncio.Server

    @property
    def port(self) -> int:
        return int(self.server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        self.server.close()
        await self.board.close()


class Gateway:
    """A WebSocket server for far ends, and the dialer that uses them.

    `port` 0 takes a free one, which `port` names after `start`. `batch_frames` is the length of an `AudioIn`,
    `media_seconds` bounds the time between dialling and the far end's media connection, `play_seconds` a call's play
    queue, `write_bytes` the audio that a far end may leave unread.
    """

    def __init__(
        self,
        host: str,
        port: int,
        recordings: Recorder,
        *,
        batch_frames: int = 3,
        media_seconds: float = 10.0,
        play_seconds: float = 120.0,
        write_bytes: int = WRITE_BYTES,
    ) -> None:
        self.host, self.port = host, port
        self._recordings = recordings
        self._batch_frames, self._write_bytes = batch_frames, write_bytes
        self._media_seconds, self._play_seconds = media_seconds, play_seconds
        self._calls: set[str] = set()
        self._running: _Running | None = None
        self._thread: MediaThread[_Running] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen; raises `GatewayUnavailable` when the port cannot be had."""
        if self._thread is not None:
            raise GatewayUnavailable("the gateway was started already")
        self._thread = MediaThread("gateway", lambda: _open(self.host, self.port))
        try:
            self._running = await self._thread.start()
        except OSError as error:
            self._thread = None
            raise GatewayUnavailable(_why(self.host, self.port, error)) from error
        self.port = self._running.port

    async def close(self) -> None:
        """End all calls, seal their recordings, stop listening; bounded to twelve seconds."""
        running, thread = self._running, self._thread
        self._running = self._thread = None
        if running is not None and thread is not None:
            await thread.close()

    @property
    def trunks(self) -> int:
        """Far ends that are connected and can place calls."""
        return self._running.board.trunks if self._running is not None else 0

    async def wait_for_trunk(self, seconds: float) -> None:
        """Wait until a far end is connected; raises `GatewayUnavailable` when none comes in time."""
        running = self._listening()
        waiting = asyncio.run_coroutine_threadsafe(running.board.wait_for_trunk(), running.loop)
        try:
            await asyncio.wait_for(asyncio.wrap_future(waiting), seconds)
        except TimeoutError as error:
            raise GatewayUnavailable(
                f"no exchange connected to ws://{self.host}:{self.port}/exchange within {seconds:g} s: start the "
                "simulator or point the PBX there"
            ) from error

    def lateness(self, *, reset: bool = False) -> Lateness:
        """How late outgoing frames left against their schedule, since the start or the last reset."""
        return self._listening().board.floor.lateness(reset)

    async def dial(self, call_id: str, number: str, *, ring_seconds: float) -> LegHandle:
        """Start a call and return its leg at once; refusals come as HungUp.

        Raises `CallExists` for an id that is on the line, `TelephonyError` for an id or number that cannot be.
        """
        running = self._listening()
        if not is_call_id(call_id):
            raise TelephonyError("a call id is 1 to 60 letters, digits, dots, dashes and underscores")
        if not is_number(number):
            raise TelephonyError("a number to dial is 1 to 32 of the signs 0-9 + * #")
        if call_id in self._calls:
            raise CallExists(f"call {call_id} is on the line: every attempt needs an id of its own")
        self._calls.add(call_id)

        def end(leg: MediaLeg) -> None:
            if self._running is running:  # else it has ended all calls
                running.loop.call_soon_threadsafe(leg.end, HangupCause.LOCAL)

        leg, handle = open_leg(
            call_id, running.board.floor, self._recordings,
            over=lambda: self._calls.discard(call_id), end=end,
            batch_frames=self._batch_frames, play_seconds=self._play_seconds, kind=LegHandle,
        )  # fmt: skip
        caller = asyncio.get_running_loop()
        call = Placed(leg, caller, number, ring_seconds, self._media_seconds, self._write_bytes)
        running.loop.call_soon_threadsafe(running.board.place, call)
        return handle

    def _listening(self) -> _Running:
        if self._running is None:
            raise GatewayUnavailable("the gateway is not running: await start() first")
        return self._running


async def _open(host: str, port: int) -> _Running:
    """Listen, on the gateway's thread."""
    loop = asyncio.get_running_loop()
    board = Switchboard(loop)
    try:
        return _Running(loop, board, await loop.create_server(lambda: Peer(board), host, port))
    except OSError:
        await board.close()
        raise


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use: stop the other program or choose a port with HUIFANG_GATEWAY_PORT"
    return f"the gateway cannot listen on {host}:{port} ({error.strerror}): choose a port with HUIFANG_GATEWAY_PORT"
