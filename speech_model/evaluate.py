"""Measures a model on synthetic callers with voices that it never heard, and prints a table.

python -m speech_model.evaluate --model build/vosk-model-tiny-cn-espeak-8k --texts FILE.csv --snr clean,20,10

Each line: set, noise, utterances, character error rate, the same on syllables without tones (what the intent matcher
is left with), utterances without any error, processor time per second of audio. `short` is short answers heard freely,
`grammar` the same with a grammar of short answers; a file is text (a sentence per line) or CSV with a column `text`.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speech.recogniser import Recogniser
from speech_model import texts
from speech_model.synth import HELD_OUT_VARIANTS, Voice, random_voice, say
from speech_model.telephone import SAMPLE_RATE, Samples, add_noise, alaw, rms
from speech_model.units import syllables

SHORT = (
    "是 是的 对 嗯 有 没有 不是 知道 不知道 满意 不满意 方便 不方便 不需要 打错了 可以 好的 没空 我是 不认识 没 不 好"
).split()
MORE = (
    "对的 是我 我就是 不清楚 不用了 不对 行 不可以 没问题 有问题 等一下 再说一遍 听不清 转人工 投诉 在开会 在开车 "
    "你是谁 什么事 同意 不同意 愿意 不愿意 看过 没看过 签了 没签 一般 很满意 明天下午 晚上 再见 谢谢 你好 喂"
).split()
PHRASES = SHORT + MORE
_LEVEL_DBFS = -22
_BEFORE, _AFTER = 0.4, 0.6  # seconds of line noise around the words


@dataclass
class Score:
    """Errors counted over a set."""

    utterances: int = 0
    characters: int = 0
    errors: int = 0
    toneless: int = 0
    whole: int = 0

    def add(self, said: str, heard: str) -> None:
        """Compare one utterance."""
        errors = distance(said, heard)
        self.utterances += 1
        self.characters += len(said)
        self.errors += errors
        self.toneless += distance(plain(said), plain(heard))
        self.whole += errors == 0

    def __str__(self) -> str:
        rates = (100 * self.errors / self.characters, 100 * self.toneless / self.characters)
        whole = 100 * self.whole / self.utterances
        return f"{self.utterances} utterances, CER {rates[0]:.1f}%, toneless {rates[1]:.1f}%, whole {whole:.1f}%"


def distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Edit distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def plain(text: str) -> list[str]:
    """Syllables without tones."""
    return [syllable[:-1] for syllable in syllables(text)]


def spoken(text: str, voice: Voice) -> Samples:
    """A sentence in a caller's voice."""
    return say([syllables(word) for word in texts.cut(text)], voice)


def call(text: str, voice: Voice, snr: float | None, g: np.random.Generator, babble: Samples) -> bytes:
    """Telephone audio of a sentence: noise around it, A-law; `snr` None is a clean line."""
    speech = spoken(text, voice)
    loudness = rms(speech)
    out = np.concatenate([np.zeros(int(_BEFORE * SAMPLE_RATE)), speech, np.zeros(int(_AFTER * SAMPLE_RATE))])
    if snr is not None:
        out = add_noise(out, loudness, snr, g.choice(["white", "pink", "babble"]), g, babble)
    out = alaw(np.clip(out * 10 ** (_LEVEL_DBFS / 20) / loudness, -1, 1))
    return (out * 32767).astype("<i2").tobytes()


def read_texts(path: Path, n: int) -> list[str]:
    """Up to `n` sentences of a file, drawn with a fixed seed."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as lines:
            found = [texts.hanzi(row["text"]) for row in csv.DictReader(lines)]
    else:
        found = texts.read_lines(path)
    found = [text for text in dict.fromkeys(found) if text and all(map(texts.readable, texts.cut(text)))]
    return random.Random(5).sample(found, min(n, len(found)))


def the_ten() -> list[Voice]:
    """The ten callers of speech/voices.json."""
    path = Path(__file__).parent.parent / "speech/voices.json"
    listed = json.loads(path.read_text(encoding="utf-8"))["voices"]
    return [Voice(voice["variant"], voice["pitch"], voice["speed"]) for voice in listed]


class Evaluation:
    """One model under test; the same audio for every model."""

    def __init__(self, model: Path, show: int, ten: bool) -> None:
        self.model, self.show = model, show
        rng = random.Random(3)
        sentences = [text for text in rng.sample(texts.domain(), 20) if all(map(texts.readable, texts.cut(text)))]
        self.babble = np.concatenate([spoken(text, random_voice(rng, HELD_OUT_VARIANTS)) for text in sentences])
        self.ten = the_ten() if ten else []

    async def run(self, name: str, said: list[str], snr: str, phrases: Sequence[str] = ()) -> None:
        """Speak, hear and print one set at one noise level."""
        rng, g, score, shown = random.Random(7), np.random.default_rng(7), Score(), 0
        ears = Recogniser(self.model)
        for text in said:
            voice = rng.choice(self.ten) if self.ten else random_voice(rng, HELD_OUT_VARIANTS)
            pcm = call(text, voice, None if snr == "clean" else float(snr), g, self.babble)
            heard = (await ears.transcribe(pcm, phrases)).text
            score.add(text, heard)
            if heard != text and shown < self.show:
                shown += 1
                print("   ", voice.variant, voice.pitch, voice.speed, text, "->", heard)
        ears.close()
        print(f"{name:10s} {snr:>5s}: {score}, RTF {ears.usage.real_time_factor:.4f}", flush=True)


async def evaluate(options: argparse.Namespace) -> None:
    """All sets at all noise levels."""
    evaluation = Evaluation(options.model, options.show, options.ten)
    for snr in options.snr.split(","):
        await evaluation.run("short", SHORT * 10, snr)
        await evaluation.run("grammar", PHRASES * 4, snr, PHRASES)
        for path in options.texts:
            await evaluation.run(path.stem, read_texts(path, options.n), snr)


def main() -> None:
    """Measure a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--texts", type=Path, nargs="*", default=[])
    parser.add_argument("--snr", default="clean,20,10")
    parser.add_argument("--n", type=int, default=200, help="sentences of each file")
    parser.add_argument("--show", type=int, default=0, help="errors to print of each set")
    parser.add_argument("--ten", action="store_true", help="the ten callers instead of held-out voices at random")
    asyncio.run(evaluate(parser.parse_args()))


if __name__ == "__main__":
    main()
