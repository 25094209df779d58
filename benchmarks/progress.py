"""What became of calls that nobody answered: announcements and tones through the whole detector, in audio time.

Every announcement of announcements.csv (none is in the training sets) is spoken by several voices over an A-law line
with noise, recognised and understood; tones and tunes come from the simulated network.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lines import PER_MS, Samples, on_the_line, said
from intents import Announced
from intents.labelled import Announcement, read_announcements
from rules.witnesses import Tone
from speech.recogniser import Recogniser, find_model
from speech.voice import caller_voices
from telephony.announcements import ENDINGS
from telephony.legs import AudioIn
from telephony.progress import ProgressDetector
from telephony.simulator.audio import CADENCES, music, tone

NOTHING = "nothing"
SPOKEN = Path(__file__).with_name("announcements.csv")
VOICES_EACH = 3  # of the ten, in turn
SNR_DB = (None, 20.0)
TONE_SECONDS, TUNE_SECONDS = 9.0, 20.0
LEVELS_DB = (0, -15)  # of tones, against the network's
_BEFORE_MS, _AFTER_MS = 500, 1200  # silence around the words
_PIECE_BYTES = 60 * PER_MS * 2


@dataclass(frozen=True, slots=True)
class Heard:
    """One recording: the truth, what it was taken for, and when that was certain (None: at the end of the ring time).

    `certain_ms` counts from the beginning of the words; `spoken_ms` is how long they take.
    """

    truth: str
    found: str
    certain_ms: int | None
    spoken_ms: int


async def measure(_chosen: argparse.Namespace) -> dict[str, Any]:
    """The confusion of outcomes, by announcements and by tones, and how early they were certain."""
    with tempfile.TemporaryDirectory() as folder:
        ears = Recogniser(find_model("", Path(folder)))
        try:
            spoken = [await _listen(ears, *one) for one in _spoken(read_announcements(SPOKEN))]
            sounds = [await _listen(ears, *one) for one in _sounds()]
        finally:
            ears.close()
    return {"announcements": _figures(spoken), "tones": _figures(sounds)}


def _spoken(rows: Sequence[Announcement]) -> Iterator[tuple[str, Samples, float | None, int]]:
    voices = tuple(caller_voices())
    for number, row in enumerate(rows):
        for turn in range(VOICES_EACH):
            voice = voices[(number + 3 * turn) % len(voices)]
            yield row.outcome.value, said(row.text, voice), SNR_DB[(number + turn) % len(SNR_DB)], number


def _sounds() -> Iterator[tuple[str, Samples, float | None, int]]:
    for seed, level_db in enumerate(LEVELS_DB):
        gain = 10 ** (level_db / 20)
        for name in (*CADENCES, "special_information"):
            truth = Tone.SIT.value if name == "special_information" else name
            yield truth, gain * tone(name, TONE_SECONDS), SNR_DB[-1] - level_db, seed
        for tune in ("a", "b"):
            yield NOTHING, gain * music(tune, TUNE_SECONDS), SNR_DB[-1] - level_db, seed


async def _listen(ears: Recogniser, truth: str, sound: Samples, snr_db: float | None, seed: int) -> Heard:
    silence = (np.zeros(_BEFORE_MS * PER_MS), np.zeros(_AFTER_MS * PER_MS))
    pcm = await asyncio.to_thread(on_the_line, np.concatenate([silence[0], sound, silence[1]]), snr_db, "white", seed)
    detector, certain_ms = await _detect(ears, pcm)
    found = _found(detector)
    since = certain_ms - _BEFORE_MS if certain_ms is not None else None
    return Heard(truth, found, since, len(sound) // PER_MS)


def _found(detector: ProgressDetector) -> str:
    """The outcome as it would be filed: a reason that was spoken, else the tone, else who or what was heard."""
    said_by = detector.verdict.match.outcome
    if said_by is not None and (said_by in ENDINGS or detector.tone is None):
        return said_by.value
    return detector.tone.tone.value if detector.tone else NOTHING


async def _detect(ears: Recogniser, pcm: bytes) -> tuple[ProgressDetector, int | None]:
    """The detector after the audio, or where it was certain, in ms from the beginning."""
    detector, stream = ProgressDetector(), ears.stream()
    try:
        for start in range(0, len(pcm), _PIECE_BYTES):
            piece = pcm[start : start + _PIECE_BYTES]
            wanted, ended = detector.hear(AudioIn(piece, start // (2 * PER_MS)))
            if wanted:
                detector.partial(await stream.accept(wanted))
            if ended:
                detector.final(await stream.finish())
            if detector.certain:
                return detector, (start + len(piece)) // (2 * PER_MS)
        detector.final(await stream.finish())
        return detector, None
    finally:
        stream.close()


def _figures(heard: Sequence[Heard]) -> dict[str, Any]:
    """Shares are 0 to 1. `cleared_while_waiting`: hung up on music, an advert or a person."""
    endings = {*(outcome.value for outcome in ENDINGS), Tone.CONGESTION.value, Tone.SIT.value}
    ending = [one for one in heard if one.truth in endings]
    waiting = [one for one in heard if one.truth not in endings]
    people = [one for one in heard if one.truth == Announced.HUMAN]
    early = sorted(one.certain_ms for one in ending if one.certain_ms is not None)
    return {
        "rows": len(heard),
        "accuracy": _share(one.truth == one.found for one in heard),
        "certain": _share(one.certain_ms is not None for one in ending),
        "certain_before_the_end": _share(
            one.certain_ms is not None and one.certain_ms < one.spoken_ms for one in ending
        ),
        "certain_p50_ms": early[len(early) // 2] if early else None,
        "certain_p95_ms": early[len(early) * 95 // 100] if early else None,
        "cleared_while_waiting": _share(one.certain_ms is not None for one in waiting),
        "human_taken_for_machine": _share(one.found in endings for one in people),
        "machine_taken_for_human": _share(one.found == Announced.HUMAN for one in ending),
        "confusion": _confusion(heard),
    }


def _confusion(heard: Iterable[Heard]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for one in heard:
        counts.setdefault(one.truth, Counter())[one.found] += 1
    return {truth: dict(found.most_common()) for truth, found in counts.items()}


def _share(of: Iterable[bool]) -> float | None:
    values = list(of)
    return round(sum(values) / len(values), 4) if values else None
