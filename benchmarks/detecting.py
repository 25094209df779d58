"""Recordings through a detector of telephony, in audio time, and what the figures of the outcomes are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.lines import PER_MS
from speech.recogniser import Recogniser
from telephony.answered import AnsweredDetector
from telephony.legs import AudioIn
from telephony.progress import Hearer, ProgressDetector

AT_ONCE = 2  # recordings, as many as the recogniser has threads
_PIECE_BYTES = 60 * PER_MS * 2

One = TypeVar("One")
Found = TypeVar("Found")
Detector = TypeVar("Detector", bound=ProgressDetector)


async def detect(ears: Recogniser, detector: Detector, pcm: bytes) -> tuple[Detector, int | None]:
    """The detector after the audio, and where it was certain, in ms from the beginning (None: nowhere)."""
    stream = ears.stream()
    hearer = Hearer("benchmark", stream, detector)
    try:
        for start in range(0, len(pcm), _PIECE_BYTES):
            piece = pcm[start : start + _PIECE_BYTES]
            if await hearer.hear(AudioIn(piece, start // (2 * PER_MS))):
                return detector, (start + len(piece)) // (2 * PER_MS)
            if isinstance(detector, AnsweredDetector) and detector.person:
                return detector, None
        await hearer.finish()
        return detector, None
    finally:
        stream.close()


async def all_of(work: Callable[[One], Awaitable[Found]], ones: Iterable[One]) -> list[Found]:
    """The work on each, a few at once."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(each: One) -> Found:
        async with room:
            return await work(each)

    return list(await asyncio.gather(*map(one, ones)))


@dataclass(frozen=True, slots=True)
class Judged:
    """One recording: the truth and what it was taken for."""

    truth: str
    found: str


def confusion(judged: Iterable[Judged]) -> dict[str, dict[str, int]]:
    """How often each truth was taken for what."""
    counts: dict[str, Counter[str]] = {}
    for one in judged:
        counts.setdefault(one.truth, Counter())[one.found] += 1
    return {truth: dict(found.most_common()) for truth, found in counts.items()}


def share(of: Iterable[bool]) -> float | None:
    """0 to 1; None of nothing."""
    values = list(of)
    return round(sum(values) / len(values), 4) if values else None


def percentile(values: Sequence[int], per_cent: int) -> int | None:
    """A value that so many per cent of the values do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * per_cent // 100)] if ordered else None
