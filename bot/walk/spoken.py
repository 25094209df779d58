"""How a time and a telephone number are said: in characters, so that any voice reads them alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rules.hours import Opening

_DIGITS = "零一二三四五六七八九"
_TELEPHONE = str.maketrans("0123456789", "零幺二三四五六七八九")
_DAYS = ("今天", "明天", "后天")
_WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期天")


def spoken_time(at: datetime, now: datetime) -> str:
    """A coming time as people say it, e.g. 明天下午三点半; the date is named from the third day on."""
    local = at.astimezone(now.tzinfo)
    return _day(local, now) + _clock(local.hour, local.minute)


def spoken_deadline(at: datetime, now: datetime) -> str:
    """The time before which something must be done; the end of a day is the next day (三月十一号星期三)."""
    local = at.astimezone(now.tzinfo)
    if (local.hour, local.minute) == (23, 59):
        local = local.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return _day(local, now) + ("" if (local.hour, local.minute) == (0, 0) else _clock(local.hour, local.minute))


def spoken_hours(openings: Sequence[Opening]) -> str:
    """The calling hours of one day, e.g. 上午九点到中午十二点，下午一点半到晚上八点."""
    spans = ((opening.start, opening.end) for opening in openings)
    return "，".join(f"{_clock(a.hour, a.minute)}到{_clock(b.hour, b.minute)}" for a, b in spans)


def _day(local: datetime, now: datetime) -> str:
    days = (local.date() - now.date()).days
    if 0 <= days < len(_DAYS):
        return _DAYS[days]
    return f"{_number(local.month)}月{_number(local.day)}号{_WEEKDAYS[local.weekday()]}"


def _clock(hour: int, minute: int) -> str:
    part = "早上" if hour < 8 else "上午" if hour < 12 else "中午" if hour < 13 else "下午" if hour < 18 else "晚上"
    twelve = hour if hour <= 12 else hour - 12
    said = "两" if twelve == 2 else _number(twelve)
    match minute:
        case 0:
            rest = ""
        case 30:
            rest = "半"
        case _:
            rest = ("零" if minute < 10 else "") + _number(minute) + "分"
    return f"{part}{said}点{rest}"


def _number(value: int) -> str:
    """0 to 99 in characters."""
    tens, ones = divmod(value, 10)
    if tens == 0:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def spoken_number(digits: str) -> str:
    """A telephone number digit by digit, in the groups that people use (138 1234 5678)."""
    said = digits.translate(_TELEPHONE)
    if len(digits) == 11 and digits.startswith("1"):
        return f"{said[:3]}，{said[3:7]}，{said[7:]}"
    return "，".join(said[start : start + 4] for start in range(0, len(said), 4))
