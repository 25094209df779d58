"""Messages of the exchanges against what their documents show."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from telephony.codecs import Format
from telephony.errors import WireError
from telephony.gateways import ari, esl, twilio_messages
from telephony.gateways.audiosocket import Kind, SocketFrame, read_frame
from telephony.gateways.chan_websocket import Control, Said, parse_control
from telephony.wire import Ended, MediaEvent, PickedUp, Rang


def test_twilio_signature_of_the_documents() -> None:
    form = {
        "To": "+18005551212", "Caller": "+14158675309", "CallSid": "CA1234567890ABCDE",
        "From": "+14158675309", "Digits": "1234",
    }  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio_messages.signature("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    ("form", "event"),
    [
        ({"CallStatus": "ringing"}, Rang()),
        ({"CallStatus": "failed", "SipResponseCode": "404"}, Ended(404)),
        ({"CallStatus": "failed", "SipResponseCode": "x"}, Ended(503)),
        ({"CallStatus": "completed", "SipResponseCode": "200"}, Ended()),
        ({"CallStatus": "in-progress"}, PickedUp()),
        ({"CallStatus": "initiated"}, None),
        ({}, None),
    ],
)
def test_twilio_statuses(form: dict[str, str], event: MediaEvent | None) -> None:
    assert twilio_messages.status_event(form) == event


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "[" * 100_000, '{"event":"media"}', '{"event":"media","media":{"payload":"é"}}',
        '{"event":"media","media":{"payload":5}}', '{"event":"dtmf","dtmf":{"digit":"XX"}}',
        '{"event":"start","start":{"mediaFormat":{"encoding":"audio/opus"}}}',
    ],
)  # fmt: skip
def test_what_twilio_never_sends(text: str) -> None:
    with pytest.raises(WireError):
        twilio_messages.parse_message(text)


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ('{"event": "MEDIA_START", "format": "ulaw", "ptime": 20}', Control(Said.START, Format.ULAW, True)),
        (
            "MEDIA_START connection_id:a channel:WebSocket/a/0x5 optimal_frame_size:160",
            Control(Said.START, Format.ALAW),
        ),
        ("MEDIA_START connection_id:a format:slin", Control(Said.START, Format.SLIN)),
        ("MEDIA_XOFF", Control(Said.XOFF)),
        ('{"event": "MEDIA_XON", "channel_id": "1"}', Control(Said.XON, json=True)),
        ("DTMF_END digit:5", Control(Said.OTHER)),
    ],
)
def test_chan_websocket_controls(text: str, control: Control) -> None:
    assert parse_control(text) == control


def test_chan_websocket_with_another_format() -> None:
    with pytest.raises(WireError, match="another format"):
        parse_control("MEDIA_START format:opus")


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ('{"type":"ChannelDestroyed","cause":17,"cause_txt":"User busy","channel":{"id":"c"}}', Ended(None, 17)),
        ('{"type":"ChannelDestroyed","cause":0,"tech_cause":480,"channel":{"id":"c"}}', Ended(480, None)),
        ('{"type":"Dial","dialstatus":"","peer":{"id":"c"}}', None),
        ('{"type":"StasisStart","channel":{"id":"c"}}', None),
    ],
)
def test_ari_events(text: str, event: MediaEvent | None) -> None:
    assert ari.parse_event(text) == ari.AriEvent("c", event)


async def test_audiosocket_frames() -> None:
    name = uuid.UUID("f0c1e2d3-0000-4000-8000-000000000001")
    reader = asyncio.StreamReader()
    reader.feed_data(
        b"\x01\x00\x10" + name.bytes + b"\x03\x00\x015" + b"\x10\x00\x02ab" + b"\x00\x00\x00" + b"\x12\x00\x00"
    )
    assert (await read_frame(reader)).call == str(name)
    assert await read_frame(reader) == SocketFrame(Kind.DTMF, b"5")
    slin = await read_frame(reader)
    assert slin == SocketFrame(Kind.SLIN, b"ab") and slin.serialise() == b"\x10\x00\x02ab"
    assert (await read_frame(reader)).kind is Kind.HANG_UP
    with pytest.raises(WireError, match="unknown kind"):
        await read_frame(reader)


async def test_event_socket_blocks() -> None:
    reader = asyncio.StreamReader()
    body = (
        "Event-Name: CHANNEL_HANGUP_COMPLETE\nUnique-ID: c\nHangup-Cause: USER_BUSY\n"
        "variable_hangup_cause_q850: 17\nvariable_sip_term_status: 486\nCaller-Name: %22a%22\n\n"
    )
    reader.feed_data(f"Content-Length: {len(body)}\nContent-Type: text/event-plain\n\n{body}".encode())
    reader.feed_data(b"Content-Length: -5\n\n")
    block = await esl.read_block(reader)
    assert esl.parse_event(block.body) == esl.EslEvent("CHANNEL_HANGUP_COMPLETE", "c", Ended(486, 17))
    with pytest.raises(WireError, match="Content-Length"):
        await esl.read_block(reader)


def test_a_job_that_failed() -> None:
    job = esl.parse_event("Event-Name: BACKGROUND_JOB\nJob-UUID: j\nContent-Length: 15\n\n-ERR USER_BUSY\n")
    assert job == esl.JobEnded("j", "USER_BUSY")
