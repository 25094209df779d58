"""Calls that come to us, from SIPp: answered with audio, refused, taken back."""

from __future__ import annotations

import asyncio
import socket
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from telephony.legs import Answered, AudioIn, HangupCause, Played
from telephony.sip.reception import IncomingCall
from tests.ports import free_port
from tests.telephony.farend import WAIT, hung_up, until
from tests.telephony.sip.house import dialer, recorded, trunk
from tests.telephony.sip.sipp import caller, described, expect_answer, pause, sipp
from tests.telephony.sounds import line, sine

INVITE = caller("INVITE", "1 INVITE", sdp=described())
ACK = caller("ACK", "1 ACK", peer="[peer_tag_param]")
BYE = caller("BYE", "2 BYE", peer="[peer_tag_param]", again=True)
RINGS = expect_answer(180)


async def test_a_client_calls_back_and_is_heard(tmp_path: Path) -> None:
    port = free_port()
    steps = (INVITE, RINGS, expect_answer(200, attributes='rtd="true"'), ACK, pause(1500), BYE, expect_answer(200))
    async with dialer(tmp_path, trunk(5060, local_port=port)) as calls, aclosing(calls.incoming()) as incoming:
        coming = asyncio.ensure_future(anext(incoming))
        await asyncio.sleep(0)
        async with sipp(tmp_path, *steps, target=port) as far:
            ringing: IncomingCall = await asyncio.wait_for(coming, WAIT)
            assert (ringing.caller, ringing.called) == ("13800000000", "95500")
            leg = await calls.accept(ringing, "back-1")
            await until(leg, Answered)
            leg.play(line(sine(600, 600)), "hello")
            await until(leg, Played)
            await until(leg, AudioIn)
            assert (await hung_up(leg)).cause is HangupCause.NORMAL
            await far.finished()
    samples = np.frombuffer(recorded(tmp_path).read_pcm("back-1"), "<i2").reshape(-1, 2).astype(int)
    assert np.abs(samples).max(axis=0).min() > 4000  # both channels: SIPp sends back what it hears


async def test_a_call_is_refused_and_one_is_taken_back(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "second").mkdir()
    refused = (INVITE, RINGS, expect_answer(486), ACK)
    cancelled = (
        INVITE, RINGS, pause(1000), caller("CANCEL", "1 CANCEL", steps_back=3),
        expect_answer(200), expect_answer(487), ACK,
    )  # fmt: skip
    async with dialer(tmp_path, trunk(5060, local_port=port)) as calls, aclosing(calls.incoming()) as incoming:
        coming = asyncio.ensure_future(anext(incoming))
        await asyncio.sleep(0)
        async with sipp(tmp_path, *refused, target=port) as far:
            (await asyncio.wait_for(coming, WAIT)).refuse()
            await far.finished()
        coming = asyncio.ensure_future(anext(incoming))
        async with sipp(tmp_path / "second", *cancelled, target=port) as far:
            ringing = await asyncio.wait_for(coming, WAIT)
            await far.finished()
            leg = await calls.accept(ringing, "back-1")
            assert (await hung_up(leg)).cause is HangupCause.NO_ANSWER  # nobody answered in time: nobody's fault


async def test_nobody_waits_for_calls(tmp_path: Path) -> None:
    port = free_port()
    async with dialer(tmp_path, trunk(5060, local_port=port)):
        async with sipp(tmp_path, INVITE, expect_answer(480), ACK, target=port) as far:
            await far.finished()


async def test_signs_of_life_are_given(tmp_path: Path) -> None:
    port = free_port()
    async with dialer(tmp_path, trunk(5060, local_port=port)):
        async with sipp(tmp_path, caller("OPTIONS", "1 OPTIONS"), expect_answer(200), target=port) as far:
            await far.finished()


async def test_only_the_trunk_may_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    invite = (
        "INVITE sip:95500@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2;rport;branch=z9hG4bKscan\r\n"
        "From: <sip:100@127.0.0.2>;tag=1\r\nTo: <sip:95500@127.0.0.1>\r\nCall-ID: scan\r\nCSeq: 1 INVITE\r\n"
        "Contact: <sip:100@127.0.0.2>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    loop = asyncio.get_running_loop()
    async with dialer(tmp_path, trunk(5060, local_port=port)) as calls, aclosing(calls.incoming()) as incoming:
        coming = asyncio.ensure_future(anext(incoming))
        await asyncio.sleep(0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as scanner:
            scanner.setblocking(False)
            scanner.bind(("127.0.0.2", 0))
            scanner.sendto(invite.encode(), ("127.0.0.1", port))
            answered = await asyncio.wait_for(loop.sock_recv(scanner, 2000), WAIT)
        assert answered.startswith(b"SIP/2.0 403 ") and not coming.done()
        coming.cancel()
        await asyncio.wait([coming])
    assert "that is not the trunk" in caplog.text
