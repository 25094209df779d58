"""A telephone number as it grows: spoken in pieces, corrected in the middle, keyed and spoken mixed. Pure.

The digits so far are kept between turns. Each turn makes them a number, leaves them the beginning of one, or
shows that they cannot become one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from intents import dictated_digits, normalise, parse_number

LEAST_DIGITS = 3  # that begin a number in a sentence; fewer count where nothing else was said

# Complete numbers, and what can still become one.
_WHOLE = re.compile(r"1[3-9]\d{9}|0(?:10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}|400\d{7}")
_BEGINNING = re.compile(r"1(?:[3-9]\d{0,9})?|0\d{0,11}|40{0,2}|400\d{0,6}|8(?:6(?:1(?:[3-9]\d{0,9})?)?)?")
_ANEW = re.compile("不对|错了|说错|念错|重新|重来|再来|从头")
_DONE = re.compile("就这些|没了|没有了|完了|就是这个|就这么多")
_ELSEWHERE = re.compile("中间|前面|开头|第[一二三四五六七八九十\\d]")
_INSTEAD = re.compile("不是.*?是")
_LAST = re.compile("最后|末尾|尾号|后面?[一二两三四五六]位")


class Growth(StrEnum):
    """What a turn made of a number."""

    WHOLE = "whole"  # a complete number
    MORE = "more"  # the beginning of one
    ANEW = "anew"  # the client begins again
    BAD = "bad"  # it cannot become a number


@dataclass(frozen=True, slots=True)
class Dictated:
    """The digits after a turn and what they are."""

    growth: Growth
    digits: str = ""


def dictate(so_far: str, words: str) -> Dictated | None:
    """What `words` make of the digits so far; None where they hold no part of a number."""
    plain = normalise(words)
    whole = parse_number(words) or parse_number(so_far + plain)
    if _WHOLE.fullmatch(whole) and dictated_digits(words):
        return Dictated(Growth.WHOLE, whole)
    piece = dictated_digits(words)
    if not piece:
        return _without_digits(so_far, plain)
    if not so_far and len(piece) < max(LEAST_DIGITS, len(plain) // 4) and len(piece) < len(plain):
        return None
    judged = _judged(dictated_digits(so_far + plain))
    return None if not so_far and judged.growth is Growth.BAD and len(piece) < LEAST_DIGITS else judged


def amend(number: str, words: str) -> Dictated | None:
    """What a correction makes of a number that was read back; None where the words hold no part of a number."""
    whole = parse_number(words)
    if _WHOLE.fullmatch(whole):
        return Dictated(Growth.WHOLE, whole)
    plain = normalise(words)
    piece = dictated_digits(_INSTEAD.split(plain)[-1])
    if piece and _LAST.search(plain):
        return _judged(number[: -len(piece)] + piece)
    return Dictated(Growth.ANEW) if piece and _ELSEWHERE.search(plain) else dictate("", words)


def _without_digits(so_far: str, plain: str) -> Dictated | None:
    if so_far and _ANEW.search(plain):
        return Dictated(Growth.ANEW)
    return Dictated(Growth.BAD) if so_far and _DONE.search(plain) else None


def _judged(digits: str) -> Dictated:
    if _WHOLE.fullmatch(digits):
        return Dictated(Growth.WHOLE, digits)
    return Dictated(Growth.MORE, digits) if _BEGINNING.fullmatch(digits) else Dictated(Growth.BAD)
