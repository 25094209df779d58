"""Machines that answer in the client's place, over real audio: the bot leaves, and people are talked with as ever.

All calls of this file run at once, in the loop's own fast time; each test looks at one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from benchmarks import fast_time
from bot.moves import Action, Event, Facts, Heard, MachineAnswered, Note, Say
from bot.pipeline import Limits, converse
from bot.report import Report
from bot.script import load_script
from intents import Announced, load_matcher
from rules.outcomes import Ending
from rules.witnesses import AnsweringMachine, Tone
from speech.prompts import Prompts
from speech.recogniser import Recogniser
from speech.voice import Pyttsx3Voice, caller_voices
from telephony.answered import AfterAnswer
from telephony.screening import ScreenedLeg
from tests.bot.paced_line import HangUp, PacedLine, Speak, Step
from tests.telephony.sounds import cadence

pytestmark = pytest.mark.audio

M = TypeVar("M")
FACTS = Facts(
    {
        "券商": "华夏安信证券",
        "部门": "客户服务中心",
        "工号": "8001",
        "客户姓名": "王小明",
        "称谓": "先生",
        "服务电话": "95500",
        "回访业务": "新开户",
    },
    datetime(2026, 11, 20, 2, 0, tzinfo=UTC),
)
PRIVATE = ("新开户", "回访", "开户", "账户")


@dataclass(slots=True)
class Call:
    """One call and what came of it."""

    steps: Sequence[Step]
    moves: list[Event | Action] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    found: AfterAnswer = field(default_factory=AfterAnswer)
    line: PacedLine | None = None

    def of(self, kind: type[M]) -> list[M]:
        return [move for move in self.moves if isinstance(move, kind)]


def spoken(text: str, voice: int) -> bytes:
    return list(caller_voices().values())[voice].speak(text)


def tone(pairs: Sequence[tuple[float, float]]) -> bytes:
    return cadence(pairs, 6).astype("<i2").tobytes()


def _bench() -> dict[str, Call]:
    at_once = 300  # ms after the bot has begun
    voicemail = spoken("您好，您拨打的用户暂时无法接听，请在滴声后留言", 0)
    assistant = spoken("您好，我是机主的语音助手，机主现在不方便，请问您有什么事", 7)
    empty = spoken("对不起，您拨打的号码是空号，请核对后再拨", 3)
    person = spoken("喂，你好，哪位啊", 5)
    return {
        "voicemail": Call([Speak(voicemail, into_ms=at_once)]),
        "assistant": Call([Speak(assistant, into_ms=at_once)]),
        "assistant that lets the bot ask first": Call([Speak(assistant, after_ms=400)]),
        "empty number": Call([Speak(empty, into_ms=at_once)]),
        "empty number, hung up by the network": Call([Speak(empty[: len(empty) * 3 // 5], into_ms=at_once), HangUp()]),
        "busy tone": Call([Speak(tone([(350, 350)]), into_ms=at_once)]),
        "person": Call(
            [
                Speak(person, into_ms=at_once),
                Speak(spoken("我就是", 5)),
                Speak(spoken("我的手机关机了刚充上电你说吧方便", 5)),
                HangUp(into_ms=2000),
            ]
        ),
        "who asks about the voice": Call(
            [Speak(spoken("什么智能语音助手，你是机器人吧", 2)), Speak(spoken("是我", 2)), HangUp(into_ms=2000)]
        ),
    }


async def _run(calls: dict[str, Call], folder: Path, ears: Recogniser) -> None:
    script, prompts = load_script("new_account"), Prompts(folder / "prompts", Pyttsx3Voice())

    async def one(name: str, call: Call) -> None:
        call.line = PacedLine(call.steps, call_id=name)
        screened = ScreenedLeg(call.line, ears)
        call.report = await converse(
            screened, script, FACTS, ears, prompts, load_matcher(),
            log=lambda move, _: call.moves.append(move), limits=Limits(conversation_seconds=60),
        )  # fmt: skip
        call.found = screened.found

    for text in script.fixed_texts(FACTS.slots):
        await prompts.fetch(text)
    await asyncio.gather(*(one(name, call) for name, call in calls.items()))


@pytest.fixture(scope="module")
def calls(shipped_model: Path, kept: Path) -> Iterator[dict[str, Call]]:
    """All calls, carried through."""
    bench, ears = _bench(), Recogniser(shipped_model)
    fast_time.run(_run(bench, kept, ears), lambda: ears.busy)
    ears.close()
    yield bench


MACHINES = [
    ("voicemail", AnsweringMachine.VOICEMAIL, Announced.VOICEMAIL),
    ("assistant", AnsweringMachine.ASSISTANT, Announced.PHONE_ASSISTANT),
    ("assistant that lets the bot ask first", AnsweringMachine.ASSISTANT, Announced.PHONE_ASSISTANT),
    ("empty number", AnsweringMachine.NETWORK, Announced.EMPTY_NUMBER),
    ("empty number, hung up by the network", AnsweringMachine.NETWORK, Announced.EMPTY_NUMBER),
]


@pytest.mark.parametrize(("name", "machine", "announced"), MACHINES)
def test_a_machine_is_left_without_a_private_word(
    calls: dict[str, Call], name: str, machine: AnsweringMachine, announced: Announced
) -> None:
    call = calls[name]
    assert call.report.finish is not None and call.report.finish.ending is Ending.MACHINE
    assert (call.found.machine, call.found.announced) == (machine, announced)
    assert call.found.announcement_evidence
    assert [met.machine for met in call.of(MachineAnswered)] == [machine]
    assert not any(word in say.text for say in call.of(Say) for word in PRIVATE)
    assert not call.report.notes and not call.report.flags
    assert call.line is not None and call.line.hung_up


def test_the_bot_stops_in_mid_word(calls: dict[str, Call]) -> None:
    line = calls["voicemail"].line
    assert line is not None and line.cleared
    bot = np.frombuffer(bytes(line.bot_pcm), "<i2")
    assert calls["voicemail"].found.at_ms <= len(line.client_pcm) // 16 <= calls["voicemail"].found.at_ms + 500
    assert abs(bot[: len(bot) // 2].astype(int)).max() > 1000


def test_a_tone_in_a_persons_place(calls: dict[str, Call]) -> None:
    call = calls["busy tone"]
    assert call.report.finish is not None and call.report.finish.ending is Ending.MACHINE
    assert (call.found.machine, call.found.tone, call.found.announced) == (AnsweringMachine.NETWORK, Tone.BUSY, None)


@pytest.mark.parametrize("name", ["person", "who asks about the voice"])
def test_a_person_is_talked_with(calls: dict[str, Call], name: str) -> None:
    call = calls[name]
    assert call.of(MachineAnswered) == []
    assert call.found.machine is None and call.found.details() == {}
    assert "opening.identity" in {note.question for note in call.of(Note)}
    assert call.of(Heard)
