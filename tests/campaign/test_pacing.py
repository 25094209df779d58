"""How many calls are begun, and a campaign's own hours."""

from __future__ import annotations

import pytest

from campaign.running.opening_hours import hours_from, hours_to
from campaign.running.pacing import Pace, Standing, how_many
from rules import BadPolicy, CallingHours

PACE = Pace(lines=20, calls_per_second=4.0)


@pytest.mark.parametrize(
    ("standing", "seconds", "calls"),
    [
        (Standing(0), 1.0, 4),  # what may begin within the second
        (Standing(0), 10.0, 20),  # what the lines carry
        (Standing(18), 10.0, 2),
        (Standing(25), 10.0, 0),
        (Standing(0, line_health=0.5), 10.0, 5),  # a quarter of the lines
        (Standing(0, line_health=0.0), 10.0, 1),  # one call to try them
        (Standing(1, line_health=0.0), 10.0, 0),
        (Standing(0, agents_free=2, risky_share=0.25), 10.0, 8),  # two of eight will need a person
        (Standing(6, agents_free=2, risky_share=0.25), 10.0, 2),
        (Standing(0, agents_free=0, risky_share=0.25), 10.0, 1),
        (Standing(0, agents_free=1), 10.0, 20),
        (Standing(0, agents_free=None, risky_share=0.9), 10.0, 20),  # nobody takes calls over
    ],
)
def test_the_pace(standing: Standing, seconds: float, calls: int) -> None:
    assert how_many(PACE, standing, seconds) == calls


def test_a_campaign_without_hours_of_its_own_has_the_firms() -> None:
    assert hours_from(None, CallingHours()) == CallingHours()


def test_hours_come_back_as_they_were_stored() -> None:
    stored = {"week": [["10:00-12:00", "14:00-16:30"]] * 5 + [[], []], "closed": ["2026-10-01"]}
    assert hours_to(hours_from(stored, CallingHours())) == stored


@pytest.mark.parametrize("stored", [{}, {"week": [["10-"]] * 7}, {"week": [[]] * 6}, {"week": [["12:00-10:00"]] * 7}])
def test_hours_that_cannot_be_are_refused(stored: dict[str, object]) -> None:
    with pytest.raises(BadPolicy):
        hours_from(stored, CallingHours())
