"""What stops the bot in mid-sentence: real words soon, listening sounds, agreement and coughs never."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.lines import PER_MS, RecordedLine, Samples, audible, on_the_line, said
from benchmarks.takes import Hum
from bot.moves import Action, BargedIn, Event, Listen, Say
from bot.pipeline import Limits, hold
from intents import load_matcher
from speech.recogniser import Recogniser

WORDS = ("没有", "不是", "等一下", "你说什么", "我没空", "我要投诉", "打错了", "听不清楚", "不需要", "不是我本人")
LISTENING = ("嗯", "哦", "嗯嗯", "对", "对对", "好", "好的", "是的", "嗯对")
COUGHS = ("cough", "two coughs", "throat", "bang")
_BEGIN_MS, _PROMPT_MS, _LENGTH_MS = 3000, 8000, 7000


@dataclass(frozen=True, slots=True)
class Interruption:
    """Something sounded while the bot spoke; `silent_ms` after it began the bot was silent, None: never."""

    what: str
    voice: str
    snr_db: float
    silent_ms: int | None


def cough(kind: str, seed: int) -> Samples:
    """A burst of breath as loud as speech, a rough voice in the throat, or a bang."""
    g = np.random.default_rng(seed)
    if kind == "two coughs":
        return np.concatenate([cough("cough", seed), np.zeros(150 * PER_MS), cough("cough", seed + 1)])
    n = {"cough": 300, "throat": 450, "bang": 60}[kind] * PER_MS
    t = np.arange(n) / (1000 * PER_MS)
    out = np.convolve(g.standard_normal(n), [0.5, 0.8, 0.5, 0.1], "same") * np.exp(-t * (12 if kind != "throat" else 4))
    if kind == "throat":
        out *= 0.6 + 0.4 * np.sign(np.sin(2 * np.pi * 45 * t + g.uniform(0, 6)))
    return np.asarray(0.15 * out / np.sqrt(np.mean(out**2)))


async def interrupt(what: str, speech: Samples, voice: str, snr_db: float, ears: Recogniser) -> Interruption:
    """Sound this three seconds into a long prompt."""
    whole = np.zeros(_LENGTH_MS * PER_MS)
    whole[_BEGIN_MS * PER_MS : _BEGIN_MS * PER_MS + len(speech)] = speech
    seed = sum(map(ord, what + voice))
    line = RecordedLine(on_the_line(whole, snr_db, ("white", "pink")[seed % 2], seed, voice))
    reciter = _Reciter()
    await hold(line, reciter, ears, Hum(_PROMPT_MS), load_matcher(), log=lambda *_: None, limits=Limits())
    began_ms = _BEGIN_MS + audible(speech)[0]
    return Interruption(what, voice, snr_db, _silent_ms(bytes(line.bot_pcm), began_ms) if reciter.stopped else None)


async def interrupt_all(voices: Sequence[str], snrs_db: Sequence[float], ears: Recogniser) -> list[Interruption]:
    """Words and listening sounds of every voice, and coughs."""
    found = []
    for snr_db in snrs_db:
        for voice in voices:
            found += [await interrupt(text, said(text, voice), voice, snr_db, ears) for text in WORDS + LISTENING]
        for seed in range(len(voices)):
            found += [await interrupt(kind, cough(kind, seed), f"{seed}", snr_db, ears) for kind in COUGHS]
    return found


def _silent_ms(bot: bytes, began_ms: int) -> int:
    samples = np.frombuffer(bot, "<i2")[began_ms * PER_MS :]
    return int(np.flatnonzero(samples)[-1]) // PER_MS + 1


class _Reciter:
    """Says one long text."""

    question = "new_account.own_will"

    def __init__(self) -> None:
        self.stopped = False

    def begin(self) -> tuple[Action, ...]:
        return Say("text", "很长的一段话"), Listen(self.question, 60_000)

    def advance(self, event: Event) -> tuple[Action, ...]:
        self.stopped = self.stopped or isinstance(event, BargedIn)
        return ()
