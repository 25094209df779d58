"""Names and numbers as those may see them who need not know them (T/SAC 002-2024 §7.3.5)."""

from __future__ import annotations

import re
import traceback

_LONG_NUMBER = re.compile(r"[0-9]{7,}")
_SPOKEN_DIGIT = "[零〇一二三四五六七八九幺两洞拐勾]"
_SPOKEN_NUMBER = re.compile(rf"(?:{_SPOKEN_DIGIT}[，、\s]*){{6,}}{_SPOKEN_DIGIT}")


def mask_name(name: str) -> str:
    """王小明 becomes 王**."""
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""


def mask_phone(phone: str) -> str:
    """13812345678 becomes 138****5678; a short number is hidden whole."""
    if len(phone) < 10:
        return "*" * len(phone)
    return phone[:3] + "*" * (len(phone) - 7) + phone[-4:]


def mask_numbers(text: str) -> str:
    """A text in which every number of seven or more digits is masked, also one that was spoken digit by digit."""
    written = _LONG_NUMBER.sub(lambda match: mask_phone(match[0]), text)
    return _SPOKEN_NUMBER.sub("〔号码〕", written)


def kind_and_place(error: BaseException) -> str:
    """An unknown error for a log: its type and where it arose, without its message, which may hold what was said."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
