"""A telephone line for synthetic speech: noise, band, gain, A-law, packet loss, and what a line carries unspoken."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

Samples = npt.NDArray[np.floating]

SAMPLE_RATE = 8000
_FRAME = 160  # samples of a packet
_KINDS, _SHARES = ["white", "pink", "hum", "babble"], [0.25, 0.35, 0.1, 0.3]
_EPS = 1e-9


def rms(samples: Samples) -> float:
    """Root mean square, never zero."""
    return float(np.sqrt(np.mean(samples**2)) + _EPS)


def alaw(samples: Samples) -> Samples:
    """G.711 A-law there and back; full scale is 1."""
    magnitude = np.minimum(np.abs(samples), 1.0) * 32767 / 16
    segment = np.clip(np.floor(np.log2(np.maximum(magnitude, 32) / 32)) + 1, 1, 7)
    step = 2.0 ** np.maximum(segment, 1)
    return np.sign(samples) * (np.floor(magnitude / step) + 0.5) * step * 16 / 32767


def noise(kind: str, n: int, g: np.random.Generator, babble: Samples | None = None) -> Samples:
    """`n` samples of white, pink, hum or babble noise with an RMS of about 1."""
    if kind == "babble" and babble is not None and len(babble):
        out = sum(np.roll(np.resize(babble, n), g.integers(n)) * g.uniform(0.4, 1) for _ in range(5))
    elif kind == "hum":
        t, mains = np.arange(n) / SAMPLE_RATE, g.choice([50.0, 100.0])
        out = sum(np.sin(2 * np.pi * mains * k * t + g.uniform(0, 6)) / k for k in range(1, 12))
        out = out + 0.05 * g.standard_normal(n)
    elif kind == "pink":
        spectrum = np.fft.rfft(g.standard_normal(n))
        out = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 4)), n)
    else:
        out = g.standard_normal(n)
    return out / rms(out)


def add_noise(
    samples: Samples, speech_rms: float, snr_db: float, kind: str, g: np.random.Generator, babble: Samples | None = None
) -> Samples:
    """Speech with noise `snr_db` below `speech_rms`."""
    return samples + noise(kind, len(samples), g, babble) * speech_rms * 10 ** (-snr_db / 20)


def nonspeech(g: np.random.Generator) -> Samples:
    """What a line carries when nobody speaks: hiss, the 450 Hz tones of the network, a keypad tone, a tune."""
    n, kind = int(SAMPLE_RATE * g.uniform(0.5, 5)), g.integers(4)
    t = np.arange(n) / SAMPLE_RATE
    if kind == 0:
        return g.standard_normal(n) * 1e-3
    return (_network_tone, _keypad_tone, _tune)[kind - 1](t, g)


def _network_tone(t: Samples, g: np.random.Generator) -> Samples:
    """Ringback (1 s on, 4 s off) or busy (0.35 s on and off)."""
    on = 1.0 if g.random() < 0.5 else 0.35
    period = 5.0 if on == 1.0 else 0.7
    return 0.2 * np.sin(2 * np.pi * 450 * t) * ((t + g.uniform(0, period)) % period < on)


def _keypad_tone(t: Samples, g: np.random.Generator) -> Samples:
    low, high = g.choice([697, 770, 852, 941]), g.choice([1209, 1336, 1477])
    return 0.2 * (np.sin(2 * np.pi * low * t) + np.sin(2 * np.pi * high * t)) * (t % 0.4 < 0.2)


def _tune(t: Samples, g: np.random.Generator) -> Samples:
    beat = g.uniform(0.15, 0.5)
    note = 220 * 2 ** (g.integers(0, 24, size=int(t[-1] / beat) + 1)[(t / beat).astype(int)] / 12)
    phase, fade = 2 * np.pi * np.cumsum(note) / SAMPLE_RATE, np.exp(-3 * (t % beat))
    return 0.2 * fade * sum(np.sin(phase * k) / k for k in range(1, 6))


def channel(speech: Samples, g: np.random.Generator, babble: Samples | None) -> npt.NDArray[np.float32]:
    """Silence around, noise, telephone band, gain, A-law, packet loss; samples on the scale of int16."""
    loudness = rms(speech)
    before, after = np.zeros(int(SAMPLE_RATE * g.uniform(0.1, 0.7))), np.zeros(int(SAMPLE_RATE * g.uniform(0.25, 0.8)))
    out = np.concatenate([before, speech, after])
    if g.random() < 0.75:
        kind = g.choice(_KINDS, p=_SHARES)
        out = add_noise(out, loudness, g.uniform(5, 30), kind, g, babble)
    if g.random() < 0.6:
        band = [g.uniform(100, 320), g.uniform(3000, 3800)]
        out = sosfilt(butter(2, band, "bandpass", fs=SAMPLE_RATE, output="sos"), out)
    out = np.clip(out * 10 ** (g.uniform(-36, -14) / 20) / loudness, -1, 1)
    if g.random() < 0.7:
        out = alaw(out)
    if g.random() < 0.1:
        _lose_packets(out, g)
    return np.round(out * 32767).astype(np.float32)


def _lose_packets(samples: Samples, g: np.random.Generator) -> None:
    """3% of the 20 ms frames become silence or repeat the one before."""
    for start in range(0, len(samples) - _FRAME, _FRAME):
        if g.random() < 0.03:
            repeat = start and g.random() < 0.5
            samples[start : start + _FRAME] = samples[start - _FRAME : start] if repeat else 0
