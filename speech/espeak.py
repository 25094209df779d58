"""espeak-ng as a program: pinyin in, samples at the engine's own rate out."""

from __future__ import annotations

import subprocess
from functools import lru_cache

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
    return floats(wav[_HEADER:]), int.from_bytes(wav[24:28], "little")


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


def floats(pcm: bytes) -> Samples:
    """s16le as samples between -1 and 1."""
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)
