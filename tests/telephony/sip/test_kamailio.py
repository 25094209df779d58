"""Through Kamailio: registration with digest, calls over its recorded route by every transport, a line that loses."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from telephony.legs import Answered, AudioIn, HangupCause, HungUp, Leg, Played
from telephony.sip.alarms import Intervals
from telephony.sip.dialer import SipDialer
from telephony.sip.hop import Transport
from telephony.sip.registration import Standing
from telephony.sip.trunk import Trunk
from tests.telephony.farend import WAIT, hung_up, until
from tests.telephony.sip.house import dialer, recorded, trunk
from tests.telephony.sip.kamailio import PASSWORD, Kamailio, kamailio
from tests.telephony.sip.sipp import answer, described, expect, goodbye, sipp
from tests.telephony.sounds import line, sine


def trunk_of(proxy: Kamailio, transport: Transport = Transport.UDP, **settings: Any) -> Trunk:
    port = proxy.tls_port if transport is Transport.TLS else proxy.port
    host = "localhost" if transport is Transport.TLS else "127.0.0.1"  # as the certificate names it
    ca_file = str(proxy.authority) if transport is Transport.TLS else ""
    return trunk(port, host=host, transport=transport, ca_file=ca_file, password=PASSWORD, **settings)


async def stands(calls: SipDialer, name: str, standing: Standing) -> None:
    async with asyncio.timeout(WAIT):
        while calls.standings()[name] is not standing:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("transport", Transport)
async def test_a_call_goes_through_the_proxy_to_a_registered_phone(tmp_path: Path, transport: Transport) -> None:
    (tmp_path / "phone").mkdir()
    async with (
        kamailio(tmp_path, tls=True) as proxy,
        dialer(tmp_path / "phone", trunk_of(proxy, transport, user="1001", registers=True)) as phone,
        dialer(tmp_path, trunk_of(proxy, transport, user="huifang")) as calls,
        aclosing(phone.incoming()) as incoming,
    ):
        await stands(phone, "test", Standing.REGISTERED)
        coming = asyncio.ensure_future(anext(incoming))
        leg = await calls.dial("1-1", "1001", ring_seconds=60)
        ringing = await asyncio.wait_for(coming, WAIT)
        assert ringing.caller == "95500"
        far = await phone.accept(ringing, "2-1")
        await until(leg, Answered)
        await until(far, Answered)
        leg.play(line(sine(500, 800)), "ours")
        far.play(line(sine(700, 800)), "theirs")
        await asyncio.gather(until(leg, Played), until(far, Played))
        await asyncio.gather(until(leg, AudioIn), until(far, AudioIn))
        await far.hang_up()
        assert (await hung_up(leg)).cause is HangupCause.NORMAL
    samples = np.frombuffer(recorded(tmp_path).read_pcm("1-1"), "<i2").reshape(-1, 2).astype(int)
    assert loudest(samples[:, 0]) == pytest.approx(700, abs=20) and loudest(samples[:, 1]) == pytest.approx(500, abs=20)


def loudest(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum) * 8000 / len(samples))


async def test_a_certificate_that_nobody_vouches_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with kamailio(tmp_path, tls=True) as proxy:
        alone = trunk(proxy.tls_port, host="localhost", transport=Transport.TLS)
        async with dialer(tmp_path, alone) as calls:
            leg = await calls.dial("1-1", "1001", ring_seconds=60)
            assert (await hung_up(leg)).cause is HangupCause.OWN_LINE
    assert "the certificate of localhost at 127.0.0.1" in caplog.text and "name its authority in ca_file" in caplog.text


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_registration_is_asked_for_and_given(tmp_path: Path, algorithm: str) -> None:
    async with (
        kamailio(tmp_path, algorithm=algorithm) as proxy,
        dialer(tmp_path, trunk_of(proxy, user="1001", registers=True)) as calls,
    ):
        await stands(calls, "test", Standing.REGISTERED)


async def test_a_wrong_password_is_refused_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with (
        kamailio(tmp_path) as proxy,
        dialer(tmp_path, trunk(proxy.port, user="1001", password="falsch", registers=True)) as calls,
    ):
        await stands(calls, "test", Standing.REFUSED)
    assert "trunk test: registration refused (401)" in caplog.text


async def outcome(leg: Leg) -> HangupCause:
    """Answered calls are ended by us when they have spoken a little; whatever comes, there is one end."""
    causes = []
    async with asyncio.timeout(120):
        async for event in leg.events():
            if isinstance(event, AudioIn) and event.at_ms > 300:
                await leg.hang_up()
            if isinstance(event, HungUp):
                causes.append(event.cause)
    assert len(causes) == 1
    return causes[0]


async def test_on_a_line_that_loses_a_quarter_every_call_has_one_outcome(tmp_path: Path) -> None:
    steps = (expect("INVITE"), answer(180), answer(200, sdp=described(), again=True), expect("ACK"), goodbye())
    number = 30
    async with (
        sipp(tmp_path, *steps, calls=1000) as far,
        kamailio(tmp_path, next_port=far.port, loss=25, asks=False) as proxy,
        dialer(tmp_path, trunk(proxy.port, calls_per_second=100), intervals=Intervals(t1=0.1, t2=0.5)) as calls,
    ):
        legs = [await calls.dial(f"1-{n}", "13800000000", ring_seconds=30) for n in range(number)]
        outcomes = Counter(await asyncio.gather(*(outcome(leg) for leg in legs)))
    assert sum(outcomes.values()) == number
    assert outcomes[HangupCause.LOCAL] > number / 2  # most get through
