"""Where a trunk's name leads (RFC 3263, RFC 2782): the choice alone, and with dnsmasq, SIPp and Kamailio."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from telephony.errors import TrunkUnavailable
from telephony.legs import Answered, HangupCause
from telephony.sip.hop import Hop, Transport
from telephony.sip.names import Names
from telephony.sip.registration import Standing
from telephony.sip.targets import Target, Targets
from tests.ports import free_port
from tests.telephony.farend import hung_up, until
from tests.telephony.sip.dnsmasq import dnsmasq
from tests.telephony.sip.house import NUMBER, dialer, trunk
from tests.telephony.sip.kamailio import PASSWORD, kamailio
from tests.telephony.sip.sipp import answer, described, expect, goodbye, sipp
from tests.telephony.sip.test_kamailio import stands

PICKED_UP = expect("INVITE") + answer(200, sdp=described(), again=True) + expect("ACK") + goodbye()
A, B, C = (Hop(f"192.0.2.{n}", 5060) for n in (1, 2, 3))


# The choice


def test_the_lowest_priority_comes_first_and_weights_share_it() -> None:
    machines = Targets((Target(A, 10, 3), Target(B, 10, 1), Target(C, 20, 100)), random.Random(1).random)
    chosen = Counter(machines.pick(0.0) for _ in range(4000))
    assert set(chosen) == {A, B} and chosen[A] / 4000 == pytest.approx(0.75, abs=0.03)


def test_without_weights_all_are_alike() -> None:
    machines = Targets((Target(A), Target(B)), random.Random(1).random)
    chosen = Counter(machines.pick(0.0) for _ in range(2000))
    assert chosen[A] / 2000 == pytest.approx(0.5, abs=0.05)


def test_a_machine_that_failed_rests_while_there_are_others() -> None:
    machines = Targets((Target(A, 10), Target(B, 20)), lambda: 0.0)
    assert machines.current(0.0) == A
    assert machines.fail(A, 0.0)
    assert machines.pick(1.0) == machines.current(1.0) == B
    assert not machines.fail(B, 2.0)
    assert machines.pick(3.0) == A  # all have failed: then by priority again
    assert machines.pick(3.0, {A}) == B and machines.pick(3.0, {A, B}) is None
    assert machines.pick(100.0) == A


def test_another_answer_of_the_name_server_counts_from_then_on() -> None:
    machines = Targets((Target(A),), lambda: 0.0)
    assert machines.current(0.0) == A
    machines.replace((Target(B),))
    assert machines.current(0.0) == B and machines.hops == (B,)


# Questions

SRV = "srv-host=_sip._udp.carrier.example"


async def find(folder: Path, *records: str, host: str = "carrier.example", port: int = 0, six: bool | None = None,
               transport: Transport = Transport.UDP) -> list[tuple[str, int, int, int]]:  # fmt: skip
    async with dnsmasq(folder, *records) as server:
        found = await Names(asyncio.get_running_loop(), (server,)).find(host, port, transport, six=six)
    return [(each.hop.host, each.hop.port, each.priority, each.weight) for each in found.targets]


async def test_services_are_asked_for_where_no_port_is_given(tmp_path: Path) -> None:
    records = (f"{SRV},b.example,5062,20,5", f"{SRV},a.example,5061,10,7", "host-record=a.example,192.0.2.1",
               "host-record=b.example,192.0.2.2", "host-record=carrier.example,192.0.2.9")  # fmt: skip
    assert await find(tmp_path, *records) == [("192.0.2.1", 5061, 10, 7), ("192.0.2.2", 5062, 20, 5)]
    assert await find(tmp_path, *records, port=5080) == [("192.0.2.9", 5080, 0, 0)]
    assert await find(tmp_path, *records, transport=Transport.TLS) == [("192.0.2.9", 5061, 0, 0)]


async def test_addresses_are_of_one_family(tmp_path: Path) -> None:
    records = ("host-record=carrier.example,192.0.2.9,2001:db8::9", "host-record=six.example,2001:db8::6")
    assert await find(tmp_path, *records) == [("192.0.2.9", 5060, 0, 0)]
    assert await find(tmp_path, *records, six=True) == [("2001:db8::9", 5060, 0, 0)]
    assert await find(tmp_path, *records, host="six.example") == [("2001:db8::6", 5060, 0, 0)]
    assert await find(tmp_path, host="2001:DB8:0::7", port=5070) == [("2001:db8::7", 5070, 0, 0)]


async def test_names_that_lead_nowhere_are_said_to(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="carrier.example has no address"):
        await find(tmp_path)
    with pytest.raises(OSError, match="no machine that the SRV records"):
        await find(tmp_path, f"{SRV},nowhere.example,5060,1,1")
    with pytest.raises(TrunkUnavailable, match="offers no SIP over UDP: choose another transport"):
        await find(tmp_path, f"{SRV}")
    with pytest.raises(OSError, match="the name server does not answer"):
        await Names(asyncio.get_running_loop(), (f"127.0.0.1:{free_port()}",)).find("carrier.example", 0, Transport.UDP)


# Calls


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_a_call_goes_on_at_the_next_machine_where_the_first_has_no_service(
    tmp_path: Path, transport: Transport
) -> None:
    (tmp_path / "second").mkdir()
    kind = "u1" if transport is Transport.UDP else "t1"
    service = f"srv-host=_sip._{transport.lower()}.carrier.example"
    async with (
        sipp(tmp_path, expect("INVITE"), answer(503), expect("ACK"), transport=kind) as first,
        sipp(tmp_path / "second", PICKED_UP, PICKED_UP, transport=kind, calls=2) as second,
        dnsmasq(
            tmp_path, f"{service},m.example,{first.port},10,1", f"{service},m.example,{second.port},20,1",
            "host-record=m.example,127.0.0.1",
        ) as server,
        dialer(tmp_path, trunk(0, host="carrier.example", name_servers=(server,), transport=transport)) as calls,
    ):  # fmt: skip
        for call in ("1-1", "1-2"):  # the second call leaves the first machine alone
            leg = await calls.dial(call, NUMBER, ring_seconds=60)
            await until(leg, Answered)
            await leg.hang_up()
        await first.finished()
        assert len(second.received("INVITE")) == 2
        assert f"INVITE sip:{NUMBER}@carrier.example" in second.received("INVITE")[0]


async def test_a_registration_goes_to_the_next_machine_where_the_first_is_silent(tmp_path: Path) -> None:
    service = "srv-host=_sip._tcp.carrier.example"
    async with (
        kamailio(tmp_path) as proxy,
        dnsmasq(
            tmp_path, f"{service},m.example,{free_port()},10,1", f"{service},m.example,{proxy.port},20,1",
            "host-record=m.example,127.0.0.1",
        ) as server,
        dialer(
            tmp_path,
            trunk(0, host="carrier.example", name_servers=(server,), transport=Transport.TCP, user="1001",
                  domain="127.0.0.1", password=PASSWORD, registers=True),
        ) as calls,
    ):  # fmt: skip
        await stands(calls, "test", Standing.REGISTERED)


async def test_a_certificate_must_bear_the_trunk_s_name_whatever_dns_made_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "far").mkdir()
    async with (
        sipp(tmp_path / "far", expect("INVITE"), answer(486), expect("ACK")) as far,
        kamailio(tmp_path, next_port=far.port, asks=False, tls=True) as proxy,
        dnsmasq(
            tmp_path, *(f"srv-host=_sips._tcp.{name},m.example,{proxy.tls_port}" for name in NAMED),
            "host-record=m.example,127.0.0.1",
        ) as server,
    ):  # fmt: skip
        causes: list[HangupCause] = []
        for name in NAMED:
            there = trunk(0, host=name, name_servers=(server,), transport=Transport.TLS, ca_file=str(proxy.authority))
            async with dialer(tmp_path, there) as calls:
                leg = await calls.dial(f"1-{len(causes)}", NUMBER, ring_seconds=60)
                causes.append((await hung_up(leg)).cause)
        assert causes == [HangupCause.OWN_LINE, HangupCause.BUSY]
    assert "the certificate of carrier.example at 127.0.0.1" in caplog.text and "Hostname mismatch" in caplog.text


NAMED = ("carrier.example", "localhost")  # the certificate names the second
