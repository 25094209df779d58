"""Kamailio as the trunk: a registrar that asks for credentials, a proxy that records its route and loses messages."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.telephony.farend import WAIT

PASSWORD = "geheim"
MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules/"
CONFIG = """
debug=0
log_stderror=yes
children=2
tcp_children=2
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
enable_tls={tls}
tcp_accept_aliases=yes
{tls_listen}
mpath="{modules}"
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "cfgutils.so"
{tls_module}
{relay_module}
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", {keeps_seconds})
modparam("auth", "nonce_expire", {nonce_seconds})
modparam("auth", "algorithm", "{algorithm}")
modparam("cfgutils", "initial_probability", {loss})

request_route {{
    if (rand_event()) {{ exit; }}
    if (has_totag()) {{
        if (loose_route()) {{
            {relay_ends}
            t_relay();
            exit;
        }}
        if (is_method("ACK") && t_check_trans()) {{ t_relay(); }}
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) {{ t_relay(); }}
        exit;
    }}
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
    t_check_trans();
    if (is_method("REGISTER|INVITE") && {asks}) {{
        if (!pv_auth_check("127.0.0.1", "{password}", "0", "0")) {{ auth_challenge("127.0.0.1", "17"); exit; }}
        consume_credentials();
    }}
    if (is_method("REGISTER")) {{
        if ({briefest_seconds} > 0 && $(hdr(Expires){{s.int}}) < {briefest_seconds} && $(hdr(Expires){{s.int}}) > 0) {{
            append_to_reply("Min-Expires: {briefest_seconds}\r\n");
            sl_send_reply("423", "Interval Too Brief");
            exit;
        }}
        save("location");
        exit;
    }}
    record_route();
    if ($rU =~ "^1001$") {{
        if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
    }} else {{
        $du = "sip:127.0.0.1:{next_port};transport={next_transport}";
    }}
    {relay_offers}
    t_relay();
}}

reply_route {{
    if (rand_event()) {{ drop; }}
    {relay_answers}
}}

onsend_route {{
    if (rand_event()) {{ drop; }}
}}
"""
TLS = """
loadmodule "tls.so"
modparam("tls", "certificate", "{certificate}")
modparam("tls", "private_key", "{certificate}.key")
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 0)
modparam("tls", "ca_list", "{certificate}")
"""
RELAY = """
loadmodule "rtpengine.so"
modparam("rtpengine", "rtpengine_sock", "udp:127.0.0.1:{port}")
"""
RELAY_OFFERS = 'rtpengine_offer("replace-origin ICE=remove RTP/AVP");'  # nothing sealed towards the called side
RELAY_ANSWERS = 'if (has_body("application/sdp")) {{ rtpengine_answer("replace-origin ICE=remove"); }}'
RELAY_ENDS = """if (is_method("BYE")) {{ rtpengine_delete(); }}
            if (is_method("INVITE|UPDATE") && has_body("application/sdp")) {{ rtpengine_offer("replace-origin"); }}"""


@dataclass(frozen=True, slots=True)
class Kamailio:
    """A running proxy: its port for UDP and TCP, and the one for TLS with the authority that vouches for it."""

    port: int
    tls_port: int
    authority: Path


@asynccontextmanager
async def kamailio(
    folder: Path, *, next_port: int = 9, next_transport: str = "udp", loss: int = 0, asks: bool = True,
    algorithm: str = "", tls: bool = False, relay_port: int = 0, port: int = 0, keeps_seconds: int = 60,
    nonce_seconds: int = 300, briefest_seconds: int = 0,
) -> AsyncIterator[Kamailio]:  # fmt: skip
    """Run it; `next_port` is where calls go that are not for 1001, `loss` percent of messages are lost each way.

    `relay_port`: where an rtpengine listens, which all audio then goes through. `keeps_seconds`: how long it keeps a
    registration at most, `briefest_seconds` how long at least one must wish for, `nonce_seconds` how long a challenge
    holds.
    """
    port, tls_port, certificate = port or free_port(), free_port(), folder / "cert.pem"
    if tls:
        make_certificate(certificate)
    config = folder / "kamailio.cfg"
    config.write_text(
        CONFIG.format(
            port=port, modules=MODULES, next_port=next_port, next_transport=next_transport,
            loss=loss, asks="1" if asks else "0", algorithm=algorithm,
            password=PASSWORD, tls="yes" if tls else "no", tls_listen=f"listen=tls:127.0.0.1:{tls_port}" if tls else "",
            tls_module=TLS.format(certificate=certificate) if tls else "",
            keeps_seconds=keeps_seconds, nonce_seconds=nonce_seconds, briefest_seconds=briefest_seconds,
            relay_module=RELAY.format(port=relay_port) if relay_port else "",
            relay_offers=RELAY_OFFERS if relay_port else "",
            relay_answers=RELAY_ANSWERS.format() if relay_port else "",
            relay_ends=RELAY_ENDS.format() if relay_port else "",
        )
    )  # fmt: skip
    log = (folder / "kamailio.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        "kamailio", "-f", str(config), "-DD", "-E", "-m", "32", "-M", "4", "-w", str(folder), "-Y", str(folder),
        stdout=asyncio.subprocess.DEVNULL, stderr=log, start_new_session=True,
    )  # fmt: skip
    log.close()
    try:
        await _answers(process, port, folder)
        yield Kamailio(port, tls_port, certificate)
    finally:
        if process.returncode is None:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let it go; one that was told too soon after its start does not hear that."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), 2)
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _answers(process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
    async with asyncio.timeout(WAIT):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                assert process.returncode is None, (folder / "kamailio.log").read_text()[-2000:]
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


def make_certificate(path: Path) -> None:
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{path}.key", "-out", str(path),
            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
