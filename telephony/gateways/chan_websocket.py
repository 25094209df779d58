"""Asterisk's WebSocket media channel (chan_websocket): control messages in both spellings, and the way of the audio.

Binary messages are the codec's bytes without any header. Text messages are plain ("MEDIA_XOFF", "MEDIA_START
format:alaw …") or JSON ({"event": "MEDIA_XOFF"}), by the version and its settings; commands go out in the spelling
of MEDIA_START. Keys are left to ARI, which tells them too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from telephony.codecs import CODECS, Codec, Format
from telephony.errors import WireError
from telephony.gateways.ari import json_object
from telephony.gateways.outbox import Outbox

_FORMATS = {"alaw": Format.ALAW, "ulaw": Format.ULAW, "slin": Format.SLIN}


class Said(StrEnum):
    """The events that matter here."""

    START = "MEDIA_START"  # the first: which format travels
    XOFF = "MEDIA_XOFF"  # its queue is nearly full
    XON = "MEDIA_XON"
    ERROR = "ERROR"  # a command of ours that it cannot carry out
    OTHER = ""  # anything else


@dataclass(frozen=True, slots=True)
class Control:
    """One text message of Asterisk; `format` belongs to MEDIA_START."""

    said: Said
    format: Format | None = None
    json: bool = False


def parse_control(text: str) -> Control:
    """A text message in either spelling; raises `WireError`."""
    if text.lstrip().startswith("{"):
        fields, is_json = json_object(text), True
        name, form = str(fields.get("event", "")), fields.get("format")
    else:
        name, _, rest = text.strip().partition(" ")
        pairs = dict(each.partition(":")[::2] for each in rest.split())
        form, is_json = pairs.get("format"), False
    said = Said(name) if name in tuple(Said) else Said.OTHER
    if said is not Said.START:
        return Control(said, json=is_json)
    if form is None:  # older plain messages do not name what we asked for
        return Control(said, Format.ALAW, is_json)
    if form not in _FORMATS:
        raise WireError("Asterisk's media channel has another format than was asked for")
    return Control(said, _FORMATS[str(form)], is_json)


class WebSocketWay:
    """The audio's way to Asterisk, which paces it and fills silence itself."""

    fills_silence = True

    def __init__(self, started: Control, outbox: Outbox) -> None:
        self.codec: Codec = CODECS[started.format or Format.ALAW]
        self._json, self._outbox = started.json, outbox
        self.held = False

    @property
    def stuck(self) -> str:
        return self._outbox.stuck

    def hear(self, control: Control) -> None:
        """What Asterisk says during the call; raises `WireError` for a second MEDIA_START."""
        match control.said:
            case Said.XOFF:
                self.held = True
            case Said.XON:
                self.held = False
            case Said.START:
                raise WireError("a second MEDIA_START of one call")

    def send(self, frame: bytes) -> None:
        self._outbox.put(frame, audio=True)

    def flush(self) -> None:
        self._outbox.drop_audio()
        self._outbox.put(json.dumps({"command": "FLUSH_MEDIA"}) if self._json else "FLUSH_MEDIA")
