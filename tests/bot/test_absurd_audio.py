"""Absurd audio ends a call politely and within its bounds; all calls run at once, in the loop's own fast time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from benchmarks import fast_time
from benchmarks.lines import RecordedLine, Samples, noise, on_the_line
from benchmarks.takes import Hum
from bot.moves import Action, Event, Facts, Finish, Note, Say
from bot.pipeline import converse
from bot.report import Report
from bot.script import load_script
from intents import load_matcher
from rules.outcomes import Ending
from speech.recogniser import Recogniser
from telephony.legs import SAMPLE_RATE
from tests.bot.paced_line import spoken

pytestmark = pytest.mark.audio

SCRIPT = load_script("new_account")
FACTS = Facts({name: slot.sample for name, slot in SCRIPT.slots.items()}, datetime(2026, 11, 20, 2, tzinfo=UTC))
LONGEST_SECONDS = 240


@dataclass(slots=True)
class Heard:
    """One call and what came of it."""

    report: Report
    moves: list[Event | Action]
    seconds: float


def _time(seconds: int = LONGEST_SECONDS) -> Samples:
    return np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE


def _tune() -> Samples:
    """Music on hold: notes with overtones, twice a second."""
    t, g = _time(), np.random.default_rng(2)
    pitch = 220 * 2 ** (g.integers(0, 24, len(t) // 4000 + 1)[np.arange(len(t)) // 4000] / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    return np.asarray(0.1 * sum(np.sin(phase * k) / k for k in range(1, 6)) * np.exp(-3 * (t % 0.5)))


def _speech() -> Samples:
    return np.frombuffer(spoken("我现在在开会你说什么") + bytes(16_000), "<i2") / 32768


def _lines() -> dict[str, bytes]:
    t, g = _time(), np.random.default_rng(1)
    n = len(t)
    talk = np.resize(_speech(), n)
    made = {
        "white noise": 0.3 * noise("white", n, g),
        "clipped noise": np.clip(20 * noise("pink", n, g), -1, 1),
        "a loud hum": 0.5 * np.sign(np.sin(2 * np.pi * 50 * t)) + 0.01 * g.standard_normal(n),
        "an offset": np.full(n, 0.8) + 0.001 * g.standard_normal(n),
        "music": _tune(),
        "a television": 0.1 * noise("babble", n, g),
        "twice the rate": np.resize(talk[::2], n),
        "half the rate": np.repeat(talk[: n // 2], 2),
        "one tone": 0.3 * np.sin(2 * np.pi * 450 * t),
    }
    return {name: on_the_line(samples, None, "", 0) for name, samples in made.items()} | {
        "digital silence": bytes(2 * n),
        "chance": g.bytes(2 * n),
    }


async def _call(client: bytes, ears: Recogniser) -> Heard:
    moves: list[Event | Action] = []
    line = RecordedLine(client)
    prompts, began = Hum(2000), asyncio.get_running_loop().time()
    log = lambda move, _: moves.append(move)  # noqa: E731
    report = await converse(line, SCRIPT, FACTS, ears, prompts, load_matcher(), log=log)
    return Heard(report, moves, asyncio.get_running_loop().time() - began)


async def _all(lines: dict[str, bytes], ears: Recogniser) -> dict[str, Heard]:
    calls = await asyncio.gather(*(_call(client, ears) for client in lines.values()))
    return dict(zip(lines, calls, strict=True))


@pytest.fixture(scope="module")
def calls(shipped_model: Path) -> Iterator[dict[str, Heard]]:
    """All calls, carried through."""
    ears = Recogniser(shipped_model)
    yield fast_time.run(_all(_lines(), ears), lambda: ears.busy)
    ears.close()


def test_every_call_ends_by_itself_with_a_goodbye(calls: dict[str, Heard]) -> None:
    for name, call in calls.items():
        assert not call.report.hung_up, (name, call.seconds)
        assert call.report.finish is not None, name
        assert call.seconds < LONGEST_SECONDS - 5, name
        assert "再见" in [move for move in call.moves if isinstance(move, Say)][-1].text, name


def test_nothing_is_taken_for_an_answer_to_the_review(calls: dict[str, Heard]) -> None:
    for name, call in calls.items():
        noted = [move for move in call.moves if isinstance(move, Note) and SCRIPT.nodes[move.question].review]
        assert not noted, name


@pytest.mark.parametrize("name", ["digital silence", "white noise", "clipped noise", "an offset", "one tone"])
def test_what_is_no_speech_counts_as_silence(calls: dict[str, Heard], name: str) -> None:
    (finish,) = [move for move in calls[name].moves if isinstance(move, Finish)]
    assert finish.ending is Ending.NOBODY_SPOKE
