"""Digest credentials: the examples of RFC 2617 §3.5 and RFC 7616 §3.9.1, and what SIP trunks do with challenges."""

from __future__ import annotations

import pytest
from sipmessage import URI, Request, Response

from telephony.sip.digest import Account, Authenticator, Challenge, answer_to, parse_challenge

MUFASA = Account("Mufasa", "Circle Of Life")


def response_in(value: str) -> str:
    return value.split('response="')[1].split('"')[0]


def test_the_example_of_rfc_2617() -> None:
    challenge = parse_challenge(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    assert challenge is not None
    value = answer_to(challenge, MUFASA, "GET", "/dir/index.html", count=1, cnonce="0a4f113b")
    assert response_in(value) == "6629fae49393a05397450978507c4ef1"
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in value and "nc=00000001" in value and "qop=auth," in value


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, expected: str) -> None:
    challenge = Challenge(
        "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", algorithm, ("auth", "auth-int"),
        "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    )  # fmt: skip
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    account = Account("Mufasa", "Circle of Life")
    value = answer_to(challenge, account, "GET", "/dir/index.html", count=1, cnonce=cnonce)
    assert response_in(value) == expected
    assert f"algorithm={algorithm}" in value


def test_the_old_form_without_qop() -> None:
    # RFC 2069 with its erratum: response = MD5(MD5(A1):nonce:MD5(A2)).
    challenge = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093")
    value = answer_to(challenge, Account("Mufasa", "CircleOfLife"), "GET", "/dir/index.html", count=1, cnonce="x")
    assert response_in(value) == "1949323746fe6a43ef61f9606e7febea"
    assert "nc=" not in value and "cnonce" not in value


@pytest.mark.parametrize(
    "value",
    ["Basic realm=x", "Digest", 'Digest realm="a"', 'Digest realm="a", nonce', 'Digest realm="a, nonce="b"', ""],
)
def test_challenges_that_cannot_be_answered_are_none(value: str) -> None:
    assert parse_challenge(value) is None


def test_a_hostile_challenge_is_read_in_no_time() -> None:
    assert parse_challenge("Digest " + 'a="", ' * 5000 + "!") is None


def invite() -> Request:
    request = Request("INVITE", URI.parse("sip:1@trunk.example"))
    request.headers.set("From", "<sip:us@trunk.example>;tag=1")
    return request


def challenged(status: int, *values: str) -> Response:
    response = Response(status, "x")
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    for value in values:
        response.headers.add(name, value)
    return response


def authenticator(account: Account | None = MUFASA) -> Authenticator:
    return Authenticator(account, lambda: "0a4f113b")


def test_the_topmost_challenge_that_is_supported_is_answered() -> None:
    # RFC 8760 §2.4.
    ours = authenticator()
    values = (
        'Digest realm="r", nonce="1", algorithm=SHA-512-256, qop="auth"',
        'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth"',
        'Digest realm="r", nonce="3", algorithm=MD5, qop="auth"',
    )
    assert ours.learn(invite(), challenged(401, *values))
    request = invite()
    ours.sign(request)
    assert 'nonce="2"' in request.headers["Authorization"] and "algorithm=SHA-256" in request.headers["Authorization"]


def test_the_count_grows_while_the_nonce_stays() -> None:
    ours = authenticator()
    ours.learn(invite(), challenged(401, 'Digest realm="r", nonce="1", qop="auth"'))
    counts = []
    for _ in range(3):
        request = invite()
        ours.sign(request)
        counts.append(request.headers["Authorization"].split("nc=")[1][:8])
    assert counts == ["00000001", "00000002", "00000003"]


def test_a_stale_nonce_is_replaced_and_a_refusal_is_believed() -> None:
    ours = authenticator()
    ours.learn(invite(), challenged(401, 'Digest realm="r", nonce="1", qop="auth"'))
    request = invite()
    ours.sign(request)
    assert ours.learn(request, challenged(401, 'Digest realm="r", nonce="2", stale=TRUE, qop="auth"'))
    request = invite()
    ours.sign(request)
    assert 'nonce="2"' in request.headers["Authorization"] and "nc=00000001" in request.headers["Authorization"]
    assert not ours.learn(request, challenged(401, 'Digest realm="r", nonce="3", qop="auth"'))


def test_a_proxy_and_the_far_end_may_both_ask() -> None:
    ours = authenticator()
    ours.learn(invite(), challenged(407, 'Digest realm="proxy", nonce="1"'))
    request = invite()
    ours.sign(request)
    assert ours.learn(request, challenged(401, 'Digest realm="far", nonce="2"'))
    request = invite()
    ours.sign(request)
    assert 'realm="proxy"' in request.headers["Proxy-Authorization"]
    assert 'realm="far"' in request.headers["Authorization"]


def test_without_an_account_nothing_is_tried() -> None:
    assert not authenticator(None).learn(invite(), challenged(401, 'Digest realm="r", nonce="1"'))


def test_the_password_shows_nowhere() -> None:
    assert "Circle" not in repr(MUFASA)
