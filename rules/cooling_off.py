"""The cooling-off period of a private fund (投资冷静期; T/SAC 002-2024 §5.1.6 d, table A.1 line 6). Pure.

It runs from when the contract is signed and the money is paid, for 24 hours or longer as the contract says. A review
confirmed inside it is void (募集机构在投资冷静期内进行的回访确认无效): a call may begin only when it is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.errors import BadPolicy
from rules.hours import written_minute

LEAST = timedelta(hours=24)
LONGEST = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class CoolingOff:
    """One client's period for one purchase: (aware) instants; `paid_at` None: not paid yet, so it has not begun."""

    signed_at: datetime
    paid_at: datetime | None
    length: timedelta = LEAST

    def __post_init__(self) -> None:
        if any(at is not None and at.tzinfo is None for at in (self.signed_at, self.paid_at)):
            raise BadPolicy("a cooling-off period with a naive instant: give every time its zone")
        if not LEAST <= self.length <= LONGEST:
            raise BadPolicy(f"a cooling-off period of {self.length}: give 24 hours to {LONGEST.days} days")

    @property
    def ends_at(self) -> datetime | None:
        """The first instant at which a review is valid; None while the period has not begun."""
        if self.paid_at is None:
            return None
        return max(self.signed_at, self.paid_at) + self.length


@dataclass(frozen=True, slots=True)
class VoidReview:
    """That a review does not count: why, in Chinese, and from when on it is to be done again (None: not known yet)."""

    reason: str
    redo_from: datetime | None


def void_of(review_started_at: datetime, period: CoolingOff) -> VoidReview | None:
    """Why a review that began at an (aware) instant is void; None: it was made after the cooling-off period.

    One that began inside and lasted beyond the end is void too. A void review stays on record; the task is not
    completed by it and is due again at `redo_from`.
    """
    if review_started_at.tzinfo is None:
        raise BadPolicy(f"naive instant {review_started_at}: give it a time zone")
    ends_at = period.ends_at
    if ends_at is None:
        return VoidReview("投资冷静期尚未起算，此时进行的回访确认无效（§5.1.6 d）", None)
    if review_started_at >= ends_at:
        return None
    spoken = f"{written_minute(ends_at)}:{ends_at:%S}"
    return VoidReview(f"回访在投资冷静期内进行，确认无效；冷静期于{spoken}届满，届满后重新回访（§5.1.6 d）", ends_at)
