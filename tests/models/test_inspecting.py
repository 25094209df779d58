"""The inspectors' queues, scores and search hold on both databases."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import (
    Answer,
    Attempt,
    CallEvent,
    CallIndex,
    Customer,
    Database,
    HumanReview,
    Inspection,
    Score,
    Staff,
)
from models.calls import CallFilter, calls
from models.errors import TakenByAnother
from models.health import unreadable_calls
from models.inspecting import (
    Round,
    change_rule,
    give_back,
    not_taken_in,
    take,
    take_in,
)
from models.inspecting_results import Span, by_agent, by_script, scores
from models.inspecting_scores import (
    Given,
    answer_appeal,
    appeal,
    cards_in_use,
    give_score,
    lay_out_cards,
    open_appeals,
    second_review,
)
from models.inspecting_search import calls_saying, signature_of
from models.tables import Delivery, RiskFlag
from rules.inspecting import Reason, Rule
from rules.scorecards import BOT_CARD, Mark
from tests.conftest import NOON

LATER = NOON + timedelta(hours=1)


def add_call(session: Session, task_id: int, no: int, said: tuple[str, ...] = (), **values: Any) -> Attempt:
    """An ended call of a task."""
    client = session.scalars(select(Customer.id)).one()
    defaults = {"started_at": NOON, "ended_at": NOON, "outcome": "reviewed", "talk_ms": 9000, "evidence": {}}
    attempt = Attempt(
        call_id=f"{task_id}-{no}",
        task_id=task_id,
        customer_id=client,
        no=no,
        dialled="13800001111",
        worker="w",
        script="suitability",
        script_hash="f" * 64,
        facts="{}",
        **(defaults | values),
    )
    session.add(attempt)
    session.flush()
    bodies = [json.dumps({"kind": "Heard", "text": text}, ensure_ascii=False) for text in said]
    session.add_all(
        CallEvent(attempt_id=attempt.id, seq=seq, at_ms=0, kind="Heard", body=body) for seq, body in enumerate(bodies)
    )
    session.flush()
    return attempt


@pytest.fixture
def people(database: Database) -> dict[str, int]:
    """Two inspectors and an agent."""
    with database.write() as session:
        staff = [
            Staff(number="2001", name="周岚", post="inspector"),
            Staff(number="2002", name="吴越", post="inspector"),
            Staff(number="3001", name="郑可", post="agent"),
        ]
        session.add_all(staff)
        session.flush()
        return {one.number: one.id for one in staff}


@pytest.fixture
def waiting(database: Database, task_id: int, people: dict[str, int]) -> int:
    """An inspection of a call with a grave risk."""
    with database.write() as session:
        call = add_call(session, task_id, 1)
        flag = {"risk": "threat", "node": "a.b", "words": "我要去证监局投诉", "start_ms": 0, "end_ms": 1}
        session.add(RiskFlag(attempt_id=call.id, task_id=task_id, severity="high", **flag))
        take_in(session, LATER, 10)
        return session.scalars(select(Inspection.id)).one()


def test_a_call_that_an_earlier_release_has_judged_is_not_judged_again(database: Database, task_id: int) -> None:
    with database.write() as session:
        calls = [add_call(session, task_id, no, outcome="interrupted") for no in (1, 2)]
        session.add(CallIndex(attempt_id=calls[0].id, heard=signature_of(calls[0])))
    with database.write() as session:
        assert [take_in(session, LATER, 10), not_taken_in(session)] == [2, 0]
        assert session.scalars(select(Inspection.attempt_id)).all() == [calls[1].id]


def test_ended_calls_are_judged_once_and_wait_by_reason(database: Database, task_id: int) -> None:
    with database.write() as session:
        change = Rule(Fraction(0), 7)
        person = Staff(number="1", name="甲", post="manager")
        session.add(person)
        session.flush()
        change_rule(session, Reason.DRAWN, change, person.id, NOON - timedelta(days=1))
        conflict = {"conflicts": ["网络语音提示为「空号」，信令为「已接通」"]}
        calls = [
            add_call(session, task_id, 1),
            add_call(session, task_id, 2, outcome="interrupted"),
            add_call(session, task_id, 3, talk_ms=0, evidence=conflict),
            add_call(session, task_id, 4),
            add_call(session, task_id, 5, ended_at=NOON - timedelta(days=400), outcome="interrupted"),
        ]
        told = {"node": "a.reminder", "played_ms": 10, "complete": False, "at_ms": 10}
        session.add(Delivery(attempt_id=calls[3].id, task_id=task_id, **told))
        add_call(session, task_id, 6, ended_at=None)
    with database.write() as session:
        assert not_taken_in(session) == 5
        assert [take_in(session, LATER, 3), take_in(session, LATER, 3), take_in(session, LATER, 3)] == [3, 2, 0]
        found = {row.attempt_id: (row.lead, row.due_at) for row in session.scalars(select(Inspection))}
    assert found == {
        calls[1].id: ("interrupted", NOON + timedelta(days=5)),
        calls[2].id: ("disagreement", NOON + timedelta(days=5)),
        calls[3].id: ("undelivered", NOON + timedelta(days=3)),
    }


def cut_off(session: Session, event: CallEvent) -> None:
    """Damage an entry of a log as a broken disk does: half of its bytes are gone."""
    body = session.execute(text("SELECT body FROM call_event WHERE id = :id"), {"id": event.id}).scalar_one()
    half = bytes(body)[: len(body) // 2]
    session.execute(text("UPDATE call_event SET body = :half WHERE id = :id"), {"half": half, "id": event.id})


def test_a_call_whose_log_is_damaged_waits_for_an_inspector_and_keeps_no_other_waiting(
    database: Database, task_id: int
) -> None:
    said = ("我不知道", "保证收益")
    with database.write() as session:
        broken, no_json, no_words, whole = (
            add_call(session, task_id, no, said, outcome="interrupted" if no == 4 else "reviewed") for no in range(1, 5)
        )
        cut_off(session, broken.events[0])
        no_json.events[0].body, no_words.events[0].body = '{"kind": "Heard", "tex', '{"kind": "Heard"}'
    with database.write() as session:
        assert [take_in(session, LATER, 10), not_taken_in(session)] == [4, 0]
        rows = session.scalars(select(Inspection).order_by(Inspection.attempt_id))
        found = [(row.attempt_id, row.lead, row.due_at) for row in rows]
        soon, later = NOON + timedelta(days=2), NOON + timedelta(days=5)
        assert found == [
            *((call.id, "unreadable", soon) for call in (broken, no_json, no_words)),
            (whole.id, "interrupted", later),
        ]
        assert unreadable_calls(session) == [call.call_id for call in (broken, no_json, no_words)]
        # What can be read of them is still found.
        saying = calls_saying(session, CallFilter(), "保证收益", 0, most=9, stop=lambda: False)
        assert {call.id for call in saying.items} == {broken.id, no_json.id, no_words.id, whole.id}


def test_of_two_inspectors_one_gets_the_call(database: Database, waiting: int, people: dict[str, int]) -> None:
    start, won = threading.Barrier(2, timeout=60), []

    def race(number: str) -> None:
        start.wait()
        try:
            with database.write() as session:
                take(session, waiting, people[number], LATER)
            won.append(number)
        except TakenByAnother:
            pass

    threads = [threading.Thread(target=race, args=(number,)) for number in ("2001", "2002")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(won) == 1
    with database.write() as session:
        loser = people[({"2001", "2002"} - set(won)).pop()]
        assert not give_back(session, waiting, loser)
        assert give_back(session, waiting, people[won[0]])
        take(session, waiting, loser, LATER)


FULL = dict.fromkeys((item.id for item in BOT_CARD.items), Mark.FULL)


def scored(session: Session, inspection_id: int, staff_id: int, **other: Mark) -> Score:
    """A score by the shipped card for bots."""
    lay_out_cards(session, NOON)
    given = Given(FULL | other, {}, {"": "很好"})
    return give_score(session, inspection_id, staff_id, cards_in_use(session)[0], given, LATER)


def test_a_score_ends_the_inspection_and_counts_for_the_script(
    database: Database, waiting: int, people: dict[str, int]
) -> None:
    with database.write() as session:
        with pytest.raises(TakenByAnother):
            scored(session, waiting, people["2001"])
    with database.write() as session:
        take(session, waiting, people["2001"], LATER)
        made = scored(session, waiting, people["2001"], understood=Mark.HALF)
        assert (made.tenths, made.passed, made.fatal) == (900, True, False)
        assert json.loads(made.notes) == {"": "很好"}
        with pytest.raises(TakenByAnother):
            scored(session, waiting, people["2001"])
    with database.read() as session:
        (row,) = by_script(session, Span(NOON, NOON + timedelta(days=1)))
        assert (row.name, row.calls, row.points, row.passed, row.fatal) == ("suitability", 1, 90.0, 1, 0)
        assert by_script(session, Span(until=NOON)) == by_agent(session, Span()) == []
        assert scores(session, Span(), script="suitability", page=1, size=9).total == 1
        assert scores(session, Span(), agent="3001", page=1, size=9).total == 0


def test_an_upheld_appeal_has_somebody_else_score_again(
    database: Database, waiting: int, people: dict[str, int]
) -> None:
    with database.write() as session:
        take(session, waiting, people["2001"], LATER)
        first = scored(session, waiting, people["2001"], notice=Mark.NONE)
        made = appeal(session, first.id, people["3001"], "录音里有告知", LATER)
        with pytest.raises(TakenByAnother):
            appeal(session, first.id, people["3001"], "再说一遍", LATER)
        assert [one.id for one in open_appeals(session)] == [made.id]
        answer_appeal(session, made.id, people["2002"], "属实", upheld=True, now=LATER)
        with pytest.raises(TakenByAnother):
            answer_appeal(session, made.id, people["2001"], "不属实", upheld=False, now=LATER)
        again = session.scalars(select(Inspection).where(Inspection.round == Round.SECOND)).one()
        assert second_review(session, first, LATER) == (again, True)
        with pytest.raises(TakenByAnother):
            take(session, again.id, people["2001"], LATER)
        take(session, again.id, people["2002"], LATER)
        scored(session, again.id, people["2002"])
    with database.read() as session:
        assert open_appeals(session) == []
        assert [one.tenths for one in scores(session, Span(), page=1, size=9).items] == [1000]


def test_a_search_goes_on_where_it_stopped(database: Database, task_id: int) -> None:
    with database.write() as session:
        for no in range(1, 5):
            add_call(session, task_id, no, ("我要投诉",), started_at=NOON + timedelta(minutes=no // 2))
        take_in(session, LATER, 10)
        seen: list[str] = []
        after = 0
        for _ in range(9):
            said = calls_saying(session, CallFilter(), "投诉", after, most=1, stop=lambda: False)
            seen += [attempt.call_id for attempt in said.items]
            after = said.go_on or 0
            if not after:
                break
        assert seen == [f"{task_id}-{no}" for no in (4, 3, 2, 1)]
        earlier = CallFilter(until=NOON + timedelta(minutes=1))
        said = calls_saying(session, earlier, "投诉", 0, most=9, stop=lambda: False)
        assert [attempt.no for attempt in said.items] == [1]


def test_calls_are_found_by_line_person_status_risk_and_answer(
    database: Database, task_id: int, people: dict[str, int]
) -> None:
    with database.write() as session:
        first = add_call(session, task_id, 1, line="main", status="已完成：已回访")
        second = add_call(session, task_id, 2)
        where = {"start_ms": 0, "end_ms": 1, "words": "不知道", "task_id": task_id}
        session.add(RiskFlag(attempt_id=first.id, risk="unaware", severity="medium", node="a.b", **where))
        asked = {"question": "a.b", "node": "a.b", "value": "no", "intent": "no", "confidence": 1.0, "evidence": ""}
        session.add(Answer(attempt_id=second.id, script_hash="f" * 64, **asked, **where))
        taken = {"task_id": task_id, "staff_id": people["3001"], "taken_at": NOON, "held_until": NOON}
        session.add(HumanReview(attempt_id=second.id, **taken))
        session.flush()

        def found(**wanted: str) -> list[int]:
            return [one.no for one in calls(session, CallFilter(**wanted), page=1, size=9)]  # type: ignore[arg-type]

        assert found(line="main") == found(status="已完成：已回访") == found(risk="unaware") == [1]
        assert found(line="3001") == found(question="a.b", answer="no") == found(answer="no") == [2]
        assert found(line="9") == found(question="a.b", answer="yes") == found(risk="threat") == []
