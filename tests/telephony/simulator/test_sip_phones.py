"""The network over SIP and RTP: the real dialer calls it, hears it, is heard by it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from intents import Announced
from speech.prompts import Prompts
from speech.recogniser import Recogniser
from telephony.legs import AudioIn, EarlyMedia, HangupCause, HungUp, Ringing
from telephony.progress import listen_before_answer
from telephony.recording import RecordingStore
from telephony.simulator.cast import Cast
from telephony.simulator.network import Network
from telephony.simulator.sip_phones import SipPhones
from telephony.simulator.story import Story
from telephony.simulator.voices import Utterances
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk import Trunk
from tests.telephony.simulator.test_exchange import follow, only

pytestmark = pytest.mark.audio


@asynccontextmanager
async def phones_of(
    cast: Cast, utterances: Utterances, ears: Recogniser, folder: Path
) -> AsyncIterator[tuple[SipDialer, list[Story]]]:
    """A dialer whose only trunk is the network; the stories of its calls gather in the list."""
    stories: list[Story] = []
    network = Network(cast, utterances, ears)
    await asyncio.to_thread(network.prepare)
    stop = asyncio.Event()
    phones = SipPhones(0, network.connect_call, stories.append)
    serving = asyncio.create_task(phones.run(stop))
    try:
        trunk = Trunk("network", "127.0.0.1", phones.port, number="95500")
        async with SipDialer((trunk,), RecordingStore(folder / "recordings", bytes(32))) as dialer:
            yield dialer, stories
    finally:
        stop.set()
        await asyncio.wait_for(serving, 10.0)


async def test_a_client_hears_real_prompts_and_answers_them(
    utterances: Utterances, ears: Recogniser, bot_voice: Prompts, tmp_path: Path
) -> None:
    texts = ("您好！本次通话有录音。请问您是单晓峰先生吗？", "请问开户是您本人真实意愿吗？")
    cast = only("new-account-cooperative")
    async with phones_of(cast, utterances, ears, tmp_path) as (dialer, stories):
        leg = await dialer.dial("1-1", "13800001001", ring_seconds=20)
        events = await follow(leg, [bot_voice.get(text) for text in texts])
    assert isinstance(events[0], Ringing) and isinstance(events[-1], HungUp)
    (story,) = stories
    assert story.call == "1-1" and story.hung_up_by == "bot"
    assert [heard.question for heard in story.heard] == ["opening.identity", "new_account.own_will"]
    assert story.frames_sent > 0 and abs(story.frames_sent - story.frames_received) < 100


async def test_lines_that_nobody_answers_are_heard_with_their_codes(
    utterances: Utterances, ears: Recogniser, tmp_path: Path
) -> None:
    wanted = {
        "new-account-talks-over": (486, HangupCause.BUSY),
        "anomaly-powered-off": (480, None),
        "identity-empty-number": (480, None),
    }
    cast = only(*wanted)
    async with phones_of(cast, utterances, ears, tmp_path) as (dialer, stories):
        legs = {one.id: await dialer.dial(one.id, one.phone, ring_seconds=30) for one in cast.clients}
        courses = await asyncio.gather(*(follow(leg, []) for leg in legs.values()))
    for name, events in zip(legs, courses, strict=True):
        status, cause = wanted[name]
        over = events[-1]
        assert isinstance(events[0], EarlyMedia)
        assert isinstance(over, HungUp) and over.sip_status == status and (cause is None or over.cause is cause)
        assert sum(len(event.pcm) for event in events if isinstance(event, AudioIn)) / 16000 > 5
    assert {story.hung_up_by for story in stories} == {"network"}


async def test_an_announcement_in_early_media_is_understood(
    utterances: Utterances, ears: Recogniser, tmp_path: Path
) -> None:
    cast = only("anomaly-powered-off")
    async with phones_of(cast, utterances, ears, tmp_path) as (dialer, _):
        leg = await dialer.dial("1-1", cast.clients[0].phone, ring_seconds=30)
        before = await listen_before_answer(leg, ears, ring_seconds=30)
    assert before.announced is Announced.POWERED_OFF and not before.answered


async def test_the_program_takes_sip_calls_and_ends_on_sigterm(cache: Path, tmp_path: Path) -> None:
    sheet, record = tmp_path / "cast.yaml", tmp_path / "calls.jsonl"
    sheet.write_text(
        """\
clients:
  one:
    {name: 单一, title: 女士, phone: "13800007777", voice: zhou, review: anomaly, calls: [line_busy],
     expected: {status: 已完成：电话占线, outcome: busy, attempts: 2-3}}
""",
        "utf-8",
    )
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "telephony.simulator", "--sip", "0", "--cast", str(sheet), "--cache", str(cache),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout is not None
    async with asyncio.timeout(60):
        connected = json.loads(await program.stdout.readline())
    trunk = Trunk("network", "127.0.0.1", connected["sip_port"], number="95500")
    async with SipDialer((trunk,), RecordingStore(record, bytes(32))) as dialer:
        leg = await dialer.dial("5-1", "13800007777", ring_seconds=20)
        async for event in leg.events():
            if isinstance(event, AudioIn) and event.at_ms > 1000:
                break
        program.send_signal(signal.SIGTERM)
        over = [event async for event in leg.events()][-1]
        assert isinstance(over, HungUp) and over.q850 == 41
    lines = [json.loads(line) for line in (await program.stdout.read()).splitlines()]
    assert await asyncio.wait_for(program.wait(), 20) == 0
    assert [line["event"] for line in lines] == ["call", "summary"] and lines[0]["call"] == "5-1"
