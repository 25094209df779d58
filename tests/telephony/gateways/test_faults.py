"""What an exchange can do wrong: one outcome each, "own line failed" in one clear line, and nothing is stuck."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from telephony.codecs import SILENCE
from telephony.errors import CallExists, GatewayUnavailable, TelephonyError
from telephony.gateways.chan_websocket import Control, Said, WebSocketWay
from telephony.gateways.dialer import ExchangeDialer, ExchangeLeg
from telephony.gateways.exchanges import Exchange, FreeSwitch, Twilio
from telephony.gateways.line import ExchangeLine
from telephony.gateways.outbox import Outbox
from telephony.legs import Answered, HangupCause, HungUp, LegEvent
from telephony.medialeg import MediaLeg
from telephony.playout import PlayQueue
from telephony.recording import RecordingStore
from tests.ports import free_port
from tests.telephony.farend import KEY, WAIT, hung_up, until
from tests.telephony.gateways.fake_asterisk import AsteriskCall, FakeAsterisk
from tests.telephony.gateways.fake_freeswitch import FakeFreeSwitch, FreeSwitchCall
from tests.telephony.gateways.fake_twilio import FakeTwilio, TwilioCall, signed
from tests.telephony.gateways.standin import FarCall, StandIn
from tests.telephony.gateways.test_calls import NUMBER, answered


def own_line(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "own line failed" in record.getMessage()]


def a_dialer(exchange: Exchange, folder: Path, media_seconds: float = WAIT) -> ExchangeDialer:
    return ExchangeDialer(exchange, RecordingStore(folder, KEY), media_seconds=media_seconds)


async def fails(leg: ExchangeLeg, caplog: pytest.LogCaptureFixture) -> str:
    """The leg ends as our own line's fault; returns the one line that says so."""
    assert (await hung_up(leg)).cause is HangupCause.OWN_LINE
    assert NUMBER not in caplog.text
    (told,) = own_line(caplog)
    return told


async def flood(call: FarCall) -> None:
    for _ in range(25):
        await call.send(bytes(16_000))


async def huge(call: FarCall) -> None:
    await call.send(bytes(400_000))


FAULTS: dict[str, Callable[[FarCall], Awaitable[None]]] = {
    "the media connection breaks": lambda call: call.break_media(),
    "a flood of audio": flood,
    "a huge frame": huge,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_in_mid_call(
    dialer: ExchangeDialer, far: StandIn, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    leg, call = await answered(dialer, far)
    with caplog.at_level(logging.INFO, "telephony"):
        try:
            await FAULTS[fault](call)
        except Exception as error:  # the connection may be gone before all is sent
            logging.getLogger("tests").debug("%s", error)
        await fails(leg, caplog)
    await asyncio.wait_for(call.dropped.wait(), WAIT)
    again, call = await answered(dialer, far, "1-2")
    await again.hang_up()


async def test_a_wrong_password(far: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "telephony"):
        async with a_dialer(far.exchange("wrong"), tmp_path) as dialer:
            leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
            assert far.refuses in await fails(leg, caplog)
    assert "wrong" not in caplog.text


async def test_nobody_is_there(far: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    exchange = far.exchange()
    exchange = (
        replace(exchange, api=f"http://127.0.0.1:{free_port()}")
        if isinstance(exchange, Twilio)
        else replace(exchange, port=free_port())
    )
    async with a_dialer(exchange, tmp_path) as dialer:
        leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
        told = await fails(leg, caplog)
    assert "cannot be reached" in told or "does not answer" in told


async def test_an_exchange_that_never_answers_meets_the_deadline(dialer: ExchangeDialer, far: StandIn) -> None:
    leg = await dialer.dial("1-1", NUMBER, ring_seconds=2.0)
    call = await far.call()
    assert (await hung_up(leg)).cause is HangupCause.TIMED_OUT
    await asyncio.wait_for(call.dropped.wait(), WAIT)


async def test_a_client_who_is_given_up_before_the_exchange_took_the_call(dialer: ExchangeDialer, far: StandIn) -> None:
    leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
    await leg.hang_up()
    assert (await hung_up(leg)).cause is HangupCause.LOCAL


@pytest.mark.parametrize("kind", [FakeAsterisk, FakeFreeSwitch])
async def test_the_signalling_is_lost_and_comes_back(
    kind: type[FakeAsterisk] | type[FakeFreeSwitch], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    far = kind()
    await far.open()
    async with a_dialer(far.exchange(), tmp_path) as dialer:
        leg, _ = await answered(dialer, far)
        with caplog.at_level(logging.INFO, "telephony"):
            connected = asyncio.Event()

            class Watch(logging.Handler):
                def emit(self, record: logging.LogRecord) -> None:
                    if record.getMessage().endswith(": connected"):
                        loop.call_soon_threadsafe(connected.set)

            loop, watch = asyncio.get_running_loop(), Watch()
            logging.getLogger("telephony").addHandler(watch)
            try:
                await far.lose_signalling()
                assert "lost" in await fails(leg, caplog) or "closed" in caplog.text
                await asyncio.wait_for(connected.wait(), WAIT)
            finally:
                logging.getLogger("telephony").removeHandler(watch)
        again, _ = await answered(dialer, far, "1-2")
        await again.hang_up()
    await far.close()


async def test_asterisk_breaks_the_media_protocol(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    far = FakeAsterisk()
    await far.open()
    async with a_dialer(far.exchange(), tmp_path) as dialer:
        leg, call = await answered(dialer, far)
        assert isinstance(call, AsteriskCall) and call.media is not None
        await call.media.send_str('{"event": "MEDIA_START", "format": "alaw"}')
        assert "second MEDIA_START" in await fails(leg, caplog)
        await asyncio.wait_for(call.dropped.wait(), WAIT)
        await dialer.close()
        assert set(far.gone) == {call.channel, f"media-{call.channel}", f"bridge-{call.channel}"}
    await far.close()


async def test_freeswitch_does_not_know_the_trunk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    far = FakeFreeSwitch()
    far.takes_calls = False
    await far.open()
    async with a_dialer(far.exchange(), tmp_path) as dialer:
        leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
        assert "INVALID_GATEWAY" in await fails(leg, caplog)
    await far.close()


async def test_the_trunk_behind_freeswitch_refuses_us(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    far = FakeFreeSwitch()
    await far.open()
    async with a_dialer(far.exchange(), tmp_path) as dialer:
        leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
        await (await far.call()).hang_up(403, 21)
        assert "403" in await fails(leg, caplog)
    await far.close()


async def test_an_answer_whose_audio_does_not_come(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    far = FakeFreeSwitch()
    await far.open()
    exchange = replace(far.exchange(), public_url=f"ws://127.0.0.1:{free_port()}")
    async with a_dialer(exchange, tmp_path, media_seconds=0.5) as dialer:
        leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
        call = await far.call()
        assert isinstance(call, FreeSwitchCall)
        far.tell("CHANNEL_ANSWER", call.uuid)
        assert "did not bring the audio" in await fails(leg, caplog)
    await far.close()


async def test_an_answered_call_that_ends_before_its_audio(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    far = FakeTwilio()
    await far.open()
    async with a_dialer(far.exchange(), tmp_path) as dialer:
        leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
        call = await far.call()
        assert isinstance(call, TwilioCall)
        await call.status("in-progress")
        await call.status("completed")
        assert "its audio never came" in await fails(leg, caplog)
    await far.close()


def test_an_exchange_that_holds_for_ever_is_stuck() -> None:
    leg = MediaLeg("1-1", PlayQueue(), record=_no_tape, emit=_ignore, finish=_ignore_end)
    line, way = ExchangeLine(leg, _nothing), WebSocketWay(Control(Said.START), Outbox())
    line.join(way)
    for said, stuck in ((Said.XOFF, True), (Said.XON, False)):
        way.hear(Control(said))
        for _ in range(40 * 50):  # frames of forty seconds
            line.send(SILENCE)
        assert line.held is stuck and bool(line.stuck) is stuck


def _no_tape() -> NoReturn:
    raise AssertionError("nothing is recorded before the answer")


def _nothing() -> None: ...


def _ignore(event: LegEvent) -> None: ...


def _ignore_end(leg: MediaLeg, ended: HungUp) -> None: ...


async def test_twilio_knows_that_the_number_is_none(tmp_path: Path) -> None:
    far = FakeTwilio()
    far.error_code = 21211
    await far.open()
    async with a_dialer(far.exchange(), tmp_path) as dialer:
        leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
        assert (await hung_up(leg)).cause is HangupCause.INVALID_NUMBER
    await far.close()


async def test_what_twilio_did_not_sign_is_refused(tmp_path: Path) -> None:
    far = FakeTwilio()
    await far.open()
    async with a_dialer(far.exchange(), tmp_path) as dialer:
        leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
        call = await far.call()
        assert isinstance(call, TwilioCall)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tests.telephony.gateways.fake_twilio.signed", lambda url, form: signed(url, form, "other"))
            assert await call.status("completed") == 403
            with pytest.raises(Exception, match="403"):
                await call.answer()
        await call.answer()
        await until(leg, Answered)
        await leg.hang_up()
    await far.close()


async def test_prompts_wait_while_twilio_does_not_play(tmp_path: Path) -> None:
    far = FakeTwilio()
    await far.open()
    async with a_dialer(far.exchange(), tmp_path) as dialer:
        leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
        call = await far.call()
        assert isinstance(call, TwilioCall)
        call.keeps_marks = True
        await call.answer()
        await until(leg, Answered)
        leg.play(bytes(range(1, 201)) * 240, "long")  # three seconds
        await call.hear(2.0)
        await asyncio.wait_for(call.unplayed.wait(), WAIT)
        begun = leg.position_ms
        await until(leg, lambda event: event.at_ms > begun + 400)
        assert len(call.heard) <= 2.1 * 16000
        await leg.hang_up()
    await far.close()


async def test_what_cannot_be_dialled(dialer: ExchangeDialer, far: StandIn) -> None:
    with pytest.raises(TelephonyError, match="number"):
        await dialer.dial("1-1", "sip:evil\n", ring_seconds=60)
    with pytest.raises(TelephonyError, match="id"):
        await dialer.dial("../x", NUMBER, ring_seconds=60)
    leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
    with pytest.raises(CallExists):
        await dialer.dial("1-1", NUMBER, ring_seconds=60)
    await leg.hang_up()


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    far = FakeTwilio()
    await far.open()
    exchange = FreeSwitch("127.0.0.1", "x", "user/{number}", port=free_port(), listen_port=far.port)
    with pytest.raises(GatewayUnavailable, match="listen_port"):
        await a_dialer(exchange, tmp_path).start()
    await far.close()
