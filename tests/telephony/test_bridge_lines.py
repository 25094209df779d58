"""A client on a SIP trunk and an agent at a browser: the legs are of any kind. SIPp is the client, who echoes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from telephony.bridge import Bridge, Parting
from telephony.browser import BrowserLines
from telephony.legs import Answered, Digit
from tests.telephony.browserend import on_duty
from tests.telephony.farend import WAIT, until
from tests.telephony.sip.house import NUMBER, dialer, recorded, trunk
from tests.telephony.sip.sipp import REMEMBER, answer, described, expect, goodbye, sipp

TONE = 1000
STEPS = (
    expect("INVITE", inside=REMEMBER),
    answer(200, sdp=described(), again=True) + expect("ACK"),
    goodbye(),
)


def strength(samples: np.ndarray, rate: int) -> float:
    """How loud the tone is, in dB below full scale."""
    at = np.arange(len(samples)) / rate
    return float(20 * np.log10(abs(np.mean(samples * np.exp(-2j * np.pi * TONE * at))) * 2 / 32768 + 1e-9))


async def test_an_agent_at_a_browser_talks_with_a_client_on_a_trunk(tmp_path: Path) -> None:
    async with (
        BrowserLines() as lines,
        on_duty(lines, TONE) as (browser, phone),
        sipp(tmp_path, *STEPS) as far,
        dialer(tmp_path, trunk(far.port)) as calls,
    ):
        client = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(client, Answered)
        agent = phone.call("agent-1")
        await until(agent, Answered)
        bridge = Bridge(client, agent)
        bridge.open()
        over = asyncio.create_task(bridge.run())
        async with asyncio.timeout(WAIT):
            while strength(await browser.hear(0.3), 48000) < -30:
                pass
        await browser.hear(1.0)
        await asyncio.wait_for(browser.keys_open.wait(), WAIT)
        browser.keys.send("7")
        pressed = (await until(client, Digit))[-1]  # sent to the client, who echoes it
        assert isinstance(pressed, Digit) and pressed.key == "7"
        bridge.leave()
        assert (await over).parting is Parting.AGENT_HUNG_UP
        await far.finished()
    both = np.frombuffer(recorded(tmp_path).read_pcm("1-1"), "<i2").reshape(-1, 2)
    for side in (0, 1):
        assert max(strength(both[at : at + 800, side], 8000) for at in range(0, len(both) - 800, 400)) > -30
