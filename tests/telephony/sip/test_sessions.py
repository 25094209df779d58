"""Dialogs and what runs in them, against a peer written out by hand."""

from __future__ import annotations

import pytest
from sipmessage import URI, Request, Response

from telephony.errors import BadSdp, NotNow
from telephony.sip.dialog import Local, from_response
from telephony.sip.events import CallEvent, Changed, Early, Ender, Over, PickedUp, Pressed, Referred, Rings
from telephony.sip.identity import CallerId
from telephony.sip.incoming import Incoming
from telephony.sip.layer import ServerTransaction
from telephony.sip.message import addresses_of, read, tag_of
from telephony.sip.offers import Ours
from telephony.sip.outgoing import Outgoing, Placing
from telephony.sip.reason import q850_of
from telephony.sip.sdp import Direction
from telephony.sip.session_timer import Interval, answer_to_request, settled_by_answer
from telephony.sip.transfer import refer_to
from tests.telephony.sip.peer import FAR, SDP, Peer

CONTACT = "Contact: <sip:138@192.0.2.2>"


class Call:
    """A call of the agent's to the peer."""

    def __init__(self, peer: Peer, *answer: str, status: int = 200, body: str = SDP) -> None:
        self.peer, self.events = peer, list[CallEvent]()
        placing = Placing(
            URI("sip", "192.0.2.2", user="138"), FAR, CallerId("95500", "192.0.2.1"), Ours("192.0.2.1", 20000, 1)
        )
        self.placed: Outgoing = peer.agent.place(
            peer.authenticator(), placing, lambda event, now: self.events.append(event), peer.now
        )
        (self.invite,) = peer.requests()
        if status:
            peer.answer(self.invite, status, *(answer or (CONTACT,)), body=body)

    def ask(self, method: str, number: int, *lines: str, body: str = "") -> list[int]:
        self.peer.ask(self.invite, method, number, *lines, body=body)
        return self.peer.statuses()


# Dialogs


def response_with(*routes: str) -> tuple[Request, Response]:
    invite = Request("INVITE", URI.parse("sip:138@trunk.example"))
    for name, value in (("From", "<sip:95500@us>;tag=a"), ("To", "<sip:138@trunk.example>"), ("CSeq", "1 INVITE")):
        invite.headers.set(name, value)
    invite.headers.set("Call-ID", "1")
    response = Response(200, "OK")
    response.headers.set("To", "<sip:138@trunk.example>;tag=b")
    response.headers.set("Contact", "<sip:138@192.0.2.7:5070>")
    for route in routes:
        response.headers.add("Record-Route", route)
    return invite, response


def test_routes_are_the_record_in_reverse() -> None:
    # RFC 3261 §12.1.2, and the lines may hold several.
    dialog = from_response(*response_with("<sip:p3.example;lr>, <sip:p2.example;lr>", "<sip:p1.example:5080;lr>"), FAR)
    bye = dialog.request("BYE", Local("192.0.2.1", 5060), "x")
    assert bye.headers.getlist("Route") == ["<sip:p1.example:5080;lr>", "<sip:p2.example;lr>", "<sip:p3.example;lr>"]
    assert str(bye.uri) == "sip:138@192.0.2.7:5070" and (dialog.hop.host, dialog.hop.port) == ("p1.example", 5080)


def test_a_strict_router_gets_the_request_as_it_wants_it() -> None:
    # §12.2.1.1: its address as the request's, the target as the last route.
    dialog = from_response(*response_with("<sip:p2.example;lr>", "<sip:p1.example>"), FAR)
    bye = dialog.request("BYE", Local("192.0.2.1", 5060), "x")
    assert str(bye.uri) == "sip:p1.example"
    assert bye.headers.getlist("Route") == ["<sip:p2.example;lr>", "<sip:138@192.0.2.7:5070>"]
    assert dialog.hop.host == "p1.example"


def test_requests_out_of_order_are_refused() -> None:
    call = Call(Peer())
    call.peer.sent()
    assert call.ask("OPTIONS", 5) == [200]
    assert call.ask("OPTIONS", 4) == [500]  # §12.2.2


# Provisional answers


def test_reliable_answers_are_acknowledged_in_order_and_once() -> None:
    # RFC 3262 §4.
    peer = Peer()
    call = Call(peer, status=0)

    def ringing(number: int) -> list[Request]:
        peer.answer(call.invite, 180, CONTACT, "Require: 100rel", f"RSeq: {number}")
        return peer.requests()

    (prack,) = ringing(988789)
    assert prack.method == "PRACK" and prack.headers["RAck"] == "988789 1 INVITE"
    assert ringing(988789) == [] and ringing(988791) == []
    (second,) = ringing(988790)
    assert second.headers["RAck"] == "988790 1 INVITE" and second.cseq.sequence == prack.cseq.sequence + 1
    assert call.events == [Rings(), Rings()]


def test_early_audio_follows_the_fork_that_spoke_last() -> None:
    peer = Peer()
    call = Call(peer, status=0)
    peer.answer(call.invite, 183, CONTACT, body=SDP, tag="one")
    peer.answer(call.invite, 183, CONTACT, body=SDP.replace("audio 4000", "audio 4100"), tag="two")
    ports = [event.agreed.port for event in call.events if isinstance(event, Early)]
    assert ports == [4000, 4100]
    peer.answer(call.invite, 183, CONTACT, body="nonsense", tag="three")
    assert len(call.events) == 2


def test_an_answer_without_a_description_takes_that_of_its_183() -> None:
    peer = Peer()
    call = Call(peer, status=0)
    peer.answer(call.invite, 183, CONTACT, body=SDP)
    peer.answer(call.invite, 200, CONTACT)
    assert isinstance(call.events[-1], PickedUp) and call.events[-1].agreed.port == 4000


def test_cancel_waits_for_a_sign_and_does_not_wait_for_ever() -> None:
    # §9.1: no CANCEL before a provisional answer; 64*T1 after it the call counts as cancelled.
    peer = Peer()
    call = Call(peer, status=0)
    call.placed.hang_up(peer.now)
    assert call.events == [Over(Ender.US)] and peer.sent() == []
    peer.answer(call.invite, 100)
    (cancel,) = peer.requests()
    assert cancel.method == "CANCEL" and cancel.headers["Via"] == call.invite.headers["Via"]
    assert q850_of(cancel) == 16
    peer.answer(cancel, 200)
    peer.wait(100)
    assert peer.agent.calls == 0


def test_endless_redirection_ends() -> None:
    peer = Peer()
    call = Call(peer, status=0)
    invite = call.invite
    for step in range(3):
        peer.answer(invite, 302, f"Contact: <sip:other{step}@192.0.2.2>")
        ack, invite = peer.requests()
        assert ack.method == "ACK" and str(invite.uri) == f"sip:other{step}@192.0.2.2"
        assert invite.call_id == call.invite.call_id and invite.cseq.sequence == step + 2
    peer.answer(invite, 302, "Contact: <sip:once.more@192.0.2.2>")
    assert call.events == [Over(Ender.FAR, 302, None, "302 X")]


@pytest.mark.parametrize("contact", ["Contact: <tel:+8613800000000>", "Contact: *", "X: y", "Contact: <>"])
def test_a_redirection_to_nowhere_is_the_end(contact: str) -> None:
    peer = Peer()
    call = Call(peer, status=0)
    peer.answer(call.invite, 301, contact)
    assert call.events == [Over(Ender.FAR, 301, None, "301 X")]


# Later offers


def test_an_offer_without_description_gets_ours_and_is_settled_by_the_ack() -> None:
    peer = Peer()
    call = Call(peer)
    peer.sent()
    peer.ask(call.invite, "INVITE", 1)
    (ok,) = peer.sent()
    assert isinstance(ok, Response) and b"m=audio 20000 RTP/AVP 8 0 101" in ok.body
    peer.ask(call.invite, "ACK", 1, body=SDP.replace("4000", "4444") + "a=sendonly\r\n")
    changed = call.events[-1]
    assert isinstance(changed, Changed)
    assert (changed.agreed.port, changed.agreed.direction) == (4444, Direction.RECEIVE)


@pytest.mark.parametrize(("body", "status"), [("v=0\r\nx", 400), (SDP.replace("RTP/AVP 8", "RTP/AVP 18"), 488)])
def test_an_offer_that_cannot_be_taken_leaves_the_call_as_it_is(body: str, status: int) -> None:
    call = Call(Peer())
    call.peer.sent()
    assert call.ask("INVITE", 1, body=body) == [status]
    assert isinstance(call.events[-1], PickedUp) and call.placed.session is not None and not call.placed.session.ended


def test_our_answer_to_an_offer_is_repeated_until_its_ack_and_without_it_the_call_ends() -> None:
    # §13.3.1.4, §14.2.
    call = Call(Peer())
    peer = call.peer
    peer.sent()
    assert call.ask("INVITE", 1, body=SDP) == [200]
    peer.wait(3.6)
    assert peer.statuses() == [200, 200, 200]
    assert call.ask("INVITE", 2, body=SDP) == [500]  # one at a time
    peer.wait(40)
    assert call.events[-1] == Over(Ender.FAULT, reason="no ACK to our answer")
    assert "BYE" in [each.method for each in peer.requests()]


def test_a_change_that_the_far_end_refuses_leaves_the_call_and_one_it_does_not_know_ends_it() -> None:
    call = Call(Peer())
    peer = call.peer
    peer.sent()
    assert call.placed.session is not None
    call.placed.session.hold(True, peer.now)
    peer.answer(peer.requests()[0], 488)
    peer.sent()
    assert isinstance(call.events[-1], PickedUp)
    call.placed.session.hold(True, peer.now)
    peer.answer(peer.requests()[-1], 481)
    over = call.events[-1]
    assert isinstance(over, Over) and over.ender is Ender.FAULT


# Session timers (RFC 4028)


def message(*lines: tuple[str, str]) -> Response:
    made = Response(200, "OK")
    for name, value in lines:
        made.headers.add(name, value)
    return made


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1800", Interval(1800, ours=True)),
        ("600;refresher=uac", Interval(600, ours=True)),
        ("600 ; refresher=uas", Interval(600, ours=False)),
        ("10;refresher=uac", Interval(90, ours=True)),
        ("nonsense", None),
    ],
)
def test_who_refreshes_after_a_2xx(value: str, expected: Interval | None) -> None:
    assert settled_by_answer(message(("Session-Expires", value))) == expected


@pytest.mark.parametrize(
    ("lines", "ours", "header"),
    [
        ((("Session-Expires", "300"), ("Supported", "timer")), False, "300;refresher=uac"),
        ((("Session-Expires", "300;refresher=uas"), ("Supported", "timer")), True, "300;refresher=uas"),
        ((("Session-Expires", "300"),), True, "300;refresher=uas"),
    ],
)
def test_who_refreshes_after_a_request(lines: tuple[tuple[str, str], ...], ours: bool, header: str) -> None:
    settled = answer_to_request(message(*lines))
    assert settled is not None
    assert (settled[0].ours, settled[1]) == (ours, header)


def test_an_interval_below_ninety_seconds_is_refused() -> None:
    call = Call(Peer())
    call.peer.sent()
    call.peer.ask(call.invite, "UPDATE", 1, "Session-Expires: 60")
    (response,) = call.peer.sent()
    assert isinstance(response, Response) and response.code == 422 and response.headers["Min-SE"] == "90"


def test_a_call_that_its_refresher_forgets_ends_before_its_time() -> None:
    peer = Peer()
    call = Call(peer, CONTACT, "Session-Expires: 90;refresher=uas")
    peer.sent()
    peer.wait(59)
    assert isinstance(call.events[-1], PickedUp)
    assert call.ask("UPDATE", 1, "Session-Expires: 90;refresher=uac", "Supported: timer") == [200]
    peer.wait(59)
    assert isinstance(call.events[-1], PickedUp)
    peer.wait(2)  # 90 s less a third
    over = call.events[-1]
    assert isinstance(over, Over) and over.ender is Ender.FAULT
    assert peer.requests()[0].method == "BYE"


# Transfer


def test_refer_to() -> None:
    assert refer_to("sip:8001@192.0.2.3") == "<sip:8001@192.0.2.3>"
    dialog = from_response(*response_with(), FAR)
    dialog.call_id = "98732@sip.example.com"
    # RFC 3891 §6.1 writes such an address; tags as the called party sees them.
    assert refer_to("sip:8001@192.0.2.3", dialog) == (
        "<sip:8001@192.0.2.3?Replaces=98732%40sip.example.com%3Bto-tag%3Db%3Bfrom-tag%3Da>"
    )


def test_a_transfer_that_goes_silent_is_over_after_a_minute() -> None:
    call = Call(Peer())
    peer = call.peer
    peer.sent()
    assert call.placed.session is not None
    call.placed.session.refer("sip:8001@192.0.2.3", None, peer.now)
    with pytest.raises(NotNow):
        call.placed.session.refer("sip:8002@192.0.2.3", None, peer.now)
    peer.answer(peer.requests()[0], 202)
    peer.wait(61)
    assert call.events[-1] == Referred(408)


def test_news_of_a_transfer_that_stop_before_the_end() -> None:
    call = Call(Peer())
    peer = call.peer
    peer.sent()
    assert call.ask("NOTIFY", 1, "Event: refer") == [481]
    assert call.placed.session is not None
    call.placed.session.refer("sip:8001@192.0.2.3", None, peer.now)
    peer.answer(peer.requests()[0], 202)
    assert call.ask("NOTIFY", 2, "Event: refer", "Subscription-State: terminated;reason=timeout") == [200]
    assert call.events[-1] == Referred(487)


# Keys, reasons


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf-relay", "Signal=*\r\nDuration=250\r\n", "*"),
        ("application/dtmf-relay", "Duration=250\r\nsignal = a", "A"),
        ("application/dtmf", "7", "7"),
        ("application/dtmf-relay", "Signal=11\r\nDuration=100", "#"),
        ("application/dtmf-relay", "Signal=16", ""),
        ("text/plain", "5", ""),
    ],
)
def test_keys_in_info(kind: str, body: str, key: str) -> None:
    call = Call(Peer())
    call.peer.sent()
    before = len(call.events)
    text = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    call.peer.ask(call.invite, "INFO", 1, text)
    assert call.peer.statuses() == [200]
    assert call.events[before:] == ([Pressed(key)] if key else [])


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        (['Q.850;cause=16;text="Terminated"'], 16),
        (['SIP ;cause=200 ;text="Call completed elsewhere", Q.850;cause=26'], 26),
        (["SIP;cause=486", "q.850 ; cause=17"], 17),
        (['Q.850;cause="34"'], 34),
        (["Q.850;cause=999", "Q.850"], None),
        (['SIP;cause=600;text="a, Q.850;cause=3"'], None),
        ([], None),
    ],
)
def test_the_cause_in_a_reason(values: list[str], cause: int | None) -> None:
    # RFC 3326 §2 and its examples.
    assert q850_of(message(*(("Reason", value) for value in values))) == cause


# Calls that come


def incoming(peer: Peer) -> list[Incoming]:
    calls: list[Incoming] = []

    def invited(request: Request, transaction: ServerTransaction, now: float) -> None:
        try:
            calls.append(peer.agent.take_in(peer.authenticator(), request, transaction))
        except ValueError:
            transaction.reject(400, now)

    peer.agent.invited = invited
    return calls


def test_an_invitation_without_description_is_settled_by_its_ack() -> None:
    peer = Peer()
    calls = incoming(peer)
    peer.invite(body="")
    events: list[CallEvent] = []
    calls[0].tell = lambda event, now: events.append(event)
    calls[0].answer(Ours("192.0.2.1", 20000, 1), peer.now)
    (ok,) = peer.sent()
    assert isinstance(ok, Response) and b"m=audio 20000" in ok.body and events == []
    made = Request("ACK", URI.parse("sip:us@192.0.2.1"))
    made.headers.set("From", ok.headers["To"])
    made.headers.set("Call-ID", ok.call_id)
    peer.ask(made, "ACK", 1, body=SDP)
    assert isinstance(events[0], PickedUp) and events[0].agreed.port == 4000


def test_an_answer_that_nobody_acknowledges_ends_the_call() -> None:
    peer = Peer()
    calls = incoming(peer)
    peer.invite()
    events: list[CallEvent] = []
    calls[0].tell = lambda event, now: events.append(event)
    calls[0].answer(Ours("192.0.2.1", 20000, 1), peer.now)
    peer.wait(40)
    assert events[-1] == Over(Ender.FAULT, reason="no ACK to our answer")
    assert "BYE" in [each.method for each in peer.requests()]
    peer.wait(100)
    assert peer.agent.calls == 0


def test_invitations_that_cannot_be_taken() -> None:
    peer = Peer()
    calls = incoming(peer)
    peer.invite(contact="X: y")
    assert peer.statuses() == [400] and calls == []
    peer.invite(body="nonsense")
    with pytest.raises(BadSdp):
        calls[0].answer(Ours("192.0.2.1", 20000, 1), peer.now)
    assert peer.statuses() == [400]
    with pytest.raises(NotNow):
        calls[0].answer(Ours("192.0.2.1", 20000, 1), peer.now)


def test_the_number_that_calls() -> None:
    peer = Peer()
    calls = incoming(peer)
    peer.invite("P-Asserted-Identity: <sip:13912345678@carrier.example>")
    assert (calls[0].caller, calls[0].called) == ("13912345678", "95500")


def test_a_name_beyond_ascii_need_not_be_quoted() -> None:
    message = read(
        "OPTIONS sip:us@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKa\r\nMax-Forwards: 70\r\n"
        "From: 华夏 证券 <sip:138@163.com>;tag=a\r\nTo: <sip:us@192.0.2.1>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n"
        'Contact: "Li, Lei" <sip:138@3gpp.example>, 李雷 <sip:139@192.0.2.2>\r\nContent-Length: 0\r\n\r\n'.encode()
    )
    assert tag_of(message, "From") == "a"
    first, second = addresses_of(message, "Contact")
    assert (first.name, first.uri.host) == ("Li, Lei", "3gpp.example") and (second.name, second.uri.user) == (
        "李雷",
        "139",
    )
