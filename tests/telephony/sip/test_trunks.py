"""Trunks: their file, how much they are given, which failures are theirs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from telephony.errors import TrunksInvalid
from telephony.sip.caps import Admission, Caps, Verdict
from telephony.sip.events import Ender, Over
from telephony.sip.failover import is_trunk_failure
from telephony.sip.hop import Transport
from telephony.sip.trunk_file import load_trunks

FILE = """
trunks:
  main:
    host: sip.carrier.example
    transport: tls
    port: 5061
    user: "0755"
    password: "*geheim*"
    number: "95500"
    registers: yes
    calls: 40
    calls_per_second: 2.5
    privacy: id
  spare:
    host: "2001:DB8:0::7"
    number: "95500"
    also_from: [192.0.2.8, 192.0.2.9]
    name_servers: ["192.0.2.53", "[2001:db8::53]:5353"]
    certificate_file: our.pem
    key_file: our.key
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "trunks.yaml"
    path.write_text(text)
    return path


def test_a_file_of_trunks(tmp_path: Path) -> None:
    main, spare = load_trunks(written(tmp_path, FILE))
    assert (main.host, main.port, main.transport) == ("sip.carrier.example", 5061, Transport.TLS)
    assert (main.user, main.password, main.calls, main.calls_per_second) == ("0755", "*geheim*", 40, 2.5)
    assert (spare.host, spare.port) == ("2001:db8::7", 0) and spare.name == "spare"
    assert str(spare.address_of("138")) == "sip:138@[2001:db8::7]"
    assert spare.also_from == ("192.0.2.8", "192.0.2.9")
    assert spare.name_servers == ("192.0.2.53", "[2001:db8::53]:5353")
    assert (spare.certificate_file, spare.key_file) == ("our.pem", "our.key")
    assert "geheim" not in repr(main)


def test_all_faults_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = "trunks:\n  main:\n    host: no host\n    port: 99999\n    transport: sctp\n    calls: 0\n    colour: red\n"
    text += (
        "  other:\n    host: 192.0.2.1\n    number: '95500'\n    key_file: our.key\n    name_servers: [dns.example]\n"
    )
    with pytest.raises(TrunksInvalid) as raised:
        load_trunks(written(tmp_path, text))
    message = str(raised.value)
    for line, what in (
        (3, "host name"),
        (4, "port"),
        (5, "udp, tcp, tls"),
        (6, "from 1"),
        (7, "colour"),
        (3, "number"),
        (9, "certificate_file and key_file belong together"),
        (12, "name server"),
    ):
        assert f"trunks.yaml:{line}: " in message and what in message


@pytest.mark.parametrize("text", ["", "trunks:\n", "hello", "trunks: [", "trunks: {}"])
def test_a_file_without_trunks(tmp_path: Path, text: str) -> None:
    with pytest.raises(TrunksInvalid):
        load_trunks(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrunksInvalid, match="cannot be read"):
        load_trunks(tmp_path / "none.yaml")


# Caps


def test_calls_at_once() -> None:
    caps = Caps(2, 100)
    caps.start(0.0)
    caps.start(0.0)
    assert caps.admit(1.0) == Admission(Verdict.FULL)
    caps.end(False, 2.0)
    assert caps.admit(2.0) == Admission(Verdict.GO)


@pytest.mark.parametrize(("rate", "seconds"), [(5.0, 10), (2.5, 20), (0.5, 30), (20.0, 5), (0.3, 100)])
def test_starts_keep_their_rate_with_its_fraction(rate: float, seconds: int) -> None:
    caps, now, starts = Caps(10_000, rate), 0.0, []
    while now < seconds:
        admission = caps.admit(now)
        if admission.verdict is Verdict.GO:
            caps.start(now)
            starts.append(now)
        else:
            assert admission.verdict is Verdict.WAIT and admission.at is not None and admission.at > now
            now = admission.at
    assert len(starts) == pytest.approx(rate * seconds, abs=1)
    for start in starts:
        assert sum(start <= each < start + 1 - 1e-9 for each in starts) <= math.ceil(rate)


def test_idleness_saves_up_no_starts() -> None:
    caps = Caps(100, 5.0)
    for now in (100.0, 100.2, 100.4):
        assert caps.admit(now).verdict is Verdict.GO
        caps.start(now)
        assert caps.admit(now + 0.1).verdict is Verdict.WAIT


def test_a_trunk_that_fails_is_paused_longer_each_time() -> None:
    caps = Caps(100, 100)

    def fail(count: int, at: float) -> bool:
        for _ in range(count):
            caps.start(at)
        return any([caps.end(True, at) for _ in range(count)])

    assert not fail(7, 0.0)
    assert fail(1, 1.0)
    assert caps.admit(30.0) == Admission(Verdict.PAUSED, 31.0)
    assert caps.admit(31.0) == Admission(Verdict.GO)
    assert fail(8, 31.0)
    assert caps.admit(32.0).at == 91.0
    caps.start(91.0)
    caps.end(False, 92.0)
    assert fail(12, 93.0) and caps.admit(94.0).at == 93.0 + 30


def test_clients_who_do_not_answer_pause_nothing() -> None:
    caps = Caps(100, 100)
    for _ in range(100):
        caps.start(0.0)
        assert not caps.end(False, 0.0)


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        (Over(Ender.FAULT, reason="no answer to the INVITE"), True),
        (Over(Ender.FAR, 503), True),
        (Over(Ender.FAR, 503, 34), True),  # no circuit
        (Over(Ender.FAR, 503, 17), False),  # the client is busy, whatever the status says
        (Over(Ender.FAR, 403), True),
        (Over(Ender.FAR, 404), False),
        (Over(Ender.FAR, 486), False),
        (Over(Ender.FAR, 480), False),
        (Over(Ender.US), False),
    ],
)
def test_whose_failure_it_is(over: Over, expected: bool) -> None:
    assert is_trunk_failure(over) is expected
