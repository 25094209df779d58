"""How a text sounds to a phone recogniser: toneless syllables with the usual confusions folded."""

from __future__ import annotations

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

# Initials that callers and recognisers exchange, and finals that telephones blur; applied in this order.
_FOLDS = (
    (re.compile(r"^(z|c|s)h"), r"\1"),
    (re.compile(r"^n"), "l"),
    (re.compile(r"^hui$"), "fei"),
    (re.compile(r"^hun$"), "fen"),
    (re.compile(r"^hu(?=[ao])"), "f"),
    (re.compile(r"^h(?=u$)"), "f"),
    (re.compile(r"([aei])ng$"), r"\1n"),
)
_READ_AS = {"幺": "yao", "两": "liang", "冇": "mao", "睇": "di", "嘅": "ge", "喺": "hai", "俩": "lia", "了": "le"}


@lru_cache(maxsize=8192)
def syllable(character: str) -> str:
    """The folded toneless syllable of one character; what is not a hanzi stays as it is."""
    if not "\u3400" <= character <= "\u9fff":
        return character
    return fold(_READ_AS.get(character) or lazy_pinyin(character, style=Style.NORMAL)[0])


def fold(sound: str) -> str:
    """A toneless syllable with n/l, f/h, zh/z, ch/c, sh/s and an/ang, en/eng, in/ing folded."""
    for pattern, folded in _FOLDS:
        sound = pattern.sub(folded, sound)
    return sound


def syllables(text: str) -> tuple[str, ...]:
    """The folded syllables of a normalised text, one for each character."""
    return tuple(map(syllable, text))


def sound_key(text: str) -> str:
    """The folded sound of a text as one string, for comparing whole phrases."""
    return " ".join(syllables(text))
