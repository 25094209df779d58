"""Short answers of voices that the model never heard reach the dialogue with their meaning; real words stop the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import fast_time
from benchmarks.answers import ANSWERS, AnswerClass
from benchmarks.interruptions import cough, interrupt
from benchmarks.lines import HELD_OUT, said
from benchmarks.takes import Outcome, listen, record
from speech.recogniser import Recogniser

pytestmark = pytest.mark.audio
SHORT = [answer for answer in ANSWERS if answer.kind.startswith("short")]
PAUSING = [answer for answer in ANSWERS if answer.kind in (AnswerClass.LONG, AnswerClass.NUMBER)]


@pytest.fixture(scope="module")
def ears(shipped_model: Path) -> Iterator[Recogniser]:
    made = Recogniser(shipped_model)
    yield made
    made.close()


def heard(ears: Recogniser, snr_db: float, kind: str, *, short: bool = True) -> list[Outcome]:
    async def all_voices() -> list[Outcome]:
        answers = SHORT if short else PAUSING
        takes = [record(voice, snr_db, kind, answers, 5) for voice in HELD_OUT]
        return [outcome for found, _ in [await listen(take, ears) for take in takes] for outcome in found]

    return fast_time.run(all_voices(), lambda: ears.busy)


@pytest.mark.parametrize(
    ("snr_db", "kind", "least"), [(20.0, "white", 0.99), (10.0, "pink", 0.96), (20.0, "babble", 0.96)]
)
def test_short_answers_get_through(ears: Recogniser, snr_db: float, kind: str, least: float) -> None:
    outcomes = heard(ears, snr_db, kind)
    missed = [(each.voice, each.answer.text, each.text) for each in outcomes if not each.right]
    assert len(missed) <= (1 - least) * len(outcomes), missed
    assert not any(each.cut_off for each in outcomes)


def test_pauses_lose_nothing(ears: Recogniser) -> None:
    assert not [each.text for each in heard(ears, 20.0, "white", short=False) if each.cut_off]


def test_words_stop_the_bot_and_coughs_do_not(ears: Recogniser) -> None:
    async def sounds() -> list[int | None]:
        words = interrupt("等一下", said("等一下", "zhou"), "zhou", 20.0, ears)
        breath = interrupt("cough", cough("cough", 1), "1", 20.0, ears)
        return [each.silent_ms for each in await asyncio.gather(words, breath)]

    words, breath = fast_time.run(sounds(), lambda: ears.busy)
    assert words is not None
    assert words < 900
    assert breath is None
