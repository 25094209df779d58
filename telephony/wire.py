"""The protocol between the gateway and a far end: text messages as frozen values with parse and serialise.

A far end (a PBX adapter) opens `ws://host:port/exchange`, a control connection that stands for one
trunk. The gateway asks it to dial; it then opens `ws://host:port/media/<call>` and says there what happens:

    control, gateway → far end   {"command": "dial", "call": "12-1", "number": "138…", "format": "alaw"}
    control, far end → gateway   {"event": "rejected", "call": "12-1", "sip": 503, "q850": 34}
    media, far end → gateway     {"event": "start", "format": "alaw" | "ulaw" | "slin"}     first, once
                                 {"event": "ringing"}   {"event": "early_media"}   {"event": "answered"}
                                 {"event": "dtmf", "digit": "5"}
                                 {"event": "hangup", "sip": 486, "q850": 17}                last; codes optional
    media, gateway → far end     {"command": "hangup"}                                      last
    media, both ways             binary messages, each 20 ms of audio in the started format

Unknown keys are ignored, anything else that is not in this list is a `WireError`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from telephony.codecs import Format
from telephony.errors import WireError

MESSAGE_BYTES = 1024  # longest text or binary message either way

_CALL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_NUMBER = re.compile(r"[0-9+*#]{1,32}")
_DIGIT = re.compile(r"[0-9*#A-D]")


@dataclass(frozen=True, slots=True)
class Dial:
    """Place a call (gateway → far end, control)."""

    call: str
    number: str
    format: Format = Format.ALAW

    def serialise(self) -> str:
        return _text(command="dial", call=self.call, number=self.number, format=self.format.value)


@dataclass(frozen=True, slots=True)
class Hangup:
    """End this call (gateway → far end, media)."""

    def serialise(self) -> str:
        return _text(command="hangup")


@dataclass(frozen=True, slots=True)
class RejectedCall:
    """The trunk does not place this call (far end → gateway, control)."""

    call: str
    sip: int | None = None
    q850: int | None = None

    def serialise(self) -> str:
        return _text(event="rejected", call=self.call, sip=self.sip, q850=self.q850)


@dataclass(frozen=True, slots=True)
class Started:
    """The media connection is this call's; audio travels in `format` from here on."""

    format: Format

    def serialise(self) -> str:
        return _text(event="start", format=self.format.value)


@dataclass(frozen=True, slots=True)
class Rang:
    """The called side rings."""

    def serialise(self) -> str:
        return _text(event="ringing")


@dataclass(frozen=True, slots=True)
class MediaBegan:
    """Audio before answer begins."""

    def serialise(self) -> str:
        return _text(event="early_media")


@dataclass(frozen=True, slots=True)
class PickedUp:
    """The called side answered."""

    def serialise(self) -> str:
        return _text(event="answered")


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """One DTMF key: 0-9 * # A-D."""

    digit: str

    def serialise(self) -> str:
        return _text(event="dtmf", digit=self.digit)


@dataclass(frozen=True, slots=True)
class Ended:
    """The far end ended the call, with the network's codes where it has any."""

    sip: int | None = None
    q850: int | None = None

    def serialise(self) -> str:
        return _text(event="hangup", sip=self.sip, q850=self.q850)


Command: TypeAlias = Dial | Hangup
MediaEvent: TypeAlias = Started | Rang | MediaBegan | PickedUp | KeyPressed | Ended


def parse_command(text: str) -> Command:
    """A command of the gateway, as a far end reads it."""
    fields = _fields(text)
    match fields.get("command"):
        case "dial":
            return Dial(_matching(fields, "call", _CALL), _matching(fields, "number", _NUMBER), _format(fields))
        case "hangup":
            return Hangup()
    raise WireError("a command that this protocol does not know")


def parse_control(text: str) -> RejectedCall:
    """An event on the control connection."""
    fields = _fields(text)
    if fields.get("event") != "rejected":
        raise WireError("a control event that this protocol does not know")
    return RejectedCall(_matching(fields, "call", _CALL), _sip(fields), _q850(fields))


def parse_media(text: str) -> MediaEvent:
    """A text message on a media connection."""
    fields = _fields(text)
    match fields.get("event"):
        case "start":
            return Started(_format(fields))
        case "ringing":
            return Rang()
        case "early_media":
            return MediaBegan()
        case "answered":
            return PickedUp()
        case "dtmf":
            return KeyPressed(_matching(fields, "digit", _DIGIT))
        case "hangup":
            return Ended(_sip(fields), _q850(fields))
    raise WireError("a media event that this protocol does not know")


def is_call_id(text: str) -> bool:
    """Whether a call can have this id: it names a file and is part of an address."""
    return _CALL.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether this can be dialled."""
    return _NUMBER.fullmatch(text) is not None


def _text(**fields: str | int | None) -> str:
    return json.dumps({name: value for name, value in fields.items() if value is not None})


def _fields(text: str) -> dict[str, Any]:
    if len(text) > MESSAGE_BYTES:
        raise WireError(f"a text message longer than {MESSAGE_BYTES} characters")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError("a text message that is not JSON") from error
    if not isinstance(fields, dict):
        raise WireError("a text message that is not a JSON object")
    return fields


def _matching(fields: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise WireError(f"a message whose '{name}' is missing or malformed")
    return value


def _format(fields: dict[str, Any]) -> Format:
    try:
        return Format(fields.get("format", ""))
    except ValueError as error:
        raise WireError("a format that this protocol does not know") from error


def _sip(fields: dict[str, Any]) -> int | None:
    return _code(fields, "sip", 100, 699)


def _q850(fields: dict[str, Any]) -> int | None:
    return _code(fields, "q850", 0, 127)


def _code(fields: dict[str, Any], name: str, lowest: int, highest: int) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not int or not lowest <= value <= highest:
        raise WireError(f"a message whose '{name}' is not a number from {lowest} to {highest}")
    return value
