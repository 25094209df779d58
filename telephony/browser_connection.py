"""One browser's WebRTC connection on the media loop: made once, kept while its owner is on duty, call after call."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)

from telephony.browser_line import Ear, InOrder, Voice
from telephony.errors import BrowserRefused
from telephony.floor import Floor
from telephony.legs import HangupCause
from telephony.medialeg import MediaLeg, Phase

log = logging.getLogger(__name__)

CONNECT_SECONDS = 15.0  # from the answer to the first packet either way
_ANSWER_SECONDS = 5.0
_CLOSE_SECONDS = 3.0
_OFFER_CHARACTERS = 64 * 1024
_KEYS = frozenset("0123456789*#ABCD")


class BrowserLine:
    """The carrier of one call over a connection that stays."""

    def __init__(self, voice: Voice, ear: Ear, left: Callable[[], None]) -> None:
        self._voice, self._ear, self._left = voice, ear, left
        voice.begin()
        ear.begin()

    @property
    def held(self) -> bool:
        return False

    @property
    def stuck(self) -> str:
        return self._ear.stuck

    def take(self) -> bytes | None:
        return self._ear.take()

    def send(self, pcm: bytes) -> None:
        self._voice.send(pcm)

    def close(self) -> None:
        self._left()


class Connection:
    """Host candidates only: no address outside the firm's network is ever asked for anything."""

    def __init__(self, floor: Floor, lost: Callable[[Connection], None]) -> None:
        self._floor, self._lost = floor, lost
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._voice, self._ear = Voice(), Ear()
        self._listening: asyncio.Task[None] | None = None
        self._leg: MediaLeg | None = None
        self._patience: asyncio.TimerHandle | None = None
        self.connected: asyncio.Future[bool] = floor.loop.create_future()  # False: it never will be
        self.over = asyncio.Event()
        self._peer.on("connectionstatechange", self._change)
        self._peer.on("track", self._hear)
        self._peer.on("datachannel", self._open_channel)

    async def answer(self, offer: str) -> str:
        """The answer to a browser's offer (SDP both); raises `BrowserRefused`."""
        if len(offer) > _OFFER_CHARACTERS:
            raise BrowserRefused("an offer longer than any browser makes")
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._agree(offer)
        except Exception as error:  # aiortc raises whatever it stumbles over in a malformed offer
            await self.close()
            raise BrowserRefused(f"the browser's offer cannot be answered ({type(error).__name__})") from error
        self._patience = self._floor.loop.call_later(CONNECT_SECONDS, self._give_up)
        return str(self._peer.localDescription.sdp)

    async def _agree(self, offer: str) -> None:
        peer = self._peer
        opus = [codec for codec in RTCRtpSender.getCapabilities("audio").codecs if codec.mimeType == "audio/opus"]
        peer.addTransceiver(self._voice).setCodecPreferences(opus)
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        (transceiver,) = peer.getTransceivers()
        if transceiver.mid is None:
            raise ValueError("no audio line")
        if hasattr(transceiver.receiver, InOrder.ATTRIBUTE):
            setattr(transceiver.receiver, InOrder.ATTRIBUTE, InOrder())
        await peer.setLocalDescription(await peer.createAnswer())

    # What the browser does

    def _change(self) -> None:
        match self._peer.connectionState:
            case "connected":
                self._settle(True)
            case "failed" | "closed":
                self._floor.loop.create_task(self.close())

    def _hear(self, track: MediaStreamTrack) -> None:
        self._listening = self._floor.loop.create_task(self._ear.listen(track))

    def _open_channel(self, channel: RTCDataChannel) -> None:
        channel.on("message", self._press)

    def _press(self, message: str | bytes) -> None:
        if self._leg is not None and isinstance(message, str) and message in _KEYS:
            self._leg.press(message)

    def _give_up(self) -> None:
        if not self.connected.done():
            log.warning("a browser did not connect within %g s of its answer", CONNECT_SECONDS)
            self._floor.loop.create_task(self.close())

    def _settle(self, connected: bool) -> None:
        if not self.connected.done():
            self.connected.set_result(connected)

    # Calls

    def carry(self, leg: MediaLeg, caller: asyncio.AbstractEventLoop) -> None:
        """Open the audio for a call, which counts as answered."""
        self._floor.enter(leg, caller)
        if self.over.is_set() or not self.connected.done():
            leg.fail("the browser is not connected")
        elif self._leg is not None:
            leg.fail("the browser is in another call")
        else:
            self._leg = leg
            leg.connect(BrowserLine(self._voice, self._ear, self._part))
            self._floor.start_clock()
            leg.answer()

    def _part(self) -> None:
        self._leg = None

    async def close(self) -> None:
        """End the call that goes on, leave the browser; bounded."""
        if self.over.is_set():
            return
        self.over.set()
        self._settle(False)
        if self._patience is not None:
            self._patience.cancel()
        if self._leg is not None and self._leg.phase is not Phase.OVER:
            self._leg.end(HangupCause.OWN_LINE)
        if self._listening is not None:
            self._listening.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._peer.close()
        self._lost(self)
