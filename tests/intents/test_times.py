"""Callback times against a fixed now: Wednesday 18 November 2026, 10:20 in Shanghai."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents import parse_time

SHANGHAI = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 18, 10, 20, tzinfo=SHANGHAI)

TIMES = [
    ("明天下午三点以后", "11-19 15:00"),
    ("后天上午", "11-20 09:00"),
    ("下礼拜二", "11-24 10:00"),
    ("下周三下午三点", "11-25 15:00"),
    ("收盘以后", "11-18 15:00"),
    ("半个钟头以后", "11-18 10:50"),
    ("一个半小时后", "11-18 11:50"),
    ("两个小时以后", "11-18 12:20"),
    ("二十分钟后打过来", "11-18 10:40"),
    ("晚上八点", "11-18 20:00"),
    ("周末", "11-21 10:00"),
    ("周五下午", "11-20 14:00"),
    ("礼拜天中午", "11-22 12:00"),
    ("三点半", "11-18 15:30"),
    ("三点一刻", "11-18 15:15"),
    ("差一刻三点", "11-18 14:45"),
    ("两点二十", "11-18 14:20"),
    ("下午两三点", "11-18 14:00"),
    ("九点十五之前", "11-19 09:15"),
    ("早上八点前", "11-19 08:00"),
    ("过两天", "11-20 10:00"),
    ("二十五号", "11-25 10:00"),
    ("十号以后", "12-10 10:00"),
    ("下个月初", "12-03 10:00"),
    ("月底", "11-28 10:00"),
    ("今晚七点不对七点半", "11-18 19:30"),
    ("明天上午哦不行上午要开会那就下午两点吧", "11-19 14:00"),
    ("14:30", "11-18 14:30"),
    ("名天上舞", "11-19 09:00"),
    ("下五三点", "11-18 15:00"),
    ("收判以后", "11-18 15:00"),
    ("后天早上酒点半", "11-20 09:30"),
    ("里拜五", "11-20 10:00"),
    ("一会儿", "11-18 11:20"),
    ("晚点吧", "11-18 11:20"),
    ("过个把小时", "11-18 11:20"),
    ("三天后", "11-21 10:00"),
    ("等一个星期", "11-25 10:00"),
    ("下个星期", "11-23 10:00"),
    ("双休日", "11-21 10:00"),
    ("八点", "11-18 20:00"),
    ("今天", "11-18 11:20"),
    ("上午", "11-19 09:00"),
    ("十二月三号下午", "12-03 14:00"),
    ("国庆以后", "10-08 10:00"),
    ("春节以后", "02-13 10:00"),
    ("过完年再说吧", "02-13 10:00"),
    ("端午节后", "06-12 10:00"),
    ("中秋以后", "09-18 10:00"),
    ("这两天", "11-20 10:00"),
    ("等我下班", "11-18 18:00"),
    ("廿五号", "11-25 10:00"),
    ("中午一点", "11-18 13:00"),
    ("下半天", "11-18 14:00"),
    ("我早上五点起来你十一点半以后打给我", "11-18 11:30"),
]


@pytest.mark.parametrize(("text", "expected"), TIMES)
def test_time(text: str, expected: str) -> None:
    span = parse_time(text, NOW)
    assert span is not None
    assert span.start.strftime("%m-%d %H:%M") == expected
    assert span.words


@pytest.mark.parametrize(
    "text", ["", "改天吧", "不知道", "有空的时候", "除了周三都行", "两年后", "四十五号", "二十六点", "😀"]
)
def test_no_time(text: str) -> None:
    assert parse_time(text, NOW) is None


PIECES = "明天 下周 三点 半 晚上 以后 号 十二 月 周五 不对 过 小时 收盘 差一刻 2 99 零 月底".split()


@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=40),
    st.datetimes(
        min_value=datetime(2024, 1, 1),  # noqa: DTZ001 - the zone is given below
        max_value=datetime(2035, 12, 31),  # noqa: DTZ001 - the zone is given below
    ),
)
def test_always_in_the_future_and_in_the_zone_of_now(text: str, naive: datetime) -> None:
    now = naive.replace(tzinfo=SHANGHAI)
    span = parse_time(text, now)
    assert span is None or (span.start > now and span.start.tzinfo is SHANGHAI)
