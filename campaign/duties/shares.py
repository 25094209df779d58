"""The yearly shares that are drawn (table A.1, supplements 3 and 4): by what review, and what merges with them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from models.wanting import Counting
from rules import ReviewType
from rules.annex_a import (
    ANNEX_A,
    BROKERAGE_SHARE,
    CONDUCT_SHARE,
    OTHER_SHARE,
    SUITABILITY_SHARE,
    Basis,
    YearlyShare,
)


class DutyKind(StrEnum):
    """A yearly share that is owed, in the order in which they are best drawn: each credits those before it."""

    SUITABILITY = "suitability"  # 适当性: 10% of the buyers
    CONDUCT = "conduct"  # 执业情况: 10% of the clients of brokers and advisers
    OTHER = "other"  # 其他存量客户: 5% of the clients
    BROKERAGE = "brokerage"  # 经纪业务合计: 10% of the clients


SHARES: Mapping[DutyKind, YearlyShare] = {
    DutyKind.SUITABILITY: SUITABILITY_SHARE,
    DutyKind.CONDUCT: CONDUCT_SHARE,
    DutyKind.OTHER: OTHER_SHARE,
    DutyKind.BROKERAGE: BROKERAGE_SHARE,
}
# By what review a drawn client is reviewed.
REVIEW_OF: Mapping[DutyKind, ReviewType] = {
    DutyKind.SUITABILITY: ReviewType.SUITABILITY,
    DutyKind.CONDUCT: ReviewType.CONDUCT,
    DutyKind.OTHER: ReviewType.OTHER,
    DutyKind.BROKERAGE: ReviewType.OTHER,
}
# 可与适当性回访比例结合: whoever is called for one of these is asked about the duty's own matter in the same call.
MERGES_WITH: Mapping[DutyKind, frozenset[ReviewType]] = {
    DutyKind.SUITABILITY: frozenset(line.review_type for line in ANNEX_A if line.basis is Basis.MERGED)
    - {ReviewType.SUITABILITY},
    DutyKind.CONDUCT: frozenset({ReviewType.SUITABILITY}),
    DutyKind.OTHER: frozenset(),
    DutyKind.BROKERAGE: frozenset(),
}


def counting(kind: DutyKind) -> Counting:
    """What counts for a duty."""
    return Counting(own_types(kind), merges=bool(MERGES_WITH[kind]))


def own_types(kind: DutyKind) -> list[str]:
    """The reviews that count for a duty by themselves."""
    return sorted(one.value for one in SHARES[kind].credits)


def merged_types(kind: DutyKind) -> list[str]:
    """The reviews with which the duty's own is put into one call."""
    return sorted(one.value for one in MERGES_WITH[kind])


def siblings(kind: DutyKind) -> list[str]:
    """The duties whose drawn clients are credited: the calls that they get count, or carry this review as well."""
    counts = SHARES[kind].credits | MERGES_WITH[kind]
    return [one.value for one in DutyKind if one is not kind and REVIEW_OF[one] in counts]
