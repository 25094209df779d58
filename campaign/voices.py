"""The voice of each script: its readings and its recordings, shared where scripts have the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from bot.script import Script
from speech.prompts import Prompts
from speech.voice import Pyttsx3Voice

MOST = 32  # voices in memory; every one keeps its own prompts


class Voices:
    """Gives each script its prompts; a script merged of several speaks with the recordings of them all."""

    def __init__(self, folder: Path, recorded: Path | None = None) -> None:
        self._folder, self._recorded = folder, recorded
        self._known: OrderedDict[tuple[object, ...], Prompts] = OrderedDict()
        self._lock = threading.Lock()

    def prompts_of(self, script: Script) -> Prompts:
        """The prompts of a script."""
        folders = self._folders(script)
        key = (tuple(sorted(script.pronunciations.items())), folders)
        with self._lock:
            if key not in self._known:
                self._known[key] = Prompts(self._folder, Pyttsx3Voice(overrides=script.pronunciations), folders)
            self._known.move_to_end(key)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
            return self._known[key]

    def _folders(self, script: Script) -> tuple[Path, ...]:
        if self._recorded is None:
            return ()
        folders = (self._recorded / name for name in script.name.split("+"))
        return tuple(folder for folder in folders if folder.is_dir())
