"""Which audio before answer is worth a recogniser: sound that is no tone, cut into utterances."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from telephony.legs import SAMPLE_RATE

_FAINTEST = 80.0  # root mean square, -52 dBFS
_QUIET_SHARE = 0.12  # of the loudest of late (-18 dB): line noise stays below, speech above
_ABOVE_FLOOR = 2.5  # times the noise floor (8 dB)
_HIGHEST_FLOOR = 500.0  # -36 dBFS: what is steadier and louder is no line noise
_RISING = 1.01  # of the floor, per piece of audio
_FADING = 0.998  # of the loudest, per piece of audio
_LEAD_PIECES = 3  # heard before the sound: beginnings are soft
_PAUSE_MS = 420  # of silence end an utterance
_LONGEST_MS = 12_000  # music has no pauses
_SAMPLES: np.dtype[np.int16] = np.dtype("<i2")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Audio to decode now (empty: none), and whether the utterance ends with it."""

    pcm: bytes = b""
    ended: bool = False


class SoundGate:
    """Fed with pieces of audio (some 60 ms each); opens for sound, closes after a pause."""

    def __init__(self) -> None:
        self._loudest = 0.0
        self._floor = _HIGHEST_FLOOR
        self._lead: deque[bytes] = deque(maxlen=_LEAD_PIECES)
        self._open = False
        self._silent_ms = 0
        self.start_ms = 0  # of the utterance
        self.end_ms = 0  # of what was heard of it so far, without the pause

    def feed(self, pcm: bytes, at_ms: int, is_tone: bool) -> Wanted:
        """Decide about one piece."""
        level = _level(pcm)
        self._loudest = max(self._loudest * _FADING, level)
        self._floor = min(level, self._floor * _RISING, _HIGHEST_FLOOR)
        threshold = max(_FAINTEST, _QUIET_SHARE * self._loudest, _ABOVE_FLOOR * self._floor)
        duration_ms = len(pcm) * 1000 // (2 * SAMPLE_RATE)
        if not is_tone and level > threshold:
            return self._sound(pcm, at_ms, at_ms + duration_ms)
        if not self._open:
            self._lead.append(pcm)
            return Wanted()
        self._silent_ms += duration_ms
        self._open = self._silent_ms < _PAUSE_MS
        return Wanted(pcm, not self._open)

    def _sound(self, pcm: bytes, start_ms: int, end_ms: int) -> Wanted:
        self._silent_ms, self.end_ms = 0, end_ms
        if not self._open:
            self._open, self.start_ms = True, start_ms
            pcm = b"".join(self._lead) + pcm
            self._lead.clear()
        elif end_ms - self.start_ms >= _LONGEST_MS:
            self._open = False
        return Wanted(pcm, not self._open)


def _level(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, _SAMPLES).astype(np.float32)
    return float(np.sqrt(np.mean(samples * samples))) if len(samples) else 0.0
