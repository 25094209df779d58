"""A SIP call as the carrier of a leg: signalling and audio of one attempt on one trunk."""

from __future__ import annotations

import ipaddress
import logging
import random
import time
from collections.abc import Callable

from telephony.causes import cause_of
from telephony.legs import HangupCause
from telephony.medialeg import MediaLeg, Phase
from telephony.rtp.stream import Stream, Terms
from telephony.sip.events import CallEvent, Changed, Early, Ender, Over, PickedUp, Pressed, Referred, Rings
from telephony.sip.mediaport import MediaPort
from telephony.sip.names import plain
from telephony.sip.offers import Agreed
from telephony.sip.sdp import Direction

log = logging.getLogger(__name__)

_SILENT_SECONDS = 30.0  # without any packet of a far end that should send: the line is dead
_FLOOD_FRAMES = 500  # lost because too many came: a far end that does not pace its audio

HangUp = Callable[[], None]
Failed = Callable[[Over], bool]  # whether another trunk takes the call over


class SipLine:
    """A `Carrier`, and the listener of its call."""

    def __init__(self, leg: MediaLeg, port: MediaPort, trunk_host: str, failed: Failed) -> None:
        self._leg, self._port, self._trunk_host, self._failed = leg, port, trunk_host, failed
        dice = random.SystemRandom()
        self.stream = Stream(leg.press, dice.getrandbits, time.monotonic())
        port.stream = self.stream
        self.hang_up: HangUp = _nothing
        self.referred: Callable[[int], None] = _no_news
        self._direction = Direction.BOTH
        self._answered_at: float | None = None

    # The call

    def hear(self, event: CallEvent, now: float) -> None:
        """What the call says."""
        leg = self._leg
        match event:
            case Rings():
                leg.ring()
            case Early(agreed=agreed):
                self._settle(agreed)
                leg.begin_media()
            case PickedUp(agreed=agreed):
                self._settle(agreed)
                self._answered_at = now
                leg.answer()
            case Changed(agreed=agreed):
                self._settle(agreed)
            case Pressed(key=key):
                leg.press(key)
            case Referred(status=status):
                self.referred(status)
            case Over():
                self._end(event)

    def _settle(self, agreed: Agreed) -> None:
        self._direction = agreed.direction
        self.stream.settle(terms_of(agreed, self._trunk_host))

    def _end(self, over: Over) -> None:
        leg = self._leg
        if over.ender is Ender.US or leg.phase is Phase.OVER:
            return
        if leg.phase < Phase.EARLY and self._failed(over):
            return
        if over.ender is Ender.FAULT:
            leg.fail(over.reason)
        elif leg.phase is Phase.ANSWERED:
            leg.end(HangupCause.NORMAL, over.status, over.q850)
        else:
            leg.end(cause_of(over.status, over.q850, otherwise=_unnamed(over.status)), over.status, over.q850)

    # The leg

    @property
    def held(self) -> bool:
        return not self._direction.sends

    @property
    def stuck(self) -> str:
        if self.stream.flooded > _FLOOD_FRAMES:
            return "far more audio than fits into real time"
        heard_at = self.stream.heard_at or self._answered_at
        if self._answered_at is None or heard_at is None or not self._direction.receives:
            return ""
        silent = time.monotonic() - max(heard_at, self._answered_at)
        return "no audio comes from the far end any more" if silent > _SILENT_SECONDS else ""

    def take(self) -> bytes | None:
        return self.stream.take()

    def send(self, pcm: bytes) -> None:
        self._port.send(self.stream.send(pcm))
        self._port.send(self.stream.report(time.monotonic()))

    def close(self) -> None:
        """The leg is over: leave the audio, end the call if it is not over."""
        self._port.send(self.stream.goodbye(time.monotonic()))
        self._port.close()
        self._tell_quality()
        self.hang_up()

    def _tell_quality(self) -> None:
        quality = self.stream.quality()
        if quality.received:
            log.info(
                "call %s: %d packets came, %d were lost, jitter %.1f ms, R %.0f; %d were strangers'",
                self._leg.call_id, quality.received, quality.lost, quality.jitter_ms, quality.r_factor,
                quality.strangers,
            )  # fmt: skip

    def abandon(self) -> None:
        """Leave without the leg, which another trunk carries on."""
        self._port.close()


def terms_of(agreed: Agreed, trunk_host: str) -> Terms:
    """What the stream needs of an agreement.

    Audio may come from where the description says or from the trunk; from anywhere only where the description names
    an address behind a translation that the trunk is not behind.
    """
    host = plain(agreed.host)
    hidden = _is_private(host) and not _is_private(trunk_host)
    return Terms(
        hosts=frozenset() if hidden else frozenset((host, trunk_host)),
        far=(host, agreed.port), format=agreed.format, payload_type=agreed.payload_type,
        event_type=agreed.event_type, sends=agreed.direction.sends, receives=agreed.direction.receives,
        formats=agreed.receives, event_types=agreed.event_types,
        secret=agreed.secret,
    )  # fmt: skip


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _unnamed(status: int | None) -> HangupCause:
    """The cause behind codes that name none: our own requests' faults are ours, the rest is the network's."""
    return HangupCause.OWN_LINE if status is not None and 400 <= status < 500 else HangupCause.UNREACHABLE


def _nothing() -> None:
    """Before there is a call."""


def _no_news(status: int) -> None:
    """Nobody waits for a transfer."""
