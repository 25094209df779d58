"""A call on the media thread, whatever carries it: one frame each way per tick, the recording, the events."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import IntEnum
from typing import Protocol

from telephony.codecs import SILENCE
from telephony.errors import RecordingError
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
from telephony.playout import NOTHING, Outgoing, PlayQueue
from telephony.recording import Tape

log = logging.getLogger(__name__)

_DIGITS = 1000  # a call's


class Phase(IntEnum):
    """How far a call has come; it only ever goes forward."""

    DIALLING = 0  # the far end was asked
    CONNECTED = 1  # there is a way for audio
    EARLY = 2  # audio before answer; the recording runs
    ANSWERED = 3
    OVER = 4


class Carrier(Protocol):
    """What takes a leg's audio to the far end and brings the far end's."""

    @property
    def held(self) -> bool:
        """Whether the far end does not listen for now: prompts wait."""

    @property
    def stuck(self) -> str:
        """Why audio does not get through any more; empty while all is well."""

    def take(self) -> bytes | None:
        """The far end's 20 ms of this tick as 16-bit samples, None when there are none."""

    def send(self, pcm: bytes) -> None:
        """Send 20 ms of 16-bit samples; `SILENCE` itself where there is nothing to say."""

    def close(self) -> None:
        """The call is over: tell the far end if it does not know."""


class Partner(Protocol):
    """Another leg that this one is joined to (telephony.bridge)."""

    def put(self, pcm: bytes) -> None:
        """Take what the far end says."""

    def take(self) -> bytes | None:
        """Give what the far end shall hear, None for silence."""


class Ear(Protocol):
    """Somebody who listens to a call without being on it."""

    def overhear(self, heard: bytes, said: bytes) -> None:
        """Take 20 ms: what the far end says, and what is said to it."""


class MediaLeg:
    """One call between carrier, play queue, recording and the conversation's events."""

    def __init__(
        self,
        call_id: str,
        queue: PlayQueue,
        *,
        record: Callable[[], Tape],
        emit: Callable[[LegEvent], None],
        finish: Callable[[MediaLeg, HungUp], None],
        batch_frames: int = 3,
    ) -> None:
        self.call_id = call_id
        self.phase = Phase.DIALLING
        self.recording: Tape | None = None
        self.partner: Partner | None = None  # set from any thread: counts from the next tick on
        self.ears: tuple[Ear, ...] = ()  # set from any thread, as a whole
        self._queue = queue
        self._record, self._emit, self._finish = record, emit, finish
        self._batch_frames = batch_frames
        self._rang = False
        self._carrier: Carrier | None = None
        self._heard: list[bytes] = []  # frames of the AudioIn that is being gathered
        self._frames = 0  # position in the recording
        self._digits = 0

    @property
    def position_ms(self) -> int:
        """Where the recording stands; readable from any thread."""
        return self._frames * FRAME_MS

    # What the carrier says

    def connect(self, carrier: Carrier) -> None:
        """There is a way for this call's audio."""
        self._carrier = carrier
        self.phase = Phase.CONNECTED

    def ring(self) -> None:
        """The far end rings."""
        if self.phase < Phase.ANSWERED and not self._rang:
            self._rang = True
            self._emit(Ringing(self.position_ms))

    def begin_media(self) -> None:
        """Audio before answer begins."""
        if self.phase is Phase.CONNECTED and self._start_recording():
            self.phase = Phase.EARLY
            self._emit(EarlyMedia(self.position_ms))

    def answer(self) -> None:
        """Somebody picked up."""
        if self.phase < Phase.ANSWERED and self._start_recording():
            self._hand_over_heard()
            self.phase = Phase.ANSWERED
            self._emit(Answered(self.position_ms))

    def press(self, key: str) -> None:
        """The far end pressed a key."""
        if self.phase is Phase.OVER:
            return
        self._digits += 1
        if self._digits > _DIGITS:
            self.fail("more digits than a call has")
            return
        self._emit(Digit(key, self.position_ms))

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
        if self._carrier is not None:
            self._carrier.close()
        self._finish(self, HungUp(cause, sip, q850, self.position_ms))

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
        carrier = self._carrier
        if self.recording is None or carrier is None or self.phase is Phase.OVER:
            return False
        heard = carrier.take() or SILENCE
        outgoing = self._outgoing(carrier, heard)
        said = outgoing.pcm
        carrier.send(said)
        try:
            self.recording.append(heard, said)
        except RecordingError as error:
            self.fail(str(error))
            return True
        for ear in self.ears:
            ear.overhear(heard, said)
        self._heard.append(heard)
        self._frames += 1
        if len(self._heard) >= self._batch_frames:
            self._hand_over_heard()
        for done in outgoing.done:
            self._emit(Played(done.mark, done.played_ms, done.complete, self.position_ms))
        if reason := carrier.stuck:
            self.fail(reason)
        return True

    def _outgoing(self, carrier: Carrier, heard: bytes) -> Outgoing:
        """What is said now: by the partner, where there is one; prompts wait for as long."""
        partner = self.partner
        if partner is not None and self.phase is Phase.ANSWERED:
            partner.put(heard)
            said = partner.take()
            return NOTHING if said is None or carrier.held else Outgoing(said)
        return self._queue.take() if self.phase is Phase.ANSWERED and not carrier.held else NOTHING

    def _hand_over_heard(self) -> None:
        if self._heard:
            start_ms = self.position_ms - len(self._heard) * FRAME_MS
            self._emit(AudioIn(b"".join(self._heard), start_ms))
            self._heard.clear()
