"""Session descriptions (RFC 8866): the parts that a telephone call uses, the rest carried as attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from telephony.errors import BadSdp

SDP_BYTES = 16 * 1024
_LINES = 500
_MEDIA = 16

_MEDIA_LINE = re.compile(r"(\w+) (\d{1,5})(?:/\d+)? ([\w/]+) (.+)")
_CONNECTION = re.compile(r"IN (IP4|IP6) ([^\s/]{1,255})(?:/\d+){0,2}")
_RTPMAP = re.compile(r"(\d{1,3}) ([^\s/]+)/(\d+)(?:/(\d+))?")
_ORIGIN = re.compile(r"(\S+) (\d{1,20}) (\d{1,20}) IN (IP4|IP6) (\S+)")


class Direction(StrEnum):
    """Who sends, seen from whoever wrote the description (RFC 3264 §5.1)."""

    BOTH = "sendrecv"
    SEND = "sendonly"
    RECEIVE = "recvonly"
    NONE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.BOTH, Direction.SEND)

    @property
    def receives(self) -> bool:
        return self in (Direction.BOTH, Direction.RECEIVE)

    @property
    def mirrored(self) -> Direction:
        """The same seen from the other side."""
        return direction_of(sends=self.receives, receives=self.sends)


def direction_of(*, sends: bool, receives: bool) -> Direction:
    """The direction of somebody who sends and receives or does not."""
    if sends:
        return Direction.BOTH if receives else Direction.SEND
    return Direction.RECEIVE if receives else Direction.NONE


@dataclass(frozen=True, slots=True)
class Coding:
    """One payload type of an audio stream: `name` in upper case, `rate` in Hz."""

    payload_type: int
    name: str
    rate: int


_STATIC = {0: Coding(0, "PCMU", 8000), 8: Coding(8, "PCMA", 8000), 9: Coding(9, "G722", 8000)}  # RFC 3551 table 4


@dataclass(frozen=True, slots=True)
class Media:
    """One media description; `address` is its own connection address or that of the session."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    address: str = ""
    attributes: tuple[str, ...] = ()  # without the leading "a="

    @property
    def codings(self) -> tuple[Coding, ...]:
        """Its payload types in order of preference, those without a known meaning left out."""
        named = {coding.payload_type: coding for text in self.values("rtpmap") if (coding := _coding(text))}
        known = {**_STATIC, **named}
        return tuple(known[int(each)] for each in self.formats if each.isdecimal() and int(each) in known)

    @property
    def direction(self) -> Direction:
        """Its direction; both where it says nothing, none at the address 0.0.0.0 of RFC 2543 hold."""
        stated = [Direction(name) for name in self.attributes if name in set(Direction)]
        direction = stated[0] if stated else Direction.BOTH
        if self.address == "0.0.0.0":  # noqa: S104
            return direction_of(sends=direction.sends, receives=False)
        return direction

    def values(self, name: str) -> list[str]:
        """The values of an attribute, e.g. every rtpmap."""
        return [text[len(name) + 1 :] for text in self.attributes if text.startswith(f"{name}:")]


@dataclass(frozen=True, slots=True)
class Sdp:
    """A session description; `version` grows with every change of it by its writer."""

    address: str
    media: tuple[Media, ...]
    session_id: int = 0
    version: int = 0
    user: str = "-"

    @property
    def audio(self) -> Media | None:
        """The first audio stream that is not refused."""
        return next((each for each in self.media if each.kind == "audio" and each.port), None)

    def serialise(self) -> bytes:
        """The description as it goes into a message."""
        family = _family(self.address)
        lines = ["v=0", f"o={self.user} {self.session_id} {self.version} IN {family} {self.address}", "s=-"]
        lines += [f"c=IN {family} {self.address}", "t=0 0"]
        for each in self.media:
            lines.append(f"m={each.kind} {each.port} {each.protocol} {' '.join(each.formats)}")
            if each.address and each.address != self.address:
                lines.append(f"c=IN {_family(each.address)} {each.address}")
            lines += [f"a={text}" for text in each.attributes]
        return "\r\n".join([*lines, ""]).encode()


def parse_sdp(data: bytes) -> Sdp:
    """The description in a message body; raises `BadSdp`. Lone line feeds are taken too (RFC 8866 §5)."""
    if len(data) > SDP_BYTES:
        raise BadSdp("a session description longer than anybody sends")
    try:
        lines = data.decode().replace("\r\n", "\n").rstrip("\n").split("\n")
    except UnicodeDecodeError as error:
        raise BadSdp("a session description that is not UTF-8") from error
    if len(lines) > _LINES or lines[0] != "v=0":
        raise BadSdp("a session description of another version, or with more lines than anybody sends")
    return _Reading().read(lines)


class _Reading:
    """What has been read so far."""

    def __init__(self) -> None:
        self._media: list[Media] = []
        self._address = ""
        self._attributes: list[str] = []  # of the session
        self._origin: re.Match[str] | None = None

    def read(self, lines: list[str]) -> Sdp:
        for line in lines:
            if len(line) < 2 or line[1] != "=":
                raise BadSdp("a line of a session description without a type")
            self._take(line[0], line[2:].strip())
        if self._origin is None:
            raise BadSdp("a session description without a readable origin")
        media = tuple(self._whole(each) for each in self._media)
        return Sdp(self._address, media, int(self._origin[2]), int(self._origin[3]), self._origin[1])

    def _take(self, kind: str, value: str) -> None:
        if kind == "o":
            self._origin = _ORIGIN.fullmatch(value)
        elif kind == "m":
            self._begin_media(value)
        elif kind == "c":
            self._connect(value)
        elif kind == "a":
            self._add_attribute(value)

    def _begin_media(self, value: str) -> None:
        line = _MEDIA_LINE.fullmatch(value)
        if line is None or int(line[2]) > 65535 or len(self._media) >= _MEDIA:
            raise BadSdp("a media line that cannot be read")
        self._media.append(Media(line[1], int(line[2]), line[3], tuple(line[4].split())))

    def _connect(self, value: str) -> None:
        connection = _CONNECTION.fullmatch(value)
        if connection is None:
            raise BadSdp("a connection line that cannot be read")
        if not self._media:
            self._address = connection[2]
            return
        last = self._media[-1]
        self._media[-1] = Media(last.kind, last.port, last.protocol, last.formats, connection[2], last.attributes)

    def _add_attribute(self, value: str) -> None:
        if not self._media:
            self._attributes.append(value)
            return
        last = self._media[-1]
        self._media[-1] = Media(
            last.kind, last.port, last.protocol, last.formats, last.address, (*last.attributes, value)
        )  # fmt: skip

    def _whole(self, media: Media) -> Media:
        """A stream with what the session says for all of them."""
        address = media.address or self._address
        if media.port and not address:
            raise BadSdp("a stream without a connection address")
        directions = [each for each in self._attributes if each in set(Direction)]
        own = any(each in set(Direction) for each in media.attributes)
        inherited = () if own else tuple(directions[:1])
        return Media(
            media.kind, media.port, media.protocol, media.formats, address, (*media.attributes, *inherited)
        )  # fmt: skip


def _coding(text: str) -> Coding | None:
    line = _RTPMAP.fullmatch(text)
    return Coding(int(line[1]), line[2].upper(), int(line[3])) if line and int(line[1]) < 128 else None


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"
