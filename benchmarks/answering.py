"""Who answered: people and machines in the first seconds after the answer, through the whole detector, in audio time.

People greet and answer the opening in the words of the labelled sets and of answered.csv; machines are the wordings of
answered.csv and announcements.csv, which no model was trained on. The rows `held` of answered.csv were written after
the marks of machines' speech were settled.
"""

from __future__ import annotations

import asyncio
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detecting import Judged, all_of, confusion, detect, percentile, share
from benchmarks.lines import PER_MS, joined, on_the_line, said
from intents import Announced
from intents.labelled import read_announcements
from intents.train import training_answers
from rules.witnesses import AnsweringMachine
from speech.recogniser import Recogniser
from speech.voice import caller_voices
from telephony.announcements import ENDINGS
from telephony.answered import MACHINES, AnsweredDetector

ANSWERED = Path(__file__).with_name("answered.csv")
ANNOUNCED = Path(__file__).with_name("announcements.csv")
SNR_DB = (None, 20.0)
VOICES_EACH = 2  # for machines and for the hard words of people
PERSON = "person"
_GREETINGS = ("喂", "喂，你好", "你好", "喂，哪位", "喂，您好", "哎", "您好，请讲", "喂，谁啊")
_MACHINES_WORDS = re.compile("机主.*(?:助|秘书)|语音助理|垫话助手")  # labelled as strangers' answers
_LEAD_MS, _PAUSE_MS, _TAIL_MS = 400, 1400, 2500


@dataclass(frozen=True, slots=True)
class Call:
    """What is said on a call after the answer, and by whom."""

    who: str
    pieces: Sequence[str]
    voice: str
    snr_db: float | None
    seed: int
    source: str


@dataclass(frozen=True, slots=True)
class Answered(Judged):
    """What it was taken for; `certain_ms` from the beginning of the words."""

    source: str = ""
    words: str = ""
    heard: str = ""
    certain_ms: int | None = None


async def after_answer(ears: Recogniser) -> dict[str, Any]:
    """The shares of errors, the confusion of outcomes, and how soon a machine was certain."""

    async def listen(call: Call) -> Answered:
        return await _listen(ears, call)

    heard = await all_of(listen, [*_machines(), *_people()])
    people = [one for one in heard if one.truth == PERSON]
    machines = [one for one in heard if one.truth != PERSON]
    return {
        "calls": {"people": len(people), "machines": len(machines)},
        "human_taken_for_machine": share(one.found != PERSON for one in people),
        "machine_taken_for_human": share(one.found == PERSON for one in machines),
        "by_source": {source: _figures([one for one in heard if one.source == source]) for source in _sources(heard)},
        "certain_p50_ms": percentile(_certain(machines), 50),
        "certain_p95_ms": percentile(_certain(machines), 95),
        "confusion": confusion(heard),
        "errors": [
            f"{one.truth} -> {one.found} ({one.source}): {one.words} | {one.heard}"
            for one in heard
            if (one.truth == PERSON) != (one.found == PERSON)
        ],
        "conditions": "ten synthetic voices over A-law, half of the calls clean, half at 20 dB with white noise",
    }


def _figures(heard: Sequence[Answered]) -> dict[str, Any]:
    right = share((one.truth == PERSON) == (one.found == PERSON) for one in heard)
    return {"calls": len(heard), "person_or_machine_right": right}


def _sources(heard: Sequence[Answered]) -> list[str]:
    return list(dict.fromkeys(one.source for one in heard))


def _certain(heard: Sequence[Answered]) -> list[int]:
    return [one.certain_ms for one in heard if one.certain_ms is not None]


def _machines() -> Iterator[Call]:
    rows = [
        (row["who"], row["text"], "answered, held out" if row["held"] else "answered")
        for row in _rows()
        if row["who"] != "human"
    ]
    rows += [
        (one.outcome.value, one.text, "announcements")
        for one in read_announcements(ANNOUNCED)
        if one.outcome in ENDINGS
    ]
    for number, (who, text, source) in enumerate(rows):
        for turn in range(VOICES_EACH):
            yield Call(who, [text], _voice(number, turn), SNR_DB[(number + turn) % 2], number, source)


def _people() -> Iterator[Call]:
    for number, row in enumerate(row for row in _rows() if row["who"] == "human"):
        for turn in range(VOICES_EACH):
            source = "people, held out" if row["held"] else "people"
            yield Call(PERSON, [row["text"]], _voice(number, turn), SNR_DB[(number + turn) % 2], number, source)
    for number, pieces in enumerate(_exchanges()):
        yield Call(PERSON, pieces, _voice(number, 0), SNR_DB[number % 2], number, "labelled answers")


def _exchanges() -> Iterator[list[str]]:
    """A greeting and an answer to either question of the opening, every labelled answer once."""
    answers = [row for row in training_answers(own=False) if not _MACHINES_WORDS.search(row.text)]
    identity = [row.text for row in answers if row.question == "opening.identity"]
    convenient = [row.text for row in answers if row.question == "opening.convenient"]
    for number, (first, second) in enumerate(zip_longest(identity, convenient, fillvalue="嗯")):
        yield [_GREETINGS[number % len(_GREETINGS)], first, second]


def _rows() -> list[dict[str, str]]:
    with ANSWERED.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _voice(number: int, turn: int) -> str:
    voices = tuple(caller_voices())
    return voices[(number + 3 * turn) % len(voices)]


async def _listen(ears: Recogniser, call: Call) -> Answered:
    pcm = await asyncio.to_thread(_recorded, call)
    detector, certain_ms = await detect(ears, AnsweredDetector(), pcm)
    found = detector.found(at_the_end=True)
    return Answered(
        truth=call.who,
        found=_outcome(found.announced, found.machine),
        source=call.source,
        words="，".join(call.pieces),
        heard="|".join(quote.text for quote in detector.quotes),
        certain_ms=certain_ms - _LEAD_MS if certain_ms is not None else None,
    )


def _outcome(announced: Announced | None, machine: AnsweringMachine | None) -> str:
    if machine is None:
        return PERSON
    return announced.value if announced in MACHINES and announced else machine.value


def _recorded(call: Call) -> bytes:
    speech = joined([said(piece, call.voice) for piece in call.pieces], _PAUSE_MS)
    whole = np.concatenate([np.zeros(_LEAD_MS * PER_MS), speech, np.zeros(_TAIL_MS * PER_MS)])
    return on_the_line(whole, call.snr_db, "white", call.seed)
