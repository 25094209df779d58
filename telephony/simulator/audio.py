"""What a line sounds like, made with numpy: tones, music, noise, the telephone band. 8 kHz, 16 bit, mono."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from telephony.legs import FRAME_BYTES, FRAME_SAMPLES, SAMPLE_RATE

Signal: TypeAlias = NDArray[np.float64]  # full scale is 1.0

TONE_HZ = 450.0  # all tones of the Chinese network but the special information tone
TONE_LEVEL = 10 ** (-10 / 20)  # peak of a tone: -10 dB full scale
BAND_HZ = (200.0, 3500.0)

# (seconds on, seconds off) in turn, repeated; telephony in China
CADENCES: Mapping[str, tuple[tuple[float, float], ...]] = {
    "ringback": ((1.0, 4.0),),
    "busy": ((0.35, 0.35),),
    "congestion": ((0.7, 0.7),),
    "empty_number": ((0.1, 0.1), (0.1, 0.1), (0.1, 0.1), (0.4, 0.4)),
}
_SPECIAL_INFORMATION_HZ = (950.0, 1400.0, 1800.0)
_TUNES = {
    "a": (0, 4, 7, 12, 9, 7, 4, 2, 0, 7, 9, 12, 14, 12, 9, 7),
    "b": (7, 5, 4, 2, 0, 2, 4, 5, 7, 9, 11, 12, 9, 7, 4, 0),
}


def pcm_of(signal: Signal) -> bytes:
    """Samples as 16-bit little-endian; what is over full scale is clipped."""
    return np.clip(np.rint(signal * 32767), -32768, 32767).astype("<i2").tobytes()


def signal_of(pcm: bytes) -> Signal:
    """16-bit little-endian samples on a scale of 1.0."""
    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32767


def tone(name: str, seconds: float) -> Signal:
    """A tone of the network by name (CADENCES, special_information), from the beginning of its cadence."""
    if name == "special_information":
        return _special_information(seconds)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    period = sum(on + off for on, off in CADENCES[name])
    place, sounding, begin = time % period, np.zeros(len(time), bool), 0.0
    for on, off in CADENCES[name]:
        sounding |= (place >= begin) & (place < begin + on)
        begin += on + off
    return TONE_LEVEL * np.sin(2 * np.pi * TONE_HZ * time) * sounding


def _special_information(seconds: float) -> Signal:
    """950, 1400 and 1800 Hz for a third of a second each, then a second of silence, repeated (ITU-T E.180)."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    place = time % 2.0
    hz = np.select([place < 0.33, place < 0.66, place < 0.99], _SPECIAL_INFORMATION_HZ, 0.0)
    return TONE_LEVEL * np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE) * (hz > 0)


def music(tune: str, seconds: float) -> Signal:
    """A plucked tune (彩铃); any name is a tune, the known ones are a and b."""
    notes = np.array(_TUNES.get(tune, _TUNES["a"]))
    time, beat = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE, 0.3
    hz = 262.0 * 2 ** (notes[(time / beat).astype(int) % len(notes)] / 12)
    phase, fade = 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE, np.exp(-3 * (time % beat) / beat)
    overtones = sum((np.sin(phase * k) / k for k in range(1, 6)), np.zeros(len(time)))
    return 0.15 * fade * overtones


def noise(samples: int, seed: int, kind: str = "pink") -> Signal:
    """Noise with an RMS of 1 in the telephone band; kind is white, pink or hum."""
    chance = np.random.default_rng(seed)
    white = chance.standard_normal(samples)
    if kind == "hum":
        time = np.arange(samples) / SAMPLE_RATE
        white = 0.3 * white + sum((np.sin(2 * np.pi * 50 * k * time) / k for k in range(4, 16)), np.zeros(samples))
    spectrum = np.fft.rfft(white)
    if kind == "pink":
        spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 4))
    shaped = np.fft.irfft(spectrum * _in_band(samples), samples)
    return np.asarray(shaped / (rms(shaped) + 1e-12))


def telephone_band(signal: Signal) -> Signal:
    """The signal without what a telephone line does not carry."""
    return np.asarray(np.fft.irfft(np.fft.rfft(signal) * _in_band(len(signal)), len(signal)))


def muffle(signal: Signal) -> Signal:
    """A murmur: nothing over 450 Hz is left, loudness as before."""
    hz = np.fft.rfftfreq(len(signal), 1 / SAMPLE_RATE)
    dull = np.fft.irfft(np.fft.rfft(signal) / (1 + (hz / 400) ** 8), len(signal))
    return np.asarray(dull * speech_rms(signal) / (speech_rms(dull) + 1e-12))


def _in_band(samples: int) -> Signal:
    """Gain by frequency: 3 dB down at the edges of the band, with slopes as channel filters have them."""
    hz = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 1e-3)
    return np.asarray(1 / np.sqrt((1 + (BAND_HZ[0] / hz) ** 4) * (1 + (hz / BAND_HZ[1]) ** 24)))


def rms(signal: Signal) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(signal**2))) if len(signal) else 0.0


def speech_rms(signal: Signal) -> float:
    """Root mean square of the frames in which somebody speaks (within 30 dB of the loudest)."""
    whole = signal[: len(signal) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    if not len(whole):
        return rms(signal)
    levels = np.sqrt(np.mean(whole**2, axis=1))
    return rms(whole[levels > levels.max() / 10**1.5])


def trimmed(signal: Signal) -> Signal:
    """The signal without the silence around it, in whole frames."""
    loud = np.flatnonzero(np.abs(signal) > 0.01)
    if not len(loud):
        return signal[:0]
    begin = loud[0] // FRAME_SAMPLES * FRAME_SAMPLES
    end = -(-(loud[-1] + 1) // FRAME_SAMPLES) * FRAME_SAMPLES
    return np.pad(signal[begin:end], (0, max(0, end - len(signal))))


def frames_of(pcm: bytes) -> list[bytes]:
    """20 ms frames; the last one is filled up with silence."""
    whole = pcm + bytes(-len(pcm) % FRAME_BYTES)
    return [whole[at : at + FRAME_BYTES] for at in range(0, len(whole), FRAME_BYTES)]
