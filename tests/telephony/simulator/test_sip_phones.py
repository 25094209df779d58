"""The network over SIP and RTP: the real dialer calls it, hears it, is heard by it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from intents import Announced
from speech.prompts import Prompts
from speech.recogniser import Recogniser
from telephony.codecs import Format
from telephony.legs import AudioIn, EarlyMedia, HangupCause, HungUp, Ringing
from telephony.progress import listen_before_answer
from telephony.recording import RecordingStore
from telephony.simulator.conditions import Coding, Conditions
from telephony.simulator.network import Network
from telephony.simulator.sip_phones import SipPhones
from telephony.simulator.voices import Utterances
from telephony.sip.dialer import SipDialer
from telephony.sip.online import OnLine
from telephony.sip.trunk import Trunk
from tests.telephony.farend import WAIT
from tests.telephony.simulator.calling import KEY, follow, only, phones_of

pytestmark = pytest.mark.audio


async def test_a_client_hears_real_prompts_and_answers_them_in_the_codec_of_its_choice(
    utterances: Utterances, ears: Recogniser, bot_voice: Prompts, tmp_path: Path
) -> None:
    texts = (
        "您好！本次通话有录音。请问您是单晓峰先生吗？",
        "请问开户是您本人真实意愿吗？",
        "请问今天天气怎么样？",
    )
    cast = only("new-account-cooperative")
    cast = replace(cast, clients=tuple(replace(one, conditions=Conditions(codec=Coding.PCMU)) for one in cast.clients))
    async with phones_of(cast, utterances, ears, tmp_path) as (dialer, stories):
        leg = await dialer.dial("1-1", "13800001001", ring_seconds=60)
        events = await follow(leg, [bot_voice.get(text) for text in texts])
        control, quality = leg.control, await leg.quality()
    assert isinstance(events[0], Ringing) and isinstance(events[-1], HungUp)
    (story,) = stories
    assert story.call == "1-1" and story.hung_up_by == "bot"
    assert [heard.question for heard in story.heard] == ["opening.identity", "new_account.own_will", ""]
    assert story.said[0].text in ("是的，我就是", "我是") and "听清" in story.said[2].text
    assert len(story.latencies_ms) == 2
    assert story.frames_sent > 0 and abs(story.frames_sent - story.frames_received) < 100
    assert isinstance(control, OnLine) and control.call is not None and control.call.session is not None
    assert control.call.session.agreed is not None and control.call.session.agreed.format is Format.ULAW
    assert quality is not None
    assert (story.frames_lost, quality.lost, story.heard_loss) == (0, 0, 0.0)  # a good line loses nothing


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
        legs = {one.id: await dialer.dial(one.id, one.phone, ring_seconds=60) for one in cast.clients}
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
        leg = await dialer.dial("1-1", cast.clients[0].phone, ring_seconds=60)
        before = await listen_before_answer(leg, ears, ring_seconds=60)
    assert before.announced is Announced.POWERED_OFF and not before.answered


async def test_every_dialling_of_a_number_is_counted_and_chooses_the_persona(
    utterances: Utterances, ears: Recogniser
) -> None:
    network = Network(only("suitability-busy-later"), utterances, ears)
    await asyncio.to_thread(network.prepare)
    first, second = (network.connect_call(f"3-{no}", "13800001005").far.story for no in (1, 2))
    assert [(story.no, story.persona) for story in (first, second)] == [(1, "busy_later"), (2, "cooperative")]
    stranger = network.connect_call("4-1", "13999999999").far.story
    assert (stranger.client, stranger.line) == ("", "empty_number")


async def test_what_is_dialled_before_the_network_is_ready_is_refused(tmp_path: Path) -> None:
    phones = SipPhones(0, lambda story: pytest.fail("nobody is there yet"))
    stop = asyncio.Event()
    running = asyncio.create_task(phones.run(stop))
    trunk = Trunk("network", "127.0.0.1", phones.port, number="95500")
    async with SipDialer((trunk,), RecordingStore(tmp_path, KEY)) as dialer:
        leg = await dialer.dial("1-1", "13800001005", ring_seconds=60)
        events = [event async for event in leg.events()]
    stop.set()
    await asyncio.wait_for(running, WAIT)
    assert len(events) == 1 and isinstance(events[0], HungUp) and events[0].sip_status == 480


SHEET = """\
clients:
  one:
    {name: 单一, title: 女士, phone: "13800007777", voice: zhou, review: anomaly, calls: [line_busy],
     expected: {status: 已完成：电话占线, outcome: busy, attempts: 2-3}}
"""


async def test_the_program_serves_logs_and_ends_on_sigterm(cache: Path, tmp_path: Path) -> None:
    sheet, log = tmp_path / "cast.yaml", tmp_path / "calls.jsonl"
    sheet.write_text(SHEET, "utf-8")
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "telephony.simulator", "--cast", str(sheet), "--cache", str(cache), "--log", str(log),
        "--seed", "7", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout is not None
    async with asyncio.timeout(2 * WAIT):
        listening, ready = [json.loads(await program.stdout.readline()) for _ in range(2)]
    assert (listening["event"], ready["event"], ready["clients"]) == ("listening", "ready", 1)
    trunk = Trunk("network", "127.0.0.1", listening["sip_port"], number="95500")
    async with SipDialer((trunk,), RecordingStore(tmp_path / "recordings", KEY)) as dialer:
        leg = await dialer.dial("5-1", "13800007777", ring_seconds=60)
        async for event in leg.events():
            if isinstance(event, AudioIn) and event.at_ms > 1000:
                break
        program.send_signal(signal.SIGTERM)
        over = [event async for event in leg.events()][-1]
        assert isinstance(over, HungUp) and over.q850 == 41
    assert await asyncio.wait_for(program.wait(), WAIT) == 0
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["call", "summary"]
    assert [lines[0][name] for name in ("call", "no", "persona", "line")] == ["5-1", 1, "line_busy", "busy_tone"]
    assert lines[0]["hung_up_by"] == "network" and lines[1]["dialled_twice"] == []


async def test_the_program_ends_with_the_one_that_started_it(cache: Path) -> None:
    command = [sys.executable, "-m", "telephony.simulator", "--clients", "1", "--cache", str(cache), "--child"]
    starter = "import subprocess, sys, time; p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE); time.sleep(600)"
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", starter, *command, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    async with asyncio.timeout(2 * WAIT):
        assert json.loads(await parent.stdout.readline())["event"] == "listening"
        assert json.loads(await parent.stdout.readline())["event"] == "ready"
    parent.kill()
    said = await asyncio.wait_for(parent.stdout.read(), WAIT)  # to the end: the network has closed it too
    assert [json.loads(line)["event"] for line in said.splitlines()] == ["summary"]
    await parent.wait()


async def test_a_bad_cast_ends_the_program_with_its_faults(tmp_path: Path) -> None:
    sheet = tmp_path / "cast.yaml"
    sheet.write_text("clients:\n  one: {name: 张三}\n", "utf-8")
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "telephony.simulator", "--cast", str(sheet), stderr=asyncio.subprocess.PIPE
    )
    _, errors = await asyncio.wait_for(program.communicate(), 2 * WAIT)
    assert program.returncode == 1 and "phone is missing" in errors.decode() and "Traceback" not in errors.decode()
