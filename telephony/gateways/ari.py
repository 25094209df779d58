"""What Asterisk's REST interface (ARI) says on its event connection, as far as a call needs it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from telephony.errors import WireError
from telephony.wire import Ended, KeyPressed, MediaBegan, MediaEvent, PickedUp, Rang

_DIGIT = re.compile(r"[0-9*#A-D]")
_DIALLED: dict[str, MediaEvent] = {"RINGING": Rang(), "PROGRESS": MediaBegan(), "ANSWER": PickedUp()}
_STATES: dict[str, MediaEvent] = {"Ringing": Rang(), "Up": PickedUp()}


@dataclass(frozen=True, slots=True)
class AriEvent:
    """What happened on a channel; None where it does not concern a call."""

    channel: str
    event: MediaEvent | None


def parse_event(text: str) -> AriEvent:
    """One message of the event connection; raises `WireError`.

    The end is ChannelDestroyed alone, with `cause` (Q.850) and, where Asterisk has it, `tech_cause` (SIP): the last
    Dial event may be missing, and names no code.
    """
    fields = json_object(text)
    kind = fields.get("type")
    channel = _object(fields, "peer" if kind == "Dial" else "channel").get("id", "")
    if not isinstance(channel, str):
        raise WireError("an ARI event whose channel id is no text")
    return AriEvent(channel, _event(str(kind), fields))


def _event(kind: str, fields: dict[str, Any]) -> MediaEvent | None:
    match kind:
        case "Dial":
            return _DIALLED.get(str(fields.get("dialstatus")))
        case "ChannelStateChange":
            return _STATES.get(str(_object(fields, "channel").get("state")))
        case "ChannelDtmfReceived":
            digit = fields.get("digit")
            if not isinstance(digit, str) or _DIGIT.fullmatch(digit) is None:
                raise WireError("an ARI event whose digit is no key")
            return KeyPressed(digit)
        case "ChannelDestroyed":
            return Ended(_within(fields.get("tech_cause"), 400, 699), _within(fields.get("cause"), 1, 127))
    return None


def json_object(text: str) -> dict[str, Any]:
    """The object that a text is in JSON; raises `WireError`."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError("a message that is not JSON") from error
    if not isinstance(fields, dict):
        raise WireError("a message that is not a JSON object")
    return fields


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    found = fields.get(name)
    return found if isinstance(found, dict) else {}


def _within(value: object, least: int, most: int) -> int | None:
    return value if isinstance(value, int) and least <= value <= most else None
