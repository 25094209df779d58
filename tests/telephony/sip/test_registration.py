"""Registration (RFC 3261 §10) and signs of life, against a peer written out by hand."""

from __future__ import annotations

import pytest
from sipmessage import URI

from telephony.sip.digest import Account
from telephony.sip.ping import Ping
from telephony.sip.registration import Registration, Standing
from telephony.sip.targets import Target, Targets
from tests.telephony.sip.peer import FAR, Peer

CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="{}", qop="auth"'


def registering(peer: Peer) -> tuple[Registration, list[tuple[Standing, int | None]]]:
    told: list[tuple[Standing, int | None]] = []
    address = URI("sip", "carrier.example", user="0755")
    registration = Registration(
        peer.agent,
        peer.authenticator(Account("0755", "geheim")),
        address,
        Targets((Target(FAR),), lambda: 0.5),
        lambda *news: told.append(news),
    )
    registration.start(peer.now)
    return registration, told


def test_a_registration_is_asked_for_given_and_kept_fresh() -> None:
    peer = Peer()
    registration, told = registering(peer)
    (first,) = peer.requests()
    assert str(first.uri) == "sip:carrier.example" and first.headers["To"] == "<sip:0755@carrier.example>"
    peer.answer(first, 401, CHALLENGE.format(1))
    (second,) = peer.requests()
    assert second.cseq.sequence == first.cseq.sequence + 1 and second.call_id == first.call_id
    peer.answer(second, 200, f"Contact: {second.headers['Contact'].split(';expires')[0]};expires=120")
    assert told == [(Standing.REGISTERED, 200)]
    peer.wait(95.9)  # 120 s less a fifth
    assert peer.sent() == []
    peer.wait(0.2)
    (third,) = peer.requests()
    assert "nc=00000002" in third.headers["Authorization"]  # the nonce goes on
    peer.answer(third, 401, CHALLENGE.format(2) + ", stale=true")
    (fourth,) = peer.requests()
    assert 'nonce="2"' in fourth.headers["Authorization"]
    peer.answer(fourth, 200, "Expires: 60")
    registration.stop(peer.now)
    (last,) = peer.requests()
    assert last.headers["Contact"].endswith(";expires=0") and last.headers["Expires"] == "0"
    peer.answer(last, 200)
    peer.wait(1000)
    assert peer.sent() == [] and told == [(Standing.REGISTERED, 200)]


def test_the_time_that_the_registrar_grants_counts_our_contact_first() -> None:
    peer = Peer()
    registering(peer)
    (first,) = peer.requests()
    ours = first.headers["Contact"].split(";expires")[0]
    peer.answer(first, 200, f"Contact: <sip:other@192.0.2.9>;expires=7, {ours};expires=300", "Expires: 5000")
    peer.wait(269)
    assert peer.sent() == []
    peer.wait(1.1)  # thirty seconds before the end
    assert peer.requests()


def test_an_interval_that_is_too_brief_is_lengthened_once() -> None:
    peer = Peer()
    _, told = registering(peer)
    peer.answer(peer.requests()[0], 423, "Min-Expires: 3600")
    (second,) = peer.requests()
    assert second.headers["Expires"] == "3600"
    peer.answer(second, 423, "Min-Expires: 7200")
    assert told == [(Standing.REFUSED, 423)]


def test_a_refusal_is_tried_again_ever_more_slowly() -> None:
    peer = Peer()
    _, told = registering(peer)
    waits = []
    for _ in range(9):
        peer.answer(peer.requests()[-1], 403)
        began = peer.now
        while not peer.agent.layer.outbox:
            peer.wait(1.0)
        waits.append(peer.now - began)
    assert told == [(Standing.REFUSED, 403)]
    assert 15 <= waits[0] <= 31 and all(wait <= 1801 for wait in waits)
    assert waits[-1] > 800  # half an hour at most, spread over its second half


def test_silence_is_told_and_tried_again() -> None:
    peer = Peer()
    _, told = registering(peer)
    peer.wait(33)
    assert told == [(Standing.SILENT, None)]
    peer.sent()
    peer.wait(31)
    assert peer.requests()


@pytest.mark.parametrize("status", [200, 404, 405, 501])
def test_whatever_a_trunk_answers_it_is_alive(status: int) -> None:
    peer = Peer()
    told: list[bool] = []
    ping = Ping(peer.agent, URI("sip", "carrier.example"), Targets((Target(FAR),), lambda: 0.5), 30.0, told.append)
    ping.start(peer.now)
    peer.wait(31)
    options = peer.requests()[-1]
    assert options.method == "OPTIONS"
    peer.answer(options, status)
    assert told == [] and ping.alive
    peer.wait(31 + 33)  # the next one gets no answer
    assert told == [False]
    peer.sent()
    peer.wait(31)
    peer.answer(peer.requests()[-1], status)
    assert told == [False, True]
    ping.stop()
    peer.wait(100)
    assert peer.sent() == []
