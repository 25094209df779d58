"""Voices: the bot's through pyttsx3, and those of simulated clients and announcements.

A better engine needs no more than the two members of `Voice`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Protocol

from speech.espeak import LANGUAGE, run_program
from speech.levels import telephone
from speech.pyttsx3_engine import run_pyttsx3
from speech.reading import NONE, VERSION, to_pinyin

SLOWER = 0.8  # of the usual rate: a quarter longer
_DEADLINE_SECONDS = 20.0


class Voice(Protocol):
    """Something that reads Chinese aloud."""

    @property
    def key(self) -> str:
        """What the sound of a text depends on: engine, variant, pitch, rate, readings. Part of a cache key."""
        ...

    def speak(self, text: str, *, slower: bool = False) -> bytes:
        """s16le mono at 8 kHz, about -20 dBFS RMS of speech, not clipped, without silence around it.

        Blocks, may be called from any thread. Raises SpeechError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Pyttsx3Voice:
    """The bot's voice: of 49 variants tried, a low and even one that the small model hears well and no caller has.

    `overrides` are the readings that a script asks for (word -> pinyin).
    """

    variant: str = "f4"
    pitch: int = 40
    rate: int = 180
    overrides: Mapping[str, str] = field(default_factory=lambda: NONE, hash=False)

    @property
    def key(self) -> str:
        """Changes with everything that changes the sound."""
        return _key("pyttsx3", self.variant, self.pitch, self.rate, self.overrides)

    def speak(self, text: str, *, slower: bool = False) -> bytes:
        """See Voice; calls from several threads take turns, 20 s is the longest wait for a turn and for the audio."""
        rate = round(self.rate * SLOWER) if slower else self.rate
        pinyin = to_pinyin(text, self.overrides)
        return telephone(*run_pyttsx3(pinyin, self.variant, self.pitch, rate, _DEADLINE_SECONDS))


@dataclass(frozen=True, slots=True)
class CallerVoice:
    """A simulated client or a network announcement: an espeak-ng variant, pitch 0 to 99, speed in words a minute."""

    variant: str
    pitch: int = 50
    speed: int = 170
    overrides: Mapping[str, str] = field(default_factory=lambda: NONE, hash=False)

    @property
    def key(self) -> str:
        """Changes with everything that changes the sound."""
        return _key("espeak-ng", self.variant, self.pitch, self.speed, self.overrides)

    def speak(self, text: str, *, slower: bool = False) -> bytes:
        """See Voice; every call is a process of its own."""
        speed = round(self.speed * SLOWER) if slower else self.speed
        pinyin = to_pinyin(text, self.overrides)
        return telephone(*run_program(pinyin, self.variant, self.pitch, speed, _DEADLINE_SECONDS))


@lru_cache(maxsize=1)
def caller_voices() -> Mapping[str, CallerVoice]:
    """The ten voices of simulated clients by id (chen, lin, ...), in the file's order."""
    listed = json.loads(files("speech").joinpath("voices.json").read_text("utf-8"))["voices"]
    return {voice["id"]: CallerVoice(voice["variant"], voice["pitch"], voice["speed"]) for voice in listed}


def _key(engine: str, variant: str, pitch: int, rate: int, overrides: Mapping[str, str]) -> str:
    key = f"{engine}/{LANGUAGE}+{variant}/p{pitch}/r{rate}/reading{VERSION}"
    if overrides:
        listed = json.dumps(sorted(overrides.items()), ensure_ascii=False)
        key += "/" + hashlib.sha256(listed.encode()).hexdigest()[:12]
    return key
