"""A call on the gateway's thread: what the far end says, one frame each way per tick, the recording."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import IntEnum

from telephony.causes import cause_of
from telephony.codecs import CODECS, SILENCE, Codec, Format
from telephony.errors import RecordingError, WireError
from telephony.jitter import JitterBuffer
from telephony.legs import (
    FRAME_MS,
    Answered,
    AudioIn,
    Digit,
    EarlyMedia,
    HangupCause,
    HungUp,
    LegEvent,
    Played,
    Ringing,
)
from telephony.peer import Peer
from telephony.playout import NOTHING, PlayQueue
from telephony.recording import Recording
from telephony.wire import Ended, Hangup, KeyPressed, MediaBegan, PickedUp, Rang, Started, parse_media

log = logging.getLogger(__name__)

WRITE_BYTES = 32 * 1024  # of unread audio before a far end counts as stuck: 4 s of A-law beyond the kernel's buffers
_FLOOD_FRAMES = 500  # lost because too many came: a far end that does not pace its audio
_DIGITS = 1000  # a call's


class Phase(IntEnum):
    """How far a call has come; it only ever goes forward."""

    DIALLING = 0  # the far end was asked
    CONNECTED = 1  # its media connection is open
    EARLY = 2  # audio before answer; the recording runs
    ANSWERED = 3
    OVER = 4


class MediaLeg:
    """One call between far end, play queue, recording and the conversation's events."""

    def __init__(
        self,
        call_id: str,
        queue: PlayQueue,
        *,
        record: Callable[[], Recording],
        emit: Callable[[LegEvent], None],
        finish: Callable[[MediaLeg, HungUp], None],
        batch_frames: int = 3,
        write_bytes: int = WRITE_BYTES,
    ) -> None:
        self.call_id = call_id
        self.phase = Phase.DIALLING
        self.recording: Recording | None = None
        self._queue = queue
        self._record, self._emit, self._finish = record, emit, finish
        self._batch_frames, self._write_bytes = batch_frames, write_bytes
        self._codec: Codec = CODECS[Format.ALAW]
        self._started = False
        self._rang = False
        self._peer: Peer | None = None
        self._jitter = JitterBuffer()
        self._heard: list[bytes] = []  # frames of the AudioIn that is being gathered
        self._frames = 0  # position in the recording
        self._digits = 0

    @property
    def position_ms(self) -> int:
        """Where the recording stands; readable from any thread."""
        return self._frames * FRAME_MS

    # The far end

    def connect(self, peer: Peer) -> None:
        """The media connection of this call was opened."""
        self._peer = peer
        self.phase = Phase.CONNECTED

    def on_text(self, text: str) -> None:
        try:
            self._take(text)
        except WireError as error:
            self.fail(str(error))

    def on_binary(self, data: bytes) -> None:
        if len(data) != self._codec.frame_bytes:
            self.fail("an audio message that is not 20 ms long")
            return
        if self.phase is Phase.CONNECTED:
            self._begin_media()
        self._jitter.put(self._codec.decode(data))
        if self._jitter.overflowed > _FLOOD_FRAMES:
            self.fail("far more audio than fits into real time")

    def on_lost(self, reason: str) -> None:
        self.fail(reason)

    def fail(self, reason: str) -> None:
        """End the call as our own line's failure."""
        if self.phase is not Phase.OVER:
            log.warning("call %s ends as own line failed: %s", self.call_id, reason)
            self.end(HangupCause.OWN_LINE)

    def end(self, cause: HangupCause, sip: int | None = None, q850: int | None = None) -> None:
        """The call is over; only the first reason counts."""
        if self.phase is Phase.OVER:
            return
        self.phase = Phase.OVER
        self._hand_over_heard()
        for done in self._queue.close():
            self._emit(Played(done.mark, done.played_ms, done.complete, self.position_ms))
        if self._peer is not None:
            self._peer.send_text(Hangup().serialise())
            self._peer.close()
        self._finish(self, HungUp(cause, sip, q850, self.position_ms))

    def _take(self, text: str) -> None:
        match parse_media(text):
            case Started(format=name):
                self._start(name)
            case Rang():
                if self.phase < Phase.ANSWERED and not self._rang:
                    self._rang = True
                    self._emit(Ringing(self.position_ms))
            case MediaBegan():
                if self.phase is Phase.CONNECTED:
                    self._begin_media()
            case PickedUp():
                self._answer()
            case KeyPressed(digit=digit):
                self._press(digit)
            case Ended(sip=sip, q850=q850):
                answered = self.phase is Phase.ANSWERED
                unknown = HangupCause.UNREACHABLE if sip or q850 else HangupCause.NO_ANSWER
                self.end(HangupCause.NORMAL if answered else cause_of(sip, q850, otherwise=unknown), sip, q850)

    def _start(self, name: Format) -> None:
        if self._started:
            raise WireError("a second start of one call")
        self._started = True
        self._codec = CODECS[name]

    def _begin_media(self) -> None:
        if self._start_recording():
            self.phase = Phase.EARLY
            self._emit(EarlyMedia(self.position_ms))

    def _answer(self) -> None:
        if self.phase < Phase.ANSWERED and self._start_recording():
            self._hand_over_heard()
            self.phase = Phase.ANSWERED
            self._emit(Answered(self.position_ms))

    def _press(self, digit: str) -> None:
        self._digits += 1
        if self._digits > _DIGITS:
            raise WireError("more digits than a call has")
        self._emit(Digit(digit, self.position_ms))

    def _start_recording(self) -> bool:
        """Nothing goes unrecorded: a call that cannot be recorded ends."""
        try:
            self.recording = self.recording or self._record()
        except RecordingError as error:
            self.fail(str(error))
            return False
        return True

    # The clock

    def tick(self) -> bool:
        """One frame in, one frame out, both recorded; returns whether a frame was sent."""
        if self.recording is None or self._peer is None or self.phase is Phase.OVER:
            return False
        heard = self._jitter.take() or SILENCE
        outgoing = self._queue.take() if self.phase is Phase.ANSWERED else NOTHING
        said = outgoing.pcm
        self._peer.send_binary(self._codec.silence if said is SILENCE else self._codec.encode(said))
        try:
            self.recording.append(heard, said)
        except RecordingError as error:
            self.fail(str(error))
            return True
        self._heard.append(heard)
        self._frames += 1
        if len(self._heard) >= self._batch_frames:
            self._hand_over_heard()
        for done in outgoing.done:
            self._emit(Played(done.mark, done.played_ms, done.complete, self.position_ms))
        if self._peer.buffered > self._write_bytes:
            self.fail("the far end does not take its audio")
        return True

    def _hand_over_heard(self) -> None:
        if self._heard:
            start_ms = self.position_ms - len(self._heard) * FRAME_MS
            self._emit(AudioIn(b"".join(self._heard), start_ms))
            self._heard.clear()
