"""What became of calls: announcements, tones and whoever answers, through the whole detectors, in audio time.

Every announcement of announcements.csv (none is in the training sets) is spoken by several voices over an A-law line
with noise, recognised and understood; so are songs and adverts that hold a network's words (tunes.csv), half of them
over music. Tones come from the simulated network and from a grid of frequencies, levels and noise.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answering import after_answer
from benchmarks.detecting import Judged, all_of, confusion, detect, percentile, share
from benchmarks.lines import PER_MS, Samples, on_the_line, said
from benchmarks.tone_grid import tone_grid
from intents import Announced
from intents.labelled import Announcement, read_announcements
from intents.machine_speech import classify_before_answer
from rules.witnesses import Tone
from speech.recogniser import Recogniser, find_model
from speech.voice import caller_voices
from telephony.announcements import CONFIDENT, ENDINGS
from telephony.progress import ProgressDetector
from telephony.simulator.audio import CADENCES, music, tone

NOTHING = "nothing"
SPOKEN = Path(__file__).with_name("announcements.csv")
TUNES = Path(__file__).with_name("tunes.csv")
VOICES_EACH = 3  # of the ten, in turn
SNR_DB = (None, 20.0)
TONE_SECONDS, TUNE_SECONDS = 9.0, 20.0
LEVELS_DB = (0, -15)  # of tones, against the network's
_BEFORE_MS, _AFTER_MS = 500, 1200  # silence around the words
_MUSIC_DB = -15.0  # under the words of a song


@dataclass(frozen=True, slots=True)
class Sound:
    """One recording to be; `words` is what is spoken, `voice` who speaks."""

    truth: str
    samples: Samples
    snr_db: float | None
    seed: int
    words: str = ""
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Heard(Judged):
    """When it was certain (None: at the end of the ring time).

    `certain_ms` counts from the beginning of the words; `spoken_ms` is how long they take; `point_ms` is where so many
    of them were spoken as say it beyond doubt (None: not even all of them do).
    """

    words: str = ""
    certain_ms: int | None = None
    spoken_ms: int = 0
    point_ms: int | None = None


async def measure(_chosen: argparse.Namespace) -> dict[str, Any]:
    """The confusion of outcomes by announcements, tunes, tones and whoever answered, and how early it was certain."""
    with tempfile.TemporaryDirectory() as folder:
        ears = Recogniser(find_model("", Path(folder)))

        async def listen(sound: Sound) -> Heard:
            return await _listen(ears, sound)

        try:
            spoken = await all_of(listen, _spoken(read_announcements(SPOKEN)))
            tunes = await all_of(listen, _tunes())
            sounds = await all_of(listen, _sounds())
            answered = await after_answer(ears)
        finally:
            ears.close()
    return {
        "announcements": _figures(spoken) | _earliness(spoken),
        "tunes_with_a_networks_words": _figures(tunes),
        "tones": _figures(sounds),
        "tone_grid": tone_grid(),
        "after_answer": answered,
    }


def _spoken(rows: Sequence[Announcement]) -> Iterator[Sound]:
    voices = tuple(caller_voices())
    for number, row in enumerate(rows):
        for turn in range(VOICES_EACH):
            voice = voices[(number + 3 * turn) % len(voices)]
            snr_db = SNR_DB[(number + turn) % len(SNR_DB)]
            yield Sound(row.outcome.value, said(row.text, voice), snr_db, number, row.text, voice)


def _tunes() -> Iterator[Sound]:
    voices = tuple(caller_voices())
    with TUNES.open(encoding="utf-8", newline="") as lines:
        texts = [row["text"] for row in csv.DictReader(lines)]
    for number, text in enumerate(texts):
        for turn in range(2):
            voice = voices[(number + 3 * turn) % len(voices)]
            words = said(text, voice)
            over = music("ab"[number % 2], len(words) / (1000 * PER_MS))[: len(words)] * 10 ** (_MUSIC_DB / 20)
            sung = words + over if turn else words
            yield Sound(NOTHING, sung, SNR_DB[number % len(SNR_DB)], number, text, voice)


def _sounds() -> Iterator[Sound]:
    for seed, level_db in enumerate(LEVELS_DB):
        gain = 10 ** (level_db / 20)
        for name in (*CADENCES, "special_information"):
            truth = Tone.SIT.value if name == "special_information" else name
            yield Sound(truth, gain * tone(name, TONE_SECONDS), SNR_DB[-1] - level_db, seed)
        for tune in ("a", "b"):
            yield Sound(NOTHING, gain * music(tune, TUNE_SECONDS), SNR_DB[-1] - level_db, seed)


async def _listen(ears: Recogniser, sound: Sound) -> Heard:
    before, after = (np.zeros(ms * PER_MS) for ms in (_BEFORE_MS, _AFTER_MS))
    whole = np.concatenate([before, sound.samples, after])
    pcm = await asyncio.to_thread(on_the_line, whole, sound.snr_db, "white", sound.seed)
    detector, certain_ms = await detect(ears, ProgressDetector(), pcm)
    return Heard(
        truth=sound.truth,
        found=_found(detector),
        words=sound.words,
        certain_ms=certain_ms - _BEFORE_MS if certain_ms is not None else None,
        spoken_ms=len(sound.samples) // PER_MS,
        point_ms=await asyncio.to_thread(_point_ms, sound.words, sound.truth, sound.voice) if sound.words else None,
    )


def _found(detector: ProgressDetector) -> str:
    """The outcome as it would be filed: a reason that was spoken, else the tone, else who or what was heard."""
    said_by = detector.verdict.match.outcome
    if said_by is not None and (said_by in ENDINGS or detector.tone is None):
        return said_by.value
    return detector.tone.tone.value if detector.tone else NOTHING


@lru_cache(maxsize=4096)
def _point_ms(words: str, truth: str, voice: str) -> int | None:
    """How long it takes to say as much as tells the outcome beyond doubt, had every word been heard at once."""
    for end in range(1, len(words) + 1):
        match = classify_before_answer(words[:end])
        if match.outcome is not None and match.outcome.value == truth and match.confidence >= CONFIDENT:
            return round(len(said(words, voice)) * end / len(words) / PER_MS)
    return None


def _figures(heard: Sequence[Heard]) -> dict[str, Any]:
    """Shares are 0 to 1. `cleared_while_waiting`: hung up on music, an advert or a person."""
    endings = {*(outcome.value for outcome in ENDINGS), Tone.CONGESTION.value, Tone.SIT.value}
    ending = [one for one in heard if one.truth in endings]
    waiting = [one for one in heard if one.truth not in endings]
    people = [one for one in heard if one.truth == Announced.HUMAN]
    return {
        "rows": len(heard),
        "accuracy": share(_is_right(one) for one in heard),
        "certain": share(one.certain_ms is not None for one in ending),
        "cleared_while_waiting": share(one.certain_ms is not None for one in waiting),
        "human_taken_for_machine": share(one.found in endings for one in people),
        "machine_taken_for_human": share(one.found == Announced.HUMAN for one in ending),
        "confusion": confusion(heard),
        "errors": [f"{one.truth} -> {one.found}: {one.words}" for one in heard if one.words and not _is_right(one)],
    }


def _is_right(one: Heard) -> bool:
    """Where nothing was to be heard, music and people are no reason to hang up."""
    waiting = (NOTHING, Announced.RINGBACK_MUSIC.value, Announced.HUMAN.value)
    return one.truth == one.found or (one.truth == NOTHING and one.found in waiting)


def _earliness(heard: Sequence[Heard]) -> dict[str, Any]:
    """How soon it was certain, and what it had to wait for: the words themselves, then the hearing of them."""
    ending = [one for one in heard if one.truth in ENDINGS]
    early = [one.certain_ms for one in ending if one.certain_ms is not None]
    points = [one.point_ms for one in ending if one.point_ms is not None]
    timed = [one for one in ending if one.certain_ms is not None and one.point_ms is not None]
    behind = [one.certain_ms - one.point_ms for one in timed if one.certain_ms is not None and one.point_ms is not None]
    allowed = [one.certain_ms for one in timed if one.certain_ms is not None and (one.point_ms or 0) <= 2500]
    return {
        "certain_before_the_end": share(
            one.certain_ms is not None and one.certain_ms < one.spoken_ms for one in ending
        ),
        "certain_p50_ms": percentile(early, 50),
        "certain_p95_ms": percentile(early, 95),
        "words_say_it_p50_ms": percentile(points, 50),
        "words_say_it_p95_ms": percentile(points, 95),
        "heard_after_the_words_p50_ms": percentile(behind, 50),
        "heard_after_the_words_p95_ms": percentile(behind, 95),
        "certain_p95_ms_where_said_within_2500_ms": percentile(allowed, 95),
        "latest": [
            f"{one.certain_ms} ms, said at {one.point_ms}: {one.words}"
            for one in sorted(timed, key=lambda one: -(one.certain_ms or 0))[:8]
        ],
    }
