"""One conversation on an answered line, from the first word to the hang-up."""

from __future__ import annotations

import bot.shell.quiet  # noqa: F401

# isort: split
import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pipecat.frames.frames import ErrorFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.workers.runner import WorkerRunner

from bot.agents import Agents
from bot.errors import ConversationError, ConversationStuck, ConversationTooLong, LineStarved
from bot.moves import Action, Event, Facts
from bot.report import Report
from bot.script import Script
from bot.shell.asr import VoskSTTService
from bot.shell.floor import Floor
from bot.shell.processors import DialogueProcessor, Log, Mind
from bot.shell.transport import SAMPLE_RATE, LegInput, LegOutput, Line
from bot.shell.turn_processor import TurnProcessor
from bot.shell.turns import TurnTaking
from bot.shell.voice import PromptSource, PromptTTSService
from bot.walk.certainty import Understanding
from bot.walk.course import Course, go_on, open_course
from intents import parse_number
from speech.recogniser import Recogniser
from speech.vad import SpeechGate

_FOREIGN_FINAL_MS = 1500  # other recognisers finish by themselves, or not at all when asked
Phrases = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on every wait of a conversation, in seconds."""

    conversation_seconds: float = 600.0
    handed_over_seconds: float = 3600.0  # while a person speaks with the client
    starved_seconds: float = 10.0  # nothing at all from the line
    stuck_seconds: float = 120.0  # no event and no action
    drain_seconds: float = 5.0  # from the end of the line to the end of the dialogue
    agent_seconds: float = 90.0  # the roads to a person have shorter bounds of their own
    hang_up_seconds: float = 10.0
    stop_seconds: float = 10.0  # taking the pipeline down


class _Scripted:
    """The pure dialogue with its state."""

    def __init__(self, script: Script, facts: Facts) -> None:
        self._script = script
        self._facts = facts
        self._course: Course | None = None

    @property
    def question(self) -> str:
        return self._course.state.question if self._course else ""

    @property
    def resume_at(self) -> str:
        return self._course.state.resume_at if self._course else ""

    def begin(self) -> tuple[Action, ...]:
        self._course, actions = open_course(self._script, self._facts)
        return actions

    def advance(self, event: Event) -> tuple[Action, ...]:
        if self._course is None:
            raise RuntimeError("a dialogue begins before it goes on")
        self._course, actions = go_on(self._script, self._course, event)
        return actions


async def converse(
    line: Line,
    script: Script,
    facts: Facts,
    ears: Recogniser | STTService,
    prompts: PromptSource | TTSService,
    matcher: Understanding,
    *,
    log: Log,
    agents: Agents | None = None,
    taking: TurnTaking | None = None,
    limits: Limits | None = None,
    phrases: Phrases | None = None,
) -> Report:
    """Carry one conversation on an answered line and leave the line hung up, whatever happens.

    `ears` and `prompts` may be pipecat services of another maker. `phrases` gives what may be heard at a question;
    without it the model hears freely, which measures better (short answers at 20 dB: 100% understood against 90%).
    `log` gets each event and action with the recording position at which it happened. Raises ConversationError;
    its `report` holds what was reached.
    """
    mind = _Scripted(script, facts)
    try:
        report = await hold(
            line, mind, ears, prompts, matcher, log=log, agents=agents, taking=taking, limits=limits, phrases=phrases
        )
    except ConversationError as error:
        error.report.resume_at = mind.resume_at
        raise
    report.resume_at = mind.resume_at
    return report


async def hold(
    line: Line,
    mind: Mind,
    ears: Recogniser | STTService,
    prompts: PromptSource | TTSService,
    matcher: Understanding,
    *,
    log: Log,
    agents: Agents | None = None,
    taking: TurnTaking | None = None,
    limits: Limits | None = None,
    phrases: Phrases | None = None,
) -> Report:
    """The same with a mind of any kind; see `converse`."""
    floor, taking, limits = Floor(), taking or TurnTaking(), limits or Limits()
    if isinstance(ears, STTService):
        taking = replace(taking, final_ms=min(taking.final_ms, _FOREIGN_FINAL_MS))
    report = Report(turn_latencies_ms=floor.latencies_ms)
    stt = ears if isinstance(ears, STTService) else VoskSTTService(ears, grammar=_grammar(floor, phrases))
    tts = prompts if isinstance(prompts, TTSService) else PromptTTSService(prompts)
    processors = [
        LegInput(line, SpeechGate(), floor, taking),
        stt,
        TurnProcessor(floor, matcher, taking, parse_number),
        DialogueProcessor(floor, mind, matcher, taking, report, log, agents, limits.agent_seconds),
        tts,
        LegOutput(line, floor),
    ]
    broken = await _run(Pipeline(processors), line, floor, limits)
    if floor.failure is not None:
        name = type(floor.failure).__name__
        message = f"call {line.call_id}: the conversation broke off ({name}); the line was hung up, call again"
        raise ConversationError(message, report) from floor.failure
    if broken:
        raise broken(f"call {line.call_id}: {broken.__doc__}", report)
    return report


def _grammar(floor: Floor, phrases: Phrases | None) -> Callable[[], Sequence[str]] | None:
    return (lambda: phrases(floor.question)) if phrases else None


async def _run(pipeline: Pipeline, line: Line, floor: Floor, limits: Limits) -> type[ConversationError] | None:
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=SAMPLE_RATE, audio_out_sample_rate=SAMPLE_RATE),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
        check_dangling_tasks=False,
        cancel_timeout_secs=limits.stop_seconds / 2,
    )

    async def note_fault(_: PipelineWorker, frame: ErrorFrame) -> None:
        if frame.exception or (frame.processor and not frame.processor.is_usable):
            floor.fail(frame.exception or RuntimeError(f"{frame.processor} cannot go on"))

    worker.add_event_handler("on_pipeline_error", note_fault)
    runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run(), name="conversation")
    try:
        return await _watch(floor, running, limits)
    finally:
        floor.over.set()
        await asyncio.shield(_close(runner, running, line, floor, limits))


async def _watch(floor: Floor, running: asyncio.Task[None], limits: Limits) -> type[ConversationError] | None:
    """Wait for the end; returns which bound was reached, if one was."""
    now = asyncio.get_running_loop().time
    began = floor.heard_at = floor.moved_at = now()
    while not floor.over.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await floor.over.wait()
        if running.done():
            floor.fail(RuntimeError("the pipeline stopped by itself"))
        elif reached := _bound_reached(floor, began, now(), limits):
            return reached
    return None


def _bound_reached(floor: Floor, began: float, now: float, limits: Limits) -> type[ConversationError] | None:
    if floor.over.is_set():
        return None
    if floor.gone:
        return ConversationStuck if now - floor.heard_at > limits.drain_seconds else None
    if now - floor.heard_at > limits.starved_seconds:
        return LineStarved
    longest = limits.handed_over_seconds if floor.handed_over else limits.conversation_seconds
    if now - began > longest and not floor.fetching:  # that has a bound of its own
        return ConversationTooLong
    if now - floor.moved_at > limits.stuck_seconds and not floor.handed_over:
        return ConversationStuck
    return None


async def _close(runner: WorkerRunner, running: asyncio.Task[None], line: Line, floor: Floor, limits: Limits) -> None:
    """Hang up first, so that nobody waits on a silent line, then take the pipeline down; both bounded."""
    try:
        async with asyncio.timeout(limits.hang_up_seconds):
            await line.hang_up()
    except Exception as error:
        floor.fail(error)
    finally:
        await runner.cancel()
        await asyncio.wait([running], timeout=limits.stop_seconds)
        if not running.done():
            running.cancel()
