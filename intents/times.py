"""When a client wants to be called back: 明天下午三点以后, 下礼拜二, 收盘以后, 半个钟头以后."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from intents.numerals import numeral
from intents.timewords import HOLIDAY_DAYS, LUNAR_FESTIVALS, respelled

_N = r"[0-9零一二两俩三四五六七八九十廿]+"
_CORRECTION = re.compile(r"不对|不行|哦不|啊不|不不|还是算了|要不|别打|不方便|没空|要开会|改成|那就|不接电话")
_EXCEPT = re.compile(r"除了|除开")
_WEEK = re.compile(r"(下下|下)?(?:个)?(?:这|本)?(?:个)?(?:周|星期|礼拜)([一二三四五六日天末])")
_NEXT_WEEK = re.compile(r"(下下|下)个?(?:周|星期|礼拜)")
_DATE = re.compile(rf"(?:({_N})月(?:份)?)?({_N})(?:号|日)")
_CLOCK = re.compile(
    rf"(?:差(一刻|{_N}分钟?))?({_N})(?:点钟?|时)(?!之间)(?:(半|一刻|三刻|过?零?{_N}分?(?!点)))?"
    r"|(?<!\d)([01]?\d|2[0-3]):?([0-5]\d)(?!\d)"
)
_DELAY = re.compile(
    rf"(?:(半)个?|({_N})个?(半)?|(个把))(小时|钟头|分钟|刻钟|(?<!半)天|星期|礼拜|月)(?:(半))?"
    r"(?:以后|之后|过后|后|左右|吧|再|$|的样子|打)"
    rf"|过(?:(半)个?|({_N})个?(半)?|(个把))(小时|钟头|分钟|刻钟|天|星期|礼拜|月)"
)
_THEN_CALL = re.compile(r"(?:以后|之后|过后|再|多|左右)*你?再?打")
_DAYS = {
    "大后天": 3, "大后日": 3, "后天": 2, "后日": 2, "后儿": 2, "明天": 1, "明日": 1, "明儿": 1, "听日": 1,
    "明早": 1, "明晚": 1, "次日": 1, "第二天": 1, "今天": 0, "今日": 0, "今儿": 0, "今晚": 0, "今早": 0,
}  # fmt: skip
_WEEKDAYS = {name: number for number, name in enumerate("一二三四五六日")} | {"天": 6, "末": 5}
# When a part of a day begins, and whether a bare clock time inside it is in the afternoon.
_PARTS: dict[str, tuple[time, bool]] = {
    "开盘前": (time(9), False), "开盘": (time(9, 30), False), "收盘": (time(15), True), "收市": (time(15), True),
    "收了盘": (time(15), True), "休市": (time(11, 30), False), "休盘": (time(11, 30), False),
    "午盘": (time(11, 30), False),
    "凌晨": (time(6), False), "一早": (time(8), False), "早上": (time(9), False), "早晨": (time(9), False),
    "清早": (time(8), False), "朝早": (time(9), False), "明早": (time(9), False), "今早": (time(9), False),
    "早": (time(9), False), "上午": (time(9), False), "中午": (time(12), True), "晌午": (time(12), True),
    "午饭": (time(13), True), "午休": (time(13), True), "下午": (time(14), True), "下昼": (time(14), True),
    "下半天": (time(14), True), "后晌": (time(15), True), "傍晚": (time(18), True), "擦黑": (time(18), True),
    "天黑": (time(19), True), "下班": (time(18), True), "放学": (time(17), True), "晚饭": (time(19), True),
    "吃完饭": (time(13), True), "晚上": (time(19), True), "夜里": (time(20), True), "夜晚": (time(19), True),
    "晚": (time(19), True),
}  # fmt: skip
_FESTIVALS = {"国庆": (10, 8), "十一长假": (10, 8), "五一": (5, 6), "元旦": (1, 2), "清明": (4, 7)}
_MORNING = time(10)  # where only a day is named
_SOON = re.compile(r"^[^点]*(?:(?:过|等|待)(?:一)?会儿?|晚(?:一)?点儿?(?:再|打|吧|$)|晚些时候|一会儿)[^点]*$")
_FEW_DAYS = re.compile(r"过(?:个)?[一两几]?两?[两三几]天|缓几天|这[一两几]天")


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From when on the client may be called, and the words that said so."""

    start: datetime
    words: str


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a piece of text names: a day, a part of a day, a clock time; None where it says nothing."""

    day: date | None = None
    part: tuple[time, bool] | None = None
    clock: time | None = None
    exact: datetime | None = None
    words: str = ""


def parse_time(text: str, now: datetime) -> TimeSpan | None:
    """When to call back, always after `now` (aware) and in its zone; None where no time can be told.

    一会儿 is an hour, 过两天 is the day after tomorrow at ten, 改天 and 有空的时候 are no time. A day without
    an hour is ten o'clock; a correction (七点不对七点半) replaces what it names and keeps the rest.
    """
    spelled = respelled(text)
    if _EXCEPT.search(spelled):
        return None
    named = _Parts()
    for piece in _CORRECTION.split(spelled):
        named = _amended(named, _read(piece, now))
    if named.exact:
        return TimeSpan(named.exact, named.words)
    if not (named.day or named.part or named.clock):
        return None
    return TimeSpan(_after(now, named), named.words)


def _amended(old: _Parts, new: _Parts) -> _Parts:
    """What a later piece says wins; the day stays unless it is named anew."""
    if new.exact:
        return new
    if not (new.day or new.part or new.clock):
        return old
    keeps_part = new.part is None and new.day is None
    part = old.part if keeps_part else new.part
    words = new.words if new.day or not (keeps_part or old.day) else old.words + new.words
    return _Parts(new.day or old.day, part, new.clock, None, words)


def _read(piece: str, now: datetime) -> _Parts:
    """The first day, part of a day and clock time of a piece without corrections."""
    found: list[tuple[int, int]] = []
    exact = _delay(piece, now, found)
    if exact:
        return _Parts(exact=exact, words=_words(piece, found))
    day = _day(piece, now.date(), found)
    if exact := _vague(piece, now, found) if not day else None:
        return _Parts(exact=exact, words=_words(piece, found))
    part = _part(piece, found)
    clock = _clock(piece, found)
    return _Parts(day, part, clock, exact, _words(piece, found))


def _delay(piece: str, now: datetime, found: list[tuple[int, int]]) -> datetime | None:
    """半个钟头以后, 两个小时之后, 三天后, 过个把小时."""
    match = _DELAY.search(piece)
    if not match:
        return None
    half, count, and_half, about, unit, tail = match.group(1, 2, 3, 4, 5, 6)
    if not unit:
        half, count, and_half, about, unit = match.group(7, 8, 9, 10, 11)
        tail = None
    amount = 0.5 if half else 1.0 if about else float(numeral(count) or 0)
    amount += 0.5 if and_half or tail else 0
    if not amount:
        return None
    found.append(match.span())
    return _later(now, amount, unit)


def _later(now: datetime, amount: float, unit: str) -> datetime:
    if unit in ("小时", "钟头", "分钟", "刻钟"):
        minutes = {"小时": 60, "钟头": 60, "分钟": 1, "刻钟": 15}[unit] * amount
        return now + timedelta(minutes=min(minutes, 60 * 24 * 60))
    days = {"天": 1, "星期": 7, "礼拜": 7, "月": 30}[unit] * min(amount, 60)
    return _at(now, now.date() + timedelta(days=max(1, round(days))), _MORNING)


def _vague(piece: str, now: datetime, found: list[tuple[int, int]]) -> datetime | None:
    if match := _FEW_DAYS.search(piece):
        found.append(match.span())
        return _at(now, now.date() + timedelta(days=2), _MORNING)
    if match := _SOON.search(piece):
        found.append(match.span())
        return now + timedelta(hours=1)
    return None


def _day(piece: str, today: date, found: list[tuple[int, int]]) -> date | None:
    """The day that a piece names; a day of the month or week that has passed is the next one."""
    readers: tuple[Callable[[str, date, list[tuple[int, int]]], date | None], ...] = (
        _relative_day, _weekday, _date_of_month, _stretch_of_month, _festival, _lunar_festival,
    )  # fmt: skip
    return next((day for reader in readers if (day := reader(piece, today, found))), None)


def _relative_day(piece: str, today: date, found: list[tuple[int, int]]) -> date | None:
    for word, days in _DAYS.items():
        if (at := piece.find(word)) >= 0:
            found.append((at, at + len(word)))
            return today + timedelta(days=days)
    return None


def _weekday(piece: str, today: date, found: list[tuple[int, int]]) -> date | None:
    monday = today - timedelta(days=today.weekday())
    if match := _WEEK.search(piece):
        found.append(match.span())
        weeks = {"下下": 2, "下": 1}.get(match[1], 0)
        day = monday + timedelta(weeks=weeks, days=_WEEKDAYS[match[2]])
        return day if day > today or match[2] == "末" else day + timedelta(weeks=1)
    if match := _NEXT_WEEK.search(piece):
        found.append(match.span())
        return monday + timedelta(weeks={"下下": 2, "下": 1}[match[1]])
    if match := re.search(r"周末|双休日", piece):
        found.append(match.span())
        return max(today, monday + timedelta(days=5))
    return None


def _date_of_month(piece: str, today: date, found: list[tuple[int, int]]) -> date | None:
    match = _DATE.search(piece)
    if not match:
        return None
    number, month = numeral(match[2]), numeral(match[1]) if match[1] else None
    if not number or not 1 <= number <= 31 or (month is not None and not 1 <= month <= 12):
        return None
    found.append(match.span())
    return _next_date(today, number, month)


def _stretch_of_month(piece: str, today: date, found: list[tuple[int, int]]) -> date | None:
    match = re.search(r"(下个?月)(月?初|底|末|中旬|中|上旬|下旬)?|()(月初|月底|月末|月中旬?)", piece)
    if not match:
        return None
    found.append(match.span())
    number = {"底": 28, "末": 28, "中": 15, "旬": 15, "初": 3}.get((match[2] or match[4] or "初")[-1], 3)
    first = _next_date(today.replace(day=28), 1, None) if match[1] else today
    return _next_date(first, number, None)


def _festival(piece: str, today: date, found: list[tuple[int, int]]) -> date | None:
    for name, (month, day) in _FESTIVALS.items():
        if (at := piece.find(name)) >= 0:
            found.append((at, at + len(name)))
            return _next_date(today, day, month)
    return None


def _lunar_festival(piece: str, today: date, found: list[tuple[int, int]]) -> date | None:
    """The first day after the holiday of a festival of the lunar calendar; None beyond the table of its days."""
    match = next((match for words in LUNAR_FESTIVALS if (match := re.search(words, piece))), None)
    if match is None:
        return None
    days = (day + timedelta(days=HOLIDAY_DAYS[match.re.pattern]) for day in LUNAR_FESTIVALS[match.re.pattern])
    day = next((day for day in days if day > today), None)
    if day:
        found.append(match.span())
    return day


def _next_date(today: date, number: int, month: int | None) -> date:
    """The first date from today on with this day (and month)."""
    day = today
    for _ in range(4 * 366):
        if day.day == number and month in (None, day.month):
            return day
        day += timedelta(days=1)
    return today + timedelta(days=1)


def _part(piece: str, found: list[tuple[int, int]]) -> tuple[time, bool] | None:
    for word, part in _PARTS.items():
        if (at := piece.find(word)) >= 0:
            found.append((at, at + len(word)))
            return part
    return None


def _clock(piece: str, found: list[tuple[int, int]]) -> time | None:
    """三点半, 三点一刻, 差一刻三点, 两点二十, 14:30."""
    matches = list(_CLOCK.finditer(piece))
    if not matches:
        return None
    match = matches[-1] if _THEN_CALL.match(piece, matches[-1].end()) else matches[0]
    if match[4]:
        found.append(match.span())
        return time(int(match[4]), int(match[5]))
    hour, minute = numeral(match[2]), _minutes(match[3])
    if hour is None or hour > 24 or minute > 59:
        return None
    found.append(match.span())
    minutes = hour * 60 + minute - (_minutes(match[1]) if match[1] else 0)
    return time(minutes // 60 % 24, minutes % 60)


def _minutes(words: str | None) -> int:
    if not words:
        return 0
    named = {"半": 30, "一刻": 15, "三刻": 45}.get(words)
    return named if named is not None else numeral(words.strip("过分钟零")) or 0


def _after(now: datetime, named: _Parts) -> datetime:
    """The first instant after `now` that fits what was named."""
    hour = _hour(named)
    day = named.day or now.date()
    start = _at(now, day, hour)
    if start > now:
        return start
    later = start + timedelta(hours=12)
    if named.clock and not named.part and hour.hour == 8 and later > now and named.day in (None, now.date()):
        return later
    if named.day == now.date() and not named.clock and now.hour < 21:
        return now + timedelta(hours=1)
    weekly = named.day and named.day != now.date()
    return start + timedelta(days=7 if weekly else 1)


def _hour(named: _Parts) -> time:
    """The clock time meant: a bare 1 to 7 is in the afternoon, and so is any hour in a late part of the day."""
    if named.clock is None:
        return named.part[0] if named.part else _MORNING
    late = named.part[1] if named.part else 1 <= named.clock.hour <= 7
    if named.part and named.part[0] == time(12):
        late = named.clock.hour <= 3
    return named.clock.replace(hour=named.clock.hour + 12) if late and named.clock.hour < 12 else named.clock


def _at(now: datetime, day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=now.tzinfo)


def _words(piece: str, found: list[tuple[int, int]]) -> str:
    """The stretch of text from the first to the last thing named."""
    if not found:
        return ""
    return piece[min(begin for begin, _ in found) : max(end for _, end in found)]
