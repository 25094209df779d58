"""What an ended call leaves behind: verdict, redial, notice, escalation (T/SAC 002-2024 table F.1)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.moves import Attest, Finish, Flag, Heard, Note
from campaign.calls.settling import EndedCall, TaskFacts, asked_for_silence, settlement_of
from campaign.house import House
from intents import Intent, Match
from rules import Ending, Evidence, Outcome, PastAttempt, RedialPolicy, Risk, RiskLevel, Severity
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
    settled = settlement_of(replace(CALL, notes=(NOTE,)), [TASK], HOUSE, CALL.ended_at)
    assert (settled.tasks[0].status, settled.tasks[0].final, settled.tasks[0].due_at) == ("已完成：已回访", True, None)
    assert settled.tasks[0].answers[0]["words"] == "是我自己"
    assert settled.escalation is None
    assert settled.notices == ()


def test_a_medium_risk_closes_the_task_and_asks_for_follow_up() -> None:
    settled = settlement_of(replace(CALL, flags=(FLAG,)), [TASK], HOUSE, CALL.ended_at)
    assert settled.tasks[0].status == "已完成：已回访"
    assert settled.escalation is not None
    assert settled.escalation["severity"] == "medium"


def test_a_call_handed_over_goes_to_a_person_and_is_dialled_no_more() -> None:
    call = replace(CALL, evidence=Evidence(answered=True, ending=Ending.HANDED_OVER), finish=Finish(Ending.HANDED_OVER))
    settled = settlement_of(call, [TASK], HOUSE, call.ended_at)
    assert (settled.tasks[0].with_human, settled.tasks[0].final, settled.tasks[0].due_at) == (True, False, None)
    assert settled.escalation is not None
    assert settled.escalation["severity"] == "high"


def test_a_busy_line_is_dialled_again_after_ten_minutes() -> None:
    settled = settlement_of(unreached("busy"), [TASK], HOUSE, CALL.ended_at)
    assert settled.tasks[0].status == "未完成：电话占线"
    assert settled.tasks[0].due_at is not None
    assert settled.tasks[0].due_at >= CALL.ended_at + timedelta(minutes=10)
    assert settled.notices == ()


def test_exhausted_calls_close_with_a_text_message() -> None:
    history = (after(Outcome.BUSY, hours=3), after(Outcome.BUSY, hours=1))
    settled = settlement_of(unreached("busy"), [replace(TASK, history=history)], HOUSE, CALL.ended_at)
    (task,) = settled.tasks
    assert (task.status, task.final, task.closes_as) == ("未完成：电话占线", False, "已完成：电话占线")
    assert (settled.notices[0].kind, settled.notices[0].channel) == ("review_sms", "sms")
    assert "95500" in settled.notices[0].text


def test_an_empty_number_is_told_by_mail_or_by_hand() -> None:
    by_hand = settlement_of(unreached("empty_number"), [TASK], HOUSE, CALL.ended_at)
    by_mail = settlement_of(unreached("empty_number"), [replace(TASK, email="a@b.cn")], HOUSE, CALL.ended_at)
    assert by_hand.tasks[0].closes_as == by_mail.tasks[0].closes_as == "已完成：空号"
    assert (by_hand.notices[0].channel, by_mail.notices[0].channel) == ("manual", "email")
    assert by_mail.notices[0].kind == "update_contact"


def test_a_voicemail_waits_as_no_answer_and_says_what_it_was() -> None:
    evidence = Evidence(ending=Ending.MACHINE, announced="voicemail", answered=True)
    call = replace(CALL, evidence=evidence, finish=Finish(Ending.MACHINE))
    settled = settlement_of(call, [TASK], HOUSE, call.ended_at)
    assert (settled.outcome, settled.sub_reason, settled.tasks[0].status) == ("machine", "语音信箱", "未完成：无人应答")
    assert settled.tasks[0].due_at is not None
    assert settled.tasks[0].due_at >= call.ended_at + timedelta(hours=1)  # row 4
    assert settled.evidence["conflicts"] == [] and settled.evidence["disagreements"] == []


def test_a_network_that_answers_and_says_empty_number_is_believed_and_the_conflict_kept() -> None:
    evidence = Evidence(ending=Ending.MACHINE, announced="empty_number", answered=True, sip_status=200)
    call = replace(CALL, evidence=evidence, finish=Finish(Ending.MACHINE))
    settled = settlement_of(call, [TASK], HOUSE, call.ended_at)
    assert (settled.outcome, settled.tasks[0].due_at) == ("empty_number", None)
    assert settled.evidence["conflicts"] == ["网络语音提示为「空号」，信令（SIP 200）为「已接通」"]
    assert json.loads(json.dumps(settled.evidence))["disagreements"] == [
        {
            "decided_by": "announcement",
            "decided": "empty_number",
            "source": "signalling",
            "says": "SIP 200",
            "outcome": None,
        }
    ]


def test_a_relayed_number_is_dialled_next_and_kept() -> None:
    finish = Finish(Ending.RELAYED, new_number="13900002222")
    call = replace(CALL, evidence=Evidence(answered=True, ending=Ending.RELAYED), finish=finish)
    settled = settlement_of(call, [TASK], HOUSE, call.ended_at)
    assert settled.tasks[0].next_phone == "13900002222"
    assert settled.tasks[0].due_at is not None
    later = settlement_of(unreached("busy"), [replace(TASK, next_phone="13900002222")], HOUSE, CALL.ended_at)
    assert later.tasks[0].next_phone == "13900002222"


def test_a_callback_is_dialled_at_the_agreed_time() -> None:
    at = NOON + timedelta(hours=27)
    finish = Finish(Ending.CALLBACK, callback_at=at, callback_words="明天下午三点")
    call = replace(CALL, evidence=Evidence(answered=True, ending=Ending.CALLBACK), finish=finish)
    settled = settlement_of(call, [TASK], HOUSE, call.ended_at)
    assert (settled.tasks[0].status, settled.tasks[0].due_at, settled.callback_at) == ("未完成：预约回访", at, at)


def test_our_own_line_is_not_the_clients_fault() -> None:
    settled = settlement_of(replace(unreached("busy"), evidence=Evidence(own_line_failed=True)), [TASK], HOUSE, NOON)
    assert settled.outcome == "own_line_failed"
    assert not settled.tasks[0].final
    assert settled.tasks[0].due_at is not None


def test_a_redial_past_the_deadline_is_given_to_a_person() -> None:
    task = replace(
        TASK,
        policy=RedialPolicy(deadline_at=NOON + timedelta(minutes=30)),
        deadline_at=NOON + timedelta(minutes=30),
    )
    settled = settlement_of(unreached("no_answer"), [task], HOUSE, CALL.ended_at)
    assert settled.tasks[0].due_at is None
    assert not settled.tasks[0].final
    assert settled.escalation is not None


SUITABILITY = replace(TASK, task_id=7, questions={"suitability.self_operated": "suitability.self_operated"})
ANOMALY = replace(
    TASK,
    task_id=8,
    deadline_at=NOON + timedelta(days=2),
    policy=RedialPolicy(deadline_at=NOON + timedelta(days=2)),
    questions={"suitability.self_operated": "anomaly.self_operated", "anomaly.reminder": "anomaly.reminder"},
)
OPENING = Note("opening.convenient", "yes", "方便", Intent.YES, 0.9, "规则", 3000, 3500)


def test_one_answer_counts_for_every_task_under_its_own_question() -> None:
    reminder = Attest("anomaly.reminder", 9000, True, 40000)
    call = replace(CALL, notes=(OPENING, NOTE), flags=(replace(FLAG, node=NOTE.question),), attests=(reminder,))
    first, second = settlement_of(call, [SUITABILITY, ANOMALY], HOUSE, CALL.ended_at).tasks
    assert [one["question"] for one in first.answers] == ["opening.convenient", "suitability.self_operated"]
    assert [one["question"] for one in second.answers] == ["opening.convenient", "anomaly.self_operated"]
    assert {one["node"] for one in second.answers} == {"opening.convenient", "suitability.self_operated"}
    assert [flag["node"] for flag in (*first.flags, *second.flags)] == [
        "suitability.self_operated",
        "anomaly.self_operated",
    ]
    assert (first.deliveries, second.deliveries[0]["node"]) == ((), "anomaly.reminder")


def test_a_refusal_ends_every_task_with_one_notice() -> None:
    call = replace(CALL, evidence=Evidence(answered=True, ending=Ending.REFUSED), finish=Finish(Ending.REFUSED))
    settled = settlement_of(call, [SUITABILITY, ANOMALY], HOUSE, CALL.ended_at)
    assert [(one.status, one.closes_as) for one in settled.tasks] == [("未完成：拒绝回访", "已完成：拒绝回访")] * 2
    assert [(one.kind, one.task_id) for one in settled.notices] == [("review_sms", 7)]


def test_every_task_is_owed_the_attempts_of_the_strictest() -> None:
    """Note 3: at least three attempts for R5; the others of the call wait with it."""
    risky = replace(SUITABILITY, policy=RedialPolicy(risk_level=RiskLevel.R5, suitability=True))
    history = (after(Outcome.NO_ANSWER, hours=5),)
    alone = settlement_of(unreached("no_answer"), [replace(ANOMALY, history=history)], HOUSE, CALL.ended_at)
    assert alone.tasks[0].closes_as == "已完成：无人应答"
    together = settlement_of(
        unreached("no_answer"),
        [replace(ANOMALY, history=history), replace(risky, history=history)],
        HOUSE,
        CALL.ended_at,
    )
    assert [one.closes_as for one in together.tasks] == ["", ""]


def test_what_is_dialled_again_is_dialled_together_unless_a_deadline_forbids_it() -> None:
    settled = settlement_of(unreached("busy"), [SUITABILITY, ANOMALY], HOUSE, CALL.ended_at)
    assert settled.tasks[0].due_at == settled.tasks[1].due_at
    powered_off = settlement_of(
        unreached("powered_off"),
        [
            replace(SUITABILITY, history=(after(Outcome.POWERED_OFF, hours=2),)),
            replace(ANOMALY, history=()),
        ],
        HOUSE,
        CALL.ended_at,
    )
    assert powered_off.tasks[0].due_at == powered_off.tasks[1].due_at
    assert powered_off.tasks[0].due_at is not None
    assert powered_off.tasks[0].due_at > NOON + timedelta(hours=22)  # row 6: the third call more than 24 h later
    urgent = replace(
        ANOMALY, deadline_at=NOON + timedelta(hours=5), policy=RedialPolicy(deadline_at=NOON + timedelta(hours=5))
    )
    apart = settlement_of(
        unreached("powered_off"),
        [replace(SUITABILITY, history=(after(Outcome.POWERED_OFF, hours=2),)), urgent],
        HOUSE,
        CALL.ended_at,
    )
    assert apart.tasks[1].due_at is not None
    assert apart.tasks[1].due_at <= NOON + timedelta(hours=5)


def test_an_escalation_bears_the_nearest_deadline_and_the_gravest_flag() -> None:
    flags = (FLAG, replace(FLAG, risk=Risk.DISTRESS, severity=Severity.CARE))
    settled = settlement_of(replace(CALL, flags=flags), [SUITABILITY, ANOMALY], HOUSE, CALL.ended_at)
    assert settled.escalation == {"severity": "care", "deadline_at": ANOMALY.deadline_at}


def said(words: str, *, goes_on: bool = False, intent: Intent = Intent.REFUSE) -> Heard:
    return Heard(words, Match(intent), 1000, 2000, goes_on=goes_on)


def test_who_goes_on_is_heard_anew() -> None:
    first, whole = said("以后别打了"), said("以后别打了晚上打吧", goes_on=True, intent=Intent.BUSY)
    assert asked_for_silence([first])
    assert not asked_for_silence([first, whole])
    assert asked_for_silence([first, said("真的"), whole])


@pytest.mark.parametrize(
    ("ending", "flags", "silenced"),
    [
        (Ending.REFUSED, (), True),
        (Ending.HUNG_UP, (), True),
        (Ending.NOT_CLIENT, (), False),  # somebody else's wish
        (Ending.CALLBACK, (), False),  # who then agreed to be called
        (Ending.HANDED_OVER, (Flag(Risk.DISTRESS, Severity.CARE, "opening.identity", "不想活了", 0, 1),), False),
    ],
)
def test_a_client_who_wants_no_more_calls_gets_none(ending: Ending, flags: tuple[Flag, ...], silenced: bool) -> None:
    ended = replace(CALL, evidence=Evidence(answered=True, ending=ending), finish=Finish(ending), flags=flags)
    assert settlement_of(replace(ended, no_more_calls=True), [TASK], HOUSE, CALL.ended_at).no_more_calls is silenced
    assert not settlement_of(ended, [TASK], HOUSE, CALL.ended_at).no_more_calls
