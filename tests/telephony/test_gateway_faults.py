"""What a far end can do wrong: every fault ends its call once, says so in one line, and harms no other call."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from telephony.errors import CallExists, GatewayUnavailable, TelephonyError
from telephony.gateway import Gateway
from telephony.legs import Answered, AudioIn, HangupCause, HungUp, Leg
from telephony.recording import RecordingStore
from tests.telephony.farend import KEY, WAIT, Call, FarEnd, far_end, hung_up, running_gateway, until
from tests.telephony.sounds import line, sine


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway(tmp_path, write_bytes=4000) as running:
        yield running


@pytest.fixture
async def far(gateway: Gateway) -> AsyncIterator[FarEnd]:
    async with far_end(gateway) as connected:
        yield connected


async def answered(gateway: Gateway, far: FarEnd, call: str = "12-1") -> tuple[Leg, Call]:
    leg = await gateway.dial(call, "13800000000", ring_seconds=60)
    media = await far.take()
    await media.say("answered")
    await until(leg, Answered)
    return leg, media


async def still_works(gateway: Gateway, far: FarEnd) -> None:
    """A good call goes through."""
    leg, media = await answered(gateway, far, "good-1")
    await media.speak(line(sine(500, 100)))
    await until(leg, AudioIn)
    await leg.hang_up()


async def flood(call: Call) -> None:
    for _ in range(3000):
        await call.media.send(bytes(160))


FAULTS: dict[str, Callable[[Call], Awaitable[None]]] = {
    "disconnects": lambda call: call.media.close(),
    "vanishes": lambda call: asyncio.to_thread(call.media.transport.abort),
    "text garbage": lambda call: call.media.send("hello?"),
    "unknown event": lambda call: call.say("sing"),
    "text that is no UTF-8": lambda call: call.media.send(b"\xff\xfe", text=True),
    "a second start": lambda call: call.say("start", format="slin"),
    "odd-sized audio": lambda call: call.media.send(bytes(161)),
    "audio of another format": lambda call: call.media.send(bytes(320)),
    "empty audio": lambda call: call.media.send(b""),
    "a huge frame": lambda call: call.media.send(bytes(2_000_000)),
    "a huge text": lambda call: call.media.send("x" * 2_000_000),
    "endless fragments": lambda call: call.media.send([bytes(100)] * 100),
    "a flood of audio": flood,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_in_mid_call_ends_it_once_and_says_so_once(
    gateway: Gateway, far: FarEnd, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    leg, media = await answered(gateway, far)
    with caplog.at_level(logging.INFO, "telephony"):
        try:
            await FAULTS[fault](media)
        except ConnectionClosed:
            pass
        end = await hung_up(leg)
    assert end.cause is HangupCause.OWN_LINE
    assert [event async for event in leg.events()] == []
    (record,) = [record for record in caplog.records if "12-1" in record.getMessage()]
    assert record.levelno == logging.WARNING and "own line failed" in record.getMessage()
    assert "13800000000" not in caplog.text
    assert RecordingStore(tmp_path, KEY).find("12-1") is not None
    await still_works(gateway, far)


async def test_a_far_end_that_does_not_read_is_ended(gateway: Gateway, far: FarEnd) -> None:
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
    call = (await far.dialled())["call"]
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    deaf.connect(("127.0.0.1", gateway.port))
    async with connect(f"ws://127.0.0.1/media/{call}", sock=deaf, max_queue=1, compression=None) as media:
        await media.send('{"event":"start","format":"slin"}')
        await media.send('{"event":"answered"}')
        assert (await hung_up(leg)).cause is HangupCause.OWN_LINE
        media.transport.abort()
    await still_works(gateway, far)


async def test_without_an_exchange_no_call_is_the_clients_fault(gateway: Gateway, tmp_path: Path) -> None:
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
    assert await hung_up(leg) == HungUp(HangupCause.OWN_LINE, None, None, 0)
    assert RecordingStore(tmp_path, KEY).find("12-1") is None


async def test_media_that_never_opens(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, media_seconds=0.2) as gateway, far_end(gateway) as far:
        leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
        call = (await far.dialled())["call"]
        assert (await hung_up(leg)).cause is HangupCause.OWN_LINE
        with pytest.raises(InvalidStatus, match="404"):  # too late
            await far.media(call)


async def test_ringing_is_bounded(gateway: Gateway, far: FarEnd) -> None:
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=2.0)
    media = await far.take()
    await media.say("ringing")
    assert (await hung_up(leg)).cause is HangupCause.TIMED_OUT
    await media.closed.wait()
    assert media.commands == [{"command": "hangup"}]


async def test_a_lost_trunk_ends_its_calls_and_no_others(gateway: Gateway, far: FarEnd) -> None:
    async with far_end(gateway) as other:
        first, _ = await answered(gateway, far, "1-1")
        second, media = await answered(gateway, other, "1-2")
        await far.control.close()
        assert (await hung_up(first)).cause is HangupCause.OWN_LINE
        await media.speak(line(sine(500, 100)))
        await until(second, AudioIn)
        assert gateway.trunks == 1
        await second.hang_up()


@pytest.mark.parametrize("message", ["hello?", b"audio", json.dumps({"event": "answered"}), "x" * 5000])
async def test_a_trunk_that_talks_nonsense_is_dropped(gateway: Gateway, far: FarEnd, message: str | bytes) -> None:
    leg, _ = await answered(gateway, far)
    await far.control.send(message)
    assert (await hung_up(leg)).cause is HangupCause.OWN_LINE
    async with far_end(gateway) as other:
        await still_works(gateway, other)


async def test_a_trunk_cannot_reject_the_call_of_another(gateway: Gateway, far: FarEnd) -> None:
    async with far_end(gateway) as other:
        leg, media = await answered(gateway, far, "1-1")
        await other.control.send('{"event":"rejected","call":"1-1"}')
        await other.control.send('{"event":"rejected","call":"no-such-call"}')
        await media.hear(0.1)
        await media.say("hangup")
        assert (await hung_up(leg)).cause is HangupCause.NORMAL


async def test_who_has_no_business_here_is_refused(gateway: Gateway, far: FarEnd) -> None:
    leg, _ = await answered(gateway, far)
    base = f"ws://127.0.0.1:{gateway.port}"
    for path, origin, status in [
        ("/", None, 404),
        ("/media/", None, 404),
        ("/media/no-such-call", None, 404),
        ("/media/12-1", None, 409),
        ("/exchange", "http://evil.example", 403),
    ]:
        with pytest.raises(InvalidStatus, match=str(status)):
            await connect(base + path, origin=origin)  # type: ignore[arg-type]
    await leg.hang_up()


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x00\xff" * 500, b"GET " + b"a" * 20_000, b""])
async def test_what_is_no_websocket_is_closed(gateway: Gateway, far: FarEnd, data: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(data)
    async with asyncio.timeout(WAIT):
        try:
            await reader.read()
        except ConnectionError:
            pass
    writer.close()
    await still_works(gateway, far)


async def test_a_call_that_cannot_be_recorded_ends(gateway: Gateway, far: FarEnd, tmp_path: Path) -> None:
    RecordingStore(tmp_path, KEY).open("12-1").seal()
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
    media = await far.take()
    await media.say("answered")
    assert (await hung_up(leg)).cause is HangupCause.OWN_LINE


async def test_dialling_what_cannot_be_dialled(gateway: Gateway, far: FarEnd) -> None:
    for call, number in [("../x", "138"), ("", "138"), ("1-1", ""), ("1-1", "138 0000"), ("1-1", "0" * 40)]:
        with pytest.raises(TelephonyError):
            await gateway.dial(call, number, ring_seconds=1)
    leg, _ = await answered(gateway, far)
    with pytest.raises(CallExists, match="12-1"):
        await gateway.dial("12-1", "138", ring_seconds=1)
    await leg.hang_up()


async def test_a_port_in_use_names_port_and_remedy(gateway: Gateway, tmp_path: Path) -> None:
    second = Gateway("127.0.0.1", gateway.port, RecordingStore(tmp_path, KEY))
    with pytest.raises(GatewayUnavailable, match=rf"{gateway.port}.*HUIFANG_GATEWAY_PORT"):
        await second.start()
    with pytest.raises(GatewayUnavailable, match="not running"):
        await second.dial("1-1", "138", ring_seconds=1)
    await second.close()


async def test_waiting_for_a_trunk_is_bounded(gateway: Gateway) -> None:
    with pytest.raises(GatewayUnavailable, match="/exchange.*point the PBX there"):
        await gateway.wait_for_trunk(0.05)


async def test_calls_of_a_closed_event_loop_end(gateway: Gateway, far: FarEnd, tmp_path: Path) -> None:
    async def dial_and_leave() -> None:
        leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
        await until(leg, Answered)

    leaving = asyncio.create_task(asyncio.to_thread(asyncio.run, dial_and_leave()))
    media = await far.take()
    await media.say("answered")
    await leaving
    async with asyncio.timeout(WAIT):
        await media.closed.wait()
    assert media.commands == [{"command": "hangup"}]
    await still_works(gateway, far)


async def test_closing_ends_calls_and_seals(tmp_path: Path) -> None:
    async with running_gateway(tmp_path) as gateway, far_end(gateway) as far:
        leg, media = await answered(gateway, far)
        await media.hear(0.2)
        await gateway.close()
        assert (await hung_up(leg)).cause is HangupCause.LOCAL
        sealed = RecordingStore(tmp_path, KEY).find("12-1")
        assert sealed is not None and sealed.duration_ms >= 200
        await leg.hang_up()
        await media.closed.wait()
