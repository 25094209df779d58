"""Table A.1 of T/SAC 002-2024 and §5.1, typed from the document."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rules import Method, ReviewType
from rules.annex_a import (
    ANNEX_A,
    BROKERAGE_SHARE,
    CONDUCT_SHARE,
    MANDATORY,
    OTHER_SHARE,
    SAMPLED,
    SUITABILITY_SHARE,
    YEARLY_SHARES,
    Basis,
    line_of,
    lines_of,
)

# 序号, 回访类型, 回访对象, 回访比率 (None: no percentage), 回访时间要求
TABLE = [
    ("1", "new_account", "新开资金账户和证券账户的客户", 100, "账户可使用前"),
    ("1", "new_account", "非现场新开户客户", 100, "账户可使用前"),
    ("2", "new_permission", "新增设定准入条件的交易权限的客户", 100, "交易权限开通后三十个自然日内"),
    ("3", "anomaly", "账户使用、资金划转、证券交易等存在异常情形的客户", 100, "两个交易日内"),
    ("4", "suitability", "购买产品或接受服务的客户", 10, "每个自然年度结束前"),
    (
        "4",
        "suitability",
        "购买代销金融产品、场外期权业务等专门提示的服务或产品的客户",
        None,
        "每个自然年度结束前",
    ),
    ("5", "conduct", "经纪人、证券投资顾问名下客户", None, "每个自然年度结束前"),
    ("6", "private_fund", "购买了私募基金的客户", 100, "在投资冷静期满后"),
    ("6", "leaving", "拟离职人员名下客户", None, "人员离职前"),
    ("6", "complained", "被投诉人员名下客户", None, "投诉事项处理完结后"),
    ("", "settled", "提出投诉的客户", None, "投诉事项处理完结前"),  # §5.1.7 c
    ("", "other", "其他存量客户", 5, "每年"),  # §5.1.4, 补充 3
]


def test_the_lines_are_those_of_the_table() -> None:
    lines = [(one.number, one.review_type.value, one.whom, one.share_percent, one.term_words) for one in ANNEX_A]
    assert lines == TABLE


@pytest.mark.parametrize("review_type", list(ReviewType))
def test_every_type_has_its_line(review_type: ReviewType) -> None:
    assert line_of(review_type) is lines_of(review_type)[0]
    assert line_of(review_type).review_type is review_type
    assert line_of(review_type).clause


def test_methods() -> None:
    """所有回访方式中的任一种, but for private funds 以录音电话、电邮、信函等适当方式."""
    for line in ANNEX_A:
        if line.review_type is not ReviewType.PRIVATE_FUND:
            assert line.methods == set(Method)
    recorded = {Method.HUMAN_CALL, Method.VOICE_BOT, Method.EMAIL, Method.LETTER}
    assert line_of(ReviewType.PRIVATE_FUND).methods == recorded


def test_advice() -> None:
    assert line_of(ReviewType.ANOMALY).advice == "建议人工参与回访"
    assert lines_of(ReviewType.NEW_ACCOUNT)[1].advice == "单向视频开户必须人工电话"
    assert "不得由从事招揽客户、服务的人员" in line_of(ReviewType.CONDUCT).advice


def test_steps_of_the_business() -> None:
    """§5.1.1 回访确认后新开账户方可使用; table A.1 line 6 此处回访是业务流程重要环节."""
    assert {ReviewType.NEW_ACCOUNT, ReviewType.PRIVATE_FUND} == MANDATORY


def test_drawn_types() -> None:
    """Shares below 100% and what may be combined with them; the complainant of §5.1.7 c is one person, not a draw."""
    drawn = {"suitability", "conduct", "leaving", "complained", "other"}
    assert {one.value for one in SAMPLED} == drawn
    assert {one.review_type.value for one in ANNEX_A if one.basis is Basis.EACH} == {
        one.value for one in ReviewType
    } - drawn - {"settled"}


def test_yearly_shares() -> None:
    """§5.1.4: 其他客户 5%, 所有回访类型总计 10%; §5.1.5: 10% of the buyers; line 5: 可与适当性回访比例结合."""
    assert [(one.share, one.basis) for one in YEARLY_SHARES] == [
        (Fraction(1, 10), Basis.BUYERS),
        (Fraction(1, 10), Basis.SERVED),
        (Fraction(1, 20), Basis.CLIENTS),
        (Fraction(1, 10), Basis.CLIENTS),
    ]
    at_once = {ReviewType.NEW_ACCOUNT, ReviewType.NEW_PERMISSION, ReviewType.ANOMALY}  # 已即时完成回访的情形
    assert SUITABILITY_SHARE.credits == {ReviewType.SUITABILITY}
    assert not OTHER_SHARE.credits & at_once
    assert ReviewType.SUITABILITY in OTHER_SHARE.credits
    assert at_once < BROKERAGE_SHARE.credits
    assert ReviewType.PRIVATE_FUND not in BROKERAGE_SHARE.credits
    # E.2.4, E.2.5 and E.2.6 put the same two questions about the person who serves the client.
    assert {ReviewType.CONDUCT, ReviewType.LEAVING, ReviewType.COMPLAINED} == CONDUCT_SHARE.credits
