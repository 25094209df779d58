"""Dictated telephone numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents import parse_number


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("幺三八零零幺三八零零零", "13800138000"),
        ("一三八 零零 幺三 八零 零零", "13800138000"),
        ("你记一下一五零零零零零八八六六", "15000008866"),
        ("幺三洞拐八拐八幺两幺两", "13078781212"),
        ("+86 138-0013-8000", "13800138000"),
        ("八六一三八零零零零二二二二", "13800002222"),
        ("一三八三个八五个六", "13888866666"),
        ("幺三六啊不是幺三七两个零六个三", "13700333333"),
        ("幺三八零零一二三四五六不对是五", "13800123455"),
        ("前三位一八六中间一一二二最后三三四四", "18611223344"),
        ("一三九一三九零零零零二二三三", "13900002233"),
        ("零七五五二二二二三三三三转八零三", "075522223333"),
        ("家里座机零二一五五五五零一二三", "02155550123"),
        ("一八九灵灵灵灵而而而而", "18900002222"),
        ("要三九吧吧吧吧林林林林", "13988880000"),
        ("我不给", ""),
        ("四个零", ""),
        ("一二三四", ""),
        ("", ""),
    ],
)
def test_number(text: str, digits: str) -> None:
    assert parse_number(text) == digits


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_every_mobile_number_is_read_back(number: str) -> None:
    spoken = number.translate(str.maketrans("0123456789", "零幺二三四五六七八九"))
    assert parse_number(f"他的号码是{spoken}") == number


@given(st.text(max_size=60))
def test_digits_or_nothing(text: str) -> None:
    found = parse_number(text)
    assert found == "" or (found.isascii() and found.isdigit() and len(found) >= 10)
