"""Written text -> the words that a person reads aloud: numbers, dates, times, amounts, codes, marks.

The result holds only Chinese characters, capital letters (said by their names) and the two pauses "，" and "。";
characters of Unicode's private area pass through, so that a caller can hold places with them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from speech.numerals import cardinal, digits

_NUMBER = r"\d+(?:\.\d+)?"
# What counts things: after these a bare 2 is 两.
_COUNTED = (
    "个|天|次|分钟|元|块|万|亿|千|百|位|名|笔|只|支|股|手|份|年|周|"
    "小时|点|家|条|项|种|倍|遍|张|套|部|台|秒|工作日|交易日|季度|成"
)
_LABELS = (
    "工号|编号|账号|帐号|账户|尾号|后四位|前三位|号码|电话|手机号?|热线|卡号|验证码|校验码|密码|证件号?|身份证号?|代码|客户号|"
    "席位号|合同号|流水号|邮编|拨打|致电|短号|分机"
)
_LABELLED = re.compile(
    rf"((?:{_LABELS})(?:号码)?(?:\s|是|为|:|“|\")*)(\d{{2,}})(?!\d*(?:\.\d|[年月日号万亿元个股手份位次天户人名岁分秒条项种周只支期级%]))"
)
_SERVICE = re.compile(
    r"(?<![\d.,])(?:9[56]\d{3}|123\d{2}|100\d{2})(?!\d|[.,]\d|\s*(?:元|万|亿|股|份|手|个|位|名|户|笔|次|人|块))"
)
_TELEPHONE = re.compile(
    r"(?<!\d)(?:(?:\+?86[ -]?)?1[3-9]\d([ -]?)\d{4}\1\d{4}|0\d{2,3}-\d{7,8}|[48]00-?\d{3}-?\d{4})(?!\d)"
)


def spoken(text: str) -> str:
    """The words of a text, e.g. 'R5，2024年3月5日' -> 'R五，二零二四年三月五日'."""
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))|(?<=\d{4}) (?=\d{4})", "", text)  # 1,234 and 6222 0212 3456
    text = unicodedata.normalize("NFKC", text)
    for pattern, replace in _RULES:
        text = pattern.sub(replace, text)
    return _pauses(text.upper())


def _date(found: re.Match[str]) -> str:
    year, month, day = found.groups()
    return f"{digits(year)}年{cardinal(month)}月{cardinal(day)}日"


def _time(found: re.Match[str]) -> str:
    hour, minute, second = found.groups()
    hours = cardinal(hour, counting=True) + "点"
    if minute == "00" and not second:
        return hours + "整"
    minutes = ("零" if minute[0] == "0" and minute != "00" else "") + cardinal(minute) + "分"
    return hours + minutes + (f"{cardinal(second)}秒" if second else "")


def _telephone(found: re.Match[str]) -> str:
    number = re.sub(r"\D", "", found[0])
    if number[0] in "18" and len(number) >= 11:  # a mobile number, perhaps with the country's 86
        number, cuts = number[-11:], (3, 7)
    elif "-" in found[0]:
        cuts = (found[0].index("-"), len(number) - 4)
    else:
        cuts = (3, 6)
    parts = (number[: cuts[0]], number[cuts[0] : cuts[1]], number[cuts[1] :])
    return "，".join(digits(part, telephone=True) for part in parts)


def _masked(found: re.Match[str]) -> str:
    """138****5678: what is hidden is a pause."""
    return "，".join(digits(part, telephone=True) for part in found.groups() if part)


def _in_fours(number: str) -> str:
    """Long account numbers are said four digits at a time."""
    if len(number) < 8:
        return digits(number, telephone=True)
    return "，".join(digits(number[i : i + 4], telephone=True) for i in range(0, len(number), 4))


def _percent(found: re.Match[str]) -> str:
    low, high, sign = found.groups()
    whole = "百" if sign == "%" else "千"
    words = f"{whole}分之{cardinal(low)}"
    return f"{words}至{whole}分之{cardinal(high)}" if high else words


def _money(found: re.Match[str]) -> str:
    unit = {"$": "美元", "€": "欧元", "£": "英镑"}.get(found[1], "元")
    scale = found[3] or ""
    return cardinal(found[2], counting=True) + scale + unit


def _letters_then_digits(found: re.Match[str]) -> str:
    letters, plus, number = found.groups()
    read = cardinal(number) if len(number) <= 2 and not number.startswith("0") else digits(number)
    return letters + ("加" if plus else "") + read


def _ordinal(found: re.Match[str]) -> str:
    first, last = found.groups()
    return f"第{cardinal(first)}" + (f"至{cardinal(last)}" if last else "")


def _range(found: re.Match[str]) -> str:
    low, high, unit = found.groups()
    counting = re.match(_COUNTED, unit) is not None
    return f"{cardinal(low, counting=counting)}至{cardinal(high, counting=counting)}{unit}"


def _bare(found: re.Match[str]) -> str:
    number = found[0]
    if "." not in number and (len(number.lstrip("-+")) >= 9 or (number[0] == "0" and len(number) > 1)):
        return _in_fours(number)
    return cardinal(number)


_Replace = Callable[[re.Match[str]], str]
# In this order: what a rule has turned into characters is out of reach of those below it.
_RULES: tuple[tuple[re.Pattern[str], _Replace], ...] = (
    (re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)"), _date),
    (re.compile(r"(?<!\d)(\d{4})(?=年)"), lambda found: digits(found[1])),
    (re.compile(r"(?<!\d)0(?=\d[月日])"), lambda found: ""),
    (re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?(?!\d)"), _time),
    (_TELEPHONE, _telephone),
    (re.compile(r"(\d+)\*+(\d*)"), _masked),
    (_LABELLED, lambda found: found[1] + _in_fours(found[2])),
    (_SERVICE, lambda found: digits(found[0], telephone=True)),
    (re.compile(rf"([-+]?{_NUMBER})%?(?:\s*[-~至到]\s*({_NUMBER}))?\s*([%‰])"), _percent),
    (re.compile(rf"([¥$€£])\s*({_NUMBER})\s*(万|亿)?元?"), _money),
    (re.compile(r"([A-Za-z])(\+?)(\d+)"), _letters_then_digits),
    (re.compile(r"第(\d+)(?:\s*[-~]\s*(\d+))?"), _ordinal),
    (re.compile(r"(?<!\d)(\d+)/(\d+)(?!\d)"), lambda found: f"{cardinal(found[2])}分之{cardinal(found[1])}"),
    (re.compile(rf"({_NUMBER})\s*[-~]\s*({_NUMBER})\s*((?:{_COUNTED}|月|日|号|人|岁))"), _range),
    (re.compile(rf"(?<![\d.])({_NUMBER})(?=\s*(?:{_COUNTED}))"), lambda found: cardinal(found[1], counting=True)),
    (re.compile(r"(?<=[年月日号点整分秒元])\s*[-~]\s*(?=[\d零一二三四五六七八九十两])"), lambda found: "至"),
    (re.compile(rf"(?<![\w\u4e00-\u9fff])-?{_NUMBER}|{_NUMBER}"), _bare),
    (re.compile(r"(?<=[A-Za-z])\+(?=[零一二三四五六七八九])"), lambda found: "加"),
    (re.compile(r"×"), lambda found: "乘"),
)

_STOPS = "。.!?;…\n"
_PAUSES = "，,、:()[]{}<>《》【】〈〉—~·*|/"


def _pauses(text: str) -> str:
    """Marks as "，" and "。"; whatever has no sound is dropped."""
    out = ""
    for char in text:
        if char in _STOPS:
            out = out.rstrip("，。") + "。"
        elif char in _PAUSES:
            out += "" if out.endswith(("，", "。")) else "，"
        elif _said(char):
            out += char
    return out.lstrip("，。")


def _said(char: str) -> bool:
    held = "\ue000" <= char <= "\uf8ff"
    return held or "A" <= char <= "Z" or char == "〇" or unicodedata.name(char, "").startswith("CJK UNIFIED")
