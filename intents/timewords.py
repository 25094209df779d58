"""Times respelled as they are usually written, where a recogniser put homophones."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from intents.normalise import normalise
from intents.pinyin import syllable, syllables

_WORDS = (
    "大后天 明天 后天 今天 今晚 明晚 明早 上午 下午 中午 晚上 早上 傍晚 收盘 开盘 休市 以后 之后 以前 之前 过后 "
    "点半 点钟 一刻 三刻 半个 小时 钟头 分钟 星期 礼拜 周末 周一 周二 周三 周四 周五 周六 周日 双休日 月底 月初 "
    "中旬 国庆 五一 元旦 清明 下班 放学 开会 下周 下个 午盘 晚饭 左右"
).split()
# The days of the festivals by the lunar calendar, 2025 to 2035, and how long the holiday lasts from that day on.
LUNAR_FESTIVALS = {
    words: tuple(date(year, int(day[:2]), int(day[2:])) for year, day in enumerate(days.split(), 2025))
    for words, days in (
        (
            "春节|过完年|过年|(?<![一二两三四五六七八九十几半多])年后",
            "0129 0217 0206 0126 0213 0203 0123 0211 0131 0219 0208",
        ),
        ("端午", "0531 0619 0609 0528 0616 0605 0624 0612 0601 0620 0610"),
        ("中秋", "1006 0925 0915 1003 0922 0912 1001 0919 0908 0927 0916"),
    )
}
HOLIDAY_DAYS = dict(zip(LUNAR_FESTIVALS, (7, 3, 3), strict=True))
_SOUNDS = {syllables(word): word for word in _WORDS}
_OWN = {"晌午", "下昼", "后晌", "下半"}
_DIGITS = {"yi": "一", "er": "二", "lian": "两", "lia": "两", "san": "三", "si": "四", "wu": "五", "liu": "六",
           "qi": "七", "ba": "八", "jiu": "九", "ri": "日", "tian": "天", "mo": "末"}  # fmt: skip
_NUMERALS = "0123456789零一二两俩三四五六七八九十半"
_HOUR = re.compile(r"(?<![0-9零一二两俩三四五六七八九十])(.)(?=点)")
_DAY = re.compile(r"(?<=周|拜|期)(.)")
_HOURS_LATER = re.compile(r"(小时|钟头|分钟)(?:候|侯)")
_MINUTES = re.compile(r"([0-9一二两三四五六七八九十])分[中种]")
_DATES = re.compile(r"([0-9一二三四五六七八九十])好(?=以后|之后|$)")


@lru_cache(maxsize=1024)
def respelled(text: str) -> str:
    """A text normalised, with the words and numerals of times restored by their sound."""
    plain = _by_sound(normalise(_keep_colon(text)).replace("冒", ":"))
    plain = _MINUTES.sub(r"\1分钟", _HOURS_LATER.sub(r"\1后", plain))
    plain = _DATES.sub(r"\1号", plain)
    return _DAY.sub(_digit, _HOUR.sub(_digit, plain.replace("点店", "点").replace("三店", "三点")))


def _keep_colon(text: str) -> str:
    return re.sub(r"(?<=\d)[:：](?=\d)", "冒", text)


def _by_sound(text: str) -> str:
    sounds = syllables(text)
    written, position = "", 0
    while position < len(text):
        for length in (3, 2):
            piece = text[position : position + length]
            word = _SOUNDS.get(sounds[position : position + length])
            if word and len(piece) == length and not _says_otherwise(piece, word):
                written, position = written + word, position + length
                break
        else:
            written, position = written + text[position], position + 1
    return written


def _says_otherwise(piece: str, word: str) -> bool:
    """A numeral that was heard stays (十一 is no homophone of 四一), and so does a word of its own."""
    if piece in _OWN:
        return True
    both = zip(piece, word, strict=True)
    return any(heard != meant and heard in _NUMERALS and meant in _NUMERALS for heard, meant in both)


def _digit(found: re.Match[str]) -> str:
    character = found[1]
    return character if character in _NUMERALS else _DIGITS.get(syllable(character), character)
