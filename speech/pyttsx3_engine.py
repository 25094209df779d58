"""The bot's speaking engine: pyttsx3 in a process of its own, started when it is first needed.

Whatever goes wrong inside the speech library ends that process and not the calls: another takes its place, and the
text is spoken again once.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
import threading
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from speech.errors import SynthesisFailed, VoiceUnavailable
from speech.espeak import LANGUAGE, OVERLOADED, floats
from speech.levels import Samples
from speech.pyttsx3_program import Order, Spoken

_ROOT = Path(__file__).parents[1]
_END_SECONDS = 5.0


class EngineEnded(Exception):
    """The process of the engine ended while it was to speak."""


class Pyttsx3Engine:
    """One process that speaks; its texts take turns."""

    def __init__(self) -> None:
        ours, theirs = Pipe()
        self._line: Connection[Order, Spoken | str] = ours
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "speech.pyttsx3_program", str(theirs.fileno())],
                cwd=_ROOT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the other end, which finishes what it was saying
            )

    def speak(self, order: Order, deadline_seconds: float) -> Spoken:
        """Samples per second and s16le audio.

        Raises VoiceUnavailable, SynthesisFailed after the deadline, EngineEnded when the process has died.
        """
        try:
            self._line.send(order)
            if not self._line.poll(deadline_seconds):
                raise SynthesisFailed(f"pyttsx3 gave no audio within {deadline_seconds:g} s: {OVERLOADED}")
            answer = self._line.recv()
        except (EOFError, OSError) as gone:
            raise EngineEnded from gone
        if isinstance(answer, str):
            raise VoiceUnavailable(answer)
        return answer

    @property
    def pid(self) -> int:
        """The process that speaks."""
        return self._process.pid

    def end(self) -> None:
        """Stop the process, whatever it is doing."""
        self._line.close()
        self._process.kill()
        self._process.wait(_END_SECONDS)


_turn = threading.Lock()
_engines: list[Pyttsx3Engine] = []


def run_pyttsx3(pinyin: str, variant: str, pitch: int, rate: int, deadline_seconds: float) -> tuple[Samples, int]:
    """Samples and their rate through pyttsx3; calls from several threads take turns.

    Raises VoiceUnavailable and SynthesisFailed; an engine that died or hung is not used again.
    """
    until = time.monotonic() + deadline_seconds
    if not _turn.acquire(timeout=deadline_seconds):
        raise SynthesisFailed(f"the voice was busy for {deadline_seconds:g} s: place fewer calls at once")
    try:
        order = (pinyin, f"{LANGUAGE}+{variant}" if variant else LANGUAGE, pitch, rate)
        samples_per_second, audio = _speak(order, until)
        return floats(audio), samples_per_second
    finally:
        _turn.release()


@atexit.register
def _end_all() -> None:
    while _engines:
        _engines.pop().end()


def _speak(order: Order, until: float) -> Spoken:
    for _ in range(2):
        if not _engines:
            _engines.append(Pyttsx3Engine())
        try:
            return _engines[0].speak(order, max(0.0, until - time.monotonic()))
        except EngineEnded:
            _engines.pop().end()
        except (SynthesisFailed, VoiceUnavailable):
            _engines.pop().end()
            raise
    raise SynthesisFailed("the speech library broke off twice on one text: reinstall espeak-ng, or reword the text")
