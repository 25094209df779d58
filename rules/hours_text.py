"""Calling hours as a manager writes and reads them. Pure.

    周一至周五 09:00-12:00 13:30-20:00；周六、周日 10:00-12:00；节假日 不拨打

One part for each kind of day, in any order: 工作日 is Monday to Friday, 周末 Saturday and Sunday, 每天 all seven,
节假日 public holidays whatever the weekday. Days that are not named get no calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import time
from itertools import groupby, pairwise

from rules.errors import BadPolicy
from rules.hours import CallingHours, Opening
from rules.trading_days import PublicDays

EXAMPLE = "周一至周五 09:00-12:00 13:30-20:00；周六、周日 10:00-12:00；节假日 不拨打"
NO_CALLS = "不拨打"
HOLIDAY = 7  # beside the weekdays, 0 to 6

_NAMES = "一二三四五六日"
_DAY = re.compile(r"(?:周|星期)([一二三四五六日天])")
_RANGE = re.compile(r"(?:周|星期)([一二三四五六日天])(?:至|到|-|—|~)(?:周|星期)([一二三四五六日天])")
_OPENING = re.compile(r"(\d{1,2}):(\d{2})(?:-|—|~|至|到)(\d{1,2}):(\d{2})")
_WORDS = {"工作日": tuple(range(5)), "周末": (5, 6), "每天": tuple(range(7)), "节假日": (HOLIDAY,)}


def parse_hours(text: str, public: Iterable[PublicDays] = ()) -> CallingHours:
    """Calling hours from text, with the public holidays and make-up workdays of the years that are known.

    Raises BadPolicy that names every part that cannot be read.
    """
    found: dict[int, tuple[Opening, ...]] = {}
    wrong: list[str] = []
    for part in filter(None, map(str.strip, re.split(r"[；;\n]", text.replace("：", ":")))):
        try:
            days, openings = _part(part)
            if twice := [_name(day) for day in days if day in found]:
                raise BadPolicy(f"{'、'.join(twice)}写了两次")
            found |= dict.fromkeys(days, openings)
        except BadPolicy as error:
            wrong.append(f"“{part}”：{error}")
    if wrong or not any(found.values()):
        raise BadPolicy(f"拨打时间无法识别：{'；'.join(wrong) or '没有任何可拨打的时间'}。请按此格式填写：{EXAMPLE}")
    known = tuple(public)
    return CallingHours(
        week=tuple(found.get(day, ()) for day in range(7)),
        holidays=frozenset().union(*(days.holidays for days in known)),
        on_holidays=found.get(HOLIDAY, ()),
        workdays=frozenset().union(*(days.workdays for days in known)),
    )


def written_hours(hours: CallingHours) -> str:
    """What `parse_hours` reads; equal weekdays that follow each other are taken together."""
    parts = []
    for openings, days in groupby(range(7), key=lambda day: hours.week[day]):
        row = list(days)
        name = _name(row[0]) if len(row) == 1 else f"{_name(row[0])}至{_name(row[-1])}"
        parts.append(f"{name} {_spoken(openings)}")
    return "；".join([*parts, f"{_name(HOLIDAY)} {_spoken(hours.on_holidays)}"])


def _part(part: str) -> tuple[tuple[int, ...], tuple[Opening, ...]]:
    """The days and openings of one part; raises BadPolicy."""
    first = re.search(rf"\d|{NO_CALLS}", part)
    if first is None:
        raise BadPolicy(f"没有写时间，也没有写“{NO_CALLS}”")
    days = _days(part[: first.start()])
    rest = part[first.start() :].strip()
    openings = () if rest == NO_CALLS else tuple(map(_opening, re.split(r"[\s、,，]+", rest)))
    for earlier, later in pairwise(openings):
        if earlier.end > later.start:
            raise BadPolicy("时间段重叠或次序颠倒")
    return days, openings


def _days(words: str) -> tuple[int, ...]:
    days: list[int] = []
    for word in re.split(r"[\s、,，]+", words.strip()):
        if word in _WORDS:
            days += _WORDS[word]
        elif found := _RANGE.fullmatch(word):
            first, last = _weekday(found[1]), _weekday(found[2])
            if first > last:
                raise BadPolicy(f"“{word}”次序颠倒")
            days += range(first, last + 1)
        elif found := _DAY.fullmatch(word):
            days.append(_weekday(found[1]))
        else:
            raise BadPolicy(f"“{word}”不是日子" if word else "没有写是哪几天")
    return tuple(days)


def _opening(text: str) -> Opening:
    found = _OPENING.fullmatch(text)
    if found is None:
        raise BadPolicy(f"“{text}”不是时间段")
    hours = [int(number) for number in found.groups()]
    if hours[:2] >= hours[2:]:
        raise BadPolicy(f"“{text}”的开始不早于结束")
    return Opening(_clock(text, *hours[:2]), _clock(text, *hours[2:]))


def _clock(text: str, hour: int, minute: int) -> time:
    try:
        return time(hour, minute)
    except ValueError as error:
        raise BadPolicy(f"“{text}”里有不存在的时刻") from error


def _weekday(name: str) -> int:
    return _NAMES.index("日" if name == "天" else name)


def _name(day: int) -> str:
    return "节假日" if day == HOLIDAY else f"周{_NAMES[day]}"


def _spoken(openings: tuple[Opening, ...]) -> str:
    return " ".join(f"{one.start:%H:%M}-{one.end:%H:%M}" for one in openings) or NO_CALLS
