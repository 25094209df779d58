"""The inspectors' queues, scores and search, where the kind of database does not matter."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from models import (
    Attempt,
    CallIndex,
    Database,
    HumanReview,
    Inspection,
    Seal,
)
from models.calls import CallFilter
from models.errors import TakenByAnother
from models.inspecting import (
    QueueFilter,
    Standing,
    add_comment,
    ask_for,
    change_rule,
    comments_of,
    give_back,
    next_open,
    queue,
    take,
    take_in,
    waiting_by_reason,
)
from models.inspecting_results import Span, by_agent, by_script, calibrate, calibrations, scores
from models.inspecting_scores import (
    add_card,
    card_of,
    cards_in_use,
    lay_out_cards,
    may_appeal,
    usual_card,
)
from models.inspecting_search import calls_saying, signature
from rules.inspecting import Reason, Rule
from rules.scorecards import Card, Item, Mark
from tests.conftest import NOON
from tests.models.test_inspecting import LATER, add_call, people, scored, waiting

__all__ = ["people", "waiting"]  # fixtures


def test_a_call_is_judged_by_the_rules_of_its_time(database: Database, task_id: int, people: dict[str, int]) -> None:
    with database.write() as session:
        add_call(session, task_id, 1)
        change_rule(session, Reason.DRAWN, Rule(Fraction(1), 7), people["2001"], LATER)
        add_call(session, task_id, 2, ended_at=LATER)
        change_rule(session, Reason.DRAWN, Rule(Fraction(0), 7), people["2001"], LATER + timedelta(minutes=1))
        take_in(session, LATER, 10)
        attempt = session.scalars(select(Inspection)).one().attempt
        assert attempt.call_id == f"{task_id}-2"


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


def test_a_persons_call_counts_for_the_person(database: Database, waiting: int, people: dict[str, int]) -> None:
    with database.write() as session:
        call = session.get_one(Inspection, waiting).attempt_id
        review = {"taken_at": NOON, "held_until": NOON, "ended_at": NOON}
        task = session.get_one(Attempt, call).task_id
        session.add(HumanReview(task_id=task, staff_id=people["3001"], attempt_id=call, **review))
        take(session, waiting, people["2001"], LATER)
        made = scored(session, waiting, people["2001"], notice=Mark.NONE)
        # §8.3.3: 客户回访执行人员对回访结果存在异议的
        assert may_appeal(made, people["3001"], keeps_bot=False)
        assert not may_appeal(made, people["2002"], keeps_bot=True)
    with database.read() as session:
        (row,) = by_agent(session, Span())
        assert (row.name, row.number, row.points, row.passed, row.fatal) == ("郑可", "3001", 90.0, 0, 1)
        assert by_script(session, Span()) == []
        assert scores(session, Span(), agent="3001", page=1, size=9).total == 1


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
        made, was_there = ask_for(session, other.id, LATER, LATER + timedelta(days=1))
        assert not was_there
        assert (made.lead, made.round) == ("asked", "first")
        assert ask_for(session, other.id, LATER, LATER) == (made, True)


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
