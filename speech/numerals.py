"""Numbers as Chinese characters, the way they are said aloud."""

from __future__ import annotations

_DIGITS = "零一二三四五六七八九"
_TELEPHONE_DIGITS = "零幺二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
_LARGEST = 16  # digits; longer ones are read one by one


def digits(number: str, *, telephone: bool = False) -> str:
    """Digits one by one, '8001' -> 八零零一; `telephone` says 幺 for 1. What is not a digit is dropped."""
    table = _TELEPHONE_DIGITS if telephone else _DIGITS
    return "".join(table[int(c)] for c in number if c.isascii() and c.isdigit())


def cardinal(number: str, *, counting: bool = False) -> str:
    """A number in decimal notation, '-1050.20' -> 负一千零五十点二零; `counting` says 两 for a bare 2 (两个)."""
    sign, body = ("负", number[1:]) if number.startswith("-") else ("", number.removeprefix("+"))
    whole, _, decimals = body.partition(".")
    words = _whole(whole or "0")
    if decimals:
        return f"{sign}{words}点{digits(decimals)}"
    return sign + ("两" if counting and words == "二" else words)


def _whole(number: str) -> str:
    number = number.lstrip("0")
    if not number:
        return "零"
    if len(number) > _LARGEST:
        return digits(number)
    words = _join(number)
    if words.startswith("一十"):
        words = words[1:]
    if words.startswith("二") and words[1:2] in ("百", "千", "万", "亿"):
        words = "两" + words[1:]
    return words


def _join(number: str) -> str:
    """Groups of four digits with 万 and 亿; a zero that is skipped over is said once."""
    groups = [number[max(0, end - 4) : end] for end in range(len(number), 0, -4)]
    words, zero = "", False
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if int(group) == 0:
            zero = True
            continue
        if words and (zero or group[0] == "0"):
            words += "零"
        words += _group(group) + _GROUPS[index]
        zero = False
    return words


def _group(group: str) -> str:
    """Up to four digits, '0205' -> 二百零五."""
    words, zero = "", False
    for place, digit in zip(range(len(group) - 1, -1, -1), group, strict=True):
        if digit == "0":
            zero = True
            continue
        if zero and words:
            words += "零"
        words += _DIGITS[int(digit)] + _PLACES[place]
        zero = False
    return words
