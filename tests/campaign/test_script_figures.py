"""Where the calls of a script end, and what was not understood: from logs as calls write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from benchmarks.cluster import Cluster
from bot.moves import Collect, Heard, Listen
from bot.replay import move_to_json
from campaign.script_figures import (
    MOST_UNKNOWN,
    NodeFigures,
    count_ended,
    figures_by_node,
    tally_of_calls,
)
from intents import Intent, Match
from models import Attempt, AttemptTask, CallEvent, Database, ScriptVersion, Seal
from models.counting import Course, Day, SpokenIn, not_counted, tally_of
from tests.conftest import publish

NODES = ("opening.identity", "suitability.knows_rules", "suitability.self_operated", "closing")
NIGHT = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # half past midnight of the third of March in China
THIRD = date(2026, 3, 3)


def asked(node: str) -> tuple[str, str]:
    return "Listen", move_to_json(Listen(node))


def heard(text: str, intent: Intent, goes_on: bool = False) -> tuple[str, str]:
    return "Heard", move_to_json(Heard(text, Match(intent), 0, 1, goes_on=goes_on))


def call(
    outcome: str, moves: Sequence[tuple[str, str]], client: str = "", questions: Mapping[str, str] | None = None
) -> Course:
    return Course(Day("suitability", "f" * 64, THIRD), outcome, client, questions or {}, moves)


def figures(*calls: Course) -> tuple[NodeFigures, ...]:
    return figures_by_node(tally_of_calls(calls, NODES), NODES)


def test_each_call_counts_once_at_a_node_and_ends_where_it_was_asked_last() -> None:
    reviewed = call("reviewed", [asked(NODES[0]), heard("是我", Intent.YES), asked(NODES[1])])
    left = call("hung_up", [asked(NODES[0]), asked(NODES[0]), heard("啊", Intent.UNCLEAR), asked(NODES[1])])
    refused = call("refused", [asked(NODES[0]), heard("别打了", Intent.REFUSE)])
    first, second = figures(reviewed, left, refused)
    assert (first.node, first.asked, first.ended, first.by_outcome) == (NODES[0], 3, 1, (("refused", 1),))
    assert (second.node, second.asked, second.ended, second.drop_off) == (NODES[1], 2, 1, 0.5)
    assert (first.heard, first.unclear, first.unknown) == (3, 1, (("啊", 1),))


def test_what_was_not_understood_is_masked_and_counted() -> None:
    moves = [
        asked(NODES[1]),
        heard("我单小明的号是13800001111", Intent.UNCLEAR),
        asked(NODES[1]),
        heard("我单小明的", Intent.UNCLEAR),
        heard("我单小明的号是13800001111", Intent.UNCLEAR, goes_on=True),  # the client had only paused
        ("Collect", move_to_json(Collect(NODES[0]))),
        heard("", Intent.UNCLEAR),
    ]
    first, second = figures(call("hung_up", moves, "单小明"))
    assert second.unknown == (("我单**的号是138****1111", 2),)
    assert (second.heard, second.unclear) == (2, 2)
    assert first.unknown == (("（没有听出内容）", 1),)


def test_nodes_of_a_merged_call_are_counted_for_their_own_script() -> None:
    questions = {"suitability.knows_rules~2": "suitability.knows_rules"}
    moves = [asked("suitability.knows_rules~2"), asked("anomaly.own_act~1"), asked("opening.identity~1")]
    found = figures(call("hung_up", moves, questions=questions))
    assert {one.node: (one.asked, one.ended) for one in found} == {NODES[0]: (1, 1), NODES[1]: (1, 0)}


@pytest.fixture
def ended_call(database: Database, task_id: int) -> int:
    """A call that was hung up at the second question, after words that were not understood."""
    publish(database, "suitability")
    moves = [asked(NODES[0]), heard("单小明的号码是13800001111", Intent.UNCLEAR), asked(NODES[1])]
    with database.write() as session:
        hashed = session.scalars(select(ScriptVersion.hash)).one()
        made = Attempt(
            call_id="1-1", task_id=task_id, customer_id=1, no=1, dialled="13800000000", worker="w", started_at=NIGHT,
            ended_at=NIGHT + timedelta(minutes=1), outcome="hung_up", script="suitability", script_hash=hashed,
            facts="{}", talk_ms=30_000,
        )  # fmt: skip
        session.add(made)
        session.flush()
        session.add(AttemptTask(attempt_id=made.id, task_id=task_id, no=1, script="suitability", script_hash=hashed))
        for seq, (kind, body) in enumerate(moves):
            session.add(CallEvent(attempt_id=made.id, seq=seq, at_ms=seq * 1000, kind=kind, body=body))
        return made.id


def of_days(database: Database, first: date, last: date) -> tuple[NodeFigures, ...]:
    with database.read() as session:
        hashed = session.scalars(select(AttemptTask.script_hash)).first() or ""
        return figures_by_node(tally_of(session, SpokenIn("suitability", hashed, first, last), MOST_UNKNOWN), NODES)


def test_an_ended_call_is_counted_once_and_on_its_day_in_china(database: Database, ended_call: int) -> None:
    with database.write() as session:
        assert not_counted(session) == 1
        assert [count_ended(session), count_ended(session), not_counted(session)] == [1, 0, 0]
    first, second = of_days(database, THIRD, THIRD)
    assert (first.node, first.asked, first.unclear, first.ended) == (NODES[0], 1, 1, 0)
    assert first.unknown == (("单**的号码是138****1111", 1),)
    assert (second.node, second.ended, second.by_outcome) == (NODES[1], 1, (("hung_up", 1),))
    assert of_days(database, date(2026, 3, 1), date(2026, 3, 2)) == ()


def test_tallies_of_several_counts_and_days_add_up(database: Database, ended_call: int) -> None:
    for day in (NIGHT, NIGHT, NIGHT + timedelta(days=2)):
        with database.write() as session:
            session.execute(update(Attempt).values(counted=False, started_at=day))
            count_ended(session)
    assert [one.asked for one in of_days(database, THIRD, THIRD)] == [2, 2]
    first, second = of_days(database, THIRD, THIRD + timedelta(days=2))
    assert (first.asked, first.unknown) == (3, (("单**的号码是138****1111", 3),))
    assert (second.ended, second.by_outcome) == (3, (("hung_up", 3),))


@pytest.mark.parametrize("broken", ["log", "seal"])
def test_a_call_that_cannot_be_read_keeps_no_other_from_being_counted(
    database: Database, ended_call: int, broken: str
) -> None:
    with database.write() as session:
        first = session.get_one(Attempt, ended_call)
        other = Attempt(
            call_id="1-2", task_id=first.task_id, customer_id=1, no=2, dialled="13800000000", worker="w",
            started_at=NIGHT, ended_at=NIGHT, outcome="hung_up", script="suitability", script_hash=first.script_hash,
            facts="{}", talk_ms=30_000,
        )  # fmt: skip
        session.add(other)
        session.flush()
        session.add(
            AttemptTask(attempt_id=other.id, task_id=other.task_id, no=2, script="suitability",
                        script_hash=first.script_hash)
        )  # fmt: skip
        unreadable = CallEvent(attempt_id=other.id, seq=0, at_ms=0, kind="Listen", body="{")
        session.add(unreadable)
        session.flush()
        if broken == "seal":
            session.execute(text("UPDATE call_event SET body = 'x' WHERE id = :id"), {"id": unreadable.id})
    with database.write() as session:
        assert [count_ended(session), not_counted(session)] == [2, 0]
    assert [one.asked for one in of_days(database, THIRD, THIRD)] == [1, 1]


def test_whoever_counts_is_not_waited_for(postgresql: Cluster, seal: Seal) -> None:
    database = Database(postgresql.create("figures", template="huifang"))
    with database.write() as still, database.write() as session:
        count_ended(still)
        session.execute(text("SET LOCAL lock_timeout = '5s'"))
        assert count_ended(session) == 0
    database.close()
    postgresql.drop("figures")


def test_a_call_on_the_line_is_not_counted_yet(database: Database, ended_call: int) -> None:
    with database.write() as session:
        session.execute(update(Attempt).values(ended_at=None))
        assert [not_counted(session), count_ended(session)] == [0, 0]
