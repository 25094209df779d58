"""Whether a yearly duty will be met (table A.1), in one word."""

from __future__ import annotations

import pytest

from rules.yearly import Reviews, Share, Verdict


@pytest.mark.parametrize(
    ("share", "verdict", "lacking"),
    [
        (Share(drawn=False), Verdict.UNDRAWN, 0),
        (Share(drawn=True, needed=100, done=100), Verdict.MET, 0),
        (Share(drawn=True, needed=100, done=60, open=40), Verdict.ON_COURSE, 0),
        (Share(drawn=True, needed=100, done=60, open=40, missed=1), Verdict.BEHIND, 0),
        (Share(drawn=True, needed=100, done=60, open=45, missed=5), Verdict.ON_COURSE, 0),
        (Share(drawn=True, needed=100, done=60, open=30), Verdict.SHORT, 10),
        (Share(drawn=True, needed=100, done=60, open=40, unplanned=1), Verdict.UNPLANNED, 0),
        (Share(drawn=True, needed=100, done=60, open=45, unplanned=5), Verdict.ON_COURSE, 0),
        (Share(drawn=True), Verdict.MET, 0),
    ],
)
def test_a_share(share: Share, verdict: Verdict, lacking: int) -> None:
    assert (share.verdict, share.lacking) == (verdict, lacking)


@pytest.mark.parametrize(
    ("reviews", "verdict"),
    [
        (Reviews(open=5, overdue=1, missed=1), Verdict.OVERDUE),
        (Reviews(open=5, missed=1), Verdict.BEHIND),
        (Reviews(open=5, done=3), Verdict.ON_COURSE),
        (Reviews(done=3), Verdict.MET),
        (Reviews(done=3, unreviewed=2), Verdict.ENDED),  # called as table F.1 asks, and two never reached
        (Reviews(), Verdict.NOTHING),
    ],
)
def test_a_type_of_review(reviews: Reviews, verdict: Verdict) -> None:
    assert reviews.verdict is verdict


def test_who_was_never_reached_was_owed_a_review_all_the_same() -> None:
    assert Reviews(open=5, done=3, unreviewed=2).all == 10
