"""A line over the machine's own microphone and loudspeaker, by arecord and aplay (Debian: alsa-utils).

The microphone is the clock: each of its 20 ms frames gives one step of the call, and one frame goes out to the
loudspeaker. A loudspeaker is heard by the microphone, so what comes in counts as silence while the bot speaks and
just after it; with a headset both can speak at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import IO

from telephony.codecs import SILENCE
from telephony.errors import SoundUnavailable
from telephony.legs import FRAME_BYTES, FRAME_MS, SAMPLE_RATE, AudioIn, HangupCause, HungUp, LegEvent, Played
from telephony.pacing import Schedule
from telephony.playout import Done, PlayQueue

RECORDER, PLAYER = "arecord", "aplay"
FORMAT = ("-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", str(SAMPLE_RATE))
BUFFER_MS = 120  # held by the loudspeaker: what a late frame may be late by
ECHO_MS = BUFFER_MS + 300  # after the bot's last frame, until loudspeaker and room are silent
START_SECONDS, PLAYED_OUT_SECONDS = 5.0, 1.0
_MOST_EVENTS = 3000  # a minute of audio that nobody reads
_MOST_STALE_BYTES = 10 * 2 * SAMPLE_RATE


@dataclass(slots=True)
class SoundLine:
    """One call over sound devices; see bot.shell.transport.Line for what the methods promise."""

    recorder: Process
    player: Process
    headset: bool
    call_id: str = "microphone"
    _queue: PlayQueue = field(default_factory=PlayQueue)
    _events: asyncio.Queue[LegEvent] = field(default_factory=lambda: asyncio.Queue(_MOST_EVENTS))
    _at_ms: int = 0
    _echo_until_ms: int = 0
    _over: bool = False
    _running: asyncio.Task[None] | None = None

    async def events(self) -> AsyncIterator[LegEvent]:
        """The call begins with the first reader; HungUp is the last event."""
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="sound line")
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, HungUp):
                return

    def play(self, pcm: bytes, mark: str) -> None:
        """Queue audio; raises PlayQueueFull."""
        self._queue.add(pcm, mark)

    def clear(self) -> None:
        """Drop what has not gone to the loudspeaker yet."""
        self._report(self._queue.clear())

    async def hang_up(self) -> None:
        """End the call: what the loudspeaker holds is heard to its end; both programs are gone within seconds."""
        self._end(HangupCause.LOCAL)
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self.player.stdin is not None:
            self.player.stdin.close()
        await asyncio.gather(_stop(self.recorder, 0.0), _stop(self.player, PLAYED_OUT_SECONDS))

    async def _run(self) -> None:
        """Frame by frame; a device that gives them in bursts is slowed to their own pace."""
        now = asyncio.get_running_loop().time
        try:
            await _forget(self.recorder)
            schedule = Schedule(now())
            while True:
                frame = await _frame_of(self.recorder)
                await asyncio.sleep(schedule.advance() - now())
                await self._step(frame)
        except (asyncio.IncompleteReadError, OSError):
            self._end(HangupCause.OWN_LINE)

    async def _step(self, frame: bytes) -> None:
        outgoing = self._queue.take()
        await _play(self.player, outgoing.pcm)
        if outgoing.pcm is not SILENCE:
            self._echo_until_ms = self._at_ms + FRAME_MS + ECHO_MS
        echo = self._at_ms < self._echo_until_ms and not self.headset
        self._put(AudioIn(SILENCE if echo else frame, self._at_ms))
        self._at_ms += FRAME_MS
        self._report(outgoing.done)

    def _report(self, done: tuple[Done, ...]) -> None:
        for prompt in done:
            self._put(Played(prompt.mark, prompt.played_ms, prompt.complete, self._at_ms))

    def _end(self, cause: HangupCause) -> None:
        if not self._over:
            self._report(self._queue.close())
            self._put(HungUp(cause, None, None, self._at_ms))
            self._over = True

    def _put(self, event: LegEvent) -> None:
        if not self._over:
            self._events.put_nowait(event)


async def open_sound_line(device: str = "default", *, headset: bool = False) -> SoundLine:
    """A line over an ALSA device (`arecord -L` lists them) that has given its first sound.

    Raises SoundUnavailable where a program or a device is missing; the message says what to do.
    """
    missing = [program for program in (RECORDER, PLAYER) if shutil.which(program) is None]
    if missing:
        raise SoundUnavailable(f"{' and '.join(missing)} cannot be found: install alsa-utils, or converse by typing")
    buffer = ("-B", str(BUFFER_MS * 1000), "-F", str(FRAME_MS * 1000))
    with tempfile.TemporaryFile() as faults:
        recorder = await asyncio.create_subprocess_exec(
            RECORDER, "-D", device, *FORMAT, *buffer, stdin=DEVNULL, stdout=PIPE, stderr=faults
        )
        player = await asyncio.create_subprocess_exec(
            PLAYER, "-D", device, *FORMAT, *buffer, stdin=PIPE, stdout=DEVNULL, stderr=faults
        )
        line = SoundLine(recorder, player, headset)
        try:
            await _begin(line)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            await line.hang_up()
            raise SoundUnavailable(
                f"no sound from device {device!r}{_last_line(faults)}: plug in a microphone and a loudspeaker, name "
                "another device of `arecord -L` with --device, or converse by typing"
            ) from None
    return line


async def _begin(line: SoundLine) -> None:
    """Wait for the first frame, with the loudspeaker's buffer nearly full, so that it does not run dry."""
    async with asyncio.timeout(START_SECONDS):
        await _play(line.player, SILENCE * (BUFFER_MS // FRAME_MS - 1))
        await _frame_of(line.recorder)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(line.player.wait(), BUFFER_MS / 1000)
    if line.player.returncode is not None:
        raise BrokenPipeError


async def _frame_of(recorder: Process) -> bytes:
    if recorder.stdout is None:
        raise BrokenPipeError
    return await recorder.stdout.readexactly(FRAME_BYTES)


async def _forget(recorder: Process) -> None:
    """Pass over what was recorded before the call began: it would make everything heard late by as much."""
    passed = 0
    with contextlib.suppress(TimeoutError):
        while recorder.stdout is not None and passed < _MOST_STALE_BYTES:
            piece = await asyncio.wait_for(recorder.stdout.read(_MOST_STALE_BYTES), FRAME_MS / 2000)
            if not piece:
                return
            passed += len(piece)
    if recorder.stdout is not None and passed % FRAME_BYTES:
        await recorder.stdout.readexactly(-passed % FRAME_BYTES)


async def _play(player: Process, pcm: bytes) -> None:
    if player.stdin is None or player.returncode is not None:
        raise BrokenPipeError
    player.stdin.write(pcm)
    await player.stdin.drain()


async def _stop(process: Process, patience_seconds: float) -> None:
    """Let it finish, then end it: a program that waits for its device does not listen when it is asked."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), patience_seconds)
        return
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _last_line(faults: IO[bytes]) -> str:
    faults.seek(0)
    lines = faults.read().decode(errors="replace").strip().splitlines()
    return f" ({lines[-1]})" if lines else ""
