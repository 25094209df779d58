"""SIP calls against SIPp: set up and torn down per second, answered at once with recording, memory each."""

from __future__ import annotations

import argparse
import asyncio
import gc
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.machine import resident_mib
from installation import SWITCH_SECONDS
from speech.voice import Pyttsx3Voice
from telephony.legs import Answered, HangupCause, HungUp, Leg
from telephony.recording import RecordingStore
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk import Trunk

STEPS = (50, 100, 150, 200, 250, 300)
LATE_P99_MS = 20.0
SETUPS = 300  # calls whose setting up is timed
HOLD_SECONDS = 10.0
NUMBER = "13800000000"
_HEAD = (
    "[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n[last_CSeq:]\nContact: <sip:[local_ip]:[local_port]>"
)
_SDP = "v=0\no=- 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 8"
_OK = (
    f"SIP/2.0 200 OK\n{_HEAD.format(tag=';tag=far[call_number]')}\nContent-Type: application/sdp\n"
    f"Content-Length: [len]\n\n{_SDP}"
)
SCENARIO = f"""<?xml version="1.0" encoding="ISO-8859-1" ?><!DOCTYPE scenario SYSTEM "sipp.dtd"><scenario>
<recv request="INVITE"/><send retrans="500"><![CDATA[

{_OK}

]]></send><recv request="ACK"/><recv request="BYE"/><send><![CDATA[

SIP/2.0 200 OK
{_HEAD.format(tag="")}
Content-Length: 0

]]></send></scenario>"""


async def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Go up until frames leave too late; `core_share` is what the dialer's process takes of one core."""
    sys.setswitchinterval(SWITCH_SECONDS)
    speech = Pyttsx3Voice().speak("您好，这里是华夏安信证券客户服务中心，请问您是本人吗？")
    with tempfile.TemporaryDirectory() as folder:
        async with _far_end(Path(folder)) as port:
            setting_up = await _set_up(Path(folder) / "setup", port)
            await _hold(Path(folder) / "warm", port, 10, speech)
            rounds = []
            for calls in chosen.calls or STEPS:
                rounds.append(await _hold(Path(folder) / str(calls), port, calls, speech))
                if rounds[-1]["frames_late_p99_ms"] > LATE_P99_MS or rounds[-1]["answered"] < calls:
                    break
    good = [each["calls"] for each in rounds if each["frames_late_p99_ms"] <= LATE_P99_MS]
    return {**setting_up, "answered_at_once": max(good, default=0), "rounds": rounds}


async def _set_up(folder: Path, port: int) -> dict[str, float]:
    async with _dialer(folder, port) as dialer:
        started = time.monotonic()
        causes = await asyncio.gather(*(_answer_and_leave(dialer, number) for number in range(SETUPS)))
        seconds = time.monotonic() - started
    good = sum(cause is HangupCause.LOCAL for cause in causes)
    return {"set_up_and_torn_down_per_second": round(good / seconds, 1)}


async def _answer_and_leave(dialer: SipDialer, number: int) -> HangupCause:
    leg = await dialer.dial(f"setup-{number}", NUMBER, ring_seconds=60)
    async for event in leg.events():
        if isinstance(event, Answered):
            await leg.hang_up()
        if isinstance(event, HungUp):
            return event.cause
    raise AssertionError("a leg ended without HungUp")


async def _hold(folder: Path, port: int, calls: int, speech: bytes) -> dict[str, Any]:
    gc.collect()
    before_mib = resident_mib()
    async with _dialer(folder, port) as dialer:
        legs = [await dialer.dial(f"hold-{number}", NUMBER, ring_seconds=60) for number in range(calls)]
        answered = [asyncio.Event() for _ in legs]
        readers = [asyncio.create_task(_talk(leg, event, speech)) for leg, event in zip(legs, answered, strict=True)]
        await asyncio.wait([asyncio.ensure_future(event.wait()) for event in answered], timeout=60)
        dialer.lateness(reset=True)
        cpu, wall = time.process_time(), time.monotonic()
        await asyncio.sleep(HOLD_SECONDS)
        late, seconds = dialer.lateness(), time.monotonic() - wall
        busy, grown_mib = time.process_time() - cpu, resident_mib() - before_mib
        qualities = [quality for leg in legs if (quality := await leg.quality()) is not None]
        await asyncio.gather(*(leg.hang_up() for leg in legs))
        await asyncio.gather(*readers)
    return {
        "calls": calls, "answered": sum(event.is_set() for event in answered),
        "core_share": round(busy / seconds, 2),
        "frames_late_p50_ms": late.p50_ms, "frames_late_p99_ms": late.p99_ms, "frames_late_max_ms": late.max_ms,
        "mib_per_call": round(grown_mib / calls, 2),
        "packets_lost": sum(max(0, quality.lost) for quality in qualities),
    }  # fmt: skip


async def _talk(leg: Leg, answered: asyncio.Event, speech: bytes) -> None:
    """A conversation that hears everything and always has something to say."""
    async for event in leg.events():
        if isinstance(event, Answered):
            answered.set()
            for index in range(8):
                leg.play(speech, str(index))


@asynccontextmanager
async def _dialer(folder: Path, port: int) -> AsyncIterator[SipDialer]:
    trunk = Trunk("bench", "127.0.0.1", port, number="95500", calls=1000, calls_per_second=1000, ping_seconds=0)
    async with SipDialer((trunk,), RecordingStore(folder, bytes(32))) as dialer:
        yield dialer


@asynccontextmanager
async def _far_end(folder: Path) -> AsyncIterator[int]:
    """SIPp, which answers every call and sends its audio back."""
    (folder / "far.xml").write_text(SCENARIO)
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        "sipp", "-sf", str(folder / "far.xml"), "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(port), "-mp", "41000",
        "-rtp_echo", "-nostdin", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    try:
        await asyncio.sleep(1.0)
        yield port
    finally:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
