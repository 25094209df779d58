"""An agent's page in a real Chromium, whose microphone plays a file: it rings, shows the call, and both are heard."""

from __future__ import annotations

import asyncio
import logging
import re
import wave
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, WebSocketRoute

from campaign.handover.duty import Failure
from campaign.handover.talks import Talk
from campaign.handover.waiting_room import Terms
from models import ReviewTask
from telephony.bridge import Parting
from telephony.recording import RecordingStore
from tests.browser import chromium_page, microphone
from tests.console.agent_floor import Floor, floor
from tests.console.conftest import Place
from tests.signing_in import sit_down
from tests.telephony.farend import KEY, Call
from tests.telephony.sounds import line, silence, sine

pytestmark = pytest.mark.browser
log = logging.getLogger(__name__)

AUDIBLE = 500  # of 32768; the microphone plays a tone far above it

LISTEN = """() => {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  context.createMediaStreamSource(document.getElementById('voice').srcObject).connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  window.loudest = () => {
    analyser.getFloatFrequencyData(bins);
    const best = bins.indexOf(Math.max(...bins));
    const hertz = bins[best] > -50 ? best * context.sampleRate / 2048 : 0;
    if (hertz && window.began && !window.took) window.took = performance.now() - window.began;
    return hertz;
  };
  document.getElementById('accept').addEventListener('click', () => { window.began = performance.now(); }, true);
}"""

# Keeps what the page shows for a moment only, which whoever looks in from outside may miss.
KEEP = """() => {
  const at = (id) => document.getElementById(id);
  window.kept = { left: [], trouble: [], early: [], queue: [] };
  new MutationObserver(() => {
    for (const id of ['left', 'trouble']) {
      if (!at(id).hidden && window.kept[id].at(-1) !== at(id).textContent) window.kept[id].push(at(id).textContent);
    }
    if (window.kept.queue.at(-1) !== at('queue').textContent) window.kept.queue.push(at('queue').textContent);
    if (!at('call').hidden && window.kept.early.length === 0) window.kept.early.push(at('accept').disabled);
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}"""


def sign_on(page: Page, on: Floor) -> None:
    sit_down(page, on.base, on.cookies["8002"])
    page.goto(f"{on.base}/agent")
    page.click("#begin")
    page.wait_for_function("document.getElementById('presence').textContent === '空闲'")
    page.evaluate(KEEP)


def beeps(path: Path) -> Path:
    """A WAV of beeps, which no noise suppression takes for noise."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(line(np.concatenate([np.concatenate([sine(1000, 250), silence(150)]) for _ in range(5)])))
    return path


def loudest(samples: np.ndarray) -> float:
    """The frequency (Hz) that is strongest."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * 8000 / len(samples))


async def test_an_agent_sees_how_long_it_rings_how_many_wait_and_why_it_ends(place: Place, tmp_path: Path) -> None:
    async with floor(place, tmp_path / "agents", Terms(offer_seconds=3.5)) as on:
        loop = asyncio.get_running_loop()

        def work() -> tuple[list[str], dict[str, list[str]]]:
            with chromium_page(flags=microphone(beeps(tmp_path / "microphone.wav"))) as page:
                sign_on(page, on)
                fetched = asyncio.run_coroutine_threadsafe(on.fetch(), loop)
                page.wait_for_function("window.kept.left.length > 0 && document.getElementById('call').hidden")
                page.wait_for_function("document.getElementById('queue').textContent === '0'")
                page.wait_for_function("document.getElementById('presence').textContent === '小休'")
                seen = [page.locator(f"#{name}").inner_text() for name in ("notice", "presence", "queue")]
                assert page.locator("#left").is_hidden()
                assert fetched.result(60) is Failure.TIMED_OUT
                return seen, page.evaluate("window.kept")

        (why, presence, after), kept = await asyncio.to_thread(work)
    assert "1" in kept["queue"] and after == "0"
    seconds = [int(re.fullmatch(r"还有 (\d) 秒", shown)[1]) for shown in kept["left"]]  # type: ignore[index]
    assert seconds[0] <= 4 and seconds == sorted(seconds, reverse=True) and len(seconds) >= 2
    assert "未及时接听" in why and presence == "小休"


async def test_an_agent_sees_the_call_takes_it_and_both_hear_each_other(place: Place, tmp_path: Path) -> None:
    wav, recordings = beeps(tmp_path / "microphone.wav"), tmp_path / "agents"
    async with floor(place, recordings) as on:
        loop = asyncio.get_running_loop()
        speaking = asyncio.create_task(on.phone.speak(line(sine(440, 60_000))))
        shown: dict[str, str] = {}

        def work() -> Talk | Failure:
            with chromium_page(flags=microphone(wav)) as page:
                sockets: list[tuple[WebSocketRoute, WebSocketRoute]] = []
                page.route_web_socket(
                    re.compile("/agent/line"), lambda ws: sockets.append((ws, ws.connect_to_server()))
                )
                sign_on(page, on)
                fetched = asyncio.run_coroutine_threadsafe(on.fetch(), loop)
                page.locator("#accept").wait_for()
                assert page.evaluate("window.kept.early") == [True]  # a second to look
                for name in ("client", "review", "reason", "question", "points", "flags", "answers", "lines"):
                    shown[name] = page.locator(f"#{name}").inner_text()
                page.evaluate(LISTEN)
                page.locator("#accept").click()
                page.wait_for_function("Math.abs(window.loudest() - 440) < 30", polling=10)
                log.info("from accepting to the first audio: %d ms", page.evaluate("window.took"))
                page.locator("#form [aria-current] button").first.wait_for()
                page.keyboard.press("2")  # 否
                page.get_by_text("已答 2").wait_for()
                for end in sockets[-1]:  # the network breaks; the page comes back and knows where it was
                    end.close(code=1011)
                page.wait_for_function("window.kept.trouble.some((text) => text.includes('通话仍在继续'))")
                page.locator("#trouble").wait_for(state="hidden")
                assert len(sockets) == 2 and page.get_by_text("已答 2").is_visible()
                page.wait_for_timeout(1500)
                page.keyboard.press("F9")
                page.locator("#wrap").wait_for()
                page.fill("#note", "晚点再说")
                page.select_option("#outcome", "needs_human")
                page.keyboard.press("F8")
                page.locator("#call").wait_for(state="hidden")
                page.wait_for_function("document.getElementById('presence').textContent === '空闲'")
                return fetched.result(60)

        talk = await asyncio.to_thread(work)
        speaking.cancel()
        assert isinstance(talk, Talk)
        assert (await talk.end).parting is Parting.AGENT_HUNG_UP
        wrap = await talk.after.wrapped if talk.after.wrapped else None
        assert wrap is not None and wrap.note == "晚点再说"
        assert on.sheet.left().notes[0].value == "no"
        heard = np.frombuffer(bytes(on.phone.heard), "<i2")
        hung_up = np.flatnonzero(np.abs(heard) > AUDIBLE)[-1]  # then the client's line is silent until it is down
        assert loudest(heard[hung_up - 8000 : hung_up]) == pytest.approx(1000, abs=15)
    assert shown["client"] == "单**先生"
    assert "是我老婆在操作" in shown["flags"] and "非本人操作" in shown["reason"]
    assert "自愿" in shown["answers"] and "问清是谁在操作" in shown["points"]
    both = np.frombuffer(RecordingStore(recordings, KEY).read_pcm("7-1"), "<i2").reshape(-1, 2)
    assert loudest(both[-8000:, 0]) == pytest.approx(440, abs=15)
    assert loudest(both[-8000:, 1]) == pytest.approx(1000, abs=15)


async def test_an_agent_whose_page_is_loaded_anew_in_a_call_by_hand_has_the_client_again(
    place: Place, task_id: int, tmp_path: Path
) -> None:
    with place.desk.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.with_human, task.due_at = True, None
    async with floor(place, tmp_path / "agents") as on:
        loop = asyncio.get_running_loop()

        async def pick_up() -> tuple[Call, asyncio.Task[None]]:
            client = await on.far.take()
            await client.say("answered")
            return client, asyncio.create_task(client.speak(line(sine(440, 60_000))))

        def work() -> str:
            with chromium_page(flags=microphone(beeps(tmp_path / "microphone.wav"))) as page:
                page.on("dialog", lambda dialog: dialog.accept())  # that the page asks before it is left
                sign_on(page, on)
                page.locator(f"[data-dial='{task_id}']").click()
                client, speaking = asyncio.run_coroutine_threadsafe(pick_up(), loop).result(60)
                page.get_by_text("通话中", exact=True).wait_for()
                page.locator("#form [aria-current] button").first.wait_for()
                page.keyboard.press("1")
                page.get_by_text("已答 1").wait_for()
                page.reload()
                page.get_by_text("已答 1").wait_for()
                page.get_by_text("通话中", exact=True).wait_for()
                page.evaluate(LISTEN)
                page.wait_for_function("Math.abs(window.loudest() - 440) < 30", polling=10)
                begun = len(client.heard)
                while not 950 < loudest(np.frombuffer(bytes(client.heard[begun:][-8000:]) or bytes(2), "<i2")) < 1050:
                    page.wait_for_timeout(50)
                page.keyboard.press("F9")
                page.locator("#wrap").wait_for()
                loop.call_soon_threadsafe(speaking.cancel)
                return page.locator("#client").inner_text()

        assert await asyncio.to_thread(work) == "单小明先生"
