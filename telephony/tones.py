"""Call progress tones by their cadence: 450 ± 25 Hz in the Chinese network, 950/1400/1800 Hz for the SIT.

A frame of 20 ms is a tone when more than half of its energy lies at one of the frequencies, whatever its level;
frames make runs, pairs of a sounding and a silent run make the cadence. Speech or music between the sounds breaks it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from rules.witnesses import Tone
from telephony.legs import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class ToneHeard:
    """A tone with its evidence: whole cycles of its cadence, from where to where, mean frequency and level."""

    tone: Tone
    cycles: int
    start_ms: int
    end_ms: int
    frequency_hz: float
    level_dbfs: float


# (sounding, silent) in ms; a cycle has one pair or more.
CADENCES: Mapping[Tone, Sequence[tuple[int, int]]] = {
    Tone.RINGBACK: ((1000, 4000),),
    Tone.BUSY: ((350, 350),),
    Tone.CONGESTION: ((700, 700),),
    Tone.EMPTY_NUMBER: ((100, 100), (100, 100), (100, 100), (400, 400)),
    Tone.CALL_WAITING: ((400, 4000),),
}
_LONGEST_MS = max(max(pair) for pairs in CADENCES.values() for pair in pairs)
_TOLERANCE_MS, _TOLERANCE = 40, 0.15  # a frame at either edge, or what exchanges deviate
_SIT_MS = range(240, 440)  # of each of its three parts, nominally 330


class _Kind(IntEnum):
    """What a frame is."""

    OTHER = 0  # silence, speech, music
    PROGRESS = 1  # 450 Hz
    SIT_1 = 2
    SIT_2 = 3
    SIT_3 = 4


_FREQUENCIES = np.array([425, 437.5, 450, 462.5, 475, 930, 950, 970, 1380, 1400, 1420, 1780, 1800, 1820])
_KINDS = (*[_Kind.PROGRESS] * 5, *[_Kind.SIT_1] * 3, *[_Kind.SIT_2] * 3, *[_Kind.SIT_3] * 3)
_ANGLES = 2 * np.pi * np.outer(np.arange(FRAME_SAMPLES), _FREQUENCIES) / SAMPLE_RATE
_PROJECTION = np.hstack([np.cos(_ANGLES), np.sin(_ANGLES)]).astype(np.float32)
_SHARE = 0.5  # of a frame's energy
_STEADY_MS = 80
_FAINTEST = 40.0  # root mean square, -58 dBFS: below it A-law's own steps matter
_SAMPLES: np.dtype[np.int16] = np.dtype("<i2")


@dataclass(frozen=True, slots=True)
class _Frame:
    kind: _Kind
    energy: float  # mean square
    frequency: float


@dataclass(slots=True)
class _Run:
    """Frames of one kind in a row."""

    kind: _Kind
    start_ms: int
    frames: int = 0
    energy: float = 0.0  # sum of mean squares
    frequency: float = 0.0  # sum

    @property
    def ms(self) -> int:
        return self.frames * FRAME_MS

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.ms

    @property
    def level(self) -> float:
        return self.energy / self.frames if self.frames else 0.0

    def add(self, frame: _Frame) -> None:
        self.frames += 1
        self.energy += frame.energy
        self.frequency += frame.frequency


class ToneDetector:
    """Fed with whole 20 ms frames of 16-bit samples; says which tone it has heard so far."""

    def __init__(self) -> None:
        self._frames: deque[_Frame] = deque(maxlen=3)  # the middle one is settled by its neighbours
        self._runs: deque[_Run] = deque(maxlen=40)
        self._now_ms = 0
        self._heard: ToneHeard | None = None

    @property
    def heard(self) -> ToneHeard | None:
        """The latest tone that was recognised, with all its cycles."""
        return self._heard

    @property
    def sounding(self) -> bool:
        """Whether a tone has been heard for a moment: a vowel can look like one, but not for so long."""
        run = self._runs[-1] if self._runs else None
        return run is not None and run.kind is not _Kind.OTHER and run.ms >= _STEADY_MS

    def feed(self, pcm: bytes, at_ms: int) -> ToneHeard | None:
        """Hear audio that begins at `at_ms`; returns the tone when a further cycle of it was completed."""
        frames = _frames(pcm)
        found: ToneHeard | None = None
        for index, frame in enumerate(frames):
            self._now_ms = at_ms + index * FRAME_MS
            found = self._step(frame) or found
        return found

    def _step(self, frame: _Frame) -> ToneHeard | None:
        self._frames.append(frame)
        if len(self._frames) < 3:
            return None
        before, middle, after = self._frames
        kind = before.kind if before.kind is after.kind else middle.kind  # one odd frame is a lost packet or noise
        self._extend(_Frame(kind, middle.energy, middle.frequency), self._now_ms - FRAME_MS)
        found = self._sit() or self._cadence()
        if found is None or (
            self._heard
            and (found.tone, found.cycles, found.start_ms)
            == (self._heard.tone, self._heard.cycles, self._heard.start_ms)
        ):
            return None
        self._heard = found
        return found

    def _extend(self, frame: _Frame, at_ms: int) -> None:
        if not self._runs or self._runs[-1].kind is not frame.kind:
            self._runs.append(_Run(frame.kind, at_ms))
        self._runs[-1].add(frame)

    def _sit(self) -> ToneHeard | None:
        sounds = [run for run in list(self._runs)[-6:] if run.ms > 2 * FRAME_MS]  # the gaps between the parts are short
        parts = sounds[-3:]
        if [run.kind for run in parts] != [_Kind.SIT_1, _Kind.SIT_2, _Kind.SIT_3]:
            return None
        if any(run.ms not in _SIT_MS for run in parts):
            return None
        return _heard(Tone.SIT, 1, parts)

    def _cadence(self) -> ToneHeard | None:
        pairs = self._pairs()
        best: ToneHeard | None = None
        for tone, cadence in CADENCES.items():
            matched = _matched(pairs, cadence)
            cycles = matched // len(cadence)
            if cycles and (best is None or cycles > best.cycles):
                best = _heard(tone, cycles, [run for pair in pairs[len(pairs) - matched :] for run in pair])
        return best if best is not None and best.cycles >= _FEWEST.get(best.tone, 2) else None

    def _pairs(self) -> list[tuple[_Run, _Run]]:
        """Sounding and silent runs as pairs, back to the last thing that no cadence holds."""
        runs = list(self._runs)
        if runs and runs[-1].kind is _Kind.PROGRESS:
            runs.pop()  # still sounding
        pairs: list[tuple[_Run, _Run]] = []
        while len(runs) >= 2:
            silent, sounding = runs.pop(), runs.pop()
            if silent.kind is not _Kind.OTHER or sounding.kind is not _Kind.PROGRESS:
                break
            if silent.level > sounding.level / 4:  # speech or music, not a pause
                break
            pairs.append((sounding, silent))
        return pairs[::-1]


_FEWEST = {Tone.RINGBACK: 1}  # five seconds of it are telling enough


def _matched(pairs: Sequence[tuple[_Run, _Run]], cadence: Sequence[tuple[int, int]]) -> int:
    """How many of the latest pairs follow the cadence, at its best rotation."""
    best = 0
    for last in range(len(cadence)):
        count = 0
        for sounding, silent in reversed(pairs):
            on_ms, off_ms = cadence[(last - count) % len(cadence)]
            if not (_fits(sounding.ms, on_ms) and _fits(silent.ms, off_ms)):
                break
            count += 1
        best = max(best, count)
    return best


def _fits(ms: int, nominal: int) -> bool:
    return abs(ms - nominal) <= max(_TOLERANCE_MS, nominal * _TOLERANCE)


def _heard(tone: Tone, cycles: int, runs: Sequence[_Run]) -> ToneHeard:
    sounding = [run for run in runs if run.kind is not _Kind.OTHER]
    frames = sum(run.frames for run in sounding)
    energy = sum(run.energy for run in sounding) / frames
    frequency = sum(run.frequency for run in sounding) / frames
    level = 10 * math.log10(max(energy, 1.0) / 32768**2)
    return ToneHeard(tone, cycles, runs[0].start_ms, runs[-1].end_ms, round(frequency, 1), round(level, 1))


def _frames(pcm: bytes) -> list[_Frame]:
    whole = len(pcm) // FRAME_BYTES * FRAME_BYTES
    samples: NDArray[np.float32] = np.frombuffer(pcm[:whole], _SAMPLES).astype(np.float32).reshape(-1, FRAME_SAMPLES)
    energy = np.mean(samples * samples, axis=1)
    parts = samples @ _PROJECTION
    count = len(_FREQUENCIES)
    power = (parts[:, :count] ** 2 + parts[:, count:] ** 2) * (2 / FRAME_SAMPLES**2)
    strongest = np.argmax(power, axis=1)
    share = power[np.arange(len(power)), strongest] / np.maximum(energy, 1e-9)
    is_tone = (share > _SHARE) & (energy > _FAINTEST**2)
    return [
        _Frame(_KINDS[best] if tone else _Kind.OTHER, float(level), float(_FREQUENCIES[best]) if tone else 0.0)
        for best, tone, level in zip(strongest.tolist(), is_tone.tolist(), energy.tolist(), strict=True)
    ]
