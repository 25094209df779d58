"""The inspectors' queues, scores and search hold on both databases."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select
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
    Seal,
    Staff,
)
from models.calls import CallFilter, calls
from models.errors import TakenByAnother
from models.inspecting import (
    QueueFilter,
    Round,
    Standing,
    add_comment,
    ask_for,
    change_rule,
    comments_of,
    give_back,
    next_open,
    not_taken_in,
    queue,
    take,
    take_in,
    waiting_by_reason,
)
from models.inspecting_results import Span, by_agent, by_script, calibrate, calibrations, scores
from models.inspecting_scores import (
    Given,
    add_card,
    answer_appeal,
    appeal,
    card_of,
    cards_in_use,
    give_score,
    lay_out_cards,
    open_appeals,
    owns,
    second_review,
    usual_card,
)
from models.inspecting_search import calls_saying, signature
from models.tables import Delivery, RiskFlag
from rules.inspecting import Reason, Rule
from rules.scorecards import BOT_CARD, Card, Item, Mark
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


def test_a_call_is_judged_by_the_rules_of_its_time(database: Database, task_id: int, people: dict[str, int]) -> None:
    with database.write() as session:
        add_call(session, task_id, 1)
        change_rule(session, Reason.DRAWN, Rule(Fraction(1), 7), people["2001"], LATER)
        add_call(session, task_id, 2, ended_at=LATER)
        change_rule(session, Reason.DRAWN, Rule(Fraction(0), 7), people["2001"], LATER + timedelta(minutes=1))
        take_in(session, LATER, 10)
        attempt = session.scalars(select(Inspection)).one().attempt
        assert attempt.call_id == f"{task_id}-2"


def test_of_two_inspectors_one_gets_the_call(database: Database, waiting: int, people: dict[str, int]) -> None:
    start, won = threading.Barrier(2, timeout=10), []

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
        thread.join(timeout=20)
    assert len(won) == 1
    with database.write() as session:
        loser = people[({"2001", "2002"} - set(won)).pop()]
        assert not give_back(session, waiting, loser)
        assert give_back(session, waiting, people[won[0]])
        take(session, waiting, loser, LATER)


def test_the_queue_shows_what_is_open_mine_late_and_done(
    database: Database, waiting: int, people: dict[str, int]
) -> None:
    def shown(standing: Standing, number: str = "2001", now: datetime = LATER) -> list[int]:
        with database.read() as session:
            wanted = QueueFilter(people[number], standing)
            return [one.id for one in queue(session, wanted, now, page=1, size=9).items]

    assert shown(Standing.OPEN) == shown(Standing.ALL) == [waiting]
    assert shown(Standing.LATE) == []
    assert shown(Standing.LATE, now=NOON + timedelta(days=3)) == [waiting]
    with database.read() as session:
        assert waiting_by_reason(session, LATER) == {"high_risk": (1, 0)}
        assert waiting_by_reason(session, NOON + timedelta(days=3)) == {"high_risk": (1, 1)}
        assert next_open(session, people["2001"], "high_risk") == waiting
        assert next_open(session, people["2001"], "drawn") is None
    with database.write() as session:
        take(session, waiting, people["2001"], LATER)
    assert shown(Standing.MINE) == shown(Standing.TAKEN, "2002") == [waiting]
    assert shown(Standing.OPEN) == shown(Standing.MINE, "2002") == shown(Standing.DONE) == []


def test_nobody_inspects_their_own_call(database: Database, waiting: int, people: dict[str, int]) -> None:
    with database.write() as session:
        call = session.get_one(Inspection, waiting).attempt_id
        task = session.get_one(Attempt, call).task_id
        session.add(HumanReview(task_id=task, staff_id=people["2001"], attempt_id=call, taken_at=NOON, held_until=NOON))
    with database.write() as session:
        assert next_open(session, people["2001"]) is None
        with pytest.raises(TakenByAnother):
            take(session, waiting, people["2001"], LATER)


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


def test_a_persons_call_counts_for_the_person(database: Database, waiting: int, people: dict[str, int]) -> None:
    with database.write() as session:
        call = session.get_one(Inspection, waiting).attempt_id
        review = {"taken_at": NOON, "held_until": NOON, "ended_at": NOON}
        task = session.get_one(Attempt, call).task_id
        session.add(HumanReview(task_id=task, staff_id=people["3001"], attempt_id=call, **review))
        take(session, waiting, people["2001"], LATER)
        made = scored(session, waiting, people["2001"], notice=Mark.NONE)
        agent, other = session.get_one(Staff, people["3001"]), session.get_one(Staff, people["2002"])
        assert owns(session, made, agent, leads=False)
        assert not owns(session, made, other, leads=True)
    with database.read() as session:
        (row,) = by_agent(session, Span())
        assert (row.name, row.number, row.points, row.passed, row.fatal) == ("郑可", "3001", 90.0, 0, 1)
        assert by_script(session, Span()) == []
        assert scores(session, Span(), agent="3001", page=1, size=9).total == 1


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
        assert second_review(session, first, LATER) is again
        with pytest.raises(TakenByAnother):
            take(session, again.id, people["2001"], LATER)
        take(session, again.id, people["2002"], LATER)
        scored(session, again.id, people["2002"])
    with database.read() as session:
        assert open_appeals(session) == []
        assert [one.tenths for one in scores(session, Span(), page=1, size=9).items] == [1000]


def test_who_calibrates_sees_only_their_own(database: Database, waiting: int, people: dict[str, int]) -> None:
    both = [people["2001"], people["2002"]]
    with database.write() as session:
        lay_out_cards(session, NOON)
        card, call = cards_in_use(session)[0], session.get_one(Inspection, waiting).attempt_id
        made = calibrate(session, "十一月", card.id, [call], both, (people["2001"], LATER), NOON + timedelta(days=3))
        mine = {one.taken_by_id: one.id for one in made.inspections}
        scored(session, mine[both[0]], both[0])
        assert not give_back(session, mine[both[1]], both[1])
    with database.read() as session:
        for person in both:
            everything = queue(session, QueueFilter(person, Standing.ALL), LATER, page=1, size=9).items
            assert {one.id for one in everything} == {waiting, mine[person]}
        assert by_script(session, Span()) == []  # nobody's result
        (told,) = calibrations(session)
        assert [one.score is not None for one in told.inspections] == [True, False]


def test_a_card_has_versions_and_the_latest_is_used(database: Database, waiting: int, people: dict[str, int]) -> None:
    with database.write() as session:
        lay_out_cards(session, NOON)
        lay_out_cards(session, NOON)
        bots, persons = cards_in_use(session)
        card = Card((Item("a", "甲", 1),), 60)
        newer = add_card(session, bots.name, card, people["2001"], LATER)
        assert (newer.version, card_of(newer)) == (2, card)
        assert cards_in_use(session) == [persons, newer]
        attempt = session.get_one(Inspection, waiting).attempt
        assert usual_card(session, attempt) in (persons, newer)
        attempt.method = "human_call"
        assert usual_card(session, attempt) is persons
        persons.retired = newer.retired = True
        session.flush()
        assert usual_card(session, attempt) is None


def test_comments_stand_in_the_order_of_the_recording(database: Database, waiting: int, people: dict[str, int]) -> None:
    with database.write() as session:
        call = session.get_one(Inspection, waiting).attempt_id
        add_comment(session, call, 9000, "语气", people["2001"], LATER)
        add_comment(session, call, 1000, "没有告知录音", people["2002"], LATER)
        told = [(one.at_ms, one.words, one.staff.name) for one in comments_of(session, call)]
    assert told == [(1000, "没有告知录音", "吴越"), (9000, "语气", "周岚")]


def test_a_call_can_be_put_into_the_queue_by_hand(database: Database, waiting: int, task_id: int) -> None:
    with database.write() as session:
        other = add_call(session, task_id, 2)
        made = ask_for(session, other.id, LATER, LATER + timedelta(days=1))
        assert (made.lead, made.round) == ("asked", "first")
        assert ask_for(session, other.id, LATER, LATER).id == made.id


def test_a_phrase_is_found_in_what_the_client_said(database: Database, task_id: int) -> None:
    with database.write() as session:
        ids = [
            add_call(session, task_id, 1, ("是的", "他跟我说保证收益，没有风险")).id,
            add_call(session, task_id, 2, ("保证", "收益")).id,
            add_call(session, task_id, 3, ("ＶＩＰ 客户经理",)).id,
        ]
        take_in(session, LATER, 10)

        def found(phrase: str) -> list[int]:
            said = calls_saying(session, CallFilter(), phrase, 0, most=9, stop=lambda: False)
            assert (said.looked_at, said.go_on) == (3, None)
            return [attempt.id for attempt in reversed(said.items)]

        assert found("保证收益") == ids[:1]
        assert found("收益，没有") == ids[:1]  # pauses do not matter
        assert found("保证") == ids[:2]
        assert found("vip客户") == ids[2:]
        assert found("承诺收益") == []


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
            return [one.no for one in calls(session, CallFilter(**wanted), page=1, size=9).items]  # type: ignore[arg-type]

        assert found(line="main") == found(status="已完成：已回访") == found(risk="unaware") == [1]
        assert found(line="3001") == found(question="a.b", answer="no") == found(answer="no") == [2]
        assert found(line="9") == found(question="a.b", answer="yes") == found(risk="threat") == []


def test_signatures_tell_nothing_without_the_key(database: Database, task_id: int) -> None:
    with database.write() as session:
        add_call(session, task_id, 1, ("他跟我说保证收益",))
        take_in(session, LATER, 10)
        kept = session.scalars(select(CallIndex.heard)).one()
    assert len(kept) == 256
    assert kept == signature(["他跟我说保证收益！"])
    assert sum(bin(byte).count("1") for byte in kept) <= 2 * 7
    assert "保证".encode() not in kept


def test_every_call_with_the_words_passes_its_signature(seal: Seal) -> None:
    """No false negatives: the signature of a text holds that of each of its parts."""
    text = "我不知道什么风险等级也没有签过字都是客户经理帮我弄的"
    whole = int.from_bytes(signature([text]))
    for start in range(len(text) - 2):
        part = int.from_bytes(signature([text[start : start + 3]]))
        assert part & whole == part
