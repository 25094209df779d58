"""Messages that were made to break a receiver: RFC 4475, cut off, random, and giant ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sipmessage import Request, Response

from telephony.errors import BadMessage
from telephony.sip.agent import Agent
from telephony.sip.alarms import Intervals
from telephony.sip.dialog import Local
from telephony.sip.digest import Authenticator
from telephony.sip.framing import Framing
from telephony.sip.hop import Hop
from telephony.sip.layer import ServerTransaction
from telephony.sip.message import read, top_via, values_of
from tests.telephony.sip.torture import TORTURES, WSINV, Torture

SOURCE = Hop("192.0.2.50", 5060)


def agent() -> Agent:
    """An agent that takes every call that may be taken."""
    ours = Agent(Local("192.0.2.9", 5060), random.Random(1), Intervals())

    def invited(request: Request, transaction: ServerTransaction, now: float) -> None:
        call = ours.take_in(Authenticator(None, ours.token), request, transaction)
        if (fault := call.fault()) is not None:
            call.refuse(fault, now)

    ours.invited = invited
    return ours


def answers(ours: Agent, data: bytes) -> list[int]:
    ours.receive(data, SOURCE, 0.0)
    return [int(each.data.split(b" ", 2)[1]) for each in ours.take_outbox()]


@pytest.mark.parametrize("torture", TORTURES, ids=lambda each: each.name)
def test_the_messages_of_rfc_4475(torture: Torture) -> None:
    ours = agent()
    expected = [torture.answer] if torture.answer else []
    assert answers(ours, torture.data) == expected
    if torture.answer is None:
        assert ours.calls == 1


def test_odd_white_space_is_read_as_it_is_meant() -> None:
    message = read(next(each.data for each in TORTURES if each.name == "wsinv"))
    assert isinstance(message, Request)
    assert message.cseq.sequence == 9 and message.max_forwards == 68
    assert message.from_address.parameters["tag"] == "98asjd8"
    assert message.to_address.parameters["tag"] == "1918181833n"
    assert len(values_of(message, "Via")) == 3 and top_via(message).host == "192.0.2.2"
    assert "NewFangledHeader" in WSINV and message.headers["NewFangledHeader"].endswith("continued newfangled value")


@pytest.mark.parametrize("torture", TORTURES, ids=lambda each: each.name)
def test_every_cut_of_a_message_is_taken_refused_or_dropped(torture: Torture) -> None:
    ours = agent()
    for end in range(0, len(torture.data), 7):
        ours.receive(torture.data[:end], SOURCE, 0.0)
    ours.take_outbox()


@given(st.binary(max_size=400))
def test_random_bytes_do_no_harm(data: bytes) -> None:
    ours = agent()
    ours.receive(data, SOURCE, 0.0)
    assert not [each for each in ours.take_outbox() if b"SIP/2.0 2" in each.data]


@given(st.data())
def test_a_message_with_bytes_changed_does_no_harm(data: st.DataObject) -> None:
    message = bytearray(data.draw(st.sampled_from(TORTURES)).data)
    for _ in range(data.draw(st.integers(1, 5))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    ours = agent()
    ours.receive(bytes(message), SOURCE, 0.0)
    ours.expire(100.0)


def giant(header: str) -> bytes:
    return next(each.data for each in TORTURES if each.name == "sdp01").replace(
        b"Accept:", header.encode() + b"\r\nAccept:"
    )


@pytest.mark.parametrize(
    "data",
    [
        giant("X: " + "x" * 60_000),
        giant("\r\n".join(f"X{n}: x" for n in range(300))),
        giant("Contact: " + ", ".join(["<sip:a@b>"] * 1000) + ", <"),
        giant("Subject: " + "\r\n " * 5000),
        giant("Record-Route: " + '"a" <sip:x;lr>;p="b", ' * 300),
    ],
)  # fmt: skip
def test_giant_headers_are_refused_or_dropped_at_once(data: bytes) -> None:
    assert answers(agent(), data) in ([], [400])


def test_an_answer_to_nothing_is_dropped() -> None:
    response = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
    response += b"To: <sip:c@d>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    assert isinstance(read(response), Response)
    assert answers(agent(), response) == []


def test_requests_of_calls_that_are_not_there() -> None:
    def request(method: str) -> bytes:
        return (
            f"{method} sip:us@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.50;branch=z9hG4bK{method}\r\n"
            "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: 1\r\n"
            f"CSeq: 1 {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        ).encode()

    assert answers(agent(), request("BYE")) == [481]
    assert answers(agent(), request("CANCEL").replace(b";tag=2", b"")) == [481]
    assert answers(agent(), request("ACK")) == []
    assert answers(agent(), request("NOTIFY")) == [481]


def test_a_repeated_request_is_answered_alike_and_taken_once() -> None:
    options = next(each.data for each in TORTURES if each.name == "zeromf")
    ours = agent()
    ours.receive(options, SOURCE, 0.0)
    ours.receive(options, SOURCE, 1.0)
    first, second = ours.take_outbox()
    assert first == second


# Streams


def message(body: str = "") -> bytes:
    return f"OPTIONS sip:a@b SIP/2.0\r\nl: {len(body)}\r\n\r\n{body}".encode()


def test_messages_are_cut_out_of_a_stream_wherever_it_breaks() -> None:
    stream = b"\r\n" + message("12345") + message() + b"\r\n\r\n" + message("x")
    for step in (1, 3, 7, len(stream)):
        framing = Framing()
        found = [each for at in range(0, len(stream), step) for each in framing.feed(stream[at : at + step])]
        assert found == [message("12345"), message(), message("x")]
        assert framing.pings == 1


@pytest.mark.parametrize(
    "data", [b"x" * 20_000, b"OPTIONS sip:a@b SIP/2.0\r\n\r\n", b"A\r\nContent-Length: 999999\r\n\r\n"]
)
def test_a_stream_that_cannot_be_followed_is_given_up(data: bytes) -> None:
    with pytest.raises(BadMessage):
        Framing().feed(data)
