"""Session descriptions (RFC 8866) and offer/answer (RFC 3264)."""

from __future__ import annotations

import pytest

from telephony.codecs import Format
from telephony.errors import BadSdp, NoCommonCodec
from telephony.sip.crypto import parse_crypto
from telephony.sip.offers import Ours
from telephony.sip.sdp import Coding, Direction, parse_sdp

# RFC 8866 §5 (example), with its two streams.
EXAMPLE = """v=0
o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1
s=Call to John Smith
i=SDP Offer #1
u=http://www.jdoe.example.com/home.html
e=Jane Doe <jane@jdoe.example.com>
p=+1 617 555-6011
c=IN IP4 198.51.100.1
t=0 0
m=audio 49170 RTP/AVP 0
m=audio 49180 RTP/AVP 0
m=video 51372 RTP/AVP 99
c=IN IP6 2001:db8::2
a=rtpmap:99 h263-1998/90000
"""


def body(*lines: str) -> bytes:
    head = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"]
    return "\r\n".join([*head, *lines, ""]).encode()


def ours(direction: Direction = Direction.BOTH) -> Ours:
    return Ours("192.0.2.9", 30000, 77, direction=direction)


def test_the_example_of_rfc_8866() -> None:
    session = parse_sdp(EXAMPLE.encode())
    assert (session.user, session.session_id, session.version) == ("jdoe", 3724394400, 3724394405)
    assert [(each.kind, each.port, each.address) for each in session.media] == [
        ("audio", 49170, "198.51.100.1"), ("audio", 49180, "198.51.100.1"), ("video", 51372, "2001:db8::2"),
    ]  # fmt: skip
    assert session.media[0].codings == (Coding(0, "PCMU", 8000),)
    assert session.media[2].codings == (Coding(99, "H263-1998", 90000),)


def test_what_we_write_reads_the_same() -> None:
    offer = ours().offer()
    assert parse_sdp(offer.serialise()) == parse_sdp(parse_sdp(offer.serialise()).serialise())
    audio = parse_sdp(offer.serialise()).audio
    assert audio is not None
    assert [each.name for each in audio.codings] == ["PCMA", "PCMU", "TELEPHONE-EVENT"]
    assert audio.port == 30000 and audio.address == "192.0.2.9" and "ptime:20" in audio.attributes


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), Direction.BOTH),
        (("a=sendonly",), Direction.SEND),
        (("a=recvonly",), Direction.RECEIVE),
        (("a=inactive",), Direction.NONE),
        (("c=IN IP4 0.0.0.0",), Direction.SEND),  # RFC 3264 §8.4: nothing may be sent there
    ],
)
def test_directions(lines: tuple[str, ...], expected: Direction) -> None:
    audio = parse_sdp(body("m=audio 4000 RTP/AVP 8", *lines)).audio
    assert audio is not None
    assert audio.direction is expected


def test_a_direction_of_the_session_holds_where_the_stream_names_none() -> None:
    session = parse_sdp(body("a=sendonly", "m=audio 4000 RTP/AVP 8", "m=audio 4002 RTP/AVP 8", "a=sendrecv"))
    assert [each.direction for each in session.media] == [Direction.SEND, Direction.BOTH]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"v=1\r\n", b"hello", b"v=0\r\ns=-\r\n", b"v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 8\r\n",
        body("m=audio 99999 RTP/AVP 8"), body("m=audio RTP/AVP 8"), body("c=nonsense"), body("x"), b"\xff\xfe",
        body(*["a=x"] * 600), body(*["m=audio 4000 RTP/AVP 8"] * 20), b"v=0\r\n" + b"a=" + b"x" * 20000,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_error(data: bytes) -> None:
    with pytest.raises(BadSdp):
        parse_sdp(data)


def test_an_answer_settles_the_first_codec_of_the_far_end() -> None:
    answer = parse_sdp(body("m=audio 4000 RTP/AVP 0 8 96", "a=rtpmap:96 telephone-event/8000"))
    agreed = ours().take_answer(answer)
    assert (agreed.format, agreed.payload_type, agreed.event_type) == (Format.ULAW, 0, 96)
    assert (agreed.host, agreed.port, agreed.direction) == ("192.0.2.1", 4000, Direction.BOTH)


def test_codecs_are_known_by_name_under_any_payload_type() -> None:
    agreed = ours().take_answer(parse_sdp(body("m=audio 4000 RTP/AVP 97", "a=rtpmap:97 pcma/8000")))
    assert (agreed.format, agreed.payload_type, agreed.event_type) == (Format.ALAW, 97, None)


@pytest.mark.parametrize(
    "line", ["m=audio 0 RTP/AVP 8", "m=audio 4000 RTP/AVP 9 18", "m=video 4000 RTP/AVP 8", "m=audio 4000 RTP/AVP 97"]
)
def test_an_answer_without_a_codec_of_ours_is_said_to_be_one(line: str) -> None:
    with pytest.raises(NoCommonCodec):
        ours().take_answer(parse_sdp(body(line)))


def test_an_offer_is_answered_stream_by_stream() -> None:
    # RFC 3264 §6: as many streams as were offered, refused ones with port 0.
    offer = parse_sdp(
        body("m=video 5000 RTP/AVP 31", "m=audio 4000 RTP/AVP 18 8 100", "a=rtpmap:100 telephone-event/8000")
    )
    answer, agreed = ours().answer(offer)
    assert [(each.kind, each.port) for each in answer.media] == [("video", 0), ("audio", 30000)]
    assert answer.media[1].formats == ("8", "100")
    assert (agreed.format, agreed.event_type) == (Format.ALAW, 100)


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        ("sendrecv", Direction.BOTH), ("sendonly", Direction.RECEIVE),
        ("recvonly", Direction.SEND), ("inactive", Direction.NONE),
    ],
)  # fmt: skip
def test_a_direction_is_answered_by_its_mirror(offered: str, answered: Direction) -> None:
    answer, agreed = ours().answer(parse_sdp(body("m=audio 4000 RTP/AVP 8", f"a={offered}")))
    assert agreed.direction is answered
    assert answered.value in answer.media[0].attributes


def test_what_we_hold_stays_held() -> None:
    _, agreed = ours(Direction.SEND).answer(parse_sdp(body("m=audio 4000 RTP/AVP 8")))
    assert agreed.direction is Direction.SEND


def test_the_version_grows_with_every_description() -> None:
    # RFC 3264 §8: the version increases by one, the session id stays.
    first = ours().offer()
    second = ours().next(Direction.SEND).offer()
    assert (first.session_id, second.session_id) == (77, 77) and second.version == first.version + 1


# SRTP (RFC 4568)

KEY = bytes(range(30))
OFFERED = "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4"  # RFC 4568 §4
PLAIN = OFFERED.split("|")[0]


def sealed(line: str, *crypto: str) -> bytes:
    return body(line, *(f"a=crypto:{each}" for each in crypto))


def test_a_secure_offer_names_both_ciphers_and_its_key() -> None:
    audio = Ours("192.0.2.9", 30000, 77, key=KEY, secure=True).offer().media[0]
    assert audio.protocol == "RTP/SAVP"
    assert [each.split()[1] for each in audio.values("crypto")] == [
        "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32",
    ]  # fmt: skip


def test_a_secure_offer_is_answered_with_its_tag_and_our_key() -> None:
    offer = parse_sdp(sealed("m=audio 4000 RTP/SAVP 8", "9 AES_256_CM_HMAC_SHA1_80 inline:abc", PLAIN))
    answer, agreed = Ours("192.0.2.9", 30000, 77, key=KEY).answer(offer)
    assert answer.media[0].protocol == "RTP/SAVP" and answer.media[0].values("crypto")[0].startswith("1 AES_CM_128")
    assert agreed.secret is not None
    assert agreed.secret.ours == KEY and agreed.secret.theirs == b"YS___semctl () {\t220;}\n}\nunles"


@pytest.mark.parametrize("data", [sealed("m=audio 4000 RTP/SAVP 8"), sealed("m=audio 4000 RTP/AVP 8", PLAIN)])
def test_an_answer_that_seals_nothing_is_not_taken(data: bytes) -> None:
    with pytest.raises(NoCommonCodec):
        Ours("192.0.2.9", 30000, 77, key=KEY, secure=True).take_answer(parse_sdp(data))


@pytest.mark.parametrize(
    "value",
    [OFFERED, "1 AES_CM_128_HMAC_SHA1_80 inline:short", "1 X inline:YQ==", PLAIN + " UNENCRYPTED_SRTP", "", "1"],
)
def test_what_is_not_known_of_ciphers_is_left_out(value: str) -> None:
    assert parse_crypto(value) is None
    assert parse_crypto(PLAIN + "|2^20") is not None
