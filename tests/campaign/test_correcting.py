"""Correction of results: both values stay, the newest counts, nobody overwrites what they have not seen (§8.3.3)."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.exporting import results_csv
from campaign.house import House
from campaign.other_ways.correcting import CorrectionRefused, Wanted, choices_for, correct_answer, correct_status
from campaign.other_ways.inviting import NO_ADDRESS, send_form, why_no_form
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from intents import load_matcher
from models import Answer, Attempt, Correction, Database, Event, Notice, Product, ReviewTask, Staff
from models.outbox import told_by_hand
from models.queue import begin_attempt
from models.scripts import published_version
from models.settlements import SettledTask, Settlement, settle
from tests.campaign.test_exporting import table
from tests.campaign.test_questionnaires import Later
from tests.conftest import NOON, publish, served

HOUSE = House("华夏安信证券", "客户服务中心", "8001", "95500")
LATER = NOON + timedelta(days=1)


@pytest.fixture
def answer_id(database: Database, task_id: int) -> int:
    """A reviewed task whose client was heard to say no to one question."""
    publish(database, "suitability")
    with database.write() as session:
        version = published_version(session, "suitability")
        assert version is not None
        (one,) = served(session, task_id)
        attempt = begin_attempt(
            session,
            [type(one)(one.task_id, one.no, "suitability", version.hash)],
            dialled="13800001111",
            worker="w",
            now=NOON,
            script_hash=version.hash,
            facts="{}",
        )
        question = "suitability.self_operated"
        said: dict[str, object] = {"question": question, "node": question, "value": "no", "words": "不是我"}
        said |= {"intent": "no", "confidence": 0.9, "evidence": "规则", "start_ms": 1, "end_ms": 2}
        task = SettledTask(task_id, status="已完成：已回访", final=True, answers=(said,))
        settle(session, Settlement(attempt.id, "w", NOON, "reviewed", (task,)))
        session.add_all(
            [Staff(number="8101", name="周岚", post="inspector"), Staff(number="8201", name="吴峰", post="manager")]
        )
        session.flush()
        return session.scalars(select(Answer.id)).one()


def by(session: Session, number: str = "8101") -> Staff:
    return session.scalars(select(Staff).where(Staff.number == number)).one()


def correct(database: Database, answer_id: int, value: str, *, seen: int = 0, reason: str = "听错了") -> int:
    with database.write() as session:
        correct_answer(session, answer_id, Wanted(value, reason, by(session), seen), LATER)
        return session.scalars(select(Correction.id).order_by(Correction.id.desc())).first() or 0


def restate(database: Database, task_id: int, status: str, *, seen: int = 0) -> ReviewTask:
    with database.write() as session:
        correct_status(session, task_id, Wanted(status, "核实录音", by(session), seen), HOUSE, LATER)
    with database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        session.expunge(task)
        return task


def test_both_values_are_kept_and_the_corrected_one_counts(database: Database, answer_id: int) -> None:
    correct(database, answer_id, "yes")
    with database.read() as session:
        row = session.scalars(select(Correction)).one()
        assert (row.before, row.after, row.reason, row.by, row.at) == ("no", "yes", "听错了", "周岚（8101）", LATER)
        assert session.get_one(Answer, answer_id).value == "no"
        (line,) = table(results_csv(session))
    assert (line["suitability.self_operated"], line["人工更正"]) == ("是", "suitability.self_operated")


def test_a_second_correction_builds_on_the_first(database: Database, answer_id: int) -> None:
    first = correct(database, answer_id, "yes")
    correct(database, answer_id, "unsure", seen=first, reason="客户来电说明")
    with database.read() as session:
        rows = session.scalars(select(Correction).order_by(Correction.id)).all()
        assert [(row.before, row.after) for row in rows] == [("no", "yes"), ("yes", "unsure")]
        assert table(results_csv(session))[0]["suitability.self_operated"] == "不确定"


def test_nobody_overwrites_what_they_have_not_seen(database: Database, answer_id: int) -> None:
    """Two who look at the same screen and decide at once: one of them is told."""
    start, done, refused = threading.Barrier(2), [], []

    def try_it(value: str) -> None:
        start.wait(timeout=60)
        try:
            done.append(correct(database, answer_id, value))
        except CorrectionRefused as error:
            refused.append(str(error))

    threads = [threading.Thread(target=try_it, args=(value,)) for value in ("yes", "unsure")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(done) == 1
    assert refused == ["刚刚有人更正过：请看过现在的内容再决定"]


@pytest.mark.parametrize(
    ("value", "reason", "why"),
    [
        ("maybe", "听错了", "没有这个选项"),
        ("", "听错了", "没有这个选项"),
        ("no", "听错了", "相同"),
        ("yes", "  ", "请写明"),
        ("yes", "长" * 501, "原因过长"),
    ],
)
def test_only_what_the_script_offers_and_with_a_reason(
    database: Database, answer_id: int, value: str, reason: str, why: str
) -> None:
    with pytest.raises(CorrectionRefused, match=why):
        correct(database, answer_id, value, reason=reason)
    with database.read() as session:
        assert session.scalar(select(func.count(Correction.id))) == 0


def test_the_choices_are_those_of_the_script_that_was_spoken(database: Database, answer_id: int) -> None:
    with database.read() as session:
        answer = session.get_one(Answer, answer_id)
        assert [option.value for option in choices_for(session, answer)] == ["yes", "no", "unsure"]
        answer.script_hash = "0" * 64
        assert choices_for(session, answer) == ()
        session.rollback()


def test_who_serves_the_client_corrects_nothing(database: Database, answer_id: int) -> None:
    """000 §6.3."""
    with database.write() as session, pytest.raises(CorrectionRefused, match="§6.3"):
        correct_answer(session, answer_id, Wanted("yes", "是我的客户", by(session, "B01")), LATER)


def test_a_reopened_review_goes_to_a_person(database: Database, task_id: int, answer_id: int) -> None:
    task = restate(database, task_id, "未完成：转人工")
    assert (task.status, task.final, task.with_human, task.due_at) == ("未完成：转人工", False, True, None)
    with database.read() as session:
        event = session.scalars(select(Event)).one()
        assert event.kind == "task.status_changed"
        assert (event.body["status"], event.body["final"], event.body["before"]) == (
            "未完成：转人工",
            False,
            "已完成：已回访",
        )
        assert table(results_csv(session))[0]["人工更正"] == "登记状态"


def test_a_final_status_waits_for_its_notice_here_too(database: Database, task_id: int, answer_id: int) -> None:
    """Table F.1 row 1."""
    task = restate(database, task_id, "已完成：拒绝回访")
    assert (task.status, task.final, task.closes_as) == ("未完成：拒绝回访", False, "已完成：拒绝回访")
    with database.write() as session:
        notice = session.scalars(select(Notice)).one()
        assert (notice.kind, notice.state) == ("review_sms", "waiting")
        notice.state = "failed"
        session.flush()
        assert told_by_hand(session, Notice, notice.id, by="8201", now=LATER)
    with database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        assert (task.status, task.final, task.closes_as) == ("已完成：拒绝回访", True, "")


def test_a_task_that_was_told_and_corrected_closes_by_its_next_notice_too(
    database: Database, task_id: int, answer_id: int
) -> None:
    """Table F.1 rows 1 and 8: each owes a notice of its own; the firm's system is told of both ends."""
    seen = 0
    for status, kind in (("已完成：拒绝回访", "review_sms"), ("已完成：空号", "update_contact")):
        restate(database, task_id, status, seen=seen)
        with database.write() as session:
            seen = session.scalars(select(func.max(Correction.id))).one()
            notice = session.scalars(select(Notice).where(Notice.kind == kind)).one()
            notice.state = "failed"
            session.flush()
            assert told_by_hand(session, Notice, notice.id, by="8201", now=LATER)
    with database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        assert (task.status, task.final, task.closes_as) == ("已完成：空号", True, "")
        told = [event.body["status"] for event in session.scalars(select(Event).order_by(Event.id))]
    assert told == ["未完成：拒绝回访", "已完成：拒绝回访", "未完成：空号", "已完成：空号"]


def test_who_was_told_already_is_not_told_again(database: Database, task_id: int, answer_id: int) -> None:
    with database.write() as session:
        session.add(Notice(task_id=task_id, kind="review_sms", channel="sms", text="x", created_at=NOON, state="sent"))
    task = restate(database, task_id, "已完成：无人应答")
    assert (task.status, task.final) == ("已完成：无人应答", True)
    with database.read() as session:
        assert session.scalar(select(func.count(Notice.id))) == 1


def test_a_mandatory_review_that_turns_out_undone_suspends_the_business(
    database: Database, task_id: int, answer_id: int
) -> None:
    """Table F.1 note 1."""
    with database.write() as session:
        session.get_one(ReviewTask, task_id).review_type = "new_account"
    restate(database, task_id, "已完成：错号")
    with database.read() as session:
        kinds = session.scalars(select(Event.kind).order_by(Event.id)).all()
    assert kinds == ["task.status_changed", "business.suspended"]


def test_a_status_is_corrected_only_at_rest_and_to_one_of_the_table(
    database: Database, task_id: int, answer_id: int
) -> None:
    with pytest.raises(CorrectionRefused, match="表F.1"):
        restate(database, task_id, "已完成：开心")
    with pytest.raises(CorrectionRefused, match="相同"):
        restate(database, task_id, "已完成：已回访")
    restate(database, task_id, "未完成：转人工")
    with pytest.raises(CorrectionRefused, match="刚刚有人更正过"):
        restate(database, task_id, "已完成：已回访")
    with database.write() as session:
        session.get_one(ReviewTask, task_id).due_at = NOON
        session.flush()
        begin_attempt(
            session,
            served(session, task_id),
            dialled="13800001111",
            worker="w",
            now=LATER,
            script_hash="f" * 64,
            facts="{}",
        )
    with pytest.raises(CorrectionRefused, match="正在通话"):
        restate(database, task_id, "已完成：已回访", seen=1)


def test_a_form_is_sent_once_where_it_may_be(database: Database, task_id: int, answer_id: int) -> None:
    def forms(address: str = "https://hf.example.com") -> Forms:
        return Forms(database, Shelf(database), HOUSE, Later(), load_matcher(), address, "w")

    assert send_form(forms(""), task_id) == NO_ADDRESS
    assert "不需要问卷" in send_form(forms(), task_id)
    with database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.status, task.final = "未完成：无人应答", False
    assert send_form(forms(), task_id) == ""
    assert "已经发送过" in send_form(forms(), task_id)
    with database.read() as session:
        assert session.scalars(select(Notice.kind)).all() == ["questionnaire"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"status": "已完成：拒绝回访", "final": True}, "已拒绝"),
        ({"attempts_made": 0}, "还没有拨打过"),
        ({"review_type": "new_account", "slots": {"开户方式": "单向视频"}}, "表A.1第1项"),
        ({"valid_from": NOON + timedelta(days=1)}, "冷静期"),
        ({"final": True, "status": "已完成：无人应答", "year": -1}, "年度内"),
    ],
)
def test_where_no_form_may_be_sent_the_reason_is_given(
    database: Database, task_id: int, answer_id: int, change: dict[str, object], why: str
) -> None:
    forms = Forms(database, Shelf(database), HOUSE, Later(), load_matcher(), "https://hf.example.com", "w")
    with database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        task.status = "未完成：无人应答"
        for name, value in change.items():
            setattr(task, name, value)
        if "year" in change:
            session.scalars(select(Attempt)).one().started_at -= timedelta(days=365)
        task.product = Product(code="P1", name="货币基金", risk_level="R1")
        with session.no_autoflush:
            assert why in why_no_form(task, forms, NOON)
        session.rollback()
