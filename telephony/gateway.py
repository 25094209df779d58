"""The WebSocket gateway: a `Dialer` whose media run on a thread of their own.

Far ends connect to `ws://host:port/exchange` and `/media/<call>` (see `wire`). The thread owns sockets, clock,
jitter buffers, play queues and recordings; conversations on other loops see `Leg`s.
"""

from __future__ import annotations

import asyncio
import errno
from dataclasses import dataclass

from telephony.dialing import MediaDialer
from telephony.errors import GatewayUnavailable
from telephony.floor import Floor
from telephony.handle import LegHandle
from telephony.legs import Places
from telephony.peer import Peer
from telephony.recording import Recorder
from telephony.switchboard import Placed, Switchboard
from telephony.wireline import WRITE_BYTES


@dataclass(frozen=True, slots=True)
class _Running:
    """What exists while the gateway listens."""

    loop: asyncio.AbstractEventLoop
    board: Switchboard
    server: asyncio.Server

    @property
    def floor(self) -> Floor:
        return self.board.floor

    @property
    def port(self) -> int:
        return int(self.server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        self.server.close()
        await self.board.close()


class Gateway(MediaDialer[_Running]):
    """A WebSocket server for far ends, and the dialer that uses them.

    `port` 0 takes a free one, which `port` names after `start`. `batch_frames` is the length of an `AudioIn`,
    `media_seconds` bounds the time between dialling and the far end's media connection, `play_seconds` a call's play
    queue, `write_bytes` the audio that a far end may leave unread.
    """

    _name, _unavailable = "gateway", GatewayUnavailable

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
        super().__init__(recordings, batch_frames, play_seconds)
        self.host, self.port = host, port
        self._media_seconds, self._write_bytes = media_seconds, write_bytes

    async def start(self) -> None:
        """Listen; raises `GatewayUnavailable` when the port cannot be had."""
        await super().start()
        self.port = self._running()[0].port

    async def _open(self) -> _Running:
        return await _open(self.host, self.port)

    def _why(self, error: OSError) -> str:
        return _why(self.host, self.port, error)

    @property
    def trunks(self) -> int:
        """Far ends that are connected and can place calls."""
        return self._board.board.trunks if self._board is not None else 0

    async def wait_for_trunk(self, seconds: float) -> None:
        """Wait until a far end is connected; raises `GatewayUnavailable` when none comes in time."""
        running, _ = self._running()
        waiting = asyncio.run_coroutine_threadsafe(running.board.wait_for_trunk(), running.loop)
        try:
            await asyncio.wait_for(asyncio.wrap_future(waiting), seconds)
        except TimeoutError as error:
            raise GatewayUnavailable(
                f"no exchange connected to ws://{self.host}:{self.port}/exchange within {seconds:g} s: point "
                "the PBX there"
            ) from error

    async def dial(self, call_id: str, number: str, *, ring_seconds: float, places: Places | None = None) -> LegHandle:
        """Start a call and return its leg at once; refusals come as HungUp.

        Raises `CallExists` for an id that is on the line, `TelephonyError` for an id or number that cannot be.
        """
        running, _ = self._running()
        leg, handle = self._leg(call_id, LegHandle, number)
        caller = asyncio.get_running_loop()
        call = Placed(leg, caller, number, ring_seconds, self._media_seconds, self._write_bytes)
        running.loop.call_soon_threadsafe(running.board.place, call)
        return handle


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
