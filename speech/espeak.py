"""The engine under the voices: espeak-ng in this process through pyttsx3, and as a program beside it.

Both take pinyin and give samples at the engine's own rate.
"""

from __future__ import annotations

import importlib
import logging
import subprocess
import tempfile
import threading
import wave
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from speech.errors import SynthesisFailed, VoiceUnavailable
from speech.levels import Samples

LANGUAGE = "cmn-latn-pinyin"
INSTALL = "install it with: apt-get install espeak-ng"
OVERLOADED = "the machine is overloaded, place fewer calls at once"

_LISTING_SECONDS = 10.0
_HEADER = 44  # bytes of a WAV header as espeak-ng writes it


def run_program(pinyin: str, variant: str, pitch: int, speed: int, deadline_seconds: float) -> tuple[Samples, int]:
    """Samples and their rate from the program espeak-ng; safe from any number of threads."""
    if not _speaks(LANGUAGE):
        raise VoiceUnavailable(f"espeak-ng has no voice {LANGUAGE}: {INSTALL} (1.51 or newer)")
    arguments = ("--stdin", "--stdout", "-v", f"{LANGUAGE}+{variant}", "-p", str(pitch), "-s", str(speed))
    wav = _program(arguments, pinyin, deadline_seconds)
    if len(wav) <= _HEADER:
        raise SynthesisFailed("espeak-ng gave no audio for a text: write its reading as an override")
    return _floats(wav[_HEADER:]), int.from_bytes(wav[24:28], "little")


@lru_cache(maxsize=4)
def _speaks(language: str) -> bool:
    """Whether the program has a voice; for one that it lacks it would speak with another without a word."""
    listed = _program((f"--voices={language.split('-')[0]}",), "", _LISTING_SECONDS).decode(errors="replace")
    return language in listed.split()


def _program(arguments: tuple[str, ...], text: str, deadline_seconds: float) -> bytes:
    """What espeak-ng prints; the text goes through stdin, where no list of processes shows it."""
    try:
        return subprocess.run(  # noqa: S603
            ["espeak-ng", *arguments],  # noqa: S607
            input=text.encode(),
            capture_output=True,
            timeout=deadline_seconds,
            check=True,
        ).stdout
    except FileNotFoundError:
        raise VoiceUnavailable(f"the program espeak-ng is missing: {INSTALL}") from None
    except subprocess.TimeoutExpired:
        raise SynthesisFailed(f"espeak-ng gave no audio within {deadline_seconds:g} s: {OVERLOADED}") from None
    except (OSError, subprocess.CalledProcessError) as error:
        raise VoiceUnavailable(f"espeak-ng does not run ({type(error).__name__}): {INSTALL}") from error


def _floats(pcm: bytes) -> Samples:
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)


class Pyttsx3Engine:
    """pyttsx3's espeak driver behind one lock: the library keeps one voice and one callback per process."""

    def __init__(self) -> None:
        self._driver = _load_driver()
        import pyttsx3

        self._engine: Any = pyttsx3.init("espeak")
        self._finished = threading.Event()
        self._problems: list[Exception] = []
        self._engine.connect("finished-utterance", self._note_finished)
        self._engine.connect("error", self._note_problem)

    def run(self, pinyin: str, voice: str, pitch: int, rate: int, deadline_seconds: float) -> tuple[Samples, int]:
        """Samples and their rate; the caller holds the lock."""
        self._finished.clear()
        self._problems.clear()
        with tempfile.TemporaryDirectory(prefix="huifang-voice-") as folder:
            path = Path(folder, "speech.wav")
            for name, value in (("voice", voice), ("pitch", pitch), ("rate", rate)):
                self._engine.setProperty(name, value)
            self._engine.save_to_file(pinyin, str(path))
            self._loop(deadline_seconds)
            if self._problems:
                missing = f"espeak-ng has no voice {voice}: {INSTALL} (1.51 or newer)"
                raise VoiceUnavailable(missing) from self._problems[0]
            if not self._finished.is_set() or not path.exists():
                raise SynthesisFailed(f"pyttsx3 gave no audio within {deadline_seconds:g} s: {OVERLOADED}")
            with wave.open(str(path)) as file:
                return _floats(file.readframes(file.getnframes())), file.getframerate()

    def _loop(self, deadline_seconds: float) -> None:
        """Run pyttsx3's loop, which polls without an end of its own, and then wait for its callback thread."""
        alarm = threading.Timer(deadline_seconds, self._give_up)
        alarm.daemon = True
        alarm.start()
        try:
            self._engine.runAndWait()
            self._finished.wait(deadline_seconds)
        finally:
            alarm.cancel()

    def _give_up(self) -> None:
        self._engine.stop()
        self._engine.proxy._driver.endLoop()

    def _note_finished(self, name: str | None, completed: bool) -> None:
        self._finished.set()

    def _note_problem(self, name: str | None, exception: Exception) -> None:
        self._problems.append(exception)


def _load_driver() -> Any:
    """pyttsx3's espeak driver, which prints each file's name and speaks to the root logger, made quiet."""
    try:
        driver = importlib.import_module("pyttsx3.drivers.espeak")
    except (ImportError, RuntimeError, OSError) as error:
        raise VoiceUnavailable(f"the speech library libespeak-ng is missing: {INSTALL}") from error
    vars(driver).update(print=lambda *_: None, logging=logging.getLogger("pyttsx3"))
    return driver


_lock = threading.Lock()
_engines: list[Pyttsx3Engine] = []


def run_pyttsx3(pinyin: str, variant: str, pitch: int, rate: int, deadline_seconds: float) -> tuple[Samples, int]:
    """Samples and their rate through pyttsx3; calls from several threads take turns."""
    if not _lock.acquire(timeout=deadline_seconds):
        raise SynthesisFailed(f"the voice was busy for {deadline_seconds:g} s: place fewer calls at once")
    try:
        if not _engines:
            _engines.append(Pyttsx3Engine())
        voice = f"{LANGUAGE}+{variant}" if variant else LANGUAGE
        try:
            return _engines[0].run(pinyin, voice, pitch, rate, deadline_seconds)
        except SynthesisFailed:
            _engines.clear()  # a stuck engine is not used again
            raise
    finally:
        _lock.release()
