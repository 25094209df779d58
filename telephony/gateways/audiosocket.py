"""AudioSocket, Asterisk's audio over TCP: frames of one byte of kind, two bytes of length, and what they carry."""

from __future__ import annotations

import asyncio
import struct
import uuid
from dataclasses import dataclass
from enum import IntEnum

from telephony.codecs import CODECS, Codec, Format
from telephony.errors import WireError
from telephony.gateways.outbox import Outbox

_HEAD = struct.Struct(">BH")


class Kind(IntEnum):
    """Kinds of frames; those of other sampling rates are never asked for."""

    HANG_UP = 0x00
    UUID = 0x01  # the first: 16 bytes that name the call
    DTMF = 0x03  # ARI tells the keys too: left to it
    SLIN = 0x10  # 16-bit little-endian, 8 kHz
    ERROR = 0xFF


@dataclass(frozen=True, slots=True)
class SocketFrame:
    """One frame."""

    kind: Kind
    payload: bytes = b""

    def serialise(self) -> bytes:
        return _HEAD.pack(self.kind, len(self.payload)) + self.payload

    @property
    def call(self) -> str:
        """The call that a frame of kind UUID names; raises `WireError`."""
        if self.kind is not Kind.UUID or len(self.payload) != 16:
            raise WireError("an AudioSocket connection that does not begin with the call's UUID")
        return str(uuid.UUID(bytes=self.payload))


async def read_frame(reader: asyncio.StreamReader) -> SocketFrame:
    """The next frame; raises `WireError` for an unknown kind, `IncompleteReadError` at the end."""
    kind, length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
    if kind not in tuple(Kind):
        raise WireError(f"an AudioSocket frame of the unknown kind {kind:#04x}")
    return SocketFrame(Kind(kind), await reader.readexactly(length))


class SocketWay:
    """The audio's way through an AudioSocket: we pace it, so that the far end never has more than it plays."""

    fills_silence = False
    held = False
    codec: Codec = CODECS[Format.SLIN]

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    @property
    def stuck(self) -> str:
        return self._outbox.stuck

    def send(self, frame: bytes) -> None:
        self._outbox.put(SocketFrame(Kind.SLIN, frame).serialise(), audio=True)

    def flush(self) -> None:
        self._outbox.drop_audio()
