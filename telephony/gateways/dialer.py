"""A `Dialer` over an exchange, its media on a thread of their own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Self

from telephony.errors import CallExists, GatewayUnavailable, TelephonyError
from telephony.floor import open_leg
from telephony.gateways.asterisk import open_asterisk
from telephony.gateways.board import Board, Call, Placer
from telephony.gateways.exchanges import Asterisk, Exchange, FreeSwitch, Twilio
from telephony.gateways.freeswitch import open_freeswitch
from telephony.gateways.line import ExchangeLine
from telephony.gateways.twilio import open_twilio
from telephony.handle import LegHandle
from telephony.legs import HangupCause
from telephony.medialeg import MediaLeg
from telephony.mediathread import MediaThread
from telephony.pacing import Lateness
from telephony.recording import Recorder
from telephony.sip.caps import Caps
from telephony.wire import is_call_id, is_number


class ExchangeLeg(LegHandle):
    """A leg whose barge-in also drops what the exchange has not played yet."""

    flush: Callable[[], None]

    def clear(self) -> None:
        """Drop what has not been heard; its marks come back with complete=False."""
        super().clear()
        self.flush()


class ExchangeDialer:
    """Places calls through one exchange.

    `batch_frames` is the length of an `AudioIn`, `play_seconds` bounds a call's play queue, `media_seconds` the time
    between the answer and the audio.
    """

    def __init__(
        self,
        exchange: Exchange,
        recordings: Recorder,
        *,
        batch_frames: int = 3,
        play_seconds: float = 120.0,
        media_seconds: float = 10.0,
    ) -> None:
        self._exchange, self._recordings = exchange, recordings
        self._batch_frames, self._play_seconds, self._media_seconds = batch_frames, play_seconds, media_seconds
        self._calls: set[str] = set()
        self._thread: MediaThread[Board] | None = None
        self._board: Board | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen where the exchange needs it and connect to it; raises `GatewayUnavailable` when we cannot listen.

        An exchange that is not there is no error: it is tried again, and calls end as own line failed until then.
        """
        if self._thread is not None:
            raise GatewayUnavailable("the exchange's dialer was started already")
        thread = MediaThread("exchange", lambda: _open(self._exchange))
        try:
            self._board = await thread.start()
        except OSError as error:
            raise GatewayUnavailable(
                f"cannot listen for the exchange ({error.strerror}): choose another listen_host or listen_port"
            ) from error
        self._thread = thread

    async def close(self) -> None:
        """End all calls, seal their recordings, leave the exchange; bounded to twelve seconds."""
        thread, self._thread, self._board = self._thread, None, None
        if thread is not None:
            await thread.close()

    def lateness(self, *, reset: bool = False) -> Lateness:
        """How late outgoing frames left against their schedule, since the start or the last reset."""
        return self._running()[0].floor.lateness(reset)

    async def dial(self, call_id: str, number: str, *, ring_seconds: float) -> ExchangeLeg:
        """Start a call and return its leg at once; refusals come as HungUp.

        Raises `CallExists` for an id that is on the line, `TelephonyError` for an id or number that cannot be.
        """
        board, thread = self._running()
        if not is_call_id(call_id):
            raise TelephonyError("a call id is 1 to 60 letters, digits, dots, dashes and underscores")
        if not is_number(number):
            raise TelephonyError("a number to dial is 1 to 32 of the signs 0-9 + * #")
        if call_id in self._calls:
            raise CallExists(f"call {call_id} is on the line: every attempt needs an id of its own")
        self._calls.add(call_id)

        def act(what: Callable[..., None], *arguments: object) -> None:
            if self._thread is thread:  # else it has ended all calls
                thread.loop.call_soon_threadsafe(what, *arguments)

        def end(leg: MediaLeg) -> None:
            act(leg.end, HangupCause.LOCAL)

        leg, handle = open_leg(
            call_id, board.floor, self._recordings,
            over=lambda: self._calls.discard(call_id), end=end,
            batch_frames=self._batch_frames, play_seconds=self._play_seconds, kind=ExchangeLeg,
        )  # fmt: skip
        line = ExchangeLine(leg, lambda: board.expect_media(call))
        caller = asyncio.get_running_loop()
        call = Call(leg, line, caller, number, ring_seconds, self._media_seconds, str(uuid.uuid4()))
        handle.flush = lambda: act(line.flush)
        act(board.place, call)
        return handle

    def _running(self) -> tuple[Board, MediaThread[Board]]:
        if self._board is None or self._thread is None:
            raise GatewayUnavailable("the exchange's dialer is not running: await start() first")
        return self._board, self._thread


async def _open(exchange: Exchange) -> Board:
    caps = Caps(exchange.calls, exchange.calls_per_second)
    return Board(asyncio.get_running_loop(), await _placer(exchange), caps)


async def _placer(exchange: Exchange) -> Placer:
    match exchange:
        case Asterisk():
            return await open_asterisk(exchange)
        case FreeSwitch():
            return await open_freeswitch(exchange)
        case Twilio():
            return await open_twilio(exchange)
