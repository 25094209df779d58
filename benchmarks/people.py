"""Recordings of people through voice activity, turn taking and recogniser; their folder stays outside the project.

`manifest.csv` names them: file, transcript (may be empty), note.
"""

from __future__ import annotations

import csv
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from rapidfuzz.distance import Levenshtein

from benchmarks.answers import Answer, AnswerClass
from benchmarks.lines import PER_MS, Samples, audible, on_the_line
from benchmarks.takes import Outcome, Take, listen
from speech.levels import active_dbfs
from speech.recogniser import Recogniser
from telephony.legs import SAMPLE_RATE

_BEFORE_MS, _AFTER_MS = 2000, 3000
_NOISES = (30.0, 20.0, 10.0)


async def people(folder: Path, ears: Recogniser) -> dict[str, Any]:
    """Figures at three levels of added noise; recordings without a transcript count for turn taking only."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {f"{snr_db:g} dB": await _at(rows, folder, snr_db, ears) for snr_db in _NOISES}


async def _at(rows: list[dict[str, str]], folder: Path, snr_db: float, ears: Recogniser) -> dict[str, Any]:
    outcomes: list[tuple[Outcome, str]] = []
    turns = 0
    for number, row in enumerate(rows):
        outcome, more = await _hear(row, folder, snr_db, number, ears)
        outcomes.append((outcome, row["transcript"]))
        turns += more
    delays = [outcome.delay_ms for outcome, _ in outcomes if outcome.heard and not outcome.cut_off] or [0]
    said = [(outcome.text.replace("|", ""), words) for outcome, words in outcomes if words]
    return {
        "recordings": len(rows),
        "heard": sum(outcome.heard for outcome, _ in outcomes),
        "ended_early": sum(outcome.ended_early for outcome, _ in outcomes),
        "cut_off": sum(outcome.cut_off for outcome, _ in outcomes),
        "turns_of_nothing": turns,
        "end_of_turn_p50_ms": round(float(np.percentile(delays, 50))),
        "end_of_turn_p95_ms": round(float(np.percentile(delays, 95))),
        "character_errors_percent": _errors(said),
    }


async def _hear(
    row: Mapping[str, str], folder: Path, snr_db: float, seed: int, ears: Recogniser
) -> tuple[Outcome, int]:
    speech = _read(folder / row["file"])
    first, last = audible(speech)
    whole = np.concatenate([np.zeros(_BEFORE_MS * PER_MS), speech, np.zeros(_AFTER_MS * PER_MS)])
    answer = Answer(AnswerClass.SENTENCE, "opening.identity", (row["transcript"] or "？",), None)
    client = on_the_line(whole, snr_db, ("white", "pink")[seed % 2], seed)
    span = (_BEFORE_MS + first, _BEFORE_MS + last)
    outcomes, more = await listen(Take(row["file"], snr_db, "", [answer], [span], client), ears)
    return outcomes[0], more


def _read(path: Path) -> Samples:
    """A mono WAV file at 8 kHz and -20 dBFS."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
        channels, rate = file.getnchannels(), file.getframerate()
    out = soxr.resample(samples.reshape(-1, channels).mean(axis=1), rate, SAMPLE_RATE)
    return np.asarray(out * 10 ** ((-20 - active_dbfs(out.astype(np.float32))) / 20))


def _errors(said: list[tuple[str, str]]) -> float:
    wrong = sum(Levenshtein.distance(heard, words) for heard, words in said)
    return round(100 * wrong / max(1, sum(len(words) for _, words in said)), 1)
