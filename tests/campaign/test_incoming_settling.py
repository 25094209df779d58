"""What a client's own call leaves behind: nothing of table F.1 is used up where nobody was found to be the client."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.moves import Finish
from campaign.calls.reception import PAUSE
from campaign.calls.settling import EndedCall, settlement_of
from rules import Ending, Evidence, Outcome
from tests.campaign.test_settling import CALL, HOUSE, TASK, after
from tests.conftest import NOON

DUE = NOON + timedelta(hours=5)
BEFORE = replace(TASK, status_before="未完成：无人应答", due_before=DUE, resume_at="suitability.knows_rules")


def ended(ending: Ending, *, identified: bool) -> EndedCall:
    evidence = Evidence(answered=True, ending=ending)
    return replace(CALL, evidence=evidence, finish=Finish(ending), incoming=True, identified=identified)


@pytest.mark.parametrize("ending", [Ending.HUNG_UP, Ending.NOBODY_SPOKE, Ending.WRONG_NUMBER, Ending.NOT_CLIENT])
def test_without_the_client_everything_stays_as_it_was(ending: Ending) -> None:
    settled = settlement_of(ended(ending, identified=False), [BEFORE], HOUSE, CALL.ended_at)
    task = settled.tasks[0]
    assert (task.status, task.due_at, task.final) == ("未完成：无人应答", DUE, False)
    assert task.resume_at == "suitability.knows_rules"
    assert settled.evidence["counted"] is False
    assert settled.notices == () and settled.escalation is None


def test_without_the_client_even_the_last_attempt_is_not_used_up() -> None:
    due = NOON - timedelta(minutes=1)
    nearly = replace(BEFORE, history=(after(Outcome.NO_ANSWER, hours=30), after(Outcome.NO_ANSWER, hours=5)))
    call = ended(Ending.HUNG_UP, identified=False)
    settled = settlement_of(call, [replace(nearly, due_before=due)], HOUSE, CALL.ended_at)
    assert (settled.tasks[0].final, settled.tasks[0].due_at) == (False, CALL.ended_at + PAUSE)


def test_a_client_who_breaks_the_review_off_is_dialled_again_by_row_3() -> None:
    settled = settlement_of(ended(Ending.HUNG_UP, identified=True), [BEFORE], HOUSE, CALL.ended_at)
    assert settled.tasks[0].status == "未完成：客户挂断"
    assert settled.tasks[0].due_at == CALL.ended_at + timedelta(hours=1)
    assert "counted" not in settled.evidence


def test_who_wants_no_more_calls_gets_none_though_nobody_said_who_it_was() -> None:
    settled = settlement_of(ended(Ending.REFUSED, identified=False), [BEFORE], HOUSE, CALL.ended_at)
    assert settled.tasks[0].due_at is None
    assert settled.tasks[0].final or settled.tasks[0].closes_as


def test_a_completed_review_completes() -> None:
    settled = settlement_of(ended(Ending.COMPLETED, identified=True), [BEFORE], HOUSE, CALL.ended_at)
    assert (settled.tasks[0].status, settled.tasks[0].final) == ("已完成：已回访", True)
