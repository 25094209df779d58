"""Browsers as telephones, with aiortc as the browser."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from telephony.browser import BrowserLines
from telephony.decimator import Decimator
from telephony.errors import BrowserRefused
from telephony.legs import Answered, AudioIn, Digit, HangupCause, LegEvent, Played
from telephony.recording import RecordingStore
from tests.telephony.browserend import Browser, on_duty
from tests.telephony.farend import KEY, WAIT, hung_up, until
from tests.telephony.sounds import line, silence, sine


@pytest.fixture
async def lines() -> AsyncIterator[BrowserLines]:
    async with BrowserLines() as running:
        yield running


def level(samples: NDArray[np.int16], hertz: float, rate: int) -> float:
    """How loud a tone is, in dB below full scale."""
    at = np.arange(len(samples)) / rate
    share = abs(np.mean(samples * np.exp(-2j * np.pi * hertz * at))) * 2 / 32768
    return float(20 * np.log10(share + 1e-9))


def loudest_level(samples: NDArray[np.int16], hertz: float, rate: int) -> float:
    """The same of the tenth of a second in which it is loudest: a stall of this machine breaks a tone in two."""
    return max(level(samples[at : at + rate // 10], hertz, rate) for at in range(0, len(samples), rate // 20))


def heard(events: list[LegEvent]) -> NDArray[np.int16]:
    return np.frombuffer(b"".join(event.pcm for event in events if isinstance(event, AudioIn)), "<i2")


async def test_both_hear_each_other_call_after_call_on_one_connection(lines: BrowserLines) -> None:
    async with on_duty(lines, 1000) as (browser, phone):
        for call in ("agent-1", "agent-2"):
            leg = phone.call(call)
            assert isinstance((await until(leg, Answered))[-1], Answered)
            before = len(browser.heard)
            leg.play(line(sine(600, 800)), "hello")
            events = await until(leg, Played)
            async with asyncio.timeout(WAIT):  # what was played may still be on its way
                while loudest_level(np.concatenate(browser.heard[before:]), 600, 48000) < -30:
                    await browser.hear(0.1)
            assert loudest_level(heard(events)[-4000:], 1000, 8000) > -20
            await leg.hang_up()
            assert (await hung_up(leg)).cause is HangupCause.LOCAL


async def test_lost_packets_cost_their_own_time_only(lines: BrowserLines) -> None:
    async with on_duty(lines, 1000) as (browser, phone):
        leg = phone.call("agent-1")
        await until(leg, Answered)
        browser.lose_every(10)
        leg.play(line(silence(2500)), "listen")
        frames = heard(await until(leg, Played))[4000:].reshape(-1, 160)
        silent = np.abs(frames.astype(int)).max(axis=1) < 500
        gaps = [len(gap) for gap in "".join("_" if quiet else "x" for quiet in silent).split("x") if gap]
        assert len(gaps) >= 3
        assert sorted(gaps)[len(gaps) * 3 // 4] <= 5  # 100 ms; a stall of this machine may make one that is longer


async def test_nothing_is_sent_while_there_is_no_call(lines: BrowserLines) -> None:
    async with on_duty(lines, 1000) as (browser, phone):
        leg = phone.call("agent-1")
        await browser.hear(0.2)
        await leg.hang_up()
        async with asyncio.timeout(WAIT):
            before = -1
            while len(browser.heard) != before:  # what was on its way
                before = len(browser.heard)
                await asyncio.sleep(0.4)


async def test_a_call_of_a_browser_can_be_recorded(lines: BrowserLines, tmp_path: Path) -> None:
    async with on_duty(lines, 1000) as (browser, phone):
        leg = phone.call("7-1", RecordingStore(tmp_path, KEY))
        leg.play(line(sine(600, 1000)), "hello")
        await until(leg, Played)
        await leg.hang_up()
    both = np.frombuffer(RecordingStore(tmp_path, KEY).read_pcm("7-1"), "<i2").reshape(-1, 2)
    assert loudest_level(both[-4000:, 0], 1000, 8000) > -20
    assert loudest_level(both[:, 1], 600, 8000) > -25


async def test_keys_come_over_the_data_channel_and_nothing_else_does(lines: BrowserLines) -> None:
    async with on_duty(lines) as (browser, phone):
        leg = phone.call("agent-1")
        await until(leg, Answered)
        await asyncio.wait_for(browser.keys_open.wait(), WAIT)
        for message in ("x", "55", b"5", "#"):
            browser.keys.send(message)
        last = (await until(leg, Digit))[-1]
        assert isinstance(last, Digit) and last.key == "#"


async def test_a_second_call_at_once_is_refused_and_the_first_goes_on(lines: BrowserLines) -> None:
    async with on_duty(lines) as (browser, phone):
        first = phone.call("agent-1")
        await until(first, Answered)
        assert (await hung_up(phone.call("agent-2"))).cause is HangupCause.OWN_LINE
        first.play(line(sine(600, 300)), "hello")
        await until(first, Played)


async def test_a_browser_that_leaves_ends_the_call_as_our_own_lines_failure(lines: BrowserLines) -> None:
    async with on_duty(lines) as (browser, phone):
        leg = phone.call("agent-1")
        await until(leg, Answered)
        await browser.close()
        assert (await hung_up(leg)).cause is HangupCause.OWN_LINE
        async with asyncio.timeout(WAIT):
            await phone.gone()
        assert (await hung_up(phone.call("agent-2"))).cause is HangupCause.OWN_LINE


async def test_closing_the_service_ends_the_calls_and_leaves_nothing_running() -> None:
    async with BrowserLines() as lines:
        browser = Browser(1000)
        offer = await browser.offer()
        phone, answer = await lines.answer(offer)
        await browser.accept(answer)
        assert await phone.connected()
        leg = phone.call("agent-1")
        await until(leg, Answered)
    assert (await hung_up(leg)).cause is HangupCause.OWN_LINE
    await asyncio.wait_for(phone.gone(), WAIT)
    assert not await phone.connected()
    await phone.close()
    with pytest.raises(BrowserRefused):
        phone.call("agent-2")
    with pytest.raises(BrowserRefused):
        await lines.answer(offer)
    await browser.close()
    running = {thread.name for thread in threading.enumerate()}
    assert "browsers" not in running and "audio-decoder" not in running


async def test_only_addresses_of_this_network_are_offered(lines: BrowserLines) -> None:
    browser = Browser()
    phone, answer = await lines.answer(await browser.offer())
    kinds = re.findall(r"a=candidate:.* typ (\w+)", answer)
    assert kinds and set(kinds) == {"host"}
    assert "opus/48000" in answer and "PCMU" not in answer
    await phone.close()
    await browser.close()
    assert not await phone.connected()


@pytest.mark.parametrize("offer", ["", "v=0", "x" * 100_000, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"])
async def test_an_offer_that_is_none_is_refused(lines: BrowserLines, offer: str) -> None:
    with pytest.raises(BrowserRefused):
        await lines.answer(offer)


async def test_a_browser_without_opus_or_with_two_audio_lines_is_refused(lines: BrowserLines) -> None:
    browser = Browser()
    offer = await browser.offer()
    with pytest.raises(BrowserRefused):
        await lines.answer(offer.replace("opus/48000", "speex/16000"))
    await browser.close()


def test_what_a_telephone_cannot_carry_does_not_fold_back_into_speech() -> None:
    for hertz, low, high in (
        (300, -0.2, 0.2),
        (1000, -0.2, 0.2),
        (3400, -1.0, 0.2),
        (4700, -200, -50),
        (9000, -200, -50),
    ):
        wave = (8000 * np.sin(2 * np.pi * hertz * np.arange(48000) / 48000)).astype("<i2")
        decimator = Decimator()
        out = np.concatenate([decimator.feed(wave[start : start + 960]) for start in range(0, 48000, 960)])
        assert abs(len(out) - 8000) <= 32
        gain = 20 * np.log10(out[400:].astype(float).std() / wave.astype(float).std() + 1e-9)
        assert low <= gain <= high, hertz
