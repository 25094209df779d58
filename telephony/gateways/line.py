"""One call of an exchange as the carrier of a leg: what its signalling and its media connection say, joined."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from telephony.causes import cause_of
from telephony.codecs import SILENCE, Codec
from telephony.errors import WireError
from telephony.jitter import JitterBuffer
from telephony.legs import HangupCause
from telephony.medialeg import MediaLeg, Phase
from telephony.wire import Ended, KeyPressed, MediaBegan, MediaEvent, PickedUp, Rang

MESSAGE_BYTES = 65_500  # the longest audio message that makes sense: Asterisk's own bound
_FLOOD_FRAMES = 500  # lost because too many came: a far end that does not pace its audio
_HELD_FRAMES = 1500  # thirty seconds
_OUR_ACCOUNT = frozenset((401, 403, 407))  # the trunk behind the exchange does not know us, or forbids it

log = logging.getLogger(__name__)


class Way(Protocol):
    """How audio goes out on one kind of media connection."""

    @property
    def codec(self) -> Codec: ...

    @property
    def fills_silence(self) -> bool:
        """Whether the exchange makes silence itself when nothing comes: then silence is not sent."""

    @property
    def held(self) -> bool:
        """Whether the exchange has more than enough for now."""

    @property
    def stuck(self) -> str: ...

    def send(self, frame: bytes) -> None:
        """Send one encoded frame."""

    def flush(self) -> None:
        """Drop what the exchange has not played yet."""


class ExchangeLine:
    """A `Carrier`; recording begins when both the call and its audio have come far enough."""

    def __init__(self, leg: MediaLeg, wait_for_media: Callable[[], None]) -> None:
        self._leg = leg
        self._wait_for_media = wait_for_media
        self._way: Way | None = None
        self._early = self._picked_up = False
        self._rest = b""
        self._jitter = JitterBuffer()
        self._held_frames = 0  # in a row
        self.over = asyncio.Event()
        self.failed = False  # by our own side

    # Signalling

    def hear(self, event: MediaEvent) -> None:
        """What the exchange says about the call."""
        match event:
            case Rang():
                self._leg.ring()
            case MediaBegan():
                self._early = True
                self._proceed()
            case PickedUp():
                if not self._picked_up:
                    self._picked_up = True
                    self._wait_for_media()
                self._proceed()
            case KeyPressed(digit=digit):
                self._leg.press(digit)
            case Ended(sip=sip, q850=q850):
                self._end(sip, q850)

    def fail(self, reason: str) -> None:
        """Our own side failed."""
        if self._leg.phase is not Phase.OVER:
            self.failed = True
            self._leg.fail(reason)

    @property
    def has_media(self) -> bool:
        return self._way is not None

    def _end(self, sip: int | None, q850: int | None) -> None:
        leg = self._leg
        if leg.phase is Phase.OVER:
            return
        if leg.phase is Phase.ANSWERED:
            leg.end(HangupCause.NORMAL, sip, q850)
            return
        if self._picked_up:
            self.fail("the call was answered, but its audio never came")
            return
        unknown = HangupCause.UNREACHABLE if sip or q850 else HangupCause.NO_ANSWER
        ours = sip in _OUR_ACCOUNT
        cause = HangupCause.OWN_LINE if ours else cause_of(sip, q850, otherwise=unknown)
        if cause is HangupCause.OWN_LINE:
            self.failed = True
            log.warning("call %s ends as own line failed: the trunk behind the exchange says %s", leg.call_id, sip)
        leg.end(cause, sip, q850)

    # Audio

    def join(self, way: Way) -> None:
        """The media connection is there; raises `WireError` when there is one already."""
        if self._way is not None:
            raise WireError("a second media connection of one call")
        self._way = way
        self._proceed()

    def listen(self, data: bytes) -> None:
        """Audio of any length; what came before the recording does is left out."""
        way = self._way
        if len(data) > MESSAGE_BYTES:
            self.fail(f"an audio message of more than {MESSAGE_BYTES} bytes")
            return
        if way is None or self._leg.recording is None or self._leg.phase is Phase.OVER:
            return
        size = way.codec.frame_bytes
        data = self._rest + data
        whole = len(data) - len(data) % size
        for start in range(0, whole, size):
            self._jitter.put(way.codec.decode(data[start : start + size]))
        self._rest = data[whole:]
        if self._jitter.overflowed > _FLOOD_FRAMES:
            self.fail("far more audio than fits into real time")

    def _proceed(self) -> None:
        if self._way is None:
            return
        if self._picked_up:
            self._leg.answer()
        elif self._early:
            self._leg.begin_media()

    # The leg

    @property
    def held(self) -> bool:
        return self._way is not None and self._way.held

    @property
    def stuck(self) -> str:
        if self._held_frames > _HELD_FRAMES:
            return "the exchange has not played what it was given"
        return self._way.stuck if self._way is not None else ""

    def take(self) -> bytes | None:
        return self._jitter.take()

    def send(self, pcm: bytes) -> None:
        way = self._way
        self._held_frames = self._held_frames + 1 if self.held else 0
        if way is None or (pcm is SILENCE and way.fills_silence):
            return
        way.send(way.codec.silence if pcm is SILENCE else way.codec.encode(pcm))

    def flush(self) -> None:
        """Barge-in: what has left for the exchange shall not be heard either."""
        if self._way is not None and self._leg.phase is not Phase.OVER:
            self._way.flush()

    def close(self) -> None:
        self.over.set()
