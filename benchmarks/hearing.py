"""How answers get through: voice × noise × kind of answer, free and with grammars, and what stops the bot.

All of it over the real pipeline, in audio time. Noise is white for one half of the voices and pink for the other;
`babble` (six other voices behind the client) is a table of its own.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import fast_time
from benchmarks.answers import ANSWERS, AnswerClass
from benchmarks.interruptions import LISTENING, WORDS, Interruption, interrupt_all
from benchmarks.lines import HELD_OUT
from benchmarks.people import people
from benchmarks.takes import Outcome, listen, record
from intents.matcher import example_phrases
from speech.recogniser import Recogniser, find_model
from speech.voice import caller_voices

NOISES: tuple[float | None, ...] = (None, 20.0, 10.0, 5.0)
SHORT = (AnswerClass.SHORT_YES, AnswerClass.SHORT_NO, AnswerClass.SHORT_OTHER)
_SHORT_PHRASE, _PHRASES = 6, 120  # characters of a phrase, phrases of a grammar
_QUICK_VOICES, _QUICK_NOISES = ("lin", "zhou", "gao"), (20.0, 10.0)
_BABBLE_VOICES, _BABBLE_NOISES = ("lin", "wu", "zhou", "he"), (20.0, 10.0)


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """The whole matrix, or with `--quick` three voices at 20 and 10 dB; with `--human DIR` recordings of people alone.

    `--model` is another recogniser than the shipped one.
    """
    with tempfile.TemporaryDirectory() as folder:
        ears = Recogniser(find_model(chosen.model, Path(folder)), threads=1)
        work = people(chosen.human, ears) if chosen.human else _measure(chosen.quick, ears)
        try:
            return fast_time.run(work, lambda: ears.busy)
        finally:
            ears.close()


async def _measure(quick: bool, ears: Recogniser) -> dict[str, Any]:
    voices = _QUICK_VOICES if quick else tuple(caller_voices())
    noises = _QUICK_NOISES if quick else NOISES
    free, phantoms = await _listen(voices, noises, "", ears)
    short = [outcome for outcome in free if outcome.answer.kind in SHORT]
    return {
        "utterances": len(free),
        "turns_of_nothing": phantoms,
        "short_answers": _by_noise(short),
        "short_answers_held_out": _by_noise([outcome for outcome in short if outcome.voice in HELD_OUT]),
        "by_class": _table(free, lambda outcome: f"{_named(outcome.snr_db)}, {outcome.answer.kind}"),
        "matrix": _table(free, lambda each: f"{each.voice}, {_named(each.snr_db)}, {each.answer.kind}"),
        "ended_early_and_lost_percent": _percent(free, lambda outcome: outcome.cut_off),
        "missed": [f"{o.voice} {_named(o.snr_db)} {o.answer.text}: {o.text}" for o in short if not o.right],
        "grammar": await _grammars(voices, noises, free, ears),
        "babble": _by_noise((await _listen(_BABBLE_VOICES, _BABBLE_NOISES, "babble", ears))[0]),
        "barge_in": _barge_in(await interrupt_all(voices, _QUICK_NOISES, ears)),
    }


async def _listen(
    voices: Sequence[str],
    noises: Sequence[float | None],
    kind: str,
    ears: Recogniser,
    grammar: Callable[[str], Sequence[str]] | None = None,
) -> tuple[list[Outcome], int]:
    answers = ANSWERS if grammar is None and kind == "" else [each for each in ANSWERS if each.kind in SHORT]
    outcomes: list[Outcome] = []
    phantoms = 0
    for number, voice in enumerate(voices):
        for snr_db in noises:
            take = record(
                voice, snr_db, kind or ("white", "pink")[number % 2], answers, 100 * number + int(snr_db or 0)
            )
            found, more = await listen(take, ears, grammar)
            outcomes += found
            phantoms += more
    return outcomes, phantoms


async def _grammars(
    voices: Sequence[str], noises: Sequence[float | None], free: Sequence[Outcome], ears: Recogniser
) -> dict[str, Any]:
    """Short answers with a grammar per question beside the same heard freely."""
    noisy = [snr_db for snr_db in noises if snr_db is not None]
    bound, _ = await _listen(voices, noisy, "", ears, phrases_of)
    mine = [outcome for outcome in free if outcome.answer.kind in SHORT and outcome.snr_db in noisy]
    key = lambda outcome: outcome.answer.question  # noqa: E731
    freely, bounded = _table(mine, key), _table(bound, key)
    return {
        "free": _by_noise(mine),
        "with_grammar": _by_noise(bound),
        "right_percent_by_question": {
            question: {"free": freely[question]["right_percent"], "grammar": bounded[question]["right_percent"]}
            for question in freely
        },
    }


def phrases_of(question: str) -> Sequence[str]:
    """What people say in a few words at this question."""
    return [text for text in example_phrases(question) if len(text) <= _SHORT_PHRASE][:_PHRASES]


def _by_noise(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return _table(outcomes, lambda outcome: _named(outcome.snr_db))


def _table(outcomes: Sequence[Outcome], key: Callable[[Outcome], str]) -> dict[str, Any]:
    rows: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        rows[key(outcome)].append(outcome)
    return {name: _figures(row) for name, row in rows.items()}


def _figures(row: Sequence[Outcome]) -> dict[str, Any]:
    p50, p95 = np.percentile([outcome.delay_ms for outcome in row if outcome.heard] or [0], [50, 95])
    return {
        "utterances": len(row),
        "heard_percent": _percent(row, lambda outcome: outcome.heard),
        "right_percent": _percent(row, lambda outcome: outcome.right),
        "flipped": sum(outcome.flipped for outcome in row),
        "ended_early": sum(outcome.ended_early for outcome in row),
        "cut_off": sum(outcome.cut_off for outcome in row),
        "end_of_turn_p50_ms": round(float(p50)),
        "end_of_turn_p95_ms": round(float(p95)),
    }


def _percent(row: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> float:
    return round(100 * sum(map(holds, row)) / max(1, len(row)), 2)


def _named(snr_db: float | None) -> str:
    return "clean" if snr_db is None else f"{snr_db:g} dB"


def _barge_in(found: Sequence[Interruption]) -> dict[str, Any]:
    words = [each for each in found if each.what in WORDS]
    delays = [each.silent_ms for each in words if each.silent_ms is not None]
    p50, p95 = np.percentile(delays or [0], [50, 95])
    listening = [each for each in found if each.what in LISTENING]
    coughs = [each for each in found if each.what not in WORDS + LISTENING]
    return {
        "words": len(words),
        "stopped_by_words_percent": round(100 * len(delays) / len(words), 1),
        "silent_p50_ms": round(float(p50)),
        "silent_p95_ms": round(float(p95)),
        "listening_sounds": len(listening),
        "stopped_by_listening_sounds": _stops(listening),
        "coughs": len(coughs),
        "stopped_by_coughs": _stops(coughs),
    }


def _stops(found: Sequence[Interruption]) -> list[str]:
    return [f"{each.what} {each.voice} {each.snr_db:g} dB" for each in found if each.silent_ms is not None]
