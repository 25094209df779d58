"""Which of several reviews of one client comes first in a call (T/SAC 002-2024 table A.1). Pure.

What must be done soonest comes first: two trading days, then what holds up the client's own business, then what
follows a complaint or a person's leaving, then what is due by the year's end.
"""

from __future__ import annotations

from rules.outcomes import ReviewType

PRECEDENCE: tuple[ReviewType, ...] = (
    ReviewType.ANOMALY,  # 2 trading days after discovery
    ReviewType.NEW_ACCOUNT,  # before the account can be used
    ReviewType.PRIVATE_FUND,  # after the cooling-off period, before the purchase stands
    ReviewType.NEW_PERMISSION,  # 30 days after granting
    ReviewType.SETTLED,  # after a complaint
    ReviewType.COMPLAINED,
    ReviewType.LEAVING,  # before the person leaves
    ReviewType.SUITABILITY,  # year end
    ReviewType.CONDUCT,
    ReviewType.OTHER,
)


def precedence_of(review_type: ReviewType) -> int:
    """0 for the type that comes first."""
    return PRECEDENCE.index(review_type)
