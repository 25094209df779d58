"""Takes of the hearing benchmark: the answers of one client on one line, and what the real pipeline makes of them.

Every delay counts from the end of the voice to the decision, in samples, so that it does not depend on the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from benchmarks.answers import Answer, AnswerClass
from benchmarks.examiner import Examiner, Put
from benchmarks.lines import PER_MS, RecordedLine, audible, joined, on_the_line, said
from bot.moves import Heard
from bot.pipeline import Limits, Phrases, hold
from intents import Intent, load_matcher, parse_number, parse_time
from speech.recogniser import Recogniser
from telephony.legs import SAMPLE_RATE

_FIRST_MS, _GAP_MS = 2000, 2600  # line before the first answer, silence between answers
_NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
_POLAR = {Intent.YES, Intent.NO}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one utterance; `delay_ms` from the end of the voice to the decision."""

    voice: str
    snr_db: float | None
    noise: str
    answer: Answer
    heard: bool  # a turn reached the dialogue
    right: bool  # with the right meaning or value
    flipped: bool  # a yes was taken for a no, or the reverse
    ended_early: bool  # the turn was taken for ended before the voice was
    cut_off: bool  # and what followed was not joined to it
    delay_ms: int
    text: str
    means: Intent | None


@dataclass(frozen=True, slots=True)
class Take:
    """One recording: the answers of one client with their places."""

    voice: str
    snr_db: float | None
    noise: str
    answers: Sequence[Answer]
    spans_ms: Sequence[tuple[int, int]]  # from where to where each can be heard
    client: bytes


def record(voice: str, snr_db: float | None, kind: str, answers: Sequence[Answer], seed: int) -> Take:
    """All answers of one client, one after the other, on one line."""
    parts, spans, at_ms = [np.zeros(_FIRST_MS * PER_MS)], [], _FIRST_MS
    for answer in answers:
        speech = joined([said(piece, voice) for piece in answer.pieces], answer.pause_ms)
        speech = speech[: len(speech) // PER_MS * PER_MS]
        first, last = audible(speech)
        spans.append((at_ms + first, at_ms + last))
        parts += [speech, np.zeros(_GAP_MS * PER_MS)]
        at_ms += len(speech) // PER_MS + _GAP_MS
    client = on_the_line(np.concatenate(parts), snr_db, kind, seed, voice)
    return Take(voice, snr_db, kind, answers, spans, client)


async def listen(take: Take, ears: Recogniser, phrases: Phrases | None = None) -> tuple[list[Outcome], int]:
    """What is heard of a take, and how many turns were made of nothing but noise."""
    puts = [
        Put(answer.question, start_ms, answer.kind is AnswerClass.NUMBER)
        for answer, (start_ms, _) in zip(take.answers, take.spans_ms, strict=True)
    ]
    examiner = Examiner(puts)
    limits = Limits(conversation_seconds=1e6, stuck_seconds=1e6)
    line = RecordedLine(take.client)
    await hold(line, examiner, ears, Hum(800), load_matcher(), log=examiner.log, limits=limits, phrases=phrases)
    heard = examiner.of(Heard)
    outcomes = [_judge(take, number, heard) for number in range(len(take.answers))]
    return outcomes, len([1 for at_ms, event in heard if not any(_belongs(event, span) for span in take.spans_ms)])


class Hum:
    """Prompts that are a hum of one length."""

    def __init__(self, length_ms: int) -> None:
        turns = np.arange(length_ms * PER_MS) * 200 / SAMPLE_RATE
        self._pcm = (1000 * np.sin(2 * np.pi * turns)).astype("<i2").tobytes()

    async def fetch(self, text: str, slower: bool = False) -> bytes:
        """The same for every text."""
        return self._pcm


def _belongs(heard: Heard, span: tuple[int, int]) -> bool:
    return heard.start_ms < span[1] and heard.end_ms > span[0] - 200


def _judge(take: Take, number: int, heard: Sequence[tuple[int, Heard]]) -> Outcome:
    answer, span = take.answers[number], take.spans_ms[number]
    mine = [(at_ms, event) for at_ms, event in heard if _belongs(event, span)]
    last = mine[-1] if mine else None
    means = last[1].match.intent if last and answer.means else None
    pieces = [event.text for _, event in _standing(mine)]
    right = bool(last) and _is_right(answer, "".join(pieces), means)
    early = any(at_ms < span[1] for at_ms, _ in mine)
    return Outcome(
        voice=take.voice,
        snr_db=take.snr_db,
        noise=take.noise,
        answer=answer,
        heard=bool(mine),
        right=right,
        flipped=means in _POLAR and answer.means in _POLAR and means is not answer.means,
        ended_early=early,
        cut_off=any(at_ms < span[1] for at_ms, _ in _standing(mine)),
        delay_ms=last[0] - span[1] if last else 0,
        text="|".join(pieces),
        means=means,
    )


def _standing(heard: Sequence[tuple[int, Heard]]) -> list[tuple[int, Heard]]:
    """Without the turns that were taken up again."""
    taken_up = [event.goes_on for _, event in heard[1:]]
    return [each for number, each in enumerate(heard) if number == len(taken_up) or not taken_up[number]]


def _is_right(answer: Answer, text: str, means: Intent | None) -> bool:
    if answer.kind is AnswerClass.NUMBER:
        return parse_number(text) == parse_number(answer.text)
    if answer.kind is AnswerClass.TIME:
        return parse_time(text, _NOW) == parse_time(answer.text, _NOW)
    return means is answer.means
