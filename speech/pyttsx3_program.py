"""pyttsx3 as a program of its own: orders come and audio goes over the connection whose number is the argument.

espeak-ng speaks on threads of the C library that call back into Python, and a fault there ends the process that it is
in. So this one does nothing else and imports nothing that takes long to load; `speech.pyttsx3_engine` is its other
end.
An order is (pinyin, voice, pitch, rate); an answer is (samples per second, s16le audio) or a sentence saying what is
missing. The end of the connection, which is also the end of the other process, ends this one.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
import wave
from multiprocessing.connection import Connection
from typing import Any

Order = tuple[str, str, int, int]
Spoken = tuple[int, bytes]

_INSTALL = "install it with: apt-get install espeak-ng"
_SETTLED_SECONDS = 30.0  # the other end kills this process long before


def main(handle: int) -> None:
    """Speak what is ordered until the connection ends."""
    line: Connection[Spoken | str, Order] = Connection(handle)
    engine: Engine | None = None
    while True:
        try:
            order = line.recv()
        except (EOFError, OSError):
            return
        try:
            engine = engine or Engine()
            line.send(engine.speak(*order))
        except (ImportError, RuntimeError, OSError):
            line.send(f"the speech library libespeak-ng is missing: {_INSTALL}")
        except LookupError as missing:
            line.send(f"espeak-ng has no voice {missing.args[0]}: {_INSTALL} (1.51 or newer)")


class Engine:
    """pyttsx3's espeak driver, which keeps one voice and one callback per process."""

    def __init__(self) -> None:
        self._driver = _load_driver()
        import pyttsx3

        self._engine: Any = pyttsx3.init("espeak")
        self._finished = threading.Event()
        self._engine.connect("finished-utterance", lambda name, completed: self._finished.set())

    def speak(self, pinyin: str, voice: str, pitch: int, rate: int) -> Spoken:
        """Samples per second and audio; raises LookupError for a voice that espeak-ng lacks."""
        self._finished.clear()
        problems: list[Exception] = []
        token = self._engine.connect("error", lambda name, exception: problems.append(exception))
        for name, value in (("voice", voice), ("pitch", pitch), ("rate", rate)):
            self._engine.setProperty(name, value)
        self._driver._espeak.Synchronize()  # the library takes them on a thread of its own
        with os.fdopen(os.memfd_create("speech"), "rb") as file:  # in memory: a client's name leaves no file behind
            self._engine.save_to_file(pinyin, f"/proc/self/fd/{file.fileno()}")
            self._engine.runAndWait()
            self._engine.disconnect(token)
            if problems:
                raise LookupError(voice)
            # The loop ends inside the library's last callback: only after it may the next order change the voice.
            self._finished.wait(_SETTLED_SECONDS)
            self._driver._espeak.Synchronize()
            with wave.open(file) as speech:
                return speech.getframerate(), speech.readframes(speech.getnframes())


def _load_driver() -> Any:
    """pyttsx3's espeak driver, which prints each file's name and speaks to the root logger, made quiet."""
    driver = importlib.import_module("pyttsx3.drivers.espeak")
    vars(driver).update(print=lambda *_: None, logging=logging.getLogger("pyttsx3"))
    return driver


if __name__ == "__main__":
    main(int(sys.argv[1]))
