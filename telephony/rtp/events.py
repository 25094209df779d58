"""Telephone events (RFC 4733): keys in and out."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass

from telephony.errors import BadPacket

KEYS = "0123456789*#ABCD"  # the event codes 0 to 15 (RFC 4733 table 3)
_PAYLOAD = struct.Struct("!BBH")
_TONE_TICKS = 5  # 100 ms
_PAUSE_TICKS = 4  # 80 ms between keys
_ENDS = 3  # the last packet of an event is sent three times (§2.5.1.4)
_TICK = 160  # timestamp units
_VOLUME = 10  # -10 dBm0
_KEYS_WAITING = 100
_LATE = 8000  # timestamp units; farther back is a clock that began anew


@dataclass(frozen=True, slots=True)
class Event:
    """The payload of one event packet; `duration` in timestamp units."""

    code: int
    end: bool
    duration: int
    volume: int = _VOLUME

    def serialise(self) -> bytes:
        """The four bytes of the payload (§2.3)."""
        return _PAYLOAD.pack(self.code, self.end << 7 | self.volume, self.duration)


def parse_event(payload: bytes) -> Event:
    """The first event of a payload; raises `BadPacket`."""
    if len(payload) < _PAYLOAD.size:
        raise BadPacket("a telephone event that is too short")
    code, flags, duration = _PAYLOAD.unpack_from(payload)
    return Event(code, bool(flags & 0x80), duration, flags & 0x3F)


class KeysIn:
    """Tells the keys from the packets: several carry one key, all with the timestamp of its beginning."""

    def __init__(self) -> None:
        self._last: int | None = None  # the timestamp of the key told last

    def take(self, event: Event, timestamp: int) -> str:
        """The key when this packet is the first of one, else nothing; codes that are no keys are left out."""
        if self._last is not None and (self._last - timestamp) % 2**32 < _LATE:
            return ""  # the same key, or one that was told before it
        self._last = timestamp
        return KEYS[event.code] if event.code < len(KEYS) else ""


@dataclass(frozen=True, slots=True)
class EventOut:
    """One event packet to send: what, and how far back its timestamp lies."""

    event: Event
    begins: bool  # the marker (§2.5.1.1)
    age: int  # timestamp units since the key began


class KeysOut:
    """Keys that wait to be sent, turned into one tick's packets after the other."""

    def __init__(self) -> None:
        self._keys: deque[str] = deque()
        self._ticks = -_PAUSE_TICKS  # of the key being sent; negative: a pause

    def add(self, keys: str) -> None:
        """Queue keys; signs that are none are left out, as is what exceeds the bound."""
        for key in keys.upper():
            if key in KEYS and len(self._keys) < _KEYS_WAITING:
                self._keys.append(key)

    def take(self) -> tuple[EventOut, ...]:
        """This tick's packets; none while no key is sent, three at its end."""
        if not self._keys:
            return ()
        self._ticks += 1
        if self._ticks <= 0:
            return ()
        code, duration = KEYS.index(self._keys[0]), self._ticks * _TICK
        age = (self._ticks - 1) * _TICK
        if self._ticks < _TONE_TICKS:
            return (EventOut(Event(code, False, duration), self._ticks == 1, age),)
        self._keys.popleft()
        self._ticks = -_PAUSE_TICKS
        return (EventOut(Event(code, True, duration), False, age),) * _ENDS
