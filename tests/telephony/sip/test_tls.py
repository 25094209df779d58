"""TLS both ways: the trunk opens connections to us too, and what is wrong with a certificate is said."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from contextlib import aclosing
from pathlib import Path

import pytest

from telephony.errors import TrunkUnavailable
from telephony.legs import Answered, HangupCause
from telephony.sip.hop import Transport
from telephony.sip.tcp import security_of
from tests.ports import free_port
from tests.telephony.farend import WAIT, hung_up, until
from tests.telephony.sip.house import NUMBER, dialer, trunk
from tests.telephony.sip.kamailio import kamailio, make_certificate


async def test_a_call_comes_on_a_connection_of_the_trunk(tmp_path: Path) -> None:
    (tmp_path / "phone").mkdir()
    port = free_port()
    async with kamailio(tmp_path, next_port=port, next_transport="tls", asks=False, tls=True) as proxy:
        secure = trunk(
            proxy.tls_port, host="localhost", transport=Transport.TLS, local_port=port, ping_seconds=0,
            ca_file=str(proxy.authority), certificate_file=str(proxy.authority), key_file=f"{proxy.authority}.key",
        )  # fmt: skip
        async with (
            dialer(tmp_path / "phone", secure) as phone,
            dialer(tmp_path, trunk(proxy.port)) as calls,
            aclosing(phone.incoming()) as incoming,
        ):
            coming = asyncio.ensure_future(anext(incoming))
            leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
            far = await phone.accept(await asyncio.wait_for(coming, WAIT), "2-1")
            await until(leg, Answered)
            await far.hang_up()
            assert (await hung_up(leg)).cause is HangupCause.NORMAL


@pytest.mark.parametrize("shown", [False, True])
async def test_who_comes_without_tls_or_to_a_port_without_a_certificate_is_not_taken(
    tmp_path: Path, shown: bool
) -> None:
    port = free_port()
    certificate = tmp_path / "cert.pem"
    make_certificate(certificate)
    ours = {"certificate_file": str(certificate), "key_file": f"{certificate}.key"} if shown else {}
    async with dialer(tmp_path, trunk(free_port(), transport=Transport.TLS, local_port=port, **ours)):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"OPTIONS sip:a@127.0.0.1 SIP/2.0\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), WAIT) == b""
        writer.close()


def test_a_certificate_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("nothing")
    with pytest.raises(TrunkUnavailable, match="cannot use our certificate .*cert.pem with the key"):
        security_of("", str(tmp_path / "cert.pem"), str(tmp_path / "cert.pem"))
    assert security_of("").ours.verify_mode is ssl.CERT_REQUIRED
