"""A leg: one audio connection with events, whatever carries it (WebSocket gateway, SIP, a browser)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from telephony.rtp.quality import CallQuality

SAMPLE_RATE = 8000  # Hz, end to end
FRAME_MS = 20
FRAME_SAMPLES = SAMPLE_RATE * FRAME_MS // 1000
FRAME_BYTES = 2 * FRAME_SAMPLES  # 16-bit little-endian mono


class HangupCause(StrEnum):
    """Who ended the call, or why it never began; the network's own codes are kept beside it."""

    NORMAL = "normal"  # after answer, by the far end
    LOCAL = "local"  # by us
    BUSY = "busy"  # 486, Q.850 17
    NO_ANSWER = "no_answer"  # 480/408, Q.850 18 19
    REJECTED = "rejected"  # 603, Q.850 21
    UNREACHABLE = "unreachable"  # 480/503, Q.850 20 27
    INVALID_NUMBER = "invalid_number"  # 404, Q.850 1
    OWN_LINE = "own_line"  # gateway or trunk failed: never the client's fault
    TIMED_OUT = "timed_out"  # our own bound on ringing


@dataclass(frozen=True, slots=True)
class Ringing:
    """The far end rings (SIP 180)."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class EarlyMedia:
    """Audio before answer begins (SIP 183 with SDP); the recording starts here."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The far end picked up (200 OK)."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class AudioIn:
    """`pcm` of the far end: a whole number of 20 ms frames, gaps filled with silence, never early or twice."""

    pcm: bytes
    at_ms: int  # position in the recording of its first sample


@dataclass(frozen=True, slots=True)
class Digit:
    """One DTMF key: 0-9 * # A-D."""

    key: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Played:
    """Everything queued up to this mark has left on the wire; `complete` is False when it was cleared."""

    mark: str
    played_ms: int
    complete: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call is over; the last event of every leg."""

    cause: HangupCause
    sip_status: int | None
    q850: int | None
    at_ms: int


LegEvent: TypeAlias = Ringing | EarlyMedia | Answered | AudioIn | Digit | Played | HungUp


class Leg(Protocol):
    """One call as the conversation sees it; all methods are for the caller's event loop."""

    @property
    def call_id(self) -> str: ...

    def events(self) -> AsyncIterator[LegEvent]:
        """Yield events in order until HungUp, which is always the last; one reader at a time.

        A second call goes on where the first reader stopped, so call progress can hand over to the
        conversation without losing a frame.
        """

    def play(self, pcm: bytes, mark: str) -> None:
        """Queue 16-bit 8 kHz audio; `Played(mark)` follows. The leg paces it; the queue is bounded."""

    def clear(self) -> None:
        """Drop what is queued and not yet sent (barge-in); its marks come back with complete=False."""

    async def hang_up(self) -> None:
        """End the call and wait (bounded) until the recording is sealed."""

    async def quality(self) -> CallQuality | None:
        """How the call can be heard, or could be until it ended; None where the way of its audio tells nothing."""


class Places(Protocol):
    """Whose word a call needs before it goes out: caps that this dialer shares with those of other hosts."""

    async def take(self, trunk: str) -> bool:
        """Whether the call may go out on a trunk; on the event loop of whoever dials."""

    def fresh(self) -> bool:
        """Whether what `take` has said still holds; from any thread."""


class Dialer(Protocol):
    """Places calls."""

    def roads(self) -> Sequence[str]:
        """The names of the trunks in the order in which a call would try them now; none where they have no names."""

    async def dial(self, call_id: str, number: str, *, ring_seconds: float, places: Places | None = None) -> Leg:
        """Start a call and return its leg at once.

        What happens next comes as events; a refusal is HungUp. The recording goes where the dialer was
        told to keep recordings, named after `call_id`. `places` is asked before each trunk with a name.
        """
