"""How a text sounds to a phone recogniser: toneless syllables with the usual confusions folded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from intents.errors import LexiconError
from intents.phrases import FOLDER

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
READINGS = FOLDER / "readings.txt"  # pypinyin's reading of each hanzi: the library itself is too heavy to load
_READ_AS = {"幺": "yao", "两": "liang", "冇": "mao", "睇": "di", "嘅": "ge", "喺": "hai", "俩": "lia", "了": "le"}


@lru_cache(maxsize=8192)
def syllable(character: str) -> str:
    """The folded toneless syllable of one character; what is not a hanzi stays as it is."""
    return fold(_READ_AS.get(character) or _readings()[character]) if character in _readings() else character


@lru_cache(maxsize=1)
def _readings() -> Mapping[str, str]:
    """The toneless syllable of each hanzi; LexiconError when the table is missing."""
    try:
        lines = READINGS.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LexiconError(f"{READINGS}: cannot be read; restore it from the project") from error
    return {
        character: sound for sound, _, characters in (line.partition(" ") for line in lines) for character in characters
    }


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
