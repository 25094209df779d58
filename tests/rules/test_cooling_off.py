"""§5.1.6 d: 募集机构应当在投资冷静期满后…进行投资回访, 在投资冷静期内进行的回访确认无效."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import BadPolicy
from rules.cooling_off import CoolingOff, void_of
from rules.hours import SHANGHAI

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
SIGNED = datetime(2028, 2, 28, 15, 0, tzinfo=SHANGHAI)  # the day before a leap day


def test_runs_from_signature_and_payment_whichever_is_later() -> None:
    assert CoolingOff(SIGNED, SIGNED - HOUR).ends_at == SIGNED + 24 * HOUR
    assert CoolingOff(SIGNED, SIGNED + 2 * HOUR).ends_at == SIGNED + 26 * HOUR
    assert CoolingOff(SIGNED, SIGNED).ends_at == datetime(2028, 2, 29, 15, 0, tzinfo=SHANGHAI)


def test_longer_by_contract() -> None:
    assert CoolingOff(SIGNED, SIGNED, 48 * HOUR).ends_at == datetime(2028, 3, 1, 15, 0, tzinfo=SHANGHAI)


def test_a_review_inside_is_void_and_is_done_again() -> None:
    period = CoolingOff(SIGNED, SIGNED)
    void = void_of(SIGNED + 24 * HOUR - SECOND, period)
    assert void is not None
    assert void.redo_from == SIGNED + 24 * HOUR
    assert "无效" in void.reason
    assert "2028年2月29日15:00:00" in void.reason
    assert void_of(SIGNED + 24 * HOUR, period) is None


def test_before_payment_nothing_is_valid() -> None:
    period = CoolingOff(SIGNED, None)
    assert period.ends_at is None
    void = void_of(SIGNED + 1000 * HOUR, period)
    assert void is not None
    assert void.redo_from is None
    assert "尚未起算" in void.reason


def test_zones_do_not_matter() -> None:
    period = CoolingOff(SIGNED, SIGNED.astimezone(UTC))
    assert void_of((SIGNED + 24 * HOUR).astimezone(UTC), period) is None


@given(st.integers(-100, 100), st.integers(24, 200), st.integers(0, 20000))
def test_valid_exactly_from_the_end_on(paid_hours: int, hours: int, minutes: int) -> None:
    period = CoolingOff(SIGNED, SIGNED + paid_hours * HOUR, hours * HOUR)
    started_at = SIGNED + timedelta(minutes=minutes)
    over = minutes >= (max(0, paid_hours) + hours) * 60
    assert (void_of(started_at, period) is None) == over


@pytest.mark.parametrize("length", [timedelta(0), 24 * HOUR - SECOND, timedelta(days=91)])
def test_lengths_that_make_no_sense(length: timedelta) -> None:
    with pytest.raises(BadPolicy, match="24 hours"):
        CoolingOff(SIGNED, SIGNED, length)


def test_naive_instants() -> None:
    naive = datetime(2026, 6, 1)  # noqa: DTZ001
    with pytest.raises(BadPolicy, match="naive"):
        CoolingOff(naive, None)
    with pytest.raises(BadPolicy, match="naive"):
        CoolingOff(SIGNED, naive)
    with pytest.raises(BadPolicy, match="naive"):
        void_of(naive, CoolingOff(SIGNED, SIGNED))
