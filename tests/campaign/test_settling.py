"""What an ended call leaves behind: verdict, redial, notice, escalation (T/SAC 002-2024 table F.1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.moves import Finish, Flag, Note
from campaign.settling import EndedCall, TaskFacts, settlement_of
from campaign.works import House
from intents import Intent
from rules import Ending, Evidence, Outcome, PastAttempt, RedialPolicy, Risk, Severity
from tests.conftest import NOON

HOUSE = House("华夏安信证券", "客户服务中心", "8001", "95500")
TASK = TaskFacts(policy=RedialPolicy(), history=(), email="", next_phone=None, deadline_at=None)
CALL = EndedCall(
    attempt_id=1,
    worker="w1",
    started_at=NOON,
    ended_at=NOON + timedelta(minutes=1),
    evidence=Evidence(answered=True, ending=Ending.COMPLETED),
    details={"announcement": ""},
    finish=Finish(Ending.COMPLETED),
)
NOTE = Note("suitability.self_operated", "yes", "是我自己", Intent.YES, 0.9, "规则", 9000, 9900)
FLAG = Flag(Risk.UNREAD, Severity.MEDIUM, "suitability.read_risk_disclosure", "没看", 20000, 20400)


def unreached(announced: str) -> EndedCall:
    return replace(CALL, evidence=Evidence(announced=announced), finish=None)


def after(outcome: Outcome, *, hours: float) -> PastAttempt:
    start = NOON - timedelta(hours=hours)
    return PastAttempt(start, start + timedelta(minutes=1), outcome)


def test_a_finished_conversation_closes_the_task_with_its_answers() -> None:
    settled = settlement_of(replace(CALL, notes=(NOTE,)), TASK, HOUSE, CALL.ended_at)
    assert (settled.status, settled.final, settled.due_at) == ("已完成：已回访", True, None)
    assert settled.answers[0]["words"] == "是我自己"
    assert settled.escalation is None
    assert settled.notice is None


def test_a_medium_risk_closes_the_task_and_asks_for_follow_up() -> None:
    settled = settlement_of(replace(CALL, flags=(FLAG,)), TASK, HOUSE, CALL.ended_at)
    assert settled.status == "已完成：已回访"
    assert settled.escalation is not None
    assert settled.escalation["severity"] == "medium"


def test_a_call_handed_over_goes_to_a_person_and_is_dialled_no_more() -> None:
    call = replace(CALL, evidence=Evidence(answered=True, ending=Ending.HANDED_OVER), finish=Finish(Ending.HANDED_OVER))
    settled = settlement_of(call, TASK, HOUSE, call.ended_at)
    assert (settled.with_human, settled.final, settled.due_at) == (True, False, None)
    assert settled.escalation is not None
    assert settled.escalation["severity"] == "high"


def test_a_busy_line_is_dialled_again_after_ten_minutes() -> None:
    settled = settlement_of(unreached("busy"), TASK, HOUSE, CALL.ended_at)
    assert settled.status == "未完成：电话占线"
    assert settled.due_at is not None
    assert settled.due_at >= CALL.ended_at + timedelta(minutes=10)
    assert settled.notice is None


def test_exhausted_calls_close_with_a_text_message() -> None:
    history = (after(Outcome.BUSY, hours=3), after(Outcome.BUSY, hours=1))
    settled = settlement_of(unreached("busy"), replace(TASK, history=history), HOUSE, CALL.ended_at)
    assert (settled.status, settled.final) == ("已完成：电话占线", True)
    assert settled.notice is not None
    assert (settled.notice.kind, settled.notice.channel) == ("review_sms", "sms")
    assert "95500" in settled.notice.text


def test_an_empty_number_is_told_by_mail_or_by_hand() -> None:
    by_hand = settlement_of(unreached("empty_number"), TASK, HOUSE, CALL.ended_at)
    by_mail = settlement_of(unreached("empty_number"), replace(TASK, email="a@b.cn"), HOUSE, CALL.ended_at)
    assert by_hand.status == by_mail.status == "已完成：空号"
    assert by_hand.notice is not None
    assert by_mail.notice is not None
    assert (by_hand.notice.channel, by_mail.notice.channel) == ("manual", "email")
    assert by_mail.notice.kind == "update_contact"


def test_a_relayed_number_is_dialled_next_and_kept() -> None:
    finish = Finish(Ending.RELAYED, new_number="13900002222")
    call = replace(CALL, evidence=Evidence(answered=True, ending=Ending.RELAYED), finish=finish)
    settled = settlement_of(call, TASK, HOUSE, call.ended_at)
    assert settled.next_phone == "13900002222"
    assert settled.due_at is not None
    later = settlement_of(unreached("busy"), replace(TASK, next_phone="13900002222"), HOUSE, CALL.ended_at)
    assert later.next_phone == "13900002222"


def test_a_callback_is_dialled_at_the_agreed_time() -> None:
    at = NOON + timedelta(hours=27)
    finish = Finish(Ending.CALLBACK, callback_at=at, callback_words="明天下午三点")
    call = replace(CALL, evidence=Evidence(answered=True, ending=Ending.CALLBACK), finish=finish)
    settled = settlement_of(call, TASK, HOUSE, call.ended_at)
    assert (settled.status, settled.due_at, settled.callback_at) == ("未完成：预约回访", at, at)


def test_our_own_line_is_not_the_clients_fault() -> None:
    settled = settlement_of(replace(unreached("busy"), evidence=Evidence(own_line_failed=True)), TASK, HOUSE, NOON)
    assert settled.outcome == "own_line_failed"
    assert not settled.final
    assert settled.due_at is not None


def test_a_redial_past_the_deadline_is_given_to_a_person() -> None:
    task = replace(
        TASK,
        policy=RedialPolicy(deadline_at=NOON + timedelta(minutes=30)),
        deadline_at=NOON + timedelta(minutes=30),
    )
    settled = settlement_of(unreached("no_answer"), task, HOUSE, CALL.ended_at)
    assert settled.due_at is None
    assert not settled.final
    assert settled.escalation is not None
