"""Whatever happens on the line: never too early, never closed too soon, always an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules import Outcome, PastAttempt, RedialPolicy, RiskLevel, next_step

NINE = datetime(2026, 6, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
# Typed from the annex: least wait and span per scene (its extensions as the domain rules map them).
WAIT = {
    Outcome.BUSY: HOUR / 6,
    Outcome.HUNG_UP: HOUR,
    Outcome.NO_ANSWER: HOUR,
    Outcome.UNREACHABLE: HOUR,
    Outcome.POWERED_OFF: HOUR,
    Outcome.SUSPENDED: 24 * HOUR,
    Outcome.NOT_CLIENT: HOUR,
    Outcome.SILENT: HOUR,
    Outcome.MACHINE: HOUR,
    Outcome.INTERRUPTED: HOUR,
}
SPAN = {
    Outcome.BUSY: 2 * HOUR,
    Outcome.HUNG_UP: 4 * HOUR,
    Outcome.NO_ANSWER: 4 * HOUR,
    Outcome.UNREACHABLE: 24 * HOUR,
    Outcome.POWERED_OFF: 24 * HOUR,
    Outcome.NOT_CLIENT: 4 * HOUR,
    Outcome.SILENT: 4 * HOUR,
    Outcome.MACHINE: 4 * HOUR,
    Outcome.INTERRUPTED: 4 * HOUR,
}
AT_ONCE = {Outcome.REVIEWED, Outcome.REFUSED, Outcome.EMPTY_NUMBER, Outcome.WRONG_NUMBER}
ENOUGH = 40  # dialled attempts, own line apart: far beyond what any road through the rules needs

happenings = st.tuples(
    st.sampled_from(list(Outcome)),
    st.integers(0, 900),  # seconds on the line
    st.integers(0, 7200),  # seconds late
    st.booleans(),  # a new number was given
    st.one_of(st.none(), st.integers(-3600, 7 * 86400)),  # callback in so many seconds
)
policies = st.builds(RedialPolicy, attempts=st.sampled_from([2, 3]), risk_level=st.sampled_from([None, *RiskLevel]))


def happened(drawn: tuple[Outcome, int, int, bool, int | None], due_at: datetime) -> PastAttempt:
    outcome, lasting, late, new_number, callback = drawn
    started_at = due_at + timedelta(seconds=late)
    ended_at = started_at + timedelta(seconds=lasting)
    callback_at = None
    if outcome is Outcome.CALLBACK_AGREED and callback is not None:
        callback_at = ended_at + timedelta(seconds=callback)
    relayed = new_number and outcome is Outcome.NOT_CLIENT
    return PastAttempt(started_at, ended_at, outcome, callback_at, relayed)


def current(history: list[PastAttempt]) -> list[PastAttempt]:
    """The attempts on the number that is dialled now."""
    taken = [one for one in history if one.outcome is not Outcome.OWN_LINE_FAILED]
    last_relay = max((place for place, one in enumerate(taken) if one.new_number), default=-1)
    return taken[last_relay + 1 :]


@given(st.lists(happenings, min_size=1, max_size=60), policies)
def test_no_redial_before_the_wait_and_no_end_before_attempts_and_span(drawn: list, policy: RedialPolicy) -> None:  # type: ignore[type-arg]
    history: list[PastAttempt] = []
    due_at = NINE
    for one in drawn:
        history.append(happened(one, due_at))
        latest = history[-1]
        decision = next_step(history, policy, latest.ended_at)
        assert (decision.redial_at is not None) + decision.final + decision.with_human == 1
        if decision.redial_at is None:
            break
        due_at = decision.redial_at
        assert due_at >= latest.ended_at
        if latest.outcome in WAIT and not latest.new_number:
            assert due_at >= latest.ended_at + WAIT[latest.outcome]
        if latest.outcome is Outcome.OWN_LINE_FAILED:
            assert due_at > latest.ended_at
    if decision.final and latest.outcome not in AT_ONCE and latest.outcome is not Outcome.OWN_LINE_FAILED:
        attempts = current(history)
        assert len(attempts) >= (3 if policy.attempts == 3 or policy.risk_level is RiskLevel.R5 else 2)
        span = max((SPAN[one.outcome] for one in attempts if one.outcome in SPAN), default=None)
        assert span is None or attempts[-1].started_at - attempts[0].started_at > span


@given(st.lists(happenings, min_size=ENOUGH, max_size=ENOUGH), policies)
def test_every_task_comes_to_an_end(drawn: list, policy: RedialPolicy) -> None:  # type: ignore[type-arg]
    history: list[PastAttempt] = []
    due_at = NINE
    for one in drawn:
        if one[0] is Outcome.OWN_LINE_FAILED:
            continue
        history.append(happened(one, due_at))
        decision = next_step(history, policy, history[-1].ended_at)
        if decision.redial_at is None:
            return
        due_at = decision.redial_at
    assert len(history) < ENOUGH / 2, "still dialling"


@given(st.lists(happenings, max_size=12), policies, st.integers(0, 10 * 86400))
def test_no_redial_comes_after_the_deadline(drawn: list, policy: RedialPolicy, seconds: int) -> None:  # type: ignore[type-arg]
    deadline_at = NINE + timedelta(seconds=seconds)
    bounded = RedialPolicy(attempts=policy.attempts, risk_level=policy.risk_level, deadline_at=deadline_at)
    history: list[PastAttempt] = []
    due_at = NINE
    for one in drawn:
        history.append(happened(one, due_at))
        decision = next_step(history, bounded, history[-1].ended_at)
        free = next_step(history, policy, history[-1].ended_at)
        assert (decision.final, decision.status) == (free.final, free.status)
        if decision.redial_at is None:
            break
        due_at = decision.redial_at
        assert due_at <= deadline_at
