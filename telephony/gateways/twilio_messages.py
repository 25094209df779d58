"""Twilio Media Streams and status callbacks as values: parse, serialise, and the signature that proves the sender."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from xml.sax.saxutils import quoteattr

from telephony.errors import WireError
from telephony.gateways.ari import json_object
from telephony.wire import Ended, KeyPressed, MediaEvent, PickedUp, Rang

_DIGIT = re.compile(r"[0-9*#A-D]")

# The codes stand for what Twilio says in words, where it does not name the code itself.
_STATUSES: Mapping[str, MediaEvent] = {
    "ringing": Rang(),
    "in-progress": PickedUp(),
    "busy": Ended(486),
    "no-answer": Ended(480),
    "canceled": Ended(487),
    "failed": Ended(503),
    "completed": Ended(),
}


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """The call was answered and its audio runs."""

    stream: str
    call: str


@dataclass(frozen=True, slots=True)
class Media:
    """µ-law of the far end."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """All audio before this mark was played, or cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The stream is over."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The first message, and any other that says nothing about the call."""


Message: TypeAlias = StreamStarted | Media | Mark | Stopped | Connected | KeyPressed


def parse_message(text: str) -> Message:
    """One message of Twilio; raises `WireError`."""
    fields = json_object(text)
    match fields.get("event"):
        case "start":
            start = _object(fields, "start")
            form = _object(start, "mediaFormat")
            if (form.get("encoding"), form.get("sampleRate")) != ("audio/x-mulaw", 8000):
                raise WireError("a stream in another format than µ-law at 8 kHz")
            return StreamStarted(_text(start, "streamSid"), _text(start, "callSid"))
        case "media":
            return Media(_bytes(_text(_object(fields, "media"), "payload")))
        case "mark":
            return Mark(_text(_object(fields, "mark"), "name"))
        case "dtmf":
            digit = _text(_object(fields, "dtmf"), "digit")
            if _DIGIT.fullmatch(digit) is None:
                raise WireError("a dtmf message without a key")
            return KeyPressed(digit)
        case "stop":
            return Stopped()
    return Connected()


def media(stream: str, audio: bytes) -> str:
    """Audio for the far end."""
    payload = base64.b64encode(audio).decode()
    return json.dumps({"event": "media", "streamSid": stream, "media": {"payload": payload}})


def mark(stream: str, name: str) -> str:
    """A mark behind all audio so far."""
    return json.dumps({"event": "mark", "streamSid": stream, "mark": {"name": name}})


def clear(stream: str) -> str:
    """Drop what was not played; its marks come back."""
    return json.dumps({"event": "clear", "streamSid": stream})


def status_event(form: Mapping[str, str]) -> MediaEvent | None:
    """What a status callback says; SipResponseCode is finer than the words, where there is one."""
    event = _STATUSES.get(form.get("CallStatus", ""))
    code = form.get("SipResponseCode", "")
    if isinstance(event, Ended) and event.sip is not None and re.fullmatch(r"[3-6][0-9]{2}", code):
        return Ended(int(code))
    return event


def twiml(stream_url: str) -> str:
    """What Twilio does after the answer: connect the call to our stream."""
    return f"<Response><Connect><Stream url={quoteattr(stream_url)}/></Connect></Response>"


def signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the address and the sorted form fields, in base64."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    found = fields.get(name)
    if not isinstance(found, dict):
        raise WireError(f"a message of the stream without '{name}'")
    return found


def _text(fields: dict[str, Any], name: str) -> str:
    found = fields.get(name)
    if not isinstance(found, str):
        raise WireError(f"a message of the stream without '{name}'")
    return found


def _bytes(payload: str) -> bytes:
    try:
        return base64.b64decode(payload, validate=True)
    except ValueError as error:  # binascii's own, and that of text beyond ASCII
        raise WireError("audio of the stream that is not base64") from error
