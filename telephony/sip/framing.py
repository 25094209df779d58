"""SIP over a stream: where one message ends and the next begins (RFC 3261 §18.3), and keep-alives (RFC 5626 §4.4.1)."""

from __future__ import annotations

import re

from telephony.errors import BadMessage
from telephony.sip.message import BODY_BYTES, HEAD_BYTES

_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(\d{1,9})[ \t]*(?=\r\n)", re.IGNORECASE)
PONG = b"\r\n"


class Framing:
    """Bytes in as they come, whole messages out."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.pings = 0  # keep-alives that want an answer

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now; raises `BadMessage` when the stream cannot be followed any more."""
        self._bytes += data
        messages = []
        while (message := self._cut()) is not None:
            messages.append(message)
        return messages

    def _cut(self) -> bytes | None:
        while self._bytes.startswith(b"\r\n\r\n"):
            self.pings += 1
            del self._bytes[:4]
        while self._bytes.startswith(b"\r\n") and len(self._bytes) > 2 and self._bytes[2:3] != b"\r":
            del self._bytes[:2]
        end = self._bytes.find(b"\r\n\r\n", 0, HEAD_BYTES + 4)
        if end < 0:
            if len(self._bytes) > HEAD_BYTES:
                raise BadMessage("headers without an end")
            return None
        stated = _LENGTH.search(self._bytes, 0, end + 2)
        if stated is None:
            raise BadMessage("no Content-Length in a stream")
        if int(stated[1]) > BODY_BYTES:
            raise BadMessage("a body longer than anybody sends")
        size = end + 4 + int(stated[1])
        if len(self._bytes) < size:
            return None
        message = bytes(self._bytes[:size])
        del self._bytes[:size]
        return message
