"""Chinese numerals, typed from how they are said."""

import pytest

from speech.numerals import cardinal, digits


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("0", "零"),
        ("2", "二"),
        ("10", "十"),
        ("18", "十八"),
        ("20", "二十"),
        ("105", "一百零五"),
        ("110", "一百一十"),
        ("200", "两百"),
        ("212", "两百一十二"),
        ("1001", "一千零一"),
        ("1010", "一千零一十"),
        ("2020", "两千零二十"),
        ("10000", "一万"),
        ("10005", "一万零五"),
        ("10500", "一万零五百"),
        ("20000", "两万"),
        ("120000", "十二万"),
        ("1002000", "一百万二千"),  # zeros at the end of a group of four are not said
        ("100000000", "一亿"),
        ("100000001", "一亿零一"),
        ("1000010000", "十亿零一万"),
        ("3050000", "三百零五万"),
        ("007", "七"),
        ("0.50", "零点五零"),
        ("-1.5", "负一点五"),
        (".5", "零点五"),
        ("12345678901234567", "一二三四五六七八九零一二三四五六七"),
    ],
)
def test_cardinals(number: str, words: str) -> None:
    assert cardinal(number) == words


def test_counting_says_liang_for_a_bare_two_only() -> None:
    assert [cardinal(n, counting=True) for n in ("2", "12", "2.5", "22")] == ["两", "十二", "二点五", "二十二"]


def test_digits_one_by_one() -> None:
    assert digits("8-001") == "八零零一"
    assert digits("8001", telephone=True) == "八零零幺"
