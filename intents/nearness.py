"""Which texts are near duplicates: the same sentence with other particles, homophones or a word changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rapidfuzz import fuzz, process

from intents.normalise import normalise
from intents.pinyin import syllables

NEAR = 80  # of 100, rapidfuzz ratio over sounds
_SHORT = 4  # sounds; shorter texts are near only to their equals
_PARTICLES = frozenset("啊呀吧呢嘛哦哎嗯哈啦嘞哟咯额呃")
_BLOCK = 1000  # texts compared at a time; keeps the table of nearness small
_FIRST = 0xE000  # private characters stand for sounds


def near_groups(texts: Sequence[str]) -> list[int]:
    """The number of each text's group; texts joined by a chain of near neighbours share one."""
    codes: dict[str, str] = {}
    sounds = [_encoded(text, codes) for text in texts]
    distinct = sorted(set(sounds))
    parents = list(range(len(distinct)))
    long = [index for index, sound in enumerate(distinct) if len(sound) >= _SHORT]
    for begin in range(0, len(long), _BLOCK):
        block = long[begin : begin + _BLOCK]
        for first, second in _near_pairs([distinct[i] for i in block], [distinct[i] for i in long]):
            parents[_root(parents, block[first])] = _root(parents, long[second])
    group = {sound: _root(parents, index) for index, sound in enumerate(distinct)}
    return [group[sound] for sound in sounds]


def _encoded(text: str, codes: dict[str, str]) -> str:
    """The sounds of a text without its particles, one character each."""
    plain = normalise(text)
    bare = "".join(character for character in plain if character not in _PARTICLES) or plain
    return "".join(codes.setdefault(sound, chr(_FIRST + len(codes))) for sound in syllables(bare))


def _near_pairs(some: Sequence[str], others: Sequence[str]) -> list[tuple[int, int]]:
    nearness = process.cdist(some, others, scorer=fuzz.ratio, score_cutoff=NEAR, dtype=np.uint8)
    rows, columns = np.nonzero(nearness)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index
