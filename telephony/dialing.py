"""What all dialers share: a service on a media thread of its own, opened, closed, asked for legs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, Self, TypeVar

from telephony.errors import CallExists, TelephonyError
from telephony.floor import Floor, open_leg
from telephony.handle import LegHandle
from telephony.legs import HangupCause
from telephony.medialeg import MediaLeg
from telephony.mediathread import MediaThread
from telephony.pacing import Lateness
from telephony.recording import Recorder
from telephony.wire import is_call_id, is_number


class Board(Protocol):
    """Where the calls of a dialer are; lives on the media thread."""

    @property
    def floor(self) -> Floor: ...

    async def close(self) -> None: ...


B = TypeVar("B", bound=Board)
H = TypeVar("H", bound=LegHandle)


class MediaDialer(Generic[B]):
    """A dialer without its `dial`: `_open` makes the board, `_why` words an `OSError` on the way.

    `batch_frames` is the length of an `AudioIn`, `play_seconds` bounds a call's play queue.
    """

    _name: str
    _unavailable: type[TelephonyError]

    def __init__(self, recordings: Recorder, batch_frames: int, play_seconds: float) -> None:
        self._recordings = recordings
        self._batch_frames, self._play_seconds = batch_frames, play_seconds
        self._calls: set[str] = set()
        self._thread: MediaThread[B] | None = None
        self._board: B | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Open the service; raises the room's error of what cannot be had."""
        if self._thread is not None:
            raise self._unavailable(f"the {self._name} was started already")
        thread = MediaThread(self._name, self._open)
        try:
            self._board = await thread.start()
        except OSError as error:
            raise self._unavailable(self._why(error)) from error
        self._thread = thread

    async def close(self) -> None:
        """End all calls, seal their recordings, leave; bounded to twelve seconds."""
        thread, self._thread, self._board = self._thread, None, None
        if thread is not None:
            await thread.close()

    def roads(self) -> Sequence[str]:
        """See Dialer: one way, without a name."""
        return ()

    def lateness(self, *, reset: bool = False) -> Lateness:
        """How late outgoing frames left against their schedule, since the start or the last reset."""
        return self._running()[0].floor.lateness(reset)

    async def _open(self) -> B:
        raise NotImplementedError

    def _why(self, error: OSError) -> str:
        raise NotImplementedError

    def _running(self) -> tuple[B, MediaThread[B]]:
        if self._board is None or self._thread is None:
            raise self._unavailable(f"the {self._name} is not running: await start() first")
        return self._board, self._thread

    def _leg(self, call_id: str, kind: type[H], number: str | None = None) -> tuple[MediaLeg, H]:
        """The halves of a new call; raises `CallExists`, and `TelephonyError` for an id or number that cannot be."""
        board, _ = self._running()
        if not is_call_id(call_id):
            raise TelephonyError("a call id is 1 to 60 letters, digits, dots, dashes and underscores")
        if number is not None and not is_number(number):
            raise TelephonyError("a number to dial is 1 to 32 of the signs 0-9 + * #")
        if call_id in self._calls:
            raise CallExists(f"call {call_id} is on the line: every attempt needs an id of its own")
        self._calls.add(call_id)
        act = self._actor()
        return open_leg(
            call_id, board.floor, self._recordings,
            over=lambda: self._calls.discard(call_id), end=lambda leg: act(leg.end, HangupCause.LOCAL),
            batch_frames=self._batch_frames, play_seconds=self._play_seconds, kind=kind,
        )  # fmt: skip

    def _actor(self) -> Callable[..., None]:
        """Does things on the media thread, for as long as the one of now runs: a closed one has ended all calls."""
        thread = self._running()[1]

        def act(what: Callable[..., object], *arguments: object) -> None:
            if self._thread is thread:
                thread.loop.call_soon_threadsafe(what, *arguments)

        return act
