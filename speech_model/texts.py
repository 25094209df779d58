"""Sentences to train on and to build the language model from: domain, short answers, numbers, general words."""

from __future__ import annotations

import random
import re
from functools import lru_cache
from pathlib import Path

import jieba

from speech_model import units

jieba.setLogLevel(60)
CORPUS = Path(__file__).parent / "corpus"
SHORT = (
    "是 是的 是我 对 对的 对啊 嗯 嗯嗯 哦 啊 有 有的 没有 没 没有啊 不 不是 不是的 不对 知道 知道的 不知道 满意 很满意 "
    "不满意 一般 方便 不方便 可以 不可以 行 不行 好 好的 好吧 不好 要 不要 不需要 需要 打错了 你打错了 不认识 认识 "
    "我是 我不是 我就是 是本人 本人 不清楚 清楚 了解 不了解 看过 没看过 看了 没看 签了 没签 喂 你好 您好 在 不在 "
    "忙 在忙 没空 有空 开会 在开车 稍等 等一下 等等 再见 谢谢 什么 什么事 你说 你是谁 谁啊 哪里 没听清 再说一遍 "
    "听不清 人工 转人工 投诉 骗子 机器人 不用了 不想 不愿意 愿意 自愿 同意 不同意 有问题 没问题 还行 还可以 没错 "
    "当然 确认 确定 不确定 可能 应该是 记得 不记得 忘了 明天 下午 晚上 上午 后天"
).split()
DIGITS, PHONE = "零一二三四五六七八九", "零幺二三四五六七八九"
_DAYS = ["", "明天", "后天", "今天", "下周一", "周三", "星期五", "礼拜六"]
_PARTS_OF_DAY = ["", "上午", "下午", "晚上", "早上", "中午"]
_AMOUNTS = ["", "块", "元", "块钱", "万", "股", "手"]
_LONGEST = 14  # words of one utterance


def hanzi(text: str) -> str:
    """Only the Chinese characters of a text."""
    return re.sub(r"[^\u4e00-\u9fff]", "", text)


@lru_cache(maxsize=200_000)
def cut(sentence: str) -> tuple[str, ...]:
    """A sentence as words of jieba's dictionary."""
    return tuple(jieba.cut(sentence, HMM=False))


def read_lines(path: Path) -> list[str]:
    """The Chinese of each line of a file, empty ones left out."""
    return [line for line in map(hanzi, path.read_text(encoding="utf-8").splitlines()) if line]


@lru_cache(maxsize=1)
def domain() -> list[str]:
    """The sentences of the domain."""
    return read_lines(CORPUS / "domain.txt")


@lru_cache(maxsize=1)
def jieba_freq() -> dict[str, int]:
    """jieba's words of up to four characters with their frequencies."""
    jieba.initialize()
    return {word: freq for word, freq in jieba.dt.FREQ.items() if freq > 0 and len(word) <= 4 and hanzi(word) == word}


def readable(word: str) -> bool:
    """Whether pypinyin reads every character of a word as a Mandarin syllable."""
    try:
        return len(units.unit_ids(units.syllables(word))) == 2 * len(word)
    except KeyError:
        return False


def number(n: int) -> str:
    """1 to 99,999,999 in Chinese."""
    if n >= 10_000:
        low = n % 10_000
        return number(n // 10_000) + "万" + (("零" if low < 1000 else "") + number(low) if low else "")
    out, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, n = divmod(n, unit)
        if digit:
            out += "零" if zero and out else ""
            out += ("" if digit == 1 and unit == 10 and not out else DIGITS[digit]) + name
        zero = not digit
    return out


def numeric(rng: random.Random) -> str:
    """A phone number, date, time, amount, percentage or digit string."""
    kinds = (_phone, _phone, _date, _time, _amount, _percentage, _digits, _digits)
    return kinds[rng.randrange(8)](rng)


def _phone(rng: random.Random) -> str:
    return "幺" + rng.choice("三五八七九") + "".join(rng.choice(PHONE) for _ in range(9))


def _date(rng: random.Random) -> str:
    year = "二零" + rng.choice("一二") + rng.choice(DIGITS) + "年" if rng.random() < 0.5 else ""
    return year + number(rng.randint(1, 12)) + "月" + number(rng.randint(1, 31)) + rng.choice("号日")


def _time(rng: random.Random) -> str:
    hour = rng.randint(1, 12)
    day = rng.choice(_DAYS) + rng.choice(_PARTS_OF_DAY) + ("两" if hour == 2 else number(hour))
    minutes = "点" + number(rng.randint(10, 59)) + "分"
    return day + rng.choice(["点", "点半", "点钟", "点一刻", minutes, "点以后", "点左右"])


def _amount(rng: random.Random) -> str:
    return number(int(10 ** rng.uniform(0, 7))) + rng.choice(_AMOUNTS)


def _percentage(rng: random.Random) -> str:
    return "百分之" + number(rng.randint(1, 99))


def _digits(rng: random.Random) -> str:
    return "".join(rng.choice(rng.choice([DIGITS, PHONE])) for _ in range(rng.randint(1, 8)))


class Sampler:
    """Draws training utterances; each is a list of words, each word a list of toned syllables."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        common = [(word, freq) for word, freq in jieba_freq().items() if freq >= 20]
        self.words = [word for word, _ in common]
        self.weights = [freq**0.4 for _, freq in common]
        toned = {syllable for word in self.words for syllable in units.syllables(word)}
        self.syllables = sorted(filter(_is_syllable, toned))

    def draw(self) -> list[list[str]]:
        """One utterance."""
        kind = self.rng.random()
        if kind < 0.08:
            return [[self.rng.choice(self.syllables)] for _ in range(self.rng.randint(1, 8))]
        words = [word for word in self._words(kind) if readable(word)]
        return [units.syllables(word) for word in words] or self.draw()

    def _words(self, kind: float) -> list[str]:
        rng = self.rng
        if kind < 0.36:
            return rng.choices(self.words, self.weights, k=rng.randint(1, 7))
        if kind < 0.54:
            words = list(cut(rng.choice(SHORT)))
            return words + list(cut(rng.choice(SHORT))) if rng.random() < 0.15 else words
        if kind < 0.66:
            return list(cut(numeric(rng)))
        words = list(cut(rng.choice(domain())))
        if len(words) > _LONGEST:  # a stretch of a long announcement
            start = rng.randrange(len(words) - 8)
            return words[start : start + rng.randint(6, _LONGEST)]
        return words


def _is_syllable(syllable: str) -> bool:
    try:
        units.split(syllable)
    except KeyError:
        return False
    return syllable[:-1].isalpha()
