"""What a trunk, a far end or a stranger can do wrong: no crash, no stuck call, one outcome, one line that says so."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from telephony.errors import CallExists, NotNow, TelephonyError, TrunkUnavailable
from telephony.legs import Answered, AudioIn, HangupCause, Played
from telephony.recording import RecordingStore
from telephony.rtp.packet import Packet
from telephony.sip.dialer import SipDialer
from telephony.sip.hop import Transport
from tests.ports import free_port
from tests.telephony.farend import KEY, WAIT, hung_up, until
from tests.telephony.sip.house import NUMBER, dialer, recorded, trunk
from tests.telephony.sip.sipp import answer, described, expect, goodbye, sipp
from tests.telephony.sounds import line, sine

PICKED_UP = expect("INVITE") + answer(200, sdp=described(), again=True) + expect("ACK")


def own_line(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "own line failed" in record.getMessage()]


@pytest.mark.parametrize(
    "body",
    [
        described(formats="18"),
        described().replace("m=audio {port}", "m=audio 0").replace("m=audio [media_port]", "m=audio 0"),
        "v=0\nhello",
        "",
    ],
    ids=["another codec", "refused stream", "no description", "nothing"],
)
async def test_an_answer_without_a_codec_is_our_own_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    steps = (expect("INVITE"), answer(200, sdp=body, again=True), expect("ACK"), goodbye())
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        ended = await hung_up(leg)
        assert (ended.cause, ended.sip_status) == (HangupCause.OWN_LINE, None)
        await far.finished()
    assert len(own_line(caplog)) == 1 and NUMBER not in caplog.text


async def test_garbage_on_all_ports_does_not_disturb_a_call(tmp_path: Path) -> None:
    dice = random.Random(4)
    async with sipp(tmp_path, PICKED_UP, goodbye()) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        invite = far.received("INVITE")[0]
        signalling = int(invite.split("Via: SIP/2.0/UDP 127.0.0.1:")[1].split(";")[0])
        audio = int(invite.split("m=audio ")[1].split(" ")[0])
        leg.play(line(sine(500, 1000)), "prompt")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.2", 0))
            for port in (signalling, audio, audio + 1):
                for size in (0, 1, 11, 12, 200, 1400, 3000, 60_000):
                    stranger.sendto(dice.randbytes(size), ("127.0.0.1", port))
            for number in range(100):
                noise = Packet(8, number, 160 * number, 77, dice.randbytes(160))
                stranger.sendto(noise.serialise(), ("127.0.0.1", audio))
        played = (await until(leg, Played))[-1]
        assert isinstance(played, Played) and played.complete
        await until(leg, AudioIn)
        quality = await leg.quality()
        assert quality is not None and quality.strangers >= 100 and quality.lost == 0
        await leg.hang_up()
        await far.finished()
    left = np.frombuffer(recorded(tmp_path).read_pcm("1-1"), "<i2").reshape(-1, 2)[:, 0].astype(int)
    tone = left[np.flatnonzero(np.abs(left) > 4000)[0] :][:6400]
    assert np.argmax(np.abs(np.fft.rfft(tone))) * 8000 / len(tone) == pytest.approx(500, abs=10)


async def test_a_flood_of_audio_is_our_own_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with sipp(tmp_path, PICKED_UP, goodbye(), echo=False) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        audio = int(far.received("INVITE")[0].split("m=audio ")[1].split(" ")[0])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flooding:
            for number in range(3000):
                flooding.sendto(Packet(8, number, 160 * number, 7, bytes(160)).serialise(), ("127.0.0.1", audio))
                if number % 100 == 0:
                    await asyncio.sleep(0.005)
        assert (await hung_up(leg)).cause is HangupCause.OWN_LINE
        await far.finished()
    assert len(own_line(caplog)) == 1


async def test_a_connection_that_breaks_in_mid_call_and_one_that_is_refused(tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, PICKED_UP, goodbye(), transport="t1") as far,
        dialer(tmp_path, trunk(far.port, transport=Transport.TCP)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        far.process.kill()
        await far.process.wait()
        again = await calls.dial("1-2", NUMBER, ring_seconds=60)
        assert (await hung_up(again)).cause is HangupCause.OWN_LINE
        await leg.hang_up()
        assert (await hung_up(leg)).cause is HangupCause.LOCAL


async def test_what_is_refused_before_dialling(tmp_path: Path) -> None:
    async with dialer(tmp_path, trunk(free_port())) as calls:
        for call, number in (("../1", NUMBER), ("1-1", "138x"), ("1-1", "")):
            with pytest.raises(TelephonyError):
                await calls.dial(call, number, ring_seconds=1)
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        with pytest.raises(CallExists):
            await calls.dial("1-1", NUMBER, ring_seconds=1)
        await leg.hang_up()
    with pytest.raises(TrunkUnavailable):
        await calls.dial("1-2", NUMBER, ring_seconds=1)
    with pytest.raises(NotNow, match="closed"):
        await leg.transfer("sip:8001@127.0.0.1")


async def test_ports_and_names_that_cannot_be_had(tmp_path: Path) -> None:
    store = RecordingStore(tmp_path, KEY)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TrunkUnavailable, match="choose another local port"):
            await SipDialer((trunk(5060, local_port=taken.getsockname()[1]),), store).start()
    with pytest.raises(TrunkUnavailable, match="check its host name"):
        await SipDialer((trunk(5060, host="no.such.host.invalid"),), store).start()
    with pytest.raises(TrunkUnavailable, match="no trunk"):
        await SipDialer((), store).start()
    with pytest.raises(TrunkUnavailable, match="authorities"):
        await SipDialer((trunk(5060, transport=Transport.TLS, ca_file="/none.pem"),), store).start()


async def test_closing_the_dialer_ends_its_calls(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with sipp(tmp_path, PICKED_UP, goodbye()) as far:
        async with dialer(tmp_path, trunk(far.port)) as calls:
            leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
            await until(leg, Answered)
        assert (await hung_up(leg)).cause is HangupCause.LOCAL
        await far.finished()
    recorded(tmp_path).verify("1-1")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


VICTIM = """
import asyncio, sys
from pathlib import Path
from telephony.recording import RecordingStore
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk import Trunk
from tests.ports import free_port

async def main():
    trunk = Trunk("t", "127.0.0.1", int(sys.argv[2]), number="95500")
    async with SipDialer((trunk,), RecordingStore(Path(sys.argv[1]), bytes(range(32)))) as dialer:
        leg = await dialer.dial("12-1", "13800000000", ring_seconds=60)
        leg.play(b"\\x10\\x20" * 8000 * 60, "long")
        async for event in leg.events():
            print(event.at_ms, flush=True)

asyncio.run(main())
"""


async def test_kill_9_in_mid_call_loses_a_second_at_most(tmp_path: Path) -> None:
    async with sipp(tmp_path, PICKED_UP, goodbye()) as far:
        victim = await asyncio.create_subprocess_exec(
            sys.executable, "-c", VICTIM, str(tmp_path / "recordings"), str(far.port), stdout=asyncio.subprocess.PIPE
        )
        assert victim.stdout is not None
        heard_ms = 0
        async with asyncio.timeout(2 * WAIT):
            while heard_ms < 2200:
                heard_ms = int(await victim.stdout.readline())
        victim.send_signal(signal.SIGKILL)
        await victim.communicate()
    store = RecordingStore(tmp_path / "recordings", KEY)
    (sealed,) = store.recover()
    assert sealed.duration_ms >= heard_ms - 1000
    store.verify("12-1")


async def test_mu_law_alone_will_do(tmp_path: Path) -> None:
    steps = (expect("INVITE"), answer(200, sdp=described(formats="0"), again=True), expect("ACK"), goodbye())
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        leg.play(line(sine(500, 500)), "prompt")
        await until(leg, Played)
        await until(leg, AudioIn)
        await leg.hang_up()
        await far.finished()
    left, right = np.frombuffer(recorded(tmp_path).read_pcm("1-1"), "<i2").reshape(-1, 2).astype(int).T
    assert np.abs(left).max() == pytest.approx(np.abs(right).max(), rel=0.1)
