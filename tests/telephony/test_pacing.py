"""The media clock: 20 ms, catching up, never skipping; and the count of late frames."""

from __future__ import annotations

from telephony.pacing import LatenessCount, Schedule


def ticks_at(schedule: Schedule, now: float) -> list[float]:
    taken = []
    while schedule.is_due(now):
        taken.append(schedule.advance())
    return taken


def test_a_tick_every_20_ms_from_the_start() -> None:
    schedule = Schedule(100.0)
    assert [round(due, 3) for due in ticks_at(schedule, 100.05)] == [100.0, 100.02, 100.04]
    assert round(schedule.next_at, 3) == 100.06
    assert ticks_at(schedule, 100.0599) == []


def test_a_stall_is_made_up_tick_by_tick() -> None:
    schedule = Schedule(0.0)
    ticks_at(schedule, 1.0)
    made_up = ticks_at(schedule, 3.0)
    assert len(made_up) == 100
    assert round(made_up[0], 3) == 1.02


def test_the_schedule_does_not_drift_in_a_day() -> None:
    schedule = Schedule(5.0)
    for _ in range(24 * 3600 * 50):
        schedule.advance()
    assert abs(schedule.next_at - (5.0 + 24 * 3600)) < 1e-6


def test_quantiles_of_lateness() -> None:
    count = LatenessCount()
    for milliseconds in range(1, 101):
        count.add(milliseconds / 1000 - 0.00005)
    summary = count.summary()
    assert summary.frames == 100
    assert abs(summary.p50_ms - 50) <= 0.1
    assert abs(summary.p99_ms - 99) <= 0.1
    assert abs(summary.max_ms - 100) <= 0.1


def test_early_is_on_time_and_hours_late_are_counted() -> None:
    count = LatenessCount()
    assert count.summary().frames == 0
    count.add(-0.004)
    count.add(7200.0)
    assert count.summary().max_ms == 7_200_000
    assert count.summary().p50_ms <= 0.1
