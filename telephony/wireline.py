"""The gateway's carrier: what a far end says on a call's media connection, and the audio both ways."""

from __future__ import annotations

from telephony.causes import cause_of
from telephony.codecs import CODECS, SILENCE, Codec, Format
from telephony.errors import WireError
from telephony.jitter import JitterBuffer
from telephony.legs import HangupCause
from telephony.medialeg import MediaLeg, Phase
from telephony.peer import Peer
from telephony.wire import Ended, Hangup, KeyPressed, MediaBegan, PickedUp, Rang, Started, parse_media

WRITE_BYTES = 32 * 1024  # of unread audio before a far end counts as stuck: 4 s of A-law beyond the kernel's buffers
_FLOOD_FRAMES = 500  # lost because too many came: a far end that does not pace its audio


class WireLine:
    """A `Carrier` and the listener of its connection."""

    def __init__(self, leg: MediaLeg, peer: Peer, write_bytes: int) -> None:
        self._leg, self._peer, self._write_bytes = leg, peer, write_bytes
        self._codec: Codec = CODECS[Format.ALAW]
        self._started = False
        self._jitter = JitterBuffer()

    # The far end

    def on_text(self, text: str) -> None:
        try:
            self._take(text)
        except WireError as error:
            self._leg.fail(str(error))

    def on_binary(self, data: bytes) -> None:
        if len(data) != self._codec.frame_bytes:
            self._leg.fail("an audio message that is not 20 ms long")
            return
        self._leg.begin_media()
        self._jitter.put(self._codec.decode(data))
        if self._jitter.overflowed > _FLOOD_FRAMES:
            self._leg.fail("far more audio than fits into real time")

    def on_lost(self, reason: str) -> None:
        self._leg.fail(reason)

    def _take(self, text: str) -> None:
        leg = self._leg
        match parse_media(text):
            case Started(format=name):
                self._start(name)
            case Rang():
                leg.ring()
            case MediaBegan():
                leg.begin_media()
            case PickedUp():
                leg.answer()
            case KeyPressed(digit=digit):
                leg.press(digit)
            case Ended(sip=sip, q850=q850):
                answered = leg.phase is Phase.ANSWERED
                unknown = HangupCause.UNREACHABLE if sip or q850 else HangupCause.NO_ANSWER
                leg.end(HangupCause.NORMAL if answered else cause_of(sip, q850, otherwise=unknown), sip, q850)

    def _start(self, name: Format) -> None:
        if self._started:
            raise WireError("a second start of one call")
        self._started = True
        self._codec = CODECS[name]

    # The leg

    @property
    def held(self) -> bool:
        return False

    @property
    def stuck(self) -> str:
        return "the far end does not take its audio" if self._peer.buffered > self._write_bytes else ""

    def take(self) -> bytes | None:
        return self._jitter.take()

    def send(self, pcm: bytes) -> None:
        self._peer.send_binary(self._codec.silence if pcm is SILENCE else self._codec.encode(pcm))

    def close(self) -> None:
        self._peer.send_text(Hangup().serialise())
        self._peer.close()
