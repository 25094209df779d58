"""What the shell of a conversation does when something fails: one error, and the line is always hung up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from loguru import logger
from pipecat.frames.frames import Frame, InterimTranscriptionFrame, TranscriptionFrame, TTSAudioRawFrame
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService

from bot.errors import ConversationError, ConversationTooLong, LineStarved
from bot.moves import Action, Event, Facts, Heard, PromptFinished, Say
from bot.pipeline import Limits, converse
from bot.report import Report
from bot.script import load_script
from bot.shell.voice import PromptSource
from intents import Intent, load_matcher
from rules.outcomes import Ending
from speech.recogniser import Recogniser
from tests.bot.paced_line import HangUp, PacedLine, Speak, spoken

SCRIPT = load_script("new_account")
FACTS = Facts({name: slot.sample for name, slot in SCRIPT.slots.items()}, datetime(2026, 11, 20, 2, tzinfo=UTC))
TONE = b"\x10\x00\xf0\xff" * 160 * 50  # 2 s


class Tones:
    """Prompts that are a short hum."""

    async def fetch(self, text: str, slower: bool = False) -> bytes:
        return TONE


class Broken:
    """No prompt can be had."""

    async def fetch(self, text: str, slower: bool = False) -> bytes:
        raise OSError("the disk is gone")


class DeadLine(PacedLine):
    """A line that gives no sign of life."""

    async def events(self) -> AsyncIterator[object]:  # type: ignore[override]
        await asyncio.Event().wait()
        yield None


class BrokenLine(PacedLine):
    """A line whose events fail."""

    async def events(self) -> AsyncIterator[object]:  # type: ignore[override]
        raise ConnectionError("gateway went away")
        yield None


class Dictated(STTService):
    """A recogniser of another maker: ends sentences by itself and answers no question."""

    def __init__(self) -> None:
        settings = STTSettings(model=None, language=None)
        super().__init__(sample_rate=8000, audio_passthrough=False, ttfs_p99_latency=0.3, settings=settings)
        self._heard = 0

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        before, self._heard = self._heard, self._heard + len(audio)
        if before < 16_000 <= self._heard:
            yield InterimTranscriptionFrame(text="是", user_id="", timestamp="")
            yield TranscriptionFrame(text="是的", user_id="", timestamp="")


class Overrun(Dictated):
    """A recogniser that has half of what was said and comes to no end."""

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        async for frame in super().run_stt(audio):
            if isinstance(frame, InterimTranscriptionFrame):
                yield frame


class Chunked(TTSService):
    """A speech service of another maker: audio in many small pieces."""

    def __init__(self) -> None:
        settings = TTSSettings(model=None, voice=None, language=None)
        super().__init__(sample_rate=8000, push_start_frame=True, push_stop_frames=True, settings=settings)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        for at in range(0, len(TONE), 1600):
            piece = TONE[at : at + 1600]
            yield TTSAudioRawFrame(audio=piece, sample_rate=8000, num_channels=1, context_id=context_id)


@pytest.fixture(scope="module")
def ears(shipped_model: Path) -> Recogniser:
    """The shipped model."""
    return Recogniser(shipped_model, deadline_seconds=60)


async def call(
    line: PacedLine, ears: Recogniser | STTService, prompts: PromptSource | TTSService, limits: Limits | None = None
) -> tuple[Report, list[Event | Action]]:
    """One conversation and its moves."""
    moves: list[Event | Action] = []
    matcher = load_matcher()
    report = await converse(
        line, SCRIPT, FACTS, ears, prompts, matcher, log=lambda move, _: moves.append(move), limits=limits
    )
    return report, moves


async def test_a_failing_voice_ends_the_conversation_with_its_cause(ears: Recogniser) -> None:
    line = PacedLine([])
    with pytest.raises(ConversationError) as caught:
        await call(line, ears, Broken())
    assert isinstance(caught.value.__cause__, OSError)
    assert "test-1" in str(caught.value)
    assert line.hung_up


async def test_a_failing_line_ends_the_conversation_with_its_cause(ears: Recogniser) -> None:
    line = BrokenLine([])
    with pytest.raises(ConversationError) as caught:
        await call(line, ears, Tones())
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert line.hung_up


async def test_a_failing_log_ends_the_conversation_with_its_cause(ears: Recogniser) -> None:
    line = PacedLine([])

    def full(move: Event | Action, at_ms: int) -> None:
        raise OSError("no space left")

    with pytest.raises(ConversationError) as caught:
        await converse(line, SCRIPT, FACTS, ears, Tones(), load_matcher(), log=full)
    assert isinstance(caught.value.__cause__, OSError)
    assert line.hung_up


async def test_a_line_without_a_sign_of_life_is_given_up(ears: Recogniser) -> None:
    line = DeadLine([])
    with pytest.raises(LineStarved):
        await call(line, ears, Tones(), Limits(starved_seconds=0.5))
    assert line.hung_up


async def test_an_endless_conversation_is_ended_and_what_was_reached_is_kept(ears: Recogniser) -> None:
    line = PacedLine([])
    with pytest.raises(ConversationTooLong) as caught:
        await call(line, ears, Tones(), Limits(conversation_seconds=1))
    assert caught.value.report.finish is None
    assert not caught.value.report.hung_up
    assert line.hung_up


async def test_a_cancelled_conversation_leaves_the_line_hung_up(ears: Recogniser) -> None:
    line, begun = PacedLine([]), asyncio.Event()
    talk = converse(line, SCRIPT, FACTS, ears, Tones(), load_matcher(), log=lambda *_: begun.set())
    task = asyncio.create_task(talk)
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert line.hung_up


async def test_a_line_that_cannot_be_hung_up_is_an_error_too(ears: Recogniser) -> None:
    class Stubborn(PacedLine):
        async def hang_up(self) -> None:
            await super().hang_up()
            raise OSError("the recording could not be sealed")

    with pytest.raises(ConversationError) as caught:
        await call(Stubborn([HangUp(into_ms=100)]), ears, Tones())
    assert isinstance(caught.value.__cause__, OSError)


async def test_the_pipeline_logs_nothing(ears: Recogniser) -> None:
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message)), level="TRACE")
    await call(PacedLine([HangUp(into_ms=300)]), ears, Tones())
    with pytest.raises(ConversationError):
        await call(PacedLine([]), ears, Broken())
    logger.remove(sink)
    assert lines == []


async def test_no_task_outlives_its_conversation(ears: Recogniser) -> None:
    before = asyncio.all_tasks()
    await call(PacedLine([HangUp(into_ms=100)]), ears, Tones())
    assert asyncio.all_tasks() == before


async def test_another_makers_voice_is_played_in_pieces_and_reported_as_whole_prompts(ears: Recogniser) -> None:
    line = PacedLine([HangUp(into_ms=3000)])
    report, moves = await call(line, ears, Chunked())
    first, second = (move for move in moves if isinstance(move, PromptFinished))
    assert (first.complete, first.played_ms) == (True, 2000)
    assert not second.complete
    assert 900 <= second.played_ms <= 1100
    assert len([move for move in moves if isinstance(move, Say)]) == 2
    assert report.finish is not None
    assert report.finish.ending is Ending.HUNG_UP


async def test_another_makers_recogniser_is_heard_once_and_without_being_asked() -> None:
    line = PacedLine([Speak(spoken("是的我就是")), HangUp(into_ms=1000)])
    _, moves = await call(line, Dictated(), Tones())
    (heard,) = (move for move in moves if isinstance(move, Heard))
    assert heard.text == "是的"
    assert heard.match.intent is Intent.YES
    assert abs(heard.start_ms - line.said_ms[0][0]) <= 200


async def test_half_of_an_answer_whose_rest_did_not_come_is_asked_again() -> None:
    line = PacedLine([Speak(spoken("是不是我你去问他")), HangUp(into_ms=1000)])
    _, moves = await call(line, Overrun(), Tones())
    (heard,) = (move for move in moves if isinstance(move, Heard))
    assert (heard.text, heard.match.intent) == ("是", Intent.UNCLEAR)
