"""The sounds of all people and announcements of one cast, made before the first call and kept in memory."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from speech.prompts import Prompts
from speech.voice import CallerVoice, caller_voices
from telephony.legs import SAMPLE_RATE
from telephony.simulator import audio

ANNOUNCER = "network"
_ANNOUNCER_VOICE = CallerVoice("f1", 50, 165)
_THREADS = 2
Utterance = tuple[str, str, bool]  # voice id (or ANNOUNCER), text, muffled


class Utterances:
    """Speech through a telephone, by voice and text; rendered once, kept in `folder` between runs."""

    def __init__(self, folder: Path) -> None:
        voices = {**caller_voices(), ANNOUNCER: _ANNOUNCER_VOICE}
        self._prompts = {name: Prompts(folder, voice, memory_bytes=0) for name, voice in voices.items()}
        self._sounds: dict[Utterance, bytes] = {}

    def prerender(self, wanted: Iterable[Utterance]) -> int:
        """Make everything that is not there yet; blocks; returns how many utterances there are now."""
        missing = [utterance for utterance in dict.fromkeys(wanted) if utterance not in self._sounds]
        with ThreadPoolExecutor(_THREADS, "voices") as pool:
            for utterance, pcm in zip(missing, pool.map(self._render, missing), strict=True):
                self._sounds[utterance] = pcm
        return len(self._sounds)

    def get(self, voice: str, text: str, muffled: bool = False) -> bytes:
        """16-bit samples of a pre-rendered utterance, no silence around it."""
        return self._sounds[voice, text, muffled]

    def _render(self, utterance: Utterance) -> bytes:
        voice, text, muffled = utterance
        signal = audio.signal_of(self._prompts[voice].get(text, keep=True))
        spoken = audio.telephone_band(audio.muffle(signal) if muffled else signal)
        return audio.pcm_of(audio.trimmed(spoken))


@lru_cache(maxsize=32)
def line_noise(seed: int, level: float) -> bytes:
    """Six seconds of line noise with the given RMS (full scale 1.0), a kind of it by seed."""
    kind = ("pink", "white", "hum")[seed % 3]
    return audio.pcm_of(audio.noise(6 * SAMPLE_RATE, seed, kind) * level)
