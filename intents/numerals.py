"""Small Chinese numerals: 三, 十二, 二十五, 两, 30."""

from __future__ import annotations

_UNITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2, "俩": 2, "幺": 1}


def numeral(words: str) -> int | None:
    """The value of a numeral below a hundred, or of digits; None where it is none."""
    if words.isascii() and words.isdigit():
        return int(words[:6])
    if words.startswith("廿"):
        words = "二十" + words[1:]
    tens, ten, units = words.partition("十")
    if not ten:
        return _digits(words)
    head, tail = (_UNITS.get(tens) if tens else 1), (_UNITS.get(units) if units else 0)
    return None if head is None or tail is None else head * 10 + tail


def _digits(words: str) -> int | None:
    """三 is 3, 二零 is 20; 两三 (two or three) is 2."""
    values = [value for character in words if (value := _UNITS.get(character)) is not None]
    if not 1 <= len(values) <= 2 or len(values) != len(words):
        return None
    if len(values) == 2 and values[1] == values[0] + 1:
        return values[0]
    return int("".join(str(value) for value in values))
