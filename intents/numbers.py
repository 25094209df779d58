"""Telephone numbers as people dictate them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from intents.normalise import normalise
from intents.pinyin import syllable

_READINGS = ("零〇洞", "一幺壹", "二两俩贰", "三叁", "四肆", "五伍", "六陆", "七拐柒", "八捌", "九勾玖")
_WRITTEN = {character: str(digit) for digit, group in enumerate(_READINGS) for character in f"{group}{digit}"}
_SOUNDS = {
    "lin": "0", "don": "0", "yi": "1", "yao": "1", "er": "2", "lian": "2", "liang": "2", "lia": "2", "san": "3",
    "si": "4", "wu": "5", "liu": "6", "qi": "7", "guai": "7", "ba": "8", "pa": "8", "jiu": "9",
}  # fmt: skip
_CORRECTION = re.compile(r"不对|不是|说错了?|念错了?|错了|哦不|啊不|噢不|更正")
_COUNTED_PLACES = re.compile(r"[一二两三四五六七八九十\d]+(?:位|个(?=数|号|电话|$))|一下|一遍")
_REPEATED = re.compile(r"([一二两俩三四五六七八1-9])(?:个|连)(.)")
_EXTENSION = re.compile(r"转(?=[0-9零〇洞一幺二两三四五六七八九拐])|分机")
_PLAUSIBLE = (
    re.compile(r"1[3-9]\d{9}"),  # mobile
    re.compile(r"0\d{9,11}"),  # landline with its area code
    re.compile(r"400\d{7}"),
)


def parse_number(text: str) -> str:
    """The telephone number dictated in `text` as digits; an empty string where none is plausible.

    Understands 幺/两/洞/拐, 三个八, groups with words between, a number said twice and corrections (不对是五).
    Characters that merely sound like digits count only where nothing else gives a number.
    """
    plain = _EXTENSION.split(normalise(text), maxsplit=1)[0]
    return _corrected(plain, _WRITTEN.get) or _corrected(plain, _digit_by_sound)


def dictated_digits(text: str) -> str:
    """The digits dictated so far, with corrections and repetitions carried out; "" where there are none.

    Nothing is said of whether they make a number: a client who dictates in pieces is in the middle of it.
    """
    plain = _EXTENSION.split(normalise(text), maxsplit=1)[0]
    by_sound = all(map(_digit_by_sound, plain))
    return "".join(_amended(plain, _digit_by_sound if by_sound else _WRITTEN.get))


def _digit_by_sound(character: str) -> str | None:
    return _WRITTEN.get(character) or _SOUNDS.get(syllable(character))


def _corrected(text: str, digit_of: Callable[[str], str | None]) -> str:
    """The number of a text, corrections carried out."""
    return _plausible_among(_amended(text, digit_of))


def _amended(text: str, digit_of: Callable[[str], str | None]) -> list[str]:
    """The runs of digits of a text with corrections: a whole number said last, or the last digits said anew."""
    before, *rest = _CORRECTION.split(text)
    spans = list(_spans(before, digit_of))
    for part in rest:
        again = list(_spans(part, digit_of))
        amended = "".join(again)
        if _plausible_among(again) or not spans:
            spans = again
        elif amended:
            spans = _replaced(spans, amended)
    return spans


def _replaced(spans: list[str], amended: str) -> list[str]:
    """The last digits said anew; a correction longer than what came before starts the number again."""
    said = "".join(spans)
    if len(amended) >= len(said):
        return [amended]
    return [said[: -len(amended)] + amended]


def _spans(text: str, digit_of: Callable[[str], str | None]) -> Iterator[str]:
    """The runs of digits of a text, counts of places (前三位) left out, repetitions (三个八) written out."""
    written = _REPEATED.sub(lambda found: _repeated(found, digit_of), _COUNTED_PLACES.sub("，", text))
    run = ""
    for character in written:
        if digit := digit_of(character):
            run += digit
        elif run:
            yield run
            run = ""
    if run:
        yield run


def _repeated(found: re.Match[str], digit_of: Callable[[str], str | None]) -> str:
    digit = digit_of(found[2])
    return digit * int(_WRITTEN[found[1]]) if digit else "，" + found[2]


def _plausible_among(spans: list[str]) -> str:
    """The first plausible number: one run alone (the last first), else neighbouring runs joined."""
    for pattern in _PLAUSIBLE:
        for candidate in (*reversed(spans), *_joined(spans)):
            number = _once(candidate)
            if pattern.fullmatch(number):
                return number
    return ""


def _once(digits: str) -> str:
    """A number without its country code, its repetition, or a first group that was said twice."""
    if len(digits) == 13 and digits.startswith("86"):
        return digits[2:]
    half = len(digits) // 2
    if len(digits) in (22, 24) and digits[:half] == digits[half:]:
        return digits[:half]
    return digits[3:] if len(digits) == 14 and digits[:3] == digits[3:6] else digits


def _joined(spans: list[str]) -> Iterable[str]:
    few = spans[:24]
    for length in range(len(few), 1, -1):
        for begin in range(len(few) - length + 1):
            yield "".join(few[begin : begin + length])
