"""Table F.1 of T/SAC 002-2024, typed from the annex in its own words, against what `next_step` decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules import APPENDIX_F, Decision, Notice, Outcome, PastAttempt, RedialPolicy, RiskLevel, next_step
from rules.appendix_f import row_of

NINE = datetime(2026, 6, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

# scene in the annex, 建议每次间隔 …, 最后一次拨打与第一次拨打时间间隔超过 …, 告知方式, 最终登记状态
ANNEX = [
    ("电话占线", "10 分钟以上", "超过 2 小时", "短信", "已完成：电话占线"),
    ("客户挂断", "1 小时以上", "超过 4 小时", "短信", "已完成：客户挂断"),
    ("无人应答", "1 小时以上", "超过 4 小时", "短信", "已完成：无人应答"),
    ("无法接通", "1 小时以上", "超过 24 小时", "短信", "已完成：无法接通"),
    ("关机", "1 小时以上", "超过 24 小时", "短信", "已完成：关机"),
    ("停机", "24 小时以上", "", "其他联系方式", "已完成：停机"),
]
AT_ONCE = [
    ("拒绝回访", "短信", "已完成：拒绝回访"),
    ("空号", "其他联系方式", "已完成：空号"),
    ("错号", "其他联系方式", "已完成：错号"),
]
SCENES = {
    "拒绝回访": Outcome.REFUSED,
    "电话占线": Outcome.BUSY,
    "客户挂断": Outcome.HUNG_UP,
    "无人应答": Outcome.NO_ANSWER,
    "无法接通": Outcome.UNREACHABLE,
    "关机": Outcome.POWERED_OFF,
    "停机": Outcome.SUSPENDED,
    "空号": Outcome.EMPTY_NUMBER,
    "错号": Outcome.WRONG_NUMBER,
}
LENGTHS = {
    "10 分钟以上": 10 * MINUTE,
    "1 小时以上": HOUR,
    "24 小时以上": 24 * HOUR,
    "超过 2 小时": 2 * HOUR,
    "超过 4 小时": 4 * HOUR,
    "超过 24 小时": 24 * HOUR,
}
NOTICES = {"短信": Notice.REVIEW_SMS, "其他联系方式": Notice.UPDATE_CONTACT}


def attempt(outcome: Outcome, started_at: datetime, lasting: timedelta = timedelta(seconds=40)) -> PastAttempt:
    return PastAttempt(started_at, started_at + lasting, outcome)


def after(*history: PastAttempt, policy: RedialPolicy | None = None) -> Decision:
    return next_step(history, policy or RedialPolicy(), history[-1].ended_at)


def test_the_table_has_the_ten_lines_of_the_annex_in_order() -> None:
    scenes = ["拒绝回访", "电话占线", "客户挂断", "无人应答", "无法接通", "关机", "停机", "空号", "错号", "拒绝回访"]
    assert [row.number for row in APPENDIX_F] == list(range(1, 11))
    assert [row.temporary_status for row in APPENDIX_F] == [f"未完成：{scene}" for scene in scenes]


@pytest.mark.parametrize(("scene", "wait", "span", "notice", "final"), ANNEX, ids=[line[0] for line in ANNEX])
class TestLinesWithRedials:
    def test_first_time_waits_and_stays_temporary(
        self, scene: str, wait: str, span: str, notice: str, final: str
    ) -> None:
        first = attempt(SCENES[scene], NINE)
        decision = after(first)
        assert decision.status == f"未完成：{scene}"
        assert not decision.final
        assert decision.notice is None
        assert decision.redial_at == first.ended_at + LENGTHS[wait]

    def test_second_time_past_the_span_is_final_with_its_notice(
        self, scene: str, wait: str, span: str, notice: str, final: str
    ) -> None:
        enough = LENGTHS[span] + SECOND if span else LENGTHS[wait]
        decision = after(attempt(SCENES[scene], NINE), attempt(SCENES[scene], NINE + enough))
        assert decision.final
        assert decision.status == final
        assert decision.notice is NOTICES[notice]
        assert decision.redial_at is None

    def test_reviewed_at_any_attempt_ends_it(self, scene: str, wait: str, span: str, notice: str, final: str) -> None:
        decision = after(attempt(SCENES[scene], NINE), attempt(Outcome.REVIEWED, NINE + 25 * HOUR))
        assert (decision.status, decision.final, decision.notice) == ("已完成：已回访", True, None)

    def test_r5_is_owed_three_attempts(self, scene: str, wait: str, span: str, notice: str, final: str) -> None:
        """Note 3: 对于涉及高风险（R5）产品或服务的客户回访拨打次数不宜低于 3 次."""
        policy = RedialPolicy(risk_level=RiskLevel.R5)
        history = [attempt(SCENES[scene], NINE), attempt(SCENES[scene], NINE + 25 * HOUR)]
        assert not after(*history, policy=policy).final
        assert after(*history, attempt(SCENES[scene], NINE + 50 * HOUR), policy=policy).status == final


WITH_SPAN = [(scene, wait, span, final) for scene, wait, span, _, final in ANNEX if span]


@pytest.mark.parametrize(("scene", "wait", "span", "final"), WITH_SPAN, ids=[line[0] for line in WITH_SPAN])
class TestSpans:
    def test_exactly_that_length_is_not_more_than_it(self, scene: str, wait: str, span: str, final: str) -> None:
        second = attempt(SCENES[scene], NINE + LENGTHS[span])
        decision = after(attempt(SCENES[scene], NINE), second)
        assert not decision.final
        assert decision.redial_at == second.ended_at + LENGTHS[wait]

    def test_with_enough_attempts_the_redial_comes_after_it(self, scene: str, wait: str, span: str, final: str) -> None:
        history = [attempt(SCENES[scene], NINE), attempt(SCENES[scene], NINE + LENGTHS[wait] + MINUTE)]
        just_after = NINE + LENGTHS[span] + SECOND
        assert after(*history).redial_at == just_after
        assert after(*history, attempt(SCENES[scene], just_after)).status == final


@pytest.mark.parametrize(("scene", "notice", "final"), AT_ONCE, ids=[line[0] for line in AT_ONCE])
def test_lines_without_redials_are_final_at_the_first_attempt(scene: str, notice: str, final: str) -> None:
    for policy in (RedialPolicy(), RedialPolicy(attempts=3, risk_level=RiskLevel.R5)):
        decision = after(attempt(SCENES[scene], NINE), policy=policy)
        assert decision.final
        assert decision.status == final
        assert decision.notice is NOTICES[notice]
        assert decision.redial_at is None


def test_row_10_a_refusal_in_a_meeting_or_questionnaire_becomes_a_phone_review() -> None:
    asked = PastAttempt(NINE, NINE + HOUR, Outcome.REFUSED, by_phone=False)
    decision = after(asked)
    assert (decision.status, decision.final, decision.redial_at) == ("未完成：拒绝回访", False, NINE + HOUR)
    # As the phone review ends: 如回访过程中出现未触达情形，则按本表对应场景处理.
    refused = after(asked, attempt(Outcome.REFUSED, NINE + 2 * HOUR))
    assert (refused.status, refused.final) == ("已完成：拒绝回访", True)
    assert not after(asked, attempt(Outcome.NO_ANSWER, NINE + 30 * HOUR)).final


def test_note_1_exhaustion_of_a_mandatory_review_suspends_its_business() -> None:
    policy = RedialPolicy(mandatory=True)
    exhausted = after(attempt(Outcome.BUSY, NINE), attempt(Outcome.BUSY, NINE + 3 * HOUR), policy=policy)
    assert exhausted.suspend_business
    assert "注1" in exhausted.reason
    assert not after(attempt(Outcome.BUSY, NINE), policy=policy).suspend_business
    assert not after(attempt(Outcome.REVIEWED, NINE), policy=policy).suspend_business


def test_note_2_an_exhausted_suitability_review_goes_on_as_a_questionnaire() -> None:
    policy = RedialPolicy(suitability=True)
    exhausted = after(attempt(Outcome.EMPTY_NUMBER, NINE), policy=policy)
    assert exhausted.questionnaire
    assert "注2" in exhausted.reason
    assert not after(attempt(Outcome.REVIEWED, NINE), policy=policy).questionnaire
    assert not after(attempt(Outcome.EMPTY_NUMBER, NINE)).questionnaire


def test_note_3_two_attempts_for_other_reviews_and_three_where_the_firm_says_so() -> None:
    assert RedialPolicy().least_attempts == 2
    assert RedialPolicy(risk_level=RiskLevel.R4).least_attempts == 2
    assert RedialPolicy(attempts=3).least_attempts == 3
    assert RedialPolicy(risk_level=RiskLevel.R5).least_attempts == 3


def test_three_owed_attempts_end_within_the_three_of_the_table() -> None:
    """连续拨打 2-3 次: the third comes after the span, so that no fourth is needed."""
    policy = RedialPolicy(attempts=3)
    history = [attempt(Outcome.HUNG_UP, NINE), attempt(Outcome.HUNG_UP, NINE + 2 * HOUR)]
    third_at = NINE + 4 * HOUR + SECOND
    assert after(*history, policy=policy).redial_at == third_at
    assert after(*history, attempt(Outcome.HUNG_UP, third_at), policy=policy).final


def test_every_outcome_has_a_line_or_a_rule_of_its_own() -> None:
    own_rule = {Outcome.REVIEWED, Outcome.CALLBACK_AGREED, Outcome.NEEDS_HUMAN, Outcome.OWN_LINE_FAILED}
    assert {outcome for outcome in Outcome if row_of(outcome) is None} == own_rule
