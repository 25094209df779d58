"""The last moment before a call: who has stood still after the row was written dials nobody, or is counted anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from campaign.calls.attempt import _dial
from campaign.calls.beginning import Begun
from campaign.calls.facts import contacts
from campaign.calls.placing import DIAL_WITHIN_SECONDS
from campaign.running.lease import LeaseDoubtful
from campaign.works import Works
from models import Attempt, Line
from models.lines import LATE_SECONDS, LineCaps, Lines, enter_lines
from telephony.legs import Leg, Places
from tests.campaign.test_attempt import begun_for, ears, works
from tests.conftest import NOON, publish

__all__ = ["ears", "works"]

LINES = Lines((LineCaps("main", 1, 1), LineCaps("other", 1, 1)))


@dataclass
class Switch:
    """A dialer that notes what is dialled where, on the first trunk that may be used, and a clock that is set."""

    order: tuple[str, ...] = LINES.names
    seconds: float = 1000.0
    dialled: list[str] = field(default_factory=list)

    def roads(self) -> Sequence[str]:
        return self.order

    async def dial(self, call_id: str, number: str, *, ring_seconds: float, places: Places | None = None) -> Leg:
        assert places is not None
        for name in self.order:
            if await places.take(name):
                self.dialled.append(name)
                break
        return None  # type: ignore[return-value]


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def begun(works: Works, switch: Switch, task_id: int) -> tuple[Works, Begun]:
    """An attempt whose row has just been written, and the works it is made with."""
    publish(works.database, "suitability")
    with works.database.write() as session:
        enter_lines(session, LINES)
    counted = replace(works, dialer=switch, lines=LINES, seconds=lambda: switch.seconds)
    return counted, begun_for(counted, task_id)


def line_of(works: Works) -> str:
    with works.database.read() as session:
        return session.scalars(select(Attempt)).one().line


def starts(works: Works, name: str) -> list[datetime]:
    with works.database.read() as session:
        return [datetime.fromtimestamp(at, UTC) for at in session.get_one(Line, name).starts]


async def test_a_call_goes_out_where_its_row_says(begun: tuple[Works, Begun], switch: Switch) -> None:
    await _dial(*begun)
    assert (switch.dialled, line_of(begun[0]), len(starts(begun[0], "main"))) == (["main"], "main", 1)


async def test_a_start_that_is_a_moment_late_is_counted_anew(begun: tuple[Works, Begun], switch: Switch) -> None:
    (first,) = starts(begun[0], "main")
    switch.seconds += LATE_SECONDS + 0.1
    await _dial(*begun)
    (second,) = starts(begun[0], "main")
    assert switch.dialled == ["main"]
    assert second > first


async def test_a_call_that_another_trunk_takes_counts_there(begun: tuple[Works, Begun], switch: Switch) -> None:
    switch.order = ("other",)
    await _dial(*begun)
    assert (switch.dialled, line_of(begun[0])) == (["other"], "other")
    assert len(starts(begun[0], "main")) == len(starts(begun[0], "other")) == 1


async def test_who_stood_still_for_longer_dials_nobody(begun: tuple[Works, Begun], switch: Switch) -> None:
    switch.seconds += DIAL_WITHIN_SECONDS + 0.1
    with pytest.raises(LeaseDoubtful):
        await _dial(*begun)
    assert switch.dialled == []


def test_a_questionnaire_and_a_call_of_the_clients_own_are_no_calls_of_ours() -> None:
    made = {"started_at": NOON, "served": []}
    attempts = [
        Attempt(direction="outgoing", method="voice_bot", outcome="busy", **made),
        Attempt(direction="outgoing", method="human_call", outcome="reviewed", **made),
        Attempt(direction="outgoing", method="voice_bot", outcome="own_line_failed", **made),
        Attempt(direction="outgoing", method="questionnaire", outcome="reviewed", **made),
        Attempt(direction="incoming", method="voice_bot", outcome="reviewed", **made),
    ]
    assert len(contacts(attempts)) == 2
