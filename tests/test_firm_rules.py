"""The firm's own days and hours from its settings, and what is said where they cannot be read."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from firm_rules import calling_hours, trading_calendar
from rules import may_call_at
from rules.hours import SHANGHAI
from settings import Settings, SettingsInvalid


def test_closures_of_a_coming_year_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "closures.txt"
    path.write_text("2031年\n2031-01-01\n2031-01-22..2031-01-28  # 春节\n")
    calendar = trading_calendar(Settings(calendar=path))
    assert not calendar.is_trading_day(date(2031, 1, 24))
    assert calendar.is_trading_day(date(2031, 1, 29))


@pytest.mark.parametrize("content", ["soon\n", "2031-01-01\n", None])
def test_a_calendar_that_cannot_be_read_names_the_setting(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "closures.txt"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsInvalid, match="HUIFANG_CALENDAR"):
        trading_calendar(Settings(calendar=path))


def test_calling_hours_know_the_holidays_and_the_weekends_worked_in_exchange() -> None:
    """2026 by the State Council: 1 to 7 October off, Sunday 20 September and Saturday 10 October worked."""
    settings = Settings(calling_hours="周一至周五 09:00-12:00 13:30-18:00；节假日 不拨打")
    hours = calling_hours(settings, date(2026, 9, 1))
    at = {day: may_call_at(datetime(2026, *day, 10, tzinfo=SHANGHAI), hours) for day in ((9, 30), (10, 1), (10, 10))}
    assert at == {(9, 30): True, (10, 1): False, (10, 10): True}


def test_hours_that_cannot_be_read_name_the_setting() -> None:
    with pytest.raises(SettingsInvalid, match="HUIFANG_CALLING_HOURS"):
        calling_hours(Settings(calling_hours="早上"), date(2026, 9, 1))
