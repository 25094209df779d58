"""The line at both ends of the pipeline: what comes in becomes frames, prompts go out to be played."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

from pipecat.frames.frames import CancelFrame, EndFrame, Frame, InterruptionFrame, StartFrame, TTSAudioRawFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from bot.shell.floor import Floor
from bot.shell.frames import (
    HeardAudio,
    KeyPressed,
    LineEnded,
    LinePlayed,
    MachineHeard,
    PromptBegins,
    PromptEnds,
    SpeechBegan,
    SpeechPaused,
)
from bot.shell.playout import Prompt
from bot.shell.turns import TurnTaking
from rules.witnesses import AnsweringMachine
from speech.vad import GateTuning, SpeechGate, StartedSpeaking, StoppedSpeaking

SAMPLE_RATE = 8000  # Hz, end to end
FRAME_MS = 20
FRAME_BYTES = 2 * SAMPLE_RATE * FRAME_MS // 1000


class Line(Protocol):
    """One answered call; the telephony room's Leg is one.

    `events` yields audio (`pcm`, `at_ms`), keys (`key`, `at_ms`), marks played (`mark`, `played_ms`, `complete`,
    `at_ms`), a machine that answered in the client's place (`machine`, `at_ms`) and at last the end (`cause`, `at_ms`);
    anything else is passed over.
    """

    @property
    def call_id(self) -> str: ...

    def events(self) -> AsyncIterator[object]: ...

    def play(self, pcm: bytes, mark: str) -> None: ...

    def clear(self) -> None: ...

    async def hang_up(self) -> None: ...


class LegInput(FrameProcessor):
    """Reads the line; in silence nothing enters the pipeline, a turn begins with its pre-roll."""

    def __init__(self, line: Line, gate: SpeechGate, floor: Floor, taking: TurnTaking) -> None:
        super().__init__(enable_direct_mode=True)
        self._line = line
        self._gate = gate
        self._floor = floor
        self._taking = taking
        self._preroll: deque[bytes] = deque(maxlen=max(1, taking.preroll_ms // FRAME_MS))
        self._opening_ms = FRAME_MS * GateTuning().frames_to_open  # speech that it takes to open the gate
        self._chunk: list[bytes] = []
        self._reader: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Start reading with the pipeline and stop with it."""
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, StartFrame):
            self._reader = self.create_task(self._read(), "line")
        elif isinstance(frame, EndFrame | CancelFrame):
            await self._stop()

    async def cleanup(self) -> None:
        """Stop reading."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        await self._stop()

    async def _stop(self) -> None:
        reader, self._reader = self._reader, None
        if reader and reader is not asyncio.current_task():
            await self.cancel_task(reader)

    async def _read(self) -> None:
        try:
            async for event in self._line.events():
                self._floor.heard_at = self.get_event_loop().time()
                await self._take(event)
        except Exception as error:
            self._floor.fail(error)
        if not self._floor.gone:
            await self._end(self._floor.clock.now_ms)

    async def _take(self, event: object) -> None:
        match event:
            case object(pcm=bytes(pcm), at_ms=int(at_ms)):
                await self._hear(pcm, at_ms)
            case object(mark=str(mark), played_ms=int(played_ms), complete=bool(complete), at_ms=int(at_ms)):
                await self.push_frame(LinePlayed(mark=mark, played_ms=played_ms, complete=complete, at_ms=at_ms))
            case object(key=str(key), at_ms=int(at_ms)):
                await self.push_frame(KeyPressed(key=key, at_ms=at_ms))
            case object(machine=AnsweringMachine() as machine, at_ms=int(at_ms)):
                await self.push_frame(MachineHeard(machine=machine, at_ms=at_ms))
            case object(cause=_, at_ms=int(at_ms)):
                await self._end(at_ms)

    async def _end(self, at_ms: int) -> None:
        self._floor.gone = True
        await self._push_chunk(self._floor.clock.now_ms)
        await self.push_frame(LineEnded(at_ms=at_ms))

    async def _hear(self, pcm: bytes, at_ms: int) -> None:
        moment = self._floor.heard_at
        for offset in range(0, len(pcm), FRAME_BYTES):
            end_ms = at_ms + (offset // FRAME_BYTES + 1) * FRAME_MS
            self._floor.clock.advance(end_ms, moment)
            if not self._floor.handed_over:
                await self._frame(pcm[offset : offset + FRAME_BYTES], end_ms)
            await self._floor.clock.ring()

    async def _frame(self, frame: bytes, end_ms: int) -> None:
        floor, gate = self._floor, self._gate
        change = gate.feed(frame)
        if gate.speaking:
            floor.voice_end_ms = end_ms - gate.silence_ms
        if isinstance(change, StoppedSpeaking):
            await self.push_frame(SpeechPaused(at_ms=floor.voice_end_ms))
        elif isinstance(change, StartedSpeaking):
            await self._begin(end_ms)
        elif gate.speaking and not gate.silence_ms and not floor.turn_busy:  # the last turn was too long
            await self._begin(end_ms)
        if floor.turn_open:
            self._chunk.append(frame)
            if len(self._chunk) * FRAME_MS >= self._taking.chunk_ms:
                await self._push_chunk(end_ms)
        else:
            self._chunk.clear()
            self._preroll.append(frame)

    async def _begin(self, end_ms: int) -> None:
        """A turn begins in the frame that ends here; what came just before is heard too."""
        if self._floor.turn_open:
            return
        self._floor.turn_open = self._floor.turn_busy = True
        await self.push_frame(SpeechBegan(at_ms=end_ms - self._opening_ms))
        self._chunk = [*self._preroll]
        self._preroll.clear()
        await self._push_chunk(end_ms - FRAME_MS)

    async def _push_chunk(self, end_ms: int) -> None:
        if self._chunk:
            audio, at_ms = b"".join(self._chunk), end_ms - len(self._chunk) * FRAME_MS
            self._chunk.clear()
            await self.push_frame(HeardAudio(audio=audio, sample_rate=SAMPLE_RATE, num_channels=1, at_ms=at_ms))


class LegOutput(FrameProcessor):
    """Queues speech on the line, which paces it; stops it when the client speaks.

    A prompt's last piece is held back until its end is known, so that its mark stands for the whole prompt; a
    cached prompt comes in one piece and is queued at once.
    """

    def __init__(self, line: Line, floor: Floor) -> None:
        super().__init__(enable_direct_mode=True)
        self._line = line
        self._floor = floor
        self._prompt: Prompt | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take speech out of the pipeline."""
        await super().process_frame(frame, direction)
        match frame:
            case PromptBegins():
                self._prompt = self._floor.playout.find(frame.serial)
            case TTSAudioRawFrame():
                self._speak(frame.audio)
            case PromptEnds():
                await self._finish(frame.serial)
            case InterruptionFrame():
                await self._stop()
        await self.push_frame(frame, direction)

    def _speak(self, pcm: bytes) -> None:
        prompt = self._prompt
        if prompt and pcm and not prompt.cut and not self._floor.gone:
            prompt.pcm.append(pcm)
            self._play(prompt, pcm)

    def _play(self, prompt: Prompt, pcm: bytes) -> None:
        floor = self._floor
        now_ms = floor.clock.now_ms
        mark = floor.playout.mark(prompt, now_ms)
        if floor.reply_began_ms is None:
            floor.reply_began_ms = now_ms + floor.playout.remaining_ms(now_ms) - prompt.length_ms
        self._line.play(pcm, mark)
        floor.answered(self.get_event_loop().time())

    async def _finish(self, serial: int) -> None:
        prompt, self._prompt = self._floor.playout.find(serial), None
        if prompt:
            prompt.sent, prompt.cut = True, prompt.cut or not prompt.pcm
            await self._report(not prompt.marks)

    async def _stop(self) -> None:
        """Drop what was cut; a text that must be heard and was queued behind it is queued again."""
        self._line.clear()
        for prompt in self._floor.playout.cleared():
            for pcm in prompt.pcm:
                self._play(prompt, pcm)
        await self._report(True)

    async def _report(self, needed: bool) -> None:
        """Tell the dialogue of prompts that end without a mark: nothing of them ever reached the line."""
        if needed:
            await self.push_frame(
                LinePlayed(mark="", played_ms=0, complete=False, at_ms=self._floor.clock.now_ms),
                FrameDirection.UPSTREAM,
            )
