"""Which tone each tone is taken for, over frequency, level and noise; cadences of the Chinese network (GB/T 3380).

Sounds begin anywhere in a frame and go through A-law. What is no tone (noise, tunes, speech) is asked about too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from benchmarks.detecting import Judged, confusion, share
from benchmarks.lines import Samples, noise, said
from rules.witnesses import Tone
from speech.g711 import alaw_decode, alaw_encode
from speech.voice import caller_voices
from telephony.legs import FRAME_BYTES, SAMPLE_RATE
from telephony.simulator.audio import music
from telephony.tones import ToneDetector

# (sounding, silent) in seconds, as the network plays them.
CADENCES: Mapping[Tone, Sequence[tuple[float, float]]] = {
    Tone.RINGBACK: ((1.0, 4.0),),
    Tone.BUSY: ((0.35, 0.35),),
    Tone.CONGESTION: ((0.7, 0.7),),
    Tone.EMPTY_NUMBER: ((0.1, 0.1), (0.1, 0.1), (0.1, 0.1), (0.4, 0.4)),
    Tone.CALL_WAITING: ((0.4, 4.0),),
}
NONE = "none"
OFFSETS_HZ = (-25.0, -12.5, 0.0, 12.5, 25.0)
SNR_DB = (30.0, 20.0, 10.0, 6.0)
LEVELS_DBFS = (-6.0, -15.0, -25.0, -35.0, -45.0)
_SIT = ((950.0, 0.33), (1400.0, 0.33), (1800.0, 0.33))
_SIT_OFFSET = 0.5  # of the offset of 450 Hz: ± 12.5 Hz
_SECONDS = 9.5
_BABBLE = "今天晚上我们出去吃饭吧，昨天的会议改到下个礼拜了，你看一下这个文件放在哪里"


def tone_grid() -> dict[str, Any]:
    """The confusion matrix, and the share of right ones along each condition."""
    runs = [
        (Judged(tone.value, _heard(_tone(tone, offset), snr_db, level, seed)), offset, snr_db, level)
        for seed, (tone, offset, snr_db, level) in enumerate(product(Tone, OFFSETS_HZ, SNR_DB, LEVELS_DBFS))
    ]
    others = [
        Judged(NONE, _heard(sound, snr_db, level, seed))
        for seed, (sound, snr_db, level) in enumerate(product(_no_tones(), (30.0, 10.0), (-6.0, -20.0, -35.0)))
    ]
    judged = [run[0] for run in runs]
    return {
        "rows": len(judged) + len(others),
        "accuracy": share(one.truth == one.found for one in judged),
        "accuracy_at_20_db_and_more": share(one.truth == one.found for one, _, snr_db, _ in runs if snr_db >= 20),
        "taken_for_a_tone": share(one.found != NONE for one in others),
        "by_offset_hz": {f"{at:g}": _right(runs, 1, at) for at in OFFSETS_HZ},
        "by_snr_db": {f"{at:g}": _right(runs, 2, at) for at in SNR_DB},
        "by_level_dbfs": {f"{at:g}": _right(runs, 3, at) for at in LEVELS_DBFS},
        "confusion": confusion([*judged, *others]),
        "conditions": f"{_SECONDS:g} s each over A-law, white noise, ringback and call waiting of two cycles",
    }


def _right(runs: Sequence[tuple[Judged, float, float, float]], place: int, value: float) -> float | None:
    return share(run[0].truth == run[0].found for run in runs if run[place] == value)


def _tone(tone: Tone, offset_hz: float) -> Samples:
    """A tone of mean square 1 while it sounds."""
    if tone is Tone.SIT:
        parts = [_sine(hertz + _SIT_OFFSET * offset_hz, seconds) for hertz, seconds in _SIT]
        return np.concatenate([*parts, np.zeros(SAMPLE_RATE)])
    whole: list[Samples] = []
    while sum(map(len, whole)) < _SECONDS * SAMPLE_RATE:
        for on, off in CADENCES[tone]:
            whole += [_sine(450 + offset_hz, on), np.zeros(round(off * SAMPLE_RATE))]
    return np.concatenate(whole)


def _sine(hertz: float, seconds: float) -> Samples:
    wave: Samples = np.sqrt(2) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)
    return wave


def _no_tones() -> Iterator[Samples]:
    g = np.random.default_rng(1)
    yield noise("white", round(_SECONDS * SAMPLE_RATE), g)
    yield noise("pink", round(_SECONDS * SAMPLE_RATE), g)
    yield _sine(450, _SECONDS)
    yield _sine(440, 0.5)  # the beep of an answering machine
    for tune in ("a", "b"):
        yield _loud(music(tune, _SECONDS))
    for voice in caller_voices():
        yield _loud(said(_BABBLE, voice))


def _loud(sound: Samples) -> Samples:
    louder: Samples = sound / np.sqrt(np.mean(sound**2))
    return louder


def _heard(sound: Samples, snr_db: float, level_dbfs: float, seed: int) -> str:
    """What the detector takes it for, begun anywhere in a frame."""
    g = np.random.default_rng(seed)
    lead = np.zeros(round(0.3 * SAMPLE_RATE) + int(g.integers(160)))
    whole = np.concatenate([lead, sound, np.zeros(SAMPLE_RATE // 2)])
    whole = whole + g.standard_normal(len(whole)) * 10 ** (-snr_db / 20)
    pcm = (np.clip(whole * 10 ** (level_dbfs / 20), -1, 1) * 32767).astype("<i2").tobytes()
    pcm = alaw_decode(alaw_encode(pcm[: len(pcm) // FRAME_BYTES * FRAME_BYTES]))
    detector = ToneDetector()
    detector.feed(pcm, 0)
    return detector.heard.tone.value if detector.heard else NONE
