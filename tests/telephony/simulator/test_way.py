"""What becomes of packets on their way: shares and runs of loss, delay, order, and that a seed repeats it all."""

from __future__ import annotations

from itertools import groupby
from random import Random

import pytest

from telephony.simulator.conditions import Conditions
from telephony.simulator.way import Way

PACKETS = 20_000


def carried(conditions: Conditions, seed: int = 1) -> list[float | None]:
    """How long each of many packets was on its way, in seconds; None where it was lost."""
    way: Way[int] = Way(conditions, Random(seed))
    took: list[float | None] = [None] * PACKETS
    for number in range(PACKETS):
        way.send(number, number * 0.02)
        # asked at the instant of each arrival, as a clock does that sleeps until then
        while (at := way.next_at) is not None and (at <= (number + 1) * 0.02 or number == PACKETS - 1):
            for arrived in way.arrived(at):
                took[arrived] = at - arrived * 0.02
    assert way.lost == took.count(None)
    return took


def runs(took: list[float | None]) -> list[int]:
    return [len(list(run)) for lost, run in groupby(took, lambda one: one is None) if lost]


def test_without_conditions_everything_arrives_at_once() -> None:
    assert carried(Conditions()) == [0.0] * PACKETS


@pytest.mark.parametrize("percent", [1.0, 5.0, 25.0])
def test_the_share_that_is_lost_is_the_one_wanted(percent: float) -> None:
    took = carried(Conditions(loss_percent=percent))
    spread = 3 * (percent / 100 * (1 - percent / 100) / PACKETS) ** 0.5  # three standard deviations
    assert took.count(None) / PACKETS == pytest.approx(percent / 100, abs=spread)
    assert sum(runs(took)) / len(runs(took)) == pytest.approx(1 / (1 - percent / 100), rel=0.1)


def test_loss_in_bursts_keeps_its_share_and_comes_in_runs() -> None:
    took = carried(Conditions(loss_percent=5, loss_burst=6))
    assert sum(runs(took)) / len(runs(took)) == pytest.approx(6, rel=0.15)
    assert took.count(None) / PACKETS == pytest.approx(0.05, rel=0.25)


def test_jitter_lies_between_the_delay_and_the_delay_with_all_of_it() -> None:
    took = [one for one in carried(Conditions(delay_ms=100, jitter_ms=15)) if one is not None]
    assert len(took) == PACKETS  # nothing is lost of itself
    assert min(took) == pytest.approx(0.1, abs=0.001) and max(took) == pytest.approx(0.115, abs=0.001)
    assert sum(took) / len(took) == pytest.approx(0.1075, abs=0.0005)


def test_nothing_overtakes_what_was_sent_before() -> None:
    way: Way[int] = Way(Conditions(jitter_ms=300), Random(3))
    for number in range(200):
        way.send(number, number * 0.02)
    assert way.arrived(100.0) == list(range(200))


def test_a_message_is_delayed_but_never_lost_and_stays_in_its_place() -> None:
    way: Way[str] = Way(Conditions(delay_ms=50, loss_percent=90), Random(3))
    for _ in range(50):
        way.tell("message", 1.0)
    assert way.arrived(1.049) == []
    assert way.arrived(1.05) == ["message"] * 50
    assert way.next_at is None


def test_what_is_forgotten_never_arrives() -> None:
    way: Way[str] = Way(Conditions(delay_ms=50), Random(3))
    way.tell("message", 1.0)
    way.clear()
    assert way.next_at is None and way.arrived(9.0) == []


def test_the_same_seed_gives_the_same_fates_and_another_one_others() -> None:
    conditions = Conditions(loss_percent=10, loss_burst=3, jitter_ms=40)
    assert carried(conditions, 7) == carried(conditions, 7)
    assert carried(conditions, 7) != carried(conditions, 8)
