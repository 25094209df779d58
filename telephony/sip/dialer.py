"""The SIP dialer: a `Dialer` over one or more trunks, its media on a thread of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Self

from telephony.errors import CallExists, TelephonyError, TrunkUnavailable
from telephony.floor import open_leg
from telephony.legs import HangupCause
from telephony.medialeg import MediaLeg
from telephony.mediathread import MediaThread
from telephony.pacing import Lateness
from telephony.recording import Recorder
from telephony.sip.alarms import Intervals
from telephony.sip.board import Board, open_board
from telephony.sip.online import OnLine
from telephony.sip.reception import IncomingCall, Reception
from telephony.sip.registration import Standing
from telephony.sip.sipleg import SipLeg
from telephony.sip.trunk import Trunk
from telephony.wire import is_call_id, is_number


class SipDialer:
    """Places calls over `trunks`, the first that has room and works.

    `batch_frames` is the length of an `AudioIn`, `play_seconds` bounds a call's play queue, `intervals` are the base
    timers of SIP.
    """

    def __init__(
        self,
        trunks: tuple[Trunk, ...],
        recordings: Recorder,
        *,
        batch_frames: int = 3,
        play_seconds: float = 120.0,
        intervals: Intervals = Intervals(),  # noqa: B008
    ) -> None:
        self._trunks, self._recordings, self._intervals = trunks, recordings, intervals
        self._batch_frames, self._play_seconds = batch_frames, play_seconds
        self._calls: set[str] = set()
        self._thread: MediaThread[Board] | None = None
        self._board: Board | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen for every trunk; raises `TrunkUnavailable`."""
        if self._thread is not None:
            raise TrunkUnavailable("the SIP dialer was started already")
        if not self._trunks:
            raise TrunkUnavailable("there is no trunk: name one in the settings")
        thread = MediaThread("sip", lambda: open_board(self._trunks, self._intervals))
        try:
            self._board = await thread.start()
        except TimeoutError as error:
            raise TrunkUnavailable("the names of the trunks cannot be looked up: check the network") from error
        self._thread = thread

    async def close(self) -> None:
        """End all calls, seal their recordings, leave the trunks; bounded to twelve seconds."""
        thread, self._thread, self._board = self._thread, None, None
        if thread is not None:
            await thread.close()

    def lateness(self, *, reset: bool = False) -> Lateness:
        """How late outgoing frames left against their schedule, since the start or the last reset."""
        return self._running()[0].floor.lateness(reset)

    def standings(self) -> dict[str, Standing | None]:
        """How each trunk's registration stands; None where the trunk wants none."""
        return {road.trunk.name: road.standing for road in self._running()[0].roads}

    async def dial(self, call_id: str, number: str, *, ring_seconds: float) -> SipLeg:
        """Start a call and return its leg at once; refusals come as HungUp.

        Raises `CallExists` for an id that is on the line, `TelephonyError` for an id or number that cannot be.
        """
        if not is_number(number):
            raise TelephonyError("a number to dial is 1 to 32 of the signs 0-9 + * #")
        board, thread = self._running()
        call, handle = self._open(call_id, number, ring_seconds)
        thread.loop.call_soon_threadsafe(board.place, call)
        return handle

    async def incoming(self) -> AsyncGenerator[IncomingCall, None]:
        """The calls that come while this is iterated; at other times they are refused. One reader at a time."""
        board, thread = self._running()
        queue: asyncio.Queue[IncomingCall] = asyncio.Queue()  # bounded by the reception
        loop = asyncio.get_running_loop()
        reception = Reception(board, thread.loop)

        def offer(ringing: IncomingCall) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, ringing)

        thread.loop.call_soon_threadsafe(reception.open, offer)
        try:
            while True:
                ringing = await queue.get()
                if not ringing.over:
                    yield ringing
        finally:
            if self._thread is thread:
                thread.loop.call_soon_threadsafe(reception.open, None)

    async def accept(self, ringing: IncomingCall, call_id: str) -> SipLeg:
        """Answer a call that came, recorded under `call_id`; `Answered` follows, or HungUp when it was taken back."""
        board, thread = self._running()
        call, handle = self._open(call_id, ringing.caller, 0)
        thread.loop.call_soon_threadsafe(board.accept, ringing.incoming, ringing.road, call)
        return handle

    def _open(self, call_id: str, number: str, ring_seconds: float) -> tuple[OnLine, SipLeg]:
        board, thread = self._running()
        if not is_call_id(call_id):
            raise TelephonyError("a call id is 1 to 60 letters, digits, dots, dashes and underscores")
        if call_id in self._calls:
            raise CallExists(f"call {call_id} is on the line: every attempt needs an id of its own")
        self._calls.add(call_id)

        def end(leg: MediaLeg) -> None:
            if self._thread is thread:  # else it has ended all calls
                thread.loop.call_soon_threadsafe(leg.end, HangupCause.LOCAL)

        leg, handle = open_leg(
            call_id, board.floor, self._recordings,
            over=lambda: self._calls.discard(call_id), end=end,
            batch_frames=self._batch_frames, play_seconds=self._play_seconds, kind=SipLeg,
        )  # fmt: skip
        call = OnLine(leg, asyncio.get_running_loop(), number, ring_seconds)
        handle.loop, handle.control = thread.loop, call
        return call, handle

    def _running(self) -> tuple[Board, MediaThread[Board]]:
        if self._board is None or self._thread is None:
            raise TrunkUnavailable("the SIP dialer is not running: await start() first")
        return self._board, self._thread
