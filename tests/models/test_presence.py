"""How long agents were what, on both databases."""

from __future__ import annotations

from datetime import timedelta

from models import Database, Staff
from models.presence import be_present, close_presences, duties_since
from tests.conftest import NOON


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_the_presences_of_a_day_add_up_and_what_a_dead_process_left_open_is_closed(either_database: Database) -> None:
    with either_database.write() as session:
        first, second = Staff(number="8002", name="孙敏", post=""), Staff(number="8003", name="李静", post="")
        session.add_all([first, second])
        session.flush()
        be_present(session, first.id, "空闲", "w1", NOON - minutes(30))
        be_present(session, first.id, "忙碌", "w1", NOON + minutes(10))
        be_present(session, first.id, "话后处理", "w1", NOON + minutes(14))
        be_present(session, first.id, "空闲", "w1", NOON + minutes(15))
        be_present(session, second.id, "小休", "w2", NOON)
        be_present(session, second.id, "", "w2", NOON + minutes(5))
    with either_database.read() as session:
        mine, other = duties_since(session, NOON, NOON + minutes(20))
        assert (mine.staff.number, mine.presence, mine.since) == ("8002", "空闲", NOON + minutes(15))
        assert mine.spent == {"空闲": minutes(15), "忙碌": minutes(4), "话后处理": minutes(1)}
        assert (other.presence, other.since, other.spent) == ("", NOON + minutes(5), {"小休": minutes(5)})
    with either_database.write() as session:
        close_presences(session, "w1", NOON + minutes(30))
    with either_database.read() as session:
        assert [duty.presence for duty in duties_since(session, NOON, NOON + minutes(40))] == ["", ""]
