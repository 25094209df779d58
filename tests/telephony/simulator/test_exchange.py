"""The network on the wire: the real gateway dials it, speaks to it, loses it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from speech.prompts import Prompts
from speech.recogniser import Recogniser
from telephony.gateway import Gateway
from telephony.legs import Answered, AudioIn, EarlyMedia, HungUp, Leg, LegEvent, Played, Ringing
from telephony.recording import RecordingStore
from telephony.simulator.cast import Cast, load_cast
from telephony.simulator.errors import GatewayUnreachable
from telephony.simulator.exchange import Exchange
from telephony.simulator.network import Network
from telephony.simulator.story import Story
from telephony.simulator.voices import Utterances
from telephony.wire import Dial

pytestmark = pytest.mark.audio

CAST = load_cast()
SECONDS = 90.0  # bound on any call of these tests


def only(*names: str) -> Cast:
    """The cast with these clients."""
    return Cast(tuple(client for client in CAST.clients if client.id in names), CAST.personas, CAST.questions)


@asynccontextmanager
async def network_on(
    gateway: Gateway, cast: Cast, utterances: Utterances, ears: Recogniser
) -> AsyncIterator[list[Story]]:
    """A network that serves a gateway; the stories of its calls gather in the list."""
    stories: list[Story] = []
    network = Network(cast, utterances, ears)
    await asyncio.to_thread(network.prepare)
    stop = asyncio.Event()
    exchange = Exchange(f"ws://{gateway.host}:{gateway.port}", network.connect_call, stories.append)
    serving = asyncio.create_task(exchange.run(5.0, stop, lambda: None))
    try:
        await gateway.wait_for_trunk(10.0)
        yield stories
    finally:
        stop.set()
        await asyncio.wait_for(serving, 10.0)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with Gateway("127.0.0.1", 0, RecordingStore(tmp_path / "recordings", bytes(32))) as running:
        yield running


async def follow(leg: Leg, asks: list[bytes], hears: int = 1) -> list[LegEvent]:
    """Ask one thing after the other, each when the answer to the one before is over; hang up after the last."""
    events: list[LegEvent] = []
    waiting, loud, quiet = list(asks), 0, 0
    async with asyncio.timeout(SECONDS):
        async for event in leg.events():
            events.append(event)
            if isinstance(event, Answered | Played) or not isinstance(event, AudioIn):
                loud = quiet = 0
            if isinstance(event, Answered):
                leg.play(waiting.pop(0), "ask")
            elif isinstance(event, AudioIn) and isinstance(_last_mark(events), Played):
                speaking = (
                    max(
                        abs(int.from_bytes(event.pcm[at : at + 2], "little", signed=True))
                        for at in range(0, len(event.pcm), 16)
                    )
                    > 3000
                )
                loud, quiet = loud + speaking, 0 if speaking else quiet + len(event.pcm) // 16
                if loud and quiet > 900 or quiet > 5000:
                    if not waiting:
                        await leg.hang_up()
                    else:
                        leg.play(waiting.pop(0), "ask")
                        events.append(Answered(event.at_ms))
    return events


def _last_mark(events: list[LegEvent]) -> LegEvent | None:
    return next((event for event in reversed(events) if isinstance(event, Answered | Played)), None)


async def test_a_client_hears_real_prompts_and_answers_them(
    gateway: Gateway, utterances: Utterances, ears: Recogniser, bot_voice: Prompts
) -> None:
    asks = [
        bot_voice.get(text)
        for text in (
            "您好！本次通话有录音。请问您是单晓峰先生吗？",
            "请问开户是您本人真实意愿吗？",
            "请问今天天气怎么样？",
        )
    ]
    async with network_on(gateway, only("new-account-cooperative"), utterances, ears) as stories:
        leg = await gateway.dial("1-1", "13800001001", ring_seconds=20)
        events = await follow(leg, asks)
    assert isinstance(events[0], Ringing) and isinstance(events[-1], HungUp)
    story = stories[0]
    assert [heard.question for heard in story.heard] == ["opening.identity", "new_account.own_will", ""]
    assert story.said[0].text in ("是的，我就是", "我是") and "听清" in story.said[2].text
    assert story.hung_up_by == "bot" and len(story.latencies_ms) == 2
    assert story.frames_sent > 0 and abs(story.frames_sent - story.frames_received) < 100


async def test_lines_that_nobody_answers_are_heard_and_end(
    gateway: Gateway, utterances: Utterances, ears: Recogniser
) -> None:
    wanted = {"new-account-talks-over": 486, "anomaly-powered-off": 480, "identity-empty-number": 480}
    cast = only(*wanted)
    async with network_on(gateway, cast, utterances, ears) as stories:
        legs = {one.id: await gateway.dial(one.id, one.phone, ring_seconds=30) for one in cast.clients}
        courses = await asyncio.gather(*(follow(leg, []) for leg in legs.values()))
    for name, events in zip(legs, courses, strict=True):
        over = events[-1]
        assert isinstance(events[0], EarlyMedia)
        assert isinstance(over, HungUp) and over.sip_status == wanted[name]
        assert sum(len(event.pcm) for event in events if isinstance(event, AudioIn)) / 16000 > 5
    assert {story.hung_up_by for story in stories} == {"network"}


async def test_every_dialling_of_a_number_is_counted_and_a_call_on_the_line_is_not_dialled_twice(
    utterances: Utterances, ears: Recogniser
) -> None:
    network = Network(only("suitability-busy-later"), utterances, ears)
    await asyncio.to_thread(network.prepare)
    first, second = (network.connect_call(Dial(f"3-{no}", "13800001005")).far.story for no in (1, 2))
    assert [(story.no, story.persona) for story in (first, second)] == [(1, "busy_later"), (2, "cooperative")]
    stranger = network.connect_call(Dial("4-1", "13999999999")).far.story
    assert (stranger.client, stranger.line) == ("", "empty_number")


async def test_without_a_gateway_there_is_one_clear_message(utterances: Utterances) -> None:
    exchange = Exchange("ws://127.0.0.1:9", lambda dial: pytest.fail("nobody dials"), lambda story: None)
    with pytest.raises(GatewayUnreachable, match=r"no gateway at ws://127\.0\.0\.1:9 for 0\.3 s .* --gateway"):
        await asyncio.wait_for(exchange.run(0.3, asyncio.Event(), lambda: None), 10)


async def test_something_else_at_the_address_is_not_taken_for_a_gateway() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    exchange = Exchange(f"ws://127.0.0.1:{port}", lambda dial: pytest.fail("nobody dials"), lambda story: None)
    with pytest.raises(GatewayUnreachable, match="no gateway at"):
        await asyncio.wait_for(exchange.run(0.3, asyncio.Event(), lambda: None), 10)
    server.close()
    await server.wait_closed()


async def test_the_program_serves_logs_and_ends_on_sigterm(gateway: Gateway, cache: Path, tmp_path: Path) -> None:
    sheet, log = tmp_path / "cast.yaml", tmp_path / "calls.jsonl"
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
        sys.executable,
        "-m",
        "telephony.simulator",
        "--gateway",
        f"ws://127.0.0.1:{gateway.port}",
        "--cast",
        str(sheet),
        "--cache",
        str(cache),
        "--log",
        str(log),
        "--seed",
        "7",
    )
    await gateway.wait_for_trunk(60)
    leg = await gateway.dial("5-1", "13800007777", ring_seconds=20)
    async for event in leg.events():
        if isinstance(event, AudioIn) and event.at_ms > 1000:
            break
    program.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(program.wait(), 20) == 0
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["connected", "call", "summary"]
    assert [lines[1][name] for name in ("call", "no", "persona", "line")] == ["5-1", 1, "line_busy", "busy_tone"]
    assert lines[1]["hung_up_by"] == "network" and lines[2]["dialled_twice"] == []
    over = [event async for event in leg.events()][-1]
    assert isinstance(over, HungUp)


async def test_the_program_ends_with_the_one_that_started_it(gateway: Gateway, cache: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "telephony.simulator",
        "--gateway",
        f"ws://127.0.0.1:{gateway.port}",
        "--clients",
        "1",
        "--cache",
        str(cache),
        "--child",
    ]
    starter = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(60)"
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", starter, *command, stdout=asyncio.subprocess.PIPE
    )
    await gateway.wait_for_trunk(60)
    parent.kill()
    assert parent.stdout is not None
    said = await asyncio.wait_for(parent.stdout.read(), 20)  # to the end: the network has closed it too
    assert [json.loads(line)["event"] for line in said.splitlines()] == ["connected", "summary"]
    await parent.wait()


async def test_a_bad_cast_ends_the_program_with_its_faults(tmp_path: Path) -> None:
    sheet = tmp_path / "cast.yaml"
    sheet.write_text("clients:\n  one: {name: 张三}\n", "utf-8")
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "telephony.simulator", "--cast", str(sheet), stderr=asyncio.subprocess.PIPE
    )
    _, errors = await asyncio.wait_for(program.communicate(), 60)
    assert program.returncode == 1 and "phone is missing" in errors.decode() and "Traceback" not in errors.decode()
