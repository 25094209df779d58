"""The order of several reviews in one call follows table A.1."""

from __future__ import annotations

from rules.outcomes import ReviewType
from rules.precedence import PRECEDENCE, precedence_of


def test_every_type_has_one_place() -> None:
    assert sorted(PRECEDENCE) == sorted(ReviewType)
    assert [precedence_of(one) for one in PRECEDENCE] == list(range(len(ReviewType)))


def test_two_trading_days_come_before_thirty_days_and_those_before_the_year_end() -> None:
    types = (ReviewType.ANOMALY, ReviewType.NEW_PERMISSION, ReviewType.SUITABILITY)
    assert sorted(types, key=precedence_of) == list(types)
