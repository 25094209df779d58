"""A `Dialer` over an exchange, its media on a thread of their own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable

from telephony.dialing import MediaDialer
from telephony.errors import GatewayUnavailable
from telephony.gateways.asterisk import open_asterisk
from telephony.gateways.board import Board, Call, Placer
from telephony.gateways.exchanges import Asterisk, Exchange, FreeSwitch, Twilio
from telephony.gateways.freeswitch import open_freeswitch
from telephony.gateways.line import ExchangeLine
from telephony.gateways.twilio import open_twilio
from telephony.handle import LegHandle
from telephony.legs import Places
from telephony.recording import Recorder
from telephony.sip.caps import Caps


class ExchangeLeg(LegHandle):
    """A leg whose barge-in also drops what the exchange has not played yet."""

    flush: Callable[[], None]

    def clear(self) -> None:
        """Drop what has not been heard; its marks come back with complete=False."""
        super().clear()
        self.flush()


class ExchangeDialer(MediaDialer[Board]):
    """Places calls through one exchange.

    `batch_frames` is the length of an `AudioIn`, `play_seconds` bounds a call's play queue, `media_seconds` the time
    between the answer and the audio. An exchange that is not there at the start is no error: it is tried again, and
    calls end as own line failed until then.
    """

    _name, _unavailable = "exchange's dialer", GatewayUnavailable

    def __init__(
        self,
        exchange: Exchange,
        recordings: Recorder,
        *,
        batch_frames: int = 3,
        play_seconds: float = 120.0,
        media_seconds: float = 10.0,
    ) -> None:
        super().__init__(recordings, batch_frames, play_seconds)
        self.exchange, self._media_seconds = exchange, media_seconds

    async def _open(self) -> Board:
        caps = Caps(self.exchange.calls, self.exchange.calls_per_second)
        return Board(asyncio.get_running_loop(), await _placer(self.exchange), caps)

    def _why(self, error: OSError) -> str:
        return f"cannot listen for the exchange ({error.strerror}): choose another listen_host or listen_port"

    async def dial(
        self, call_id: str, number: str, *, ring_seconds: float, places: Places | None = None
    ) -> ExchangeLeg:
        """Start a call and return its leg at once; refusals come as HungUp.

        Raises `CallExists` for an id that is on the line, `TelephonyError` for an id or number that cannot be.
        """
        board, _ = self._running()
        leg, handle = self._leg(call_id, ExchangeLeg, number)
        line = ExchangeLine(leg, lambda: board.expect_media(call))
        caller = asyncio.get_running_loop()
        call = Call(leg, line, caller, number, ring_seconds, self._media_seconds, str(uuid.uuid4()))
        act = self._actor()
        handle.flush = lambda: act(line.flush)
        act(board.place, call)
        return handle


async def _placer(exchange: Exchange) -> Placer:
    match exchange:
        case Asterisk():
            return await open_asterisk(exchange)
        case FreeSwitch():
            return await open_freeswitch(exchange)
        case Twilio():
            return await open_twilio(exchange)
