"""Mixed histories, extensions, deadlines and impossible input."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rules import (
    BadHistory,
    BadPolicy,
    CallingHours,
    Decision,
    Notice,
    Outcome,
    PastAttempt,
    RedialPolicy,
    is_callback,
    next_step,
)
from rules.redial import OWN_LINE_LONGEST, _row

NINE = datetime(2026, 6, 1, 1, tzinfo=UTC)  # 09:00 in Shanghai, a Monday
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LASTING = timedelta(seconds=40)


def attempt(outcome: Outcome, after_nine: timedelta = timedelta(0), **more: object) -> PastAttempt:
    return PastAttempt(NINE + after_nine, NINE + after_nine + LASTING, outcome, **more)  # type: ignore[arg-type]


def after(*history: PastAttempt, policy: RedialPolicy | None = None, now: datetime | None = None) -> Decision:
    return next_step(history, policy or RedialPolicy(), now or history[-1].ended_at)


class TestMixed:
    def test_next_wait_is_that_of_the_latest_outcome(self) -> None:
        decision = after(attempt(Outcome.SUSPENDED))
        assert decision.redial_at == NINE + LASTING + 24 * HOUR
        history = [attempt(Outcome.POWERED_OFF), attempt(Outcome.BUSY, 30 * HOUR)]
        decision = after(*history, policy=RedialPolicy(attempts=3))
        assert decision.redial_at == NINE + 30 * HOUR + LASTING + 10 * MINUTE

    def test_span_is_the_largest_among_the_outcomes_seen(self) -> None:
        history = [attempt(Outcome.POWERED_OFF), attempt(Outcome.BUSY, 3 * HOUR)]  # > 2 h, but not > 24 h
        decision = after(*history)
        assert not decision.final
        assert decision.redial_at == NINE + 24 * HOUR + SECOND
        final = after(*history, attempt(Outcome.BUSY, 24 * HOUR + SECOND))
        assert (final.final, final.status) == (True, "已完成：电话占线")

    def test_final_status_and_notice_are_those_of_the_latest_attempt(self) -> None:
        final = after(attempt(Outcome.NO_ANSWER), attempt(Outcome.SUSPENDED, 30 * HOUR))
        assert (final.status, final.notice) == ("已完成：停机", Notice.UPDATE_CONTACT)
        final = after(attempt(Outcome.SUSPENDED), attempt(Outcome.NO_ANSWER, 30 * HOUR))
        assert (final.status, final.notice) == ("已完成：无人应答", Notice.REVIEW_SMS)

    def test_connected_after_busy_and_refused(self) -> None:
        """如接通后，客户挂断或拒绝回访，则按本表对应场景处理."""
        assert after(attempt(Outcome.BUSY), attempt(Outcome.REFUSED, HOUR)).status == "已完成：拒绝回访"
        assert after(attempt(Outcome.BUSY), attempt(Outcome.HUNG_UP, HOUR)).status == "未完成：客户挂断"

    @pytest.mark.parametrize("outcome", [Outcome.NOT_CLIENT, Outcome.SILENT, Outcome.MACHINE])
    def test_extensions_wait_and_close_as_row_4(self, outcome: Outcome) -> None:
        decision = after(attempt(outcome))
        assert (decision.status, decision.redial_at) == ("未完成：无人应答", NINE + LASTING + HOUR)
        assert after(attempt(outcome), attempt(outcome, 4 * HOUR)).final is False
        final = after(attempt(outcome), attempt(outcome, 4 * HOUR + SECOND))
        assert (final.status, final.notice) == ("已完成：无人应答", Notice.REVIEW_SMS)

    def test_needs_human_ends_the_bots_part_only(self) -> None:
        decision = after(attempt(Outcome.NEEDS_HUMAN))
        assert (decision.with_human, decision.final, decision.redial_at) == (True, False, None)
        assert decision.notice is None


class TestNamedTime:
    """Whether a call is one that the client asked for, and what a time is worth that was not confirmed."""

    THREE = NINE + 6 * HOUR

    def test_an_agreed_call_is_one(self) -> None:
        assert is_callback([attempt(Outcome.NO_ANSWER), attempt(Outcome.CALLBACK_AGREED, HOUR, callback_at=self.THREE)])
        assert not is_callback([])

    def test_it_stays_one_while_only_our_own_line_failed(self) -> None:
        agreed = attempt(Outcome.CALLBACK_AGREED, callback_at=self.THREE)
        assert is_callback([agreed, *(attempt(Outcome.OWN_LINE_FAILED, 6 * HOUR + n * MINUTE) for n in range(3))])

    @pytest.mark.parametrize("outcome", [Outcome.NO_ANSWER, Outcome.HUNG_UP, Outcome.INTERRUPTED])
    def test_it_is_used_up_by_the_call(self, outcome: Outcome) -> None:
        agreed = attempt(Outcome.CALLBACK_AGREED, callback_at=self.THREE)
        assert not is_callback([agreed, attempt(outcome, 6 * HOUR)])

    def test_no_time_or_none_confirmed_is_none(self) -> None:
        assert not is_callback([attempt(Outcome.CALLBACK_AGREED)])
        assert not is_callback([attempt(Outcome.HUNG_UP, callback_at=self.THREE)])

    def test_who_hangs_up_before_it_is_confirmed_is_dialled_no_earlier(self) -> None:
        assert after(attempt(Outcome.HUNG_UP, callback_at=self.THREE)).redial_at == self.THREE
        soon = after(attempt(Outcome.HUNG_UP, callback_at=NINE + 30 * MINUTE))
        assert soon.redial_at == NINE + LASTING + HOUR  # the wait of row 3 holds


class TestInterrupted:
    def test_counts_as_an_attempt_and_waits_as_row_3(self) -> None:
        decision = after(attempt(Outcome.INTERRUPTED))
        assert (decision.status, decision.redial_at) == ("未完成：通话中断", NINE + LASTING + HOUR)
        assert after(attempt(Outcome.INTERRUPTED), attempt(Outcome.NO_ANSWER, 5 * HOUR)).final

    def test_never_closes_a_task_as_the_clients_doing(self) -> None:
        decision = after(attempt(Outcome.NO_ANSWER), attempt(Outcome.INTERRUPTED, 5 * HOUR))
        assert (decision.final, decision.with_human, decision.notice) == (False, True, None)
        assert decision.status == "未完成：通话中断"


class TestCallback:
    def test_is_dialled_at_the_agreed_time(self) -> None:
        at = NINE + 30 * HOUR
        decision = after(attempt(Outcome.CALLBACK_AGREED, callback_at=at))
        assert (decision.status, decision.redial_at) == ("未完成：预约回访", at)

    def test_is_dialled_although_the_attempts_were_already_enough(self) -> None:
        at = NINE + 30 * HOUR
        history = [attempt(Outcome.NO_ANSWER), attempt(Outcome.NO_ANSWER, 2 * HOUR)]
        decision = after(*history, attempt(Outcome.CALLBACK_AGREED, 6 * HOUR, callback_at=at))
        assert decision.redial_at == at

    def test_left_open_waits_for_another_day(self) -> None:
        assert after(attempt(Outcome.CALLBACK_AGREED)).redial_at == NINE + LASTING + 24 * HOUR

    def test_a_time_already_past_is_dialled_now(self) -> None:
        decision = after(attempt(Outcome.CALLBACK_AGREED, callback_at=NINE - HOUR), now=NINE + 2 * HOUR)
        assert decision.redial_at == NINE + 2 * HOUR

    def test_counts_as_an_attempt_afterwards(self) -> None:
        history = [attempt(Outcome.CALLBACK_AGREED, callback_at=NINE + HOUR), attempt(Outcome.NO_ANSWER, HOUR)]
        assert not after(*history).final
        assert after(*history, attempt(Outcome.NO_ANSWER, 5 * HOUR)).final

    def test_the_fourth_goes_to_a_person(self) -> None:
        history = [attempt(Outcome.CALLBACK_AGREED, day * 24 * HOUR) for day in range(4)]
        assert after(*history[:3]).redial_at is not None
        decision = after(*history)
        assert (decision.with_human, decision.redial_at, decision.final) == (True, None, False)


class TestRelayedNumber:
    def test_is_dialled_right_away(self) -> None:
        decision = after(attempt(Outcome.NOT_CLIENT, new_number=True))
        assert decision.redial_at == NINE + LASTING
        assert not decision.final

    def test_starts_over(self) -> None:
        history = [attempt(Outcome.NO_ANSWER), attempt(Outcome.NOT_CLIENT, 30 * HOUR, new_number=True)]
        assert after(*history).redial_at == NINE + 30 * HOUR + LASTING
        first_there = attempt(Outcome.NO_ANSWER, 31 * HOUR)
        decision = after(*history, first_there)
        assert (decision.final, decision.redial_at) == (False, first_there.ended_at + HOUR)
        assert after(*history, first_there, attempt(Outcome.NO_ANSWER, 36 * HOUR)).final

    def test_a_fourth_number_goes_to_a_person(self) -> None:
        history = [attempt(Outcome.NOT_CLIENT, hours * HOUR, new_number=True) for hours in range(4)]
        assert after(*history[:3]).redial_at is not None
        assert after(*history).with_human


class TestOwnLine:
    def test_is_no_attempt_and_leaves_the_status(self) -> None:
        decision = after(attempt(Outcome.OWN_LINE_FAILED))
        assert (decision.status, decision.final) == ("待回访", False)
        assert decision.redial_at == NINE + LASTING + MINUTE
        assert "不计入" in decision.reason
        history = [attempt(Outcome.BUSY), attempt(Outcome.OWN_LINE_FAILED, 3 * HOUR)]
        decision = after(*history)
        assert (decision.status, decision.redial_at) == ("未完成：电话占线", NINE + 3 * HOUR + LASTING + MINUTE)

    def test_never_shortens_the_clients_wait(self) -> None:
        history = [attempt(Outcome.NO_ANSWER), attempt(Outcome.OWN_LINE_FAILED, 5 * MINUTE)]
        assert after(*history).redial_at == NINE + LASTING + HOUR

    def test_waits_double_up_to_an_hour(self) -> None:
        failures = [attempt(Outcome.OWN_LINE_FAILED, day * 24 * HOUR) for day in range(40)]
        waits = {1: MINUTE, 2: 2 * MINUTE, 3: 4 * MINUTE, 6: 32 * MINUTE, 7: HOUR, 40: HOUR}
        for count, wait in waits.items():
            assert after(*failures[:count]).redial_at == failures[count - 1].ended_at + wait

    def test_a_success_between_starts_the_waits_anew(self) -> None:
        failures = [attempt(Outcome.OWN_LINE_FAILED), attempt(Outcome.OWN_LINE_FAILED, 9 * HOUR)]
        decision = after(failures[0], attempt(Outcome.BUSY, HOUR), failures[1])
        assert decision.redial_at == NINE + 9 * HOUR + LASTING + MINUTE

    def test_does_not_reopen_what_is_final(self) -> None:
        assert after(attempt(Outcome.REFUSED), attempt(Outcome.OWN_LINE_FAILED, HOUR)).status == "已完成：拒绝回访"


class TestTime:
    def test_without_attempts_the_task_is_due_now(self) -> None:
        decision = next_step((), RedialPolicy(), NINE)
        assert (decision.status, decision.redial_at, decision.final) == ("待回访", NINE, False)

    def test_a_redial_is_never_in_the_past(self) -> None:
        assert after(attempt(Outcome.BUSY), now=NINE + 9 * HOUR).redial_at == NINE + 9 * HOUR

    def test_a_redial_on_the_deadline_is_in_time(self) -> None:
        due = NINE + LASTING + HOUR
        decision = after(attempt(Outcome.NO_ANSWER), policy=RedialPolicy(deadline_at=due))
        assert (decision.redial_at, decision.past_deadline) == (due, False)

    def test_past_the_deadline_a_person_decides_and_nothing_is_closed(self) -> None:
        policy = RedialPolicy(deadline_at=NINE + LASTING + HOUR - SECOND, mandatory=True)
        decision = after(attempt(Outcome.NO_ANSWER), policy=policy)
        assert (decision.past_deadline, decision.with_human, decision.redial_at) == (True, True, None)
        assert (decision.final, decision.notice, decision.suspend_business) == (False, None, False)
        assert decision.status == "未完成：无人应答"
        assert "2026年6月1日10:00" in decision.reason  # both instants in Shanghai time

    def test_calling_hours_shift_the_redial(self) -> None:
        evening = attempt(Outcome.NO_ANSWER, 10 * HOUR + 30 * MINUTE)  # 19:30
        decision = after(evening, policy=RedialPolicy(hours=CallingHours()))
        assert decision.redial_at == datetime(2026, 6, 2, 1, tzinfo=UTC)  # 09:00 on Tuesday

    def test_calling_hours_shift_it_past_the_deadline(self) -> None:
        evening = attempt(Outcome.NO_ANSWER, 10 * HOUR + 30 * MINUTE)
        policy = RedialPolicy(hours=CallingHours(closed=frozenset({date(2026, 6, 2)})), deadline_at=NINE + 24 * HOUR)
        assert after(evening, policy=policy).past_deadline


class TestImpossibleInput:
    @pytest.mark.parametrize("attempts", [0, 1, 4, -2])
    def test_attempts_outside_the_table(self, attempts: int) -> None:
        with pytest.raises(BadPolicy, match="2 or 3"):
            RedialPolicy(attempts=attempts)

    @pytest.mark.parametrize("wait", [timedelta(0), -MINUTE, OWN_LINE_LONGEST + SECOND])
    def test_own_line_waits_that_make_no_sense(self, wait: timedelta) -> None:
        with pytest.raises(BadPolicy, match="own line"):
            RedialPolicy(own_line_retry=wait)

    def test_naive_instants(self) -> None:
        naive = NINE.replace(tzinfo=None)
        with pytest.raises(BadPolicy, match="deadline"):
            RedialPolicy(deadline_at=naive)
        with pytest.raises(BadHistory, match="naive"):
            PastAttempt(naive, naive, Outcome.BUSY)
        with pytest.raises(BadHistory, match="naive"):
            attempt(Outcome.CALLBACK_AGREED, callback_at=naive)
        with pytest.raises(BadHistory, match="naive"):
            next_step((), RedialPolicy(), naive)

    def test_times_that_run_backwards(self) -> None:
        with pytest.raises(BadHistory, match="before it began"):
            PastAttempt(NINE, NINE - SECOND, Outcome.BUSY)
        with pytest.raises(BadHistory, match="sort"):
            after(attempt(Outcome.BUSY, HOUR), attempt(Outcome.BUSY))

    def test_a_meeting_knows_only_refusal(self) -> None:
        with pytest.raises(BadHistory, match="row 10"):
            attempt(Outcome.NO_ANSWER, by_phone=False)

    def test_an_outcome_that_nobody_ruled_on(self) -> None:
        with pytest.raises(BadHistory, match="EXTENSIONS"):
            _row(Outcome.REVIEWED)
