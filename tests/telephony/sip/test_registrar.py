"""Registration as it goes on for days, with Kamailio: challenges that expire, a registrar that restarts, health."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from telephony.legs import Answered, HangupCause
from telephony.sip.dialer import SipDialer
from telephony.sip.hop import Transport
from telephony.sip.registration import Standing
from tests.ports import free_port
from tests.telephony.farend import WAIT, hung_up, until
from tests.telephony.sip.house import NUMBER, dialer, trunk
from tests.telephony.sip.kamailio import PASSWORD, kamailio
from tests.telephony.sip.sipp import answer, expect, sipp
from tests.telephony.sip.test_kamailio import stands


async def logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    async with asyncio.timeout(WAIT):
        while text not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def rings(calls: SipDialer, phone: SipDialer) -> None:
    """A call through the proxy reaches the phone, at once or as soon as it has registered."""
    async with aclosing(phone.incoming()) as incoming:
        coming = asyncio.ensure_future(anext(incoming))
        for number in range(100):
            leg = await calls.dial(f"1-{number}", "1001", ring_seconds=60)
            over = asyncio.ensure_future(leg.ended())
            await asyncio.wait({coming, over}, timeout=WAIT, return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                break
            assert over.result().sip_status == 404
        far = await phone.accept(coming.result(), "2-1")
        await until(leg, Answered)
        await far.hang_up()
        assert (await over).cause is HangupCause.NORMAL


async def test_a_registration_outlives_its_challenges(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "telephony")
    (tmp_path / "phone").mkdir()
    async with (
        kamailio(tmp_path, keeps_seconds=2, nonce_seconds=1) as proxy,
        dialer(
            tmp_path / "phone", trunk(proxy.port, user="1001", password=PASSWORD, registers=True, ping_seconds=0)
        ) as phone,
        dialer(tmp_path, trunk(proxy.port, user="huifang", password=PASSWORD, ping_seconds=0)) as calls,
    ):
        await stands(phone, "test", Standing.REGISTERED)
        await asyncio.sleep(3.2)  # the binding and its challenge have expired unless both were renewed
        await rings(calls, phone)
        assert phone.standings()["test"] is Standing.REGISTERED
    assert "refused" not in caplog.text


async def test_a_registrar_that_wants_longer_intervals_gets_them(tmp_path: Path) -> None:
    async with (
        kamailio(tmp_path, briefest_seconds=900, keeps_seconds=3600) as proxy,
        dialer(tmp_path, trunk(proxy.port, user="1001", password=PASSWORD, registers=True)) as calls,
    ):
        await stands(calls, "test", Standing.REGISTERED)


async def test_calls_leave_a_trunk_that_is_silent_and_return_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "telephony")
    for folder in ("phone", "spare", "proxy"):
        (tmp_path / folder).mkdir()
    port = free_port()
    tcp = {"transport": Transport.TCP, "password": PASSWORD, "ping_seconds": 0.3}
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(AsyncExitStack())
        await first.enter_async_context(kamailio(tmp_path / "proxy", port=port))
        spare = await stack.enter_async_context(
            sipp(tmp_path / "spare", expect("INVITE"), answer(486), expect("ACK"), transport="t1")
        )
        phone = await stack.enter_async_context(
            dialer(tmp_path / "phone", trunk(port, name="phone", user="1001", registers=True, **tcp))
        )
        calls = await stack.enter_async_context(
            dialer(
                tmp_path, trunk(port, name="main", user="huifang", **tcp),
                trunk(spare.port, name="spare", transport=Transport.TCP, ping_seconds=0),
            )
        )  # fmt: skip
        await stands(phone, "phone", Standing.REGISTERED)
        await first.aclose()
        await logged(caplog, "trunk main does not answer")
        leg = await calls.dial("3-1", NUMBER, ring_seconds=60)
        assert (await hung_up(leg)).cause is HangupCause.BUSY  # the spare trunk said so
        await logged(caplog, "trunk phone does not answer")
        caplog.clear()
        await stack.enter_async_context(kamailio(tmp_path / "proxy", port=port))
        await logged(caplog, "trunk main answers again")
        await logged(caplog, "trunk phone answers again")
        await rings(calls, phone)  # registered anew with a registrar that had forgotten it
