"""A client asks for a person, an agent at the console takes the call, and the record knows of both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select
from websockets.asyncio.client import connect

from bot.moves import AgentJoined
from bot.replay import differences, facts_from_json, move_from_json
from campaign.calls.attempt import review_attempt
from campaign.demo.demo import DEMO_CLIENTS
from campaign.demo.demo_firm import demo_clock, open_demo
from campaign.demo.demo_network import READY_SECONDS, simulated_network
from campaign.works import Works
from console_app import create_app
from installation import open_works
from models import Escalation, ReviewTask, Staff
from rules import Post
from settings import Settings
from telephony.browser import BrowserLines
from telephony.simulator.cast import load_cast
from tests.acceptance.conftest import spoken_before
from tests.console.agent_floor import serving
from tests.signing_in import cookie_header, cookies_of
from tests.telephony.browserend import Browser

pytestmark = pytest.mark.audio

CLIENT = "suitability-asks-for-human"
TONE = 1000  # Hz, of the agent
CALL_SECONDS = 240


@dataclass
class Took:
    """What an agent's page and the watchers saw of the call."""

    briefing: dict[str, object] = field(default_factory=dict)
    heard: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))  # 48 kHz
    page: str = ""
    stages: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    settled: tuple[str | None, str] = ("", "")  # outcome, status
    evidence: dict[str, object] = field(default_factory=dict)
    escalation: tuple[str, str, str] = ("", "", "")  # state, whose, note
    answers: dict[str, tuple[str, str]] = field(default_factory=dict)  # question: value, evidence
    recording: NDArray[np.int16] = field(default_factory=lambda: np.zeros((0, 2), np.int16))
    joined_ms: int = 0
    line_free: bool = False  # from the end of the call on, which is the end of its line
    differences: tuple[str, ...] = ()


@pytest.fixture(scope="module")
def took(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Iterator[Took]:
    yield asyncio.run(asyncio.wait_for(_run(tmp_path_factory.mktemp("hand_over"), kept), CALL_SECONDS + READY_SECONDS))


async def _run(folder: Path, kept: Path) -> Took:
    spoken_before(folder / "data", kept)
    settings, took = Settings(data_dir=folder / "data"), Took()
    async with (
        simulated_network(clients=DEMO_CLIENTS, number=settings.service_number) as network,
        open_works(settings, demo_clock(1.0), network.dialer) as works,
        BrowserLines() as browsers,
        serving(create_app(works, "华夏安信证券", browsers)) as base,
    ):
        task_id = _open_task(works)
        script = works.scripts.script("suitability")
        await asyncio.to_thread(works.voices.prompts_of(script).prerender, script.fixed_texts())
        await network.ready()
        watching = asyncio.create_task(_watch(works, took))
        agent = asyncio.create_task(_be_the_agent(base, cookies_of(works.database, Post.AGENT, number="8002"), took))
        await review_attempt(works, task_id)
        await agent
        await watching
        _look(works, task_id, took)
        async with httpx.AsyncClient(cookies=cookies_of(works.database, Post.INSPECTOR)) as web:
            took.page = (await web.get(f"{base}/calls/{task_id}-1")).text
    return took


def _open_task(works: Works) -> int:
    cast = load_cast()
    only = replace(cast, clients=tuple(client for client in cast.clients if client.id == CLIENT))
    with works.database.write() as session:
        open_demo(session, only, works.clock.now())
        return session.scalars(select(ReviewTask.id)).one()


async def _watch(works: Works, took: Took) -> None:
    async for news in works.feed.watch():
        if news["kind"] == "call":
            took.stages.append(news["call"]["stage"])
            if news["call"]["stage"] == "已结束":
                return


async def _be_the_agent(base: str, cookies: dict[str, str], took: Took) -> None:
    """Sign on, take the call, sound a tone, listen to what the client says to that, hang up."""
    browser = Browser()
    address, headers = f"{base.replace('http', 'ws')}/agent/line", cookie_header(cookies)
    async with connect(address, origin=base, additional_headers=headers) as page:  # type: ignore[arg-type]
        await page.send(json.dumps({"kind": "sign_on", "sdp": await browser.offer()}))
        async for text in page:
            news = json.loads(text)
            if news["kind"] == "answer":
                await browser.accept(news["sdp"])
            elif news["kind"] == "rings":
                took.briefing = news["briefing"]
                await page.send(json.dumps({"kind": "accept", "ring": news["ring"]}))
                browser.microphone.hertz = TONE
                await browser.hear(2.5)  # the first second of it is before the two are joined
                browser.microphone.hertz = 0
                took.heard = await browser.hear(5.0)
            elif news["kind"] in ("talk_began", "form"):
                if question := news["form"]["now"]:
                    values = [option["value"] for option in question["options"]]
                    value = {"suitability.staff_misconduct": "no"}.get(question["node"], values[0] if values else "")
                    await page.send(json.dumps({"kind": "answer", "node": question["node"], "value": value}))
                else:
                    await page.send(json.dumps({"kind": "hang_up"}))
            elif news["kind"] == "talk_ended":
                assert news["complete"]
                await page.send(json.dumps({"kind": "wrap_up", "note": "客户已逐题答复"}))
            elif news["kind"] == "wrap_up_ended":
                break
    await browser.close()


def _look(works: Works, task_id: int, took: Took) -> None:
    with works.database.read() as session:
        attempt = session.get_one(ReviewTask, task_id).attempts[0]
        moves = [move_from_json(event.body) for event in attempt.events]
        took.joined_ms = next(move.at_ms for move in moves if isinstance(move, AgentJoined))
        took.kinds = [event.kind for event in attempt.events]
        script = works.scripts.script(attempt.script)
        took.differences = tuple(map(str, differences(script, facts_from_json(attempt.facts), moves)))
        took.line_free = attempt.line_down_at is not None and attempt.line_down_at == attempt.ended_at
        took.settled, took.evidence = (attempt.outcome, attempt.status), attempt.evidence
        escalation = session.scalars(select(Escalation)).one()
        took.escalation = escalation.state, session.get_one(Staff, escalation.assigned_to_id).number, escalation.note
        took.answers = {answer.question: (answer.value, answer.evidence) for answer in attempt.answers}
        pcm = works.recordings.read_pcm(attempt.call_id)
        took.recording = np.frombuffer(pcm, "<i2").reshape(-1, 2)


def strength(samples: NDArray[np.int16], hertz: float, rate: int) -> float:
    """How loud a tone is, in dB below full scale."""
    at = np.arange(len(samples)) / rate
    return float(20 * np.log10(abs(np.mean(samples * np.exp(-2j * np.pi * hertz * at))) * 2 / 32768 + 1e-9))


def test_the_agent_knew_who_why_and_what_was_said(took: Took) -> None:
    assert took.briefing["client"] == "纪**女士"
    assert took.briefing["reason"] == "要求人工服务"
    assert any("转人工" in str(line) for line in took.briefing["lines"])  # type: ignore[attr-defined]


def test_the_client_was_heard_by_the_agent(took: Took) -> None:
    assert np.abs(took.heard.astype(int)).max() > 4000


def test_the_recording_goes_on_with_the_agent_in_the_bots_channel(took: Took) -> None:
    after = took.recording[took.joined_ms * 8 :]
    assert max(strength(part[:, 1], TONE, 8000) for part in np.array_split(after[:16000], 8)) > -20
    assert np.abs(after[:, 0].astype(int)).max() > 4000


def test_the_bot_is_silent_from_the_joining_on(took: Took) -> None:
    """All that is in its channel is the agent's tone."""
    after = took.recording[took.joined_ms * 8 + 1600 :, 1]
    spectrum = np.abs(np.fft.rfft(after)) ** 2
    hertz = np.fft.rfftfreq(len(after), 1 / 8000)
    assert spectrum[abs(hertz - TONE) < 50].sum() > 0.95 * spectrum.sum()
    joined = took.kinds.index("AgentJoined")
    assert not {"Say", "Listen", "Heard"} & set(took.kinds[joined:])


def test_the_review_that_the_agent_went_on_with_is_settled_as_a_whole(took: Took) -> None:
    assert took.settled == ("reviewed", "已完成：已回访")
    assert took.evidence["agent"] == "8002" and took.line_free
    assert took.evidence["parting"] == "agent_hung_up"
    assert took.escalation == ("taken", "8002", "8002：客户已逐题答复")
    ticked = [question for question, (_, evidence) in took.answers.items() if evidence == "坐席登记"]
    assert len(ticked) == took.evidence["agent_answers"] == 8  # every question of the script, E.2.3
    assert took.answers["suitability.staff_misconduct"] == ("no", "坐席登记")
    assert "8002 孙敏" in took.page and "坐席挂断" in took.page


def test_watchers_saw_each_stage_and_a_replay_agrees(took: Took) -> None:
    seen = list(dict.fromkeys(took.stages))
    assert seen[-5:] == ["通话中", "转人工中", "坐席通话中", "话后处理", "已结束"]
    assert took.differences == ()
