"""At most so many calls a day and reviews a quarter: 在客户抽样方面，每季度对同一客户回访次数不应超过两次."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import BadPolicy, ReviewType
from rules.annex_a import SAMPLED
from rules.caps import Contact, ContactCaps, allowed_at, next_quarter, quarter_start, reviews_in
from rules.hours import SHANGHAI

CAPS = ContactCaps()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def contact(text: str, *tasks: int) -> Contact:
    return Contact(at(text), frozenset(tasks))


class TestDay:
    THREE = [contact("2026-06-01 09:00", 1), contact("2026-06-01 11:30", 1), contact("2026-06-01 15:00", 1)]

    def test_a_fourth_call_waits_for_midnight(self) -> None:
        now = at("2026-06-01 16:00")
        assert allowed_at(self.THREE[:2], ReviewType.OTHER, CAPS, now, tasks=[1]) == now
        assert allowed_at(self.THREE, ReviewType.OTHER, CAPS, now, tasks=[1]) == at("2026-06-02 00:00")

    def test_holds_for_every_type(self) -> None:
        now = at("2026-06-01 16:00")
        for review_type in ReviewType:
            assert allowed_at(self.THREE, review_type, CAPS, now, tasks=[1]) == at("2026-06-02 00:00")

    def test_the_time_that_the_client_asked_for_is_kept(self) -> None:
        now = at("2026-06-01 18:00")
        assert allowed_at(self.THREE, ReviewType.OTHER, CAPS, now, tasks=[1], agreed=True) == now

    def test_the_day_is_shanghais(self) -> None:
        late = [Contact(datetime(2026, 6, 1, 15, 59, tzinfo=UTC))] * 3  # 23:59 on 1 June
        assert allowed_at(late, ReviewType.ANOMALY, CAPS, datetime(2026, 6, 1, 15, 59, 30, tzinfo=UTC)) == at(
            "2026-06-02 00:00"
        )
        midnight = datetime(2026, 6, 1, 16, tzinfo=UTC)
        assert allowed_at(late, ReviewType.ANOMALY, CAPS, midnight) == midnight


class TestQuarter:
    TWO = [contact("2026-04-01 09:00", 1), contact("2026-05-05 09:00", 2)]
    NOW = at("2026-06-10 10:00")

    def test_a_third_review_waits_for_the_next_quarter(self) -> None:
        assert allowed_at(self.TWO[:1], ReviewType.SUITABILITY, CAPS, self.NOW, tasks=[3]) == self.NOW
        assert allowed_at(self.TWO, ReviewType.SUITABILITY, CAPS, self.NOW, tasks=[3]) == at("2026-07-01 00:00")

    @pytest.mark.parametrize("review_type", sorted(set(ReviewType) - SAMPLED))
    def test_what_every_client_is_owed_is_exempt(self, review_type: ReviewType) -> None:
        assert allowed_at(self.TWO, review_type, CAPS, self.NOW, tasks=[3]) == self.NOW

    @pytest.mark.parametrize("review_type", sorted(SAMPLED))
    def test_what_is_drawn_is_not(self, review_type: ReviewType) -> None:
        assert allowed_at(self.TWO, review_type, CAPS, self.NOW, tasks=[3]) == at("2026-07-01 00:00")

    def test_a_redial_is_no_further_review(self) -> None:
        assert allowed_at(self.TWO, ReviewType.OTHER, CAPS, self.NOW, tasks=[2]) == self.NOW

    def test_a_merged_call_is_one_review(self) -> None:
        merged = [contact("2026-04-01 09:00", 1, 2), contact("2026-04-02 09:00", 2), contact("2026-04-03 09:00", 1)]
        assert allowed_at(merged, ReviewType.OTHER, CAPS, self.NOW, tasks=[3]) == self.NOW
        full = [*merged, contact("2026-04-09 09:00", 4)]
        assert allowed_at(full, ReviewType.OTHER, CAPS, self.NOW, tasks=[3]) == at("2026-07-01 00:00")
        assert allowed_at(full, ReviewType.OTHER, CAPS, self.NOW, tasks=[1, 3]) == self.NOW

    def test_an_earlier_quarter_does_not_count(self) -> None:
        earlier = [contact("2026-03-31 23:59", 1), contact("2026-03-30 10:00", 2), contact("2026-04-01 00:00", 3)]
        assert allowed_at(earlier, ReviewType.OTHER, CAPS, self.NOW, tasks=[4]) == self.NOW

    def test_year_end(self) -> None:
        past = [contact("2026-12-30 09:00", 1), contact("2026-12-31 09:00", 2)]
        new_year = at("2027-01-01 00:00")
        assert allowed_at(past, ReviewType.OTHER, CAPS, at("2026-12-31 23:59"), tasks=[3]) == new_year

    def test_a_full_day_and_a_full_quarter(self) -> None:
        past = [contact("2026-09-30 09:00", 1), contact("2026-09-30 10:00", 2), contact("2026-09-30 11:00", 2)]
        october = at("2026-10-01 00:00")
        assert allowed_at(past, ReviewType.OTHER, CAPS, at("2026-09-30 12:00"), tasks=[3]) == october

    def test_calls_already_booked_ahead_count_on_their_day(self) -> None:
        past = [contact("2026-06-01 09:00", 1)] * 3 + [contact("2026-06-02 10:00", 1)] * 3
        assert allowed_at(past, ReviewType.ANOMALY, CAPS, at("2026-06-01 10:00")) == at("2026-06-03 00:00")

    def test_a_firm_may_set_its_own(self) -> None:
        caps = ContactCaps(per_day=1, per_quarter=1)
        assert allowed_at(self.TWO[:1], ReviewType.OTHER, caps, self.NOW) == at("2026-07-01 00:00")
        today = [contact("2026-06-10 09:00", 1)]
        assert allowed_at(today, ReviewType.OTHER, caps, self.NOW, tasks=[1]) == at("2026-06-11 00:00")


class TestReviews:
    def test_calls_that_share_a_task_are_of_one_review(self) -> None:
        calls = [contact("2026-04-01 09:00", *tasks) for tasks in [(1, 2), (3,), (2, 3), (5,), (5,)]]
        assert sorted(reviews_in(calls), key=min) == [{1, 2, 3}, {5}]

    def test_calls_of_unknown_tasks_are_reviews_of_their_own(self) -> None:
        assert len(reviews_in([contact("2026-04-01 09:00"), contact("2026-04-02 09:00")])) == 2


@pytest.mark.parametrize(
    ("day", "start", "following"),
    [
        ("2026-01-01", "2026-01-01", "2026-04-01"),
        ("2028-02-29", "2028-01-01", "2028-04-01"),
        ("2026-03-31", "2026-01-01", "2026-04-01"),
        ("2026-04-01", "2026-04-01", "2026-07-01"),
        ("2026-09-30", "2026-07-01", "2026-10-01"),
        ("2026-12-31", "2026-10-01", "2027-01-01"),
    ],
)
def test_quarters(day: str, start: str, following: str) -> None:
    assert quarter_start(date.fromisoformat(day)) == date.fromisoformat(start)
    assert next_quarter(date.fromisoformat(day)) == date.fromisoformat(following)


@given(
    st.lists(st.tuples(st.integers(0, 400 * 24), st.sets(st.integers(1, 6), max_size=3)), max_size=20),
    st.sampled_from(list(ReviewType)),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 400 * 24),
)
def test_what_is_allowed_keeps_the_caps(
    calls: list[tuple[int, set[int]]], review_type: ReviewType, per_day: int, per_quarter: int, hour: int
) -> None:
    new_year = at("2027-01-01 00:00")
    past = [Contact(new_year + timedelta(hours=hours), frozenset(tasks)) for hours, tasks in calls]
    now = new_year + timedelta(hours=hour)
    free = allowed_at(past, review_type, ContactCaps(per_day, per_quarter), now, tasks=[99])
    assert free >= now
    day = free.astimezone(SHANGHAI).date()
    assert sum(one.at.astimezone(SHANGHAI).date() == day for one in past) < per_day
    if review_type in SAMPLED:
        quarter = [one for one in past if quarter_start(one.at.astimezone(SHANGHAI).date()) == quarter_start(day)]
        assert len(reviews_in(quarter)) < per_quarter


@pytest.mark.parametrize("caps", [(0, 2), (25, 2), (3, 0), (3, 93), (-1, -1)])
def test_caps_that_make_no_sense(caps: tuple[int, int]) -> None:
    with pytest.raises(BadPolicy, match="give 1 to"):
        ContactCaps(*caps)


def test_naive_instants() -> None:
    naive = datetime(2026, 6, 1)  # noqa: DTZ001
    with pytest.raises(BadPolicy, match="naive"):
        Contact(naive)
    with pytest.raises(BadPolicy, match="naive"):
        allowed_at([], ReviewType.OTHER, CAPS, naive)
