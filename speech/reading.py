"""Chinese text -> toned pinyin for espeak-ng's voice `cmn-latn-pinyin`.

The plain Mandarin voice of espeak-ng reads many characters aloud as English letters, so it never sees any.
Words are cut by jieba's dictionary and read by pypinyin's, corrected by `speech.lexicon`. Names of people are found
by what stands around them (请问您是单晓明先生吗, 我姓曾, 客户经理解华岗位调整) and read by `speech.surnames`. Syllables
of one word are joined (zhi1dao4), words are parted by a space, pauses are "," and ".".
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from pypinyin import Style, pinyin

from speech import lexicon, surnames
from speech.errors import Unreadable
from speech.spoken import spoken

VERSION = 1
"""Part of the identity of cached audio: raise it when readings change."""

NONE: Mapping[str, str] = MappingProxyType({})

_HELD = "\ue000"  # first of the private characters that hold the places of names and overrides
_SYLLABLE = re.compile(r"[a-z]{1,6}[1-5]")
_ODD = {"n": "en", "ng": "en", "m": "mu", "hm": "hen", "hng": "heng", "ê": "ei", "yo": "you"}
_HAN = r"[\u3400-\u9fff]"
_SINGLE = "".join(sorted(surnames.COMMON_SURNAMES))
_WORDLIKE = "".join(sorted(surnames.WORDLIKE_SURNAMES))
_SURNAME = rf"(?:{'|'.join(surnames.COMPOUND_SURNAMES)}|(?![{_WORDLIKE}][{_SINGLE}])[{_SINGLE}])"
_ROLE = "(?:(?<=经理)|(?<=人员)|(?<=经纪人)|(?<=顾问)|(?<=专员)|(?<=坐席)|(?<=叫)|(?<=您对)|(?<=[我您你]是))"
_NAMES = (
    re.compile(rf"({_SURNAME}{_HAN}{{0,2}}?)(?=先生|女士|小姐|太太)"),
    re.compile(rf"(?:(?<!{_HAN})|(?<=[是的叫找由和与对给请为]))({_SURNAME})(?=经理|老师|主任|顾问|总监|总(?!{_HAN}))"),
    re.compile(rf"(?<=姓)({_SURNAME})(?![名氏])"),
)
# Weaker evidence: here the first two characters must not be a word.
_BARE_NAME = re.compile(
    rf"{_ROLE}({_SURNAME}{_HAN}{{1,2}}?)(?=的服务|的联系|岗位|为您|将|与您|[，,。？?！!；、]|$|吗|啊|呀|本人)"
)


def to_pinyin(text: str, overrides: Mapping[str, str] = NONE) -> str:
    """The reading of a text, e.g. '您好，R5' -> 'nin2hao3, a4er5 wu3'.

    `overrides` maps words to readings such as {'单': 'shan4'}; the longest word wins, and all win over everything
    else. Raises Unreadable when an override is no pinyin or the text holds nothing that can be said.
    """
    held: list[list[str]] = []
    text = re.sub("[\ue000-\uf8ff]", "", text)
    held_text = _hold(text, [(re.escape(word), _checked(word, overrides[word])) for word in overrides if word], held)
    held_text = _hold_names(held_text, held)
    words = list(_words(spoken(held_text), held))
    if not any(word.syllables for word in words):
        raise Unreadable("a prompt holds nothing that can be said aloud: give it words, or leave it out of the script")
    return _written(_sandhi(words))


def read_name(name: str) -> str:
    """The reading of a person's name, surname first: '单晓明' -> 'shan4 xiao3 ming2'."""
    return " ".join(_name_syllables(name))


@dataclass(frozen=True, slots=True)
class _Word:
    """A word with one syllable for each character, or a pause without syllables."""

    text: str
    syllables: tuple[str, ...]

    @property
    def characters(self) -> bool:
        """Whether the text has a character for each syllable (names, overrides and letters are held apart)."""
        return len(self.text) == len(self.syllables) > 0


def _checked(word: str, reading: str) -> list[str]:
    """An override's syllables: 'shan4 xiao3' or 'shan4xiao3'."""
    compact = reading.lower().replace("ü", "v")
    syllables = _SYLLABLE.findall(compact)
    if not syllables or "".join(syllables) != re.sub(r"[\s']", "", compact):
        raise Unreadable(f"override {word!r}: {reading!r} is no pinyin with tone numbers, write e.g. 'shan4 wei4'")
    return syllables


def _hold(text: str, readings: list[tuple[str, list[str]]], held: list[list[str]]) -> str:
    """Replace each overridden word by a private character that stands for its reading."""
    if not readings:
        return text
    readings = sorted(readings, key=lambda pair: len(pair[0]), reverse=True)
    pattern = re.compile("|".join(f"({word})" for word, _ in readings))
    marks = [_keep(syllables, held) for _, syllables in readings]
    return pattern.sub(lambda found: marks[(found.lastindex or 1) - 1], text)


def _keep(syllables: list[str], held: list[list[str]]) -> str:
    held.append(syllables)
    return chr(ord(_HELD) + len(held) - 1)


def _hold_names(text: str, held: list[list[str]]) -> str:
    for pattern in _NAMES:
        text = pattern.sub(lambda found: _keep(_name_syllables(found[1]), held), text)
    return _BARE_NAME.sub(
        lambda found: found[0] if _is_word(found[1][:2]) else _keep(_name_syllables(found[1]), held), text
    )


def _name_syllables(name: str) -> list[str]:
    surname = name[:2] if name[:2] in surnames.COMPOUND_SURNAMES else name[:1]
    known = surnames.COMPOUND_SURNAMES.get(surname) or surnames.SURNAMES.get(surname)
    syllables = known.split() if known else _dictionary(surname)
    for char in name[len(surname) :]:
        given = surnames.GIVEN_NAMES.get(char)
        syllables += [given] if given else _dictionary(char)
    return syllables


_DIGITS = "零〇幺一二三四五六七八九"
_PIECE = re.compile(rf"[，。]|[{_DIGITS}]{{2,}}|[\ue000-\uf8ff]|[A-Z]|(?:(?![{_DIGITS}]{{2}})[^，。A-Z\ue000-\uf8ff])+")


def _words(text: str, held: list[list[str]]) -> Iterator[_Word]:
    """Cut spoken text into words and read each where it stands."""
    for found in _PIECE.finditer(text):
        piece, at = found[0], found.start()
        if piece in "，。":
            yield _Word(piece, ())
        elif piece >= _HELD and piece <= "\uf8ff":
            yield _Word("", tuple(held[ord(piece) - ord(_HELD)]))
        elif piece in lexicon.LETTERS:
            yield _Word("", tuple(lexicon.LETTERS[piece].split()))
        else:
            for word in piece if piece[:1] in _DIGITS and piece[1:2] in _DIGITS else _cut(piece):
                yield _read(word, text[:at], text[at + len(word) :])
                at += len(word)


def _read(word: str, left: str, right: str) -> _Word:
    """A word's syllables; `left` and `right` are what stands around it."""
    if len(word) == 1:
        return _Word(word, tuple(_alone(word, left[-4:], right[:4])))
    syllables: list[str] = []
    at = 0
    for found in lexicon.PHRASE_PATTERN.finditer(word):
        syllables += _dictionary(word[at : found.start()]) + lexicon.PHRASES[found[0]].split()
        at = found.end()
    return _Word(word, tuple(syllables + _dictionary(word[at:])))


def _alone(char: str, left: str, right: str) -> list[str]:
    for before, after, reading in lexicon.LONE.get(char, ()):
        if re.search(before, left) and re.search(after, right):
            return [reading]
    known = lexicon.ALONE.get(char) or lexicon.PHRASES.get(char)
    return [known] if known else _dictionary(char)


@lru_cache(maxsize=4096)
def _dictionary_reading(word: str) -> tuple[str, ...]:
    out = []
    for item, *_ in pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore"):
        base = item.rstrip("12345")
        tone = item[len(base) :] or "5"
        out.append(_ODD.get(base, base).replace("ü", "v") + tone)
    if len(out) != len(word):
        return tuple(out)
    plain = {"一": "yi1", "不": "bu4"}  # the dictionary changes their tones in some words only, `_sandhi` in all
    return tuple(plain.get(char, syllable) for char, syllable in zip(word, out, strict=True))


def _dictionary(word: str) -> list[str]:
    return list(_dictionary_reading(word)) if word else []


@lru_cache(maxsize=1)
def _cutter() -> Any:
    """jieba's dictionary with our phrases, read from its package and not from a shared temporary file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    for phrase in lexicon.PHRASES:
        if len(phrase) > 1:
            cutter.add_word(phrase)
    return cutter


def _cut(text: str) -> list[str]:
    return list(_cutter().cut(text, HMM=False))


def _is_word(text: str) -> bool:
    return bool(_cutter().FREQ.get(text))


_STAYS_AFTER = frozenset("零一二三四五六七八九十百千万亿点幺第周期拜统唯")
_STAYS_BEFORE = frozenset("零〇一二三四五六七八九十幺月日号")


def _sandhi(words: list[_Word]) -> list[_Word]:
    """The tones of 一 and 不 before the next syllable; espeak-ng itself only knows that of two third tones."""
    text = "".join(word.text if word.characters else _HELD for word in words)
    following = [word.syllables[0] if word.syllables else "" for word in words[1:]] + [""][: len(words)]
    out: list[_Word] = []
    at = 0
    for word, after_word in zip(words, following, strict=True):
        if not word.characters:
            out.append(word)
            at += 1
            continue
        nexts = (*word.syllables[1:], after_word)
        changed = tuple(
            _changed(text[at + i], syllable, nexts[i], text[at + i - 1 : at + i], text[at + i + 1 : at + i + 2])
            for i, syllable in enumerate(word.syllables)
        )
        if len(word.text) > 1 and word.text.endswith("一"):  # 统一, 唯一
            changed = (*changed[:-1], word.syllables[-1])
        out.append(_Word(word.text, changed))
        at += len(word.text)
    return out


def _changed(char: str, syllable: str, after: str, left: str, right: str) -> str:
    if char == "不" and after.endswith("4"):
        return "bu2"
    if char != "一" or not after or left in _STAYS_AFTER or right in _STAYS_BEFORE:
        return syllable
    return "yi2" if after[-1] in "45" else "yi4"


def _written(words: list[_Word]) -> str:
    out = ""
    for word in words:
        if word.syllables:
            out += (" " if out else "") + "".join(word.syllables)
        elif out:
            out += "," if word.text == "，" else "."
    return out
