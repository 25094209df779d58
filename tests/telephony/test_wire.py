"""The wire: the messages of the protocol go through unchanged, everything else is one clear error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.codecs import CODECS, Format
from telephony.errors import WireError
from telephony.wire import (
    Dial,
    Ended,
    Hangup,
    KeyPressed,
    MediaBegan,
    PickedUp,
    Rang,
    RejectedCall,
    Started,
    is_call_id,
    parse_command,
    parse_control,
    parse_media,
)

MEDIA = [
    ('{"event":"start","format":"alaw"}', Started(Format.ALAW)),
    ('{"event":"start","format":"slin"}', Started(Format.SLIN)),
    ('{"event":"ringing"}', Rang()),
    ('{"event":"early_media"}', MediaBegan()),
    ('{"event":"answered"}', PickedUp()),
    ('{"event":"dtmf","digit":"5"}', KeyPressed("5")),
    ('{"event":"hangup","sip":486,"q850":17}', Ended(486, 17)),
    ('{"event":"hangup"}', Ended()),
]


@pytest.mark.parametrize(("text", "event"), MEDIA)
def test_media_events(text: str, event: object) -> None:
    assert parse_media(text) == event
    assert parse_media(event.serialise()) == event


def test_commands_and_rejections() -> None:
    text = '{"command":"dial","call":"12-1","number":"13800000000","format":"alaw"}'
    assert parse_command(text) == Dial("12-1", "13800000000", Format.ALAW)
    assert json.loads(Dial("12-1", "13800000000").serialise()) == json.loads(text)
    assert parse_command(Hangup().serialise()) == Hangup()
    rejected = RejectedCall("12-1", 503, 34)
    assert parse_control('{"event":"rejected","call":"12-1","sip":503,"q850":34}') == rejected
    assert parse_control(rejected.serialise()) == rejected


def test_keys_of_a_later_version_are_ignored() -> None:
    assert parse_media('{"event":"ringing","since":3}') == Rang()


BAD = [
    "",
    "ringing",
    "null",
    "[]",
    "3",
    '"ringing"',
    "{",
    "[" * 1000,
    '{"event":"sing"}',
    '{"event":["ringing"]}',
    '{"event":"start"}',
    '{"event":"start","format":"opus"}',
    '{"event":"start","format":["alaw"]}',
    '{"event":"dtmf"}',
    '{"event":"dtmf","digit":"55"}',
    '{"event":"dtmf","digit":5}',
    '{"event":"dtmf","digit":"E"}',
    '{"event":"hangup","sip":"486"}',
    '{"event":"hangup","sip":99}',
    '{"event":"hangup","sip":true}',
    '{"event":"hangup","q850":128}',
    '{"event":"hangup","q850":1.5}',
    '{"event":"ringing"}' + " " * 2000,
]


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_one_error(text: str) -> None:
    for parse in (parse_media, parse_control, parse_command):
        with pytest.raises(WireError):
            parse(text)


OBJECTS = st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8)).map(json.dumps)


@given(st.text(max_size=200) | OBJECTS)
def test_whatever_comes_nothing_but_a_wire_error_is_raised(text: str) -> None:
    for parse in (parse_media, parse_control, parse_command):
        try:
            parse(text)
        except WireError as error:
            assert len(text) < 4 or text not in str(error)  # what was received never reaches a log


@pytest.mark.parametrize("text", ["", "-1", "../x", "a/b", "a" * 61, "a b", "客户", "a\n"])
def test_a_call_id_cannot_leave_its_folder(text: str) -> None:
    assert not is_call_id(text)
    with pytest.raises(WireError):
        parse_command(json.dumps({"command": "dial", "call": text, "number": "138", "format": "alaw"}))


def test_frames_of_every_format_are_20_ms() -> None:
    sizes = {Format.ALAW: 160, Format.ULAW: 160, Format.SLIN: 320}
    assert {name: codec.frame_bytes for name, codec in CODECS.items()} == sizes
    assert all(len(codec.silence) == codec.frame_bytes for codec in CODECS.values())
