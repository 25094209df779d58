"""A room with a loudspeaker and a microphone that ALSA takes for the machine's own: real arecord and aplay."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from telephony.legs import FRAME_BYTES, FRAME_MS

QUIET = bytes(FRAME_BYTES)
LOUD = 200  # of 32,768: above it somebody speaks
CONFIG = """
pcm.!default {{
  type asym
  playback.pcm {{ type file slave.pcm {{ type null }} file "{speaker}" format "raw" }}
  capture.pcm {{ type file slave.pcm {{ type null }} file "/dev/null" infile "{microphone}" format "raw" }}
}}
ctl.!default {{ type null }}
"""


class SoundRoom:
    """Hears what the loudspeaker plays and speaks into the microphone, 20 ms at a time.

    Each of `answers` is spoken once the loudspeaker has been silent for 600 ms after it spoke. With `echo`, the
    microphone also picks the loudspeaker up.
    """

    def __init__(self, folder: Path, answers: Sequence[bytes] = (), *, echo: bool = False) -> None:
        self.heard = bytearray()
        self._answers, self._echo = deque(answers), echo
        self._speaking = b""
        self._over = threading.Event()
        speaker, microphone = folder / "speaker", folder / "microphone"
        for pipe in (speaker, microphone):
            os.mkfifo(pipe)
        self._speaker = os.open(speaker, os.O_RDWR | os.O_NONBLOCK)
        self._microphone = os.open(microphone, os.O_RDWR | os.O_NONBLOCK)
        self.config = folder / "asound.conf"
        self.config.write_text(CONFIG.format(speaker=speaker, microphone=microphone), encoding="utf-8")
        self._thread = threading.Thread(target=self._run, name="sound room")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._speaker)
        os.close(self._microphone)

    def _run(self) -> None:
        due = time.monotonic()
        talked, silent_ms = False, 0
        while not self._over.is_set():
            played = self._listen()
            loud = is_loud(played)
            talked, silent_ms = talked or loud, 0 if loud else silent_ms + FRAME_MS
            if talked and silent_ms >= 600 and self._answers and not self._speaking:
                self._speaking, talked = self._answers.popleft(), False
            self._speak(played)
            due += FRAME_MS / 1000
            time.sleep(max(0.0, due - time.monotonic()))

    def _listen(self) -> bytes:
        with suppress(BlockingIOError):
            played = os.read(self._speaker, 65536)
            self.heard += played
            return played
        return b""

    def _speak(self, played: bytes) -> None:
        frame, self._speaking = self._speaking[:FRAME_BYTES], self._speaking[FRAME_BYTES:]
        if self._echo and not frame:
            frame = played[:FRAME_BYTES]
        with suppress(BlockingIOError):  # nobody records
            os.write(self._microphone, frame.ljust(FRAME_BYTES, b"\0"))


def is_loud(pcm: bytes) -> bool:
    """Whether somebody speaks here."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")
    return bool(samples.size) and float(np.abs(samples.astype(np.int32)).mean()) > LOUD


@contextmanager
def sound_room(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answers: Sequence[bytes] = (), *, echo: bool = False
) -> Iterator[SoundRoom]:
    """A room that ALSA's default device is in for as long as the block lasts."""
    with SoundRoom(folder, answers, echo=echo) as room:
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(room.config))
        monkeypatch.setattr("telephony.microphone.START_SECONDS", 60.0)  # two programs start on a busy machine
        yield room
