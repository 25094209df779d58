"""Questionnaires and meetings beside the calls (table F.1 row 10, note 2), and reviews inside a cooling-off period."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rules import BadHistory, BadPolicy, Decision, Outcome, PastAttempt, RedialPolicy, RulesError, next_step
from rules.deadlines import questionnaire_until
from rules.hours import SHANGHAI

NINE = datetime(2026, 6, 1, 1, tzinfo=UTC)  # 09:00 in Shanghai
HOUR = timedelta(hours=1)
LASTING = timedelta(seconds=40)
SUITABILITY = RedialPolicy(suitability=True)


def call(outcome: Outcome, hours: float = 0) -> PastAttempt:
    return PastAttempt(NINE + hours * HOUR, NINE + hours * HOUR + LASTING, outcome)


def asked(outcome: Outcome, hours: float = 0) -> PastAttempt:
    return replace(call(outcome, hours), by_phone=False)


def after(*history: PastAttempt, policy: RedialPolicy = SUITABILITY) -> Decision:
    return next_step(history, policy, history[-1].ended_at)


class TestQuestionnaire:
    EXHAUSTED = (call(Outcome.NO_ANSWER), call(Outcome.NO_ANSWER, 5))

    def test_completed_it_is_a_review(self) -> None:
        for history in ((), self.EXHAUSTED, (call(Outcome.REFUSED),), (call(Outcome.NO_ANSWER),)):
            decision = after(*history, asked(Outcome.REVIEWED, 30))
            assert (decision.status, decision.final, decision.notice) == ("已完成：已回访", True, None)
            assert not decision.questionnaire

    def test_refused_after_the_calls_had_ended_it_dials_nobody(self) -> None:
        assert after(*self.EXHAUSTED).questionnaire
        decision = after(*self.EXHAUSTED, asked(Outcome.REFUSED, 30))
        assert (decision.status, decision.final, decision.redial_at) == ("已完成：无人应答", True, None)
        assert (decision.notice, decision.questionnaire) == (None, False)

    def test_who_refused_on_the_phone_is_not_dialled_again(self) -> None:
        """Row 1: 不再拨打."""
        decision = after(call(Outcome.REFUSED), asked(Outcome.REFUSED, 30))
        assert (decision.status, decision.final, decision.redial_at) == ("已完成：拒绝回访", True, None)

    def test_refused_while_the_calls_go_on_they_keep_their_wait(self) -> None:
        decision = after(call(Outcome.NO_ANSWER), asked(Outcome.REFUSED, 0.5))
        assert (decision.status, decision.final) == ("未完成：无人应答", False)
        assert decision.redial_at == NINE + LASTING + HOUR
        assert "第10行" in decision.reason

    def test_refused_while_a_person_has_the_task_it_stays_there(self) -> None:
        decision = after(call(Outcome.NEEDS_HUMAN), asked(Outcome.REFUSED, 1))
        assert (decision.with_human, decision.redial_at) == (True, None)

    def test_is_no_phone_attempt(self) -> None:
        """Note 3 counts 拨打次数."""
        history = (asked(Outcome.REFUSED), call(Outcome.NO_ANSWER, 1), call(Outcome.NO_ANSWER, 6))
        assert not after(*history[:2]).final
        assert after(*history).status == "已完成：无人应答"

    @pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.REVIEWED, Outcome.REFUSED}))
    def test_knows_two_outcomes(self, outcome: Outcome) -> None:
        with pytest.raises(BadHistory, match="row 10"):
            asked(outcome)

    def test_goes_on_within_the_year(self) -> None:
        end = datetime(2026, 12, 31, 23, 59, 59, tzinfo=SHANGHAI)
        assert questionnaire_until(NINE) == end
        assert questionnaire_until(datetime(2026, 12, 31, 15, 59, tzinfo=UTC)) == end
        assert questionnaire_until(datetime(2026, 12, 31, 16, 0, tzinfo=UTC)).year == 2027
        with pytest.raises(RulesError, match="naive"):
            questionnaire_until(datetime(2026, 6, 1))  # noqa: DTZ001


class TestCoolingOff:
    """募集机构在投资冷静期内进行的回访确认无效."""

    ENDS = NINE + 24 * HOUR
    POLICY = RedialPolicy(mandatory=True, valid_from=ENDS)

    def test_the_first_call_waits_for_its_end(self) -> None:
        assert next_step((), self.POLICY, NINE).redial_at == self.ENDS
        assert next_step((), self.POLICY, NINE + 30 * HOUR).redial_at == NINE + 30 * HOUR

    def test_a_review_inside_is_void(self) -> None:
        decision = after(call(Outcome.REVIEWED, 23.9), policy=self.POLICY)
        assert (decision.status, decision.final, decision.redial_at) == ("待回访", False, self.ENDS)
        assert "无效" in decision.reason

    def test_so_is_a_questionnaire(self) -> None:
        assert not after(asked(Outcome.REVIEWED, 1), policy=self.POLICY).final

    def test_a_review_after_it_counts(self) -> None:
        assert after(call(Outcome.REVIEWED, 24), policy=self.POLICY).final
        assert after(call(Outcome.REVIEWED, 1), call(Outcome.REVIEWED, 24), policy=self.POLICY).final

    def test_a_void_review_is_no_attempt(self) -> None:
        history = (call(Outcome.REVIEWED, 1), call(Outcome.NO_ANSWER, 24))
        assert not after(*history, policy=self.POLICY).final
        assert after(*history, call(Outcome.NO_ANSWER, 30), policy=self.POLICY).suspend_business

    def test_no_redial_inside(self) -> None:
        decision = after(call(Outcome.BUSY, 1), policy=self.POLICY)
        assert decision.redial_at == self.ENDS

    def test_a_naive_end(self) -> None:
        with pytest.raises(BadPolicy, match="cooling-off"):
            RedialPolicy(valid_from=datetime(2026, 6, 1))  # noqa: DTZ001
