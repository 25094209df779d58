"""Voice activity on a telephone line: when somebody begins and stops to speak, frame by frame.

A frame counts as speech when it stands out from the line's noise, which is followed all the time, and from what goes
on behind the client (voices, a television), when WebRTC's detector agrees, and when it has a pitch: every Mandarin
syllable has a voiced vowel, line noise has none. The pitch is asked for only to begin; an unvoiced tail keeps speech
going.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import webrtcvad

SAMPLE_RATE = 8000
FRAME_MS = 20
FRAME_SAMPLES = SAMPLE_RATE * FRAME_MS // 1000
FRAME_BYTES = 2 * FRAME_SAMPLES

_SILENCE_DBFS = -90.0  # what an all-zero frame is taken for
_FULL_SCALE = 32768.0
_PITCH_LAGS = slice(SAMPLE_RATE // 420, SAMPLE_RATE // 60)  # 60 to 420 Hz
_FLAT = 1e-12

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StartedSpeaking:
    """Speech began at this sample (some frames before it was certain)."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class StoppedSpeaking:
    """The last speech ended at this sample (`hang_over_ms` before it was certain)."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class GateTuning:
    """What opens and closes the gate; levels in dB."""

    hang_over_ms: int = 300  # this much without speech closes it
    open_db: float = 6.0  # above the line's noise, to begin
    hold_db: float = 4.0  # above the line's noise, to go on
    open_behind_db: float = 4.0  # above what goes on behind the client, to begin
    hold_behind_db: float = 2.0  # above what goes on behind the client, to go on
    below_loudest_db: float = 18.0  # so far below the loudest of this speech it does not go on
    quietest_dbfs: float = -48.0  # below this nothing is speech
    longest_ms: int = 5000  # without a pause; what lasts longer is learned as going on behind the client
    longest_first_ms: int = 1000  # the same at the very beginning, when nothing is known yet
    pitch: float = 0.3  # least normalised autocorrelation of a voiced frame
    frames_to_open: int = 3  # speech frames among the last `window`
    window: int = 5
    aggressiveness: int = 2  # of WebRTC's detector, 0 to 3


class NoiseFloor:
    """The line's noise level: the lowest frame of the last one and a half seconds, a little raised."""

    _BLOCK = 10  # frames
    _BLOCKS = 8
    _LIFT_DB = 1.0  # a minimum of many frames lies below their mean

    def __init__(self) -> None:
        self._lowest: deque[float] = deque(maxlen=self._BLOCKS)
        self._current: list[float] = []
        self.level = _SILENCE_DBFS

    def follow(self, level: float) -> float:
        """Take in a frame's level (dBFS) and return the noise level."""
        self._current.append(level)
        self.level = min([*self._lowest, *self._current]) + self._LIFT_DB
        if len(self._current) == self._BLOCK:
            self._lowest.append(min(self._current))
            self._current.clear()
        return self.level


class Background:
    """How loud it gets while the client is silent: exceeded by one frame in ten of the last four seconds.

    What is loud for less than half of the time (a cough, words of the client that were missed) counts for little.
    """

    _FRAMES = 200
    _BEFORE_KNOWN = 25  # frames; nothing is said of less than half a second
    _LOUD = 0.9  # quantile
    _OVER_MEDIAN_DB = 4.0

    def __init__(self) -> None:
        self._latest: deque[float] = deque()
        self._sorted: list[float] = []

    @property
    def known(self) -> bool:
        """Whether enough was heard to tell."""
        return len(self._sorted) >= self._BEFORE_KNOWN

    @property
    def level(self) -> float:
        """In dBFS."""
        if not self.known:
            return _SILENCE_DBFS
        count = len(self._sorted)
        return min(self._sorted[int(count * self._LOUD)], self._sorted[count // 2] + self._OVER_MEDIAN_DB)

    def follow(self, level: float) -> None:
        """Take in the level (dBFS) of a frame outside speech."""
        self._latest.append(level)
        insort(self._sorted, level)
        if len(self._latest) > self._FRAMES:
            oldest = self._latest.popleft()
            del self._sorted[bisect_left(self._sorted, oldest)]


class SpeechGate:
    """Feed it 20 ms frames of 16-bit 8 kHz mono in order; it says when speaking begins and stops.

    Positions count samples from the first frame. `silence_ms` is for whoever decides about the end of a turn sooner
    or later than the hang-over does.
    """

    def __init__(self, tuning: GateTuning | None = None) -> None:
        self._tuning = tuning or GateTuning()
        self._webrtc = webrtcvad.Vad(self._tuning.aggressiveness)
        self._floor = NoiseFloor()
        self._background = Background()
        self._recent: deque[bool] = deque(maxlen=self._tuning.window)
        self._before = np.zeros(FRAME_SAMPLES, np.float32)
        self._position = 0
        self._speech_end = 0
        self._learns_from = 0
        self._loudest = _SILENCE_DBFS
        self.speaking = False
        self.level_dbfs = _SILENCE_DBFS

    @property
    def noise_dbfs(self) -> float:
        """The line's noise as it is followed."""
        return self._floor.level

    @property
    def silence_ms(self) -> int:
        """How long it has been since the last frame of speech (or since the start)."""
        return (self._position - self._speech_end) * 1000 // SAMPLE_RATE

    def feed(self, frame: bytes) -> StartedSpeaking | StoppedSpeaking | None:
        """Take the next frame; ValueError when it is not 320 bytes long."""
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame is {FRAME_BYTES} bytes (20 ms), not {len(frame)}")
        samples = np.frombuffer(frame, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
        samples -= samples.mean()  # a DC offset is not loudness
        speech = self._is_speech(samples, frame)
        self._before = samples
        self._position += FRAME_SAMPLES
        self._recent.append(speech)
        if speech:
            self._speech_end = self._position
        return self._close() if self.speaking else self._open()

    def _is_speech(self, samples: Samples, frame: bytes) -> bool:
        tuning = self._tuning
        self.level_dbfs = _level(samples)
        noise = self._floor.follow(self.level_dbfs)
        agrees = self._webrtc.is_speech(frame, SAMPLE_RATE)  # every frame: it learns the noise too
        if not self.speaking or self._position > self._learns_from:
            self._background.follow(self.level_dbfs)
        if self.level_dbfs < max(self._least(noise), tuning.quietest_dbfs) or not agrees:
            return False
        return self.speaking or _pitch(np.concatenate((self._before, samples))) >= tuning.pitch

    def _least(self, noise: float) -> float:
        """The level (dBFS) from which a frame may be speech."""
        tuning, behind = self._tuning, self._background.level
        if self.speaking:
            self._loudest = max(self._loudest, self.level_dbfs)
            below = self._loudest - tuning.below_loudest_db
            return max(noise + tuning.hold_db, behind + tuning.hold_behind_db, below)
        return max(noise + tuning.open_db, behind + tuning.open_behind_db)

    def _open(self) -> StartedSpeaking | None:
        if sum(self._recent) < self._tuning.frames_to_open:
            return None
        self.speaking, self._loudest = True, self.level_dbfs
        patience_ms = self._tuning.longest_ms if self._background.known else self._tuning.longest_first_ms
        self._learns_from = self._position + patience_ms * SAMPLE_RATE // 1000
        first = list(self._recent).index(True)
        return StartedSpeaking(max(0, self._position - (len(self._recent) - first) * FRAME_SAMPLES))

    def _close(self) -> StoppedSpeaking | None:
        if self.silence_ms < self._tuning.hang_over_ms:
            return None
        self.speaking = False
        self._recent.clear()
        return StoppedSpeaking(self._speech_end)


def _level(samples: Samples) -> float:
    """RMS in dB below full scale."""
    power = float(np.dot(samples, samples)) / len(samples)
    return max(_SILENCE_DBFS, 10 * math.log10(power + _FLAT))


def _pitch(samples: Samples) -> float:
    """The highest normalised autocorrelation among the lags of a voice, 0 to 1; 40 ms in."""
    spectrum = np.fft.rfft(samples, 4 * FRAME_SAMPLES)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[: _PITCH_LAGS.stop]
    if correlation[0] < _FLAT:
        return 0.0
    overlap = 1 - np.arange(len(correlation)) / len(samples)
    return float((correlation / overlap)[_PITCH_LAGS].max() / correlation[0])
