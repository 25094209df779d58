"""FreeSWITCH's event socket: blocks of headers with an optional body, and what its events mean for a call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from telephony.errors import WireError
from telephony.wire import Ended, KeyPressed, MediaBegan, MediaEvent, PickedUp, Rang

EVENTS = "CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE DTMF BACKGROUND_JOB"

_BODY_BYTES = 1_000_000
_COUNT = re.compile(r"[0-9]{1,7}")
_KEYS = frozenset("0123456789*#ABCD")
_NEWS: dict[str, MediaEvent] = {
    "CHANNEL_PROGRESS": Rang(),
    "CHANNEL_PROGRESS_MEDIA": MediaBegan(),
    "CHANNEL_ANSWER": PickedUp(),
}


@dataclass(frozen=True, slots=True)
class Block:
    """Headers, their names as they came, and the body that Content-Length announces."""

    headers: Mapping[str, str]
    body: str = ""

    @property
    def kind(self) -> str:
        return self.headers.get("Content-Type", "")

    @property
    def reply(self) -> str:
        return self.headers.get("Reply-Text", "")


@dataclass(frozen=True, slots=True)
class EslEvent:
    """What happened on the channel `uuid`; `event` is None where it does not concern a call."""

    name: str
    uuid: str
    event: MediaEvent | None


@dataclass(frozen=True, slots=True)
class JobEnded:
    """The end of a bgapi command; `refusal` is empty when it went through."""

    job: str
    refusal: str


async def read_block(reader: asyncio.StreamReader) -> Block:
    """The next block; raises `WireError`, `IncompleteReadError` at the end."""
    try:
        head = await reader.readuntil(b"\n\n")
    except asyncio.LimitOverrunError as error:
        raise WireError("a block of the event socket without an end") from error
    headers = headers_of(head.decode("utf-8", "replace"))
    length = headers.get("Content-Length", "0")
    if _COUNT.fullmatch(length) is None or int(length) > _BODY_BYTES:
        raise WireError("a block of the event socket whose Content-Length is none")
    body = await reader.readexactly(int(length))
    return Block(headers, body.decode("utf-8", "replace"))


def headers_of(text: str) -> dict[str, str]:
    """Lines of `Name: value`."""
    return {name: value for name, found, value in (line.partition(": ") for line in text.splitlines()) if found}


def parse_event(body: str) -> EslEvent | JobEnded:
    """The body of a text/event-plain block: headers, percent-encoded, and for a job its own result behind them."""
    head, _, rest = body.partition("\n\n")
    fields = {name: unquote(value) for name, value in headers_of(head).items()}
    name = fields.get("Event-Name", "")
    if name == "BACKGROUND_JOB":
        result = rest.strip()
        return JobEnded(fields.get("Job-UUID", ""), result[5:] if result.startswith("-ERR ") else "")
    return EslEvent(name, fields.get("Unique-ID", ""), _event(name, fields))


def _event(name: str, fields: Mapping[str, str]) -> MediaEvent | None:
    if name == "DTMF":
        key = fields.get("DTMF-Digit", "")
        if key not in _KEYS:
            raise WireError("a DTMF event without a key")
        return KeyPressed(key)
    if name == "CHANNEL_HANGUP_COMPLETE":
        return Ended(
            _within(fields.get("variable_sip_term_status"), 300, 699),
            _within(fields.get("variable_hangup_cause_q850"), 1, 127),
        )
    return _NEWS.get(name)


def _within(value: str | None, least: int, most: int) -> int | None:
    if value is None or _COUNT.fullmatch(value) is None:
        return None
    return int(value) if least <= int(value) <= most else None
