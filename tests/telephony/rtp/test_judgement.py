"""The plain judgement of a line, and what it rests on."""

from __future__ import annotations

import pytest

from telephony.rtp.quality import CallQuality, Judgement, judgement_of, r_factor


@pytest.mark.parametrize(
    ("r", "judgement"),
    [
        # ITU-T G.107 table B.1: lower limits of R, and the satisfaction of users above them
        (93.2, "良好"), (90, "良好"), (80, "良好"),  # very satisfied, satisfied
        (79.9, "一般"), (70, "一般"), (60, "一般"),  # some, many dissatisfied
        (59.9, "差"), (50, "差"), (0, "差"),  # nearly all dissatisfied; not recommended
    ],
)  # fmt: skip
def test_the_bands_of_the_e_model(r: float, judgement: str) -> None:
    assert judgement_of(r) == Judgement(judgement)


def test_the_far_side_is_rated_by_what_it_reported() -> None:
    silent = CallQuality(100, 0, 0.0, 0, None, None, None, 0)
    assert silent.far_r_factor is None
    lossy = CallQuality(100, 0, 0.0, 0, 60.0, 0.05, 10.0, 0)
    # one way: half of the round trip, a packet, twice the jitter (30 + 20 + 20 ms)
    assert lossy.far_r_factor == pytest.approx(r_factor(0.05, 70))
    assert lossy.far_r_factor is not None and lossy.far_r_factor < lossy.r_factor
