"""What is done with a caller, and what a client's own call counts for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaign.calls.reception import (
    PAUSE,
    Candidate,
    Decided,
    Reason,
    Treatment,
    Waiting,
    answerable,
    as_before,
    counts,
    decide,
    number_of,
)
from rules import Outcome

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
DUE = Waiting(7, NOW - timedelta(minutes=1), 0)
CLIENT = Candidate(1, waiting=(DUE,))
MOBILE = "13800001111"


@pytest.mark.parametrize(
    ("caller", "number"),
    [
        # E.164 and the forms in which mainland trunks deliver it
        ("13800001111", MOBILE), ("+8613800001111", MOBILE), ("008613800001111", MOBILE), ("8613800001111", MOBILE),
        ("013800001111", MOBILE), ("138-0000-1111", MOBILE),
        ("01066668888", "01066668888"), ("+861066668888", "01066668888"), ("+8675512345678", "075512345678"),
        ("95500", "95500"), ("anonymous", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_caller_id_is_read_as_numbers_are_kept(caller: str, number: str) -> None:
    assert number_of(caller) == number


def test_a_client_with_open_tasks_is_served() -> None:
    assert decide(MOBILE, [CLIENT], 1, NOW) == Decided(Treatment.SERVE, Reason.OPEN_TASKS, 1, (7,))


@pytest.mark.parametrize(
    ("caller", "candidates", "treatment", "reason"),
    [
        ("", [], Treatment.TELL, Reason.HIDDEN),
        (MOBILE, [], Treatment.TELL, Reason.UNKNOWN),
        (MOBILE, [Candidate(1)], Treatment.TELL, Reason.NOTHING_OPEN),
        (MOBILE, [Candidate(1, do_not_call=True, waiting=(DUE,))], Treatment.TELL, Reason.DO_NOT_CALL),
        (MOBILE, [Candidate(1, on_the_line=True, waiting=(DUE,))], Treatment.REFUSE, Reason.ON_THE_LINE),
        # the telephone is in a call, whoever of the household that is for
        (MOBILE, [Candidate(1, waiting=(DUE,)), Candidate(2, on_the_line=True)], Treatment.REFUSE, Reason.ON_THE_LINE),
    ],
)
def test_everybody_else_is_told_or_refused(
    caller: str, candidates: list[Candidate], treatment: Treatment, reason: Reason
) -> None:
    decided = decide(caller, candidates, 1, NOW)
    assert (decided.treatment, decided.reason, decided.task_ids) == (treatment, reason, ())


def test_nobody_is_taken_when_the_lines_are_full() -> None:
    decided = decide(MOBILE, [CLIENT], 0, NOW)
    assert (decided.treatment, decided.reason) == (Treatment.REFUSE, Reason.LINES_FULL)
    assert (decided.refusal.sip, decided.refusal.q850) == (480, 34)
    busy = decide(MOBILE, [Candidate(1, on_the_line=True)], 0, NOW)
    assert (busy.refusal.sip, busy.refusal.q850) == (486, 17)


def test_of_two_clients_with_one_telephone_the_one_calls_back_whom_we_tried_last() -> None:
    first = Candidate(1, waiting=(DUE,), called_at=NOW - timedelta(hours=2))
    second = Candidate(2, waiting=(Waiting(8, NOW, 0),), called_at=NOW - timedelta(hours=1))
    silent = Candidate(3, do_not_call=True, waiting=(Waiting(9, NOW, 0),), called_at=NOW)
    assert decide(MOBILE, [first, second, silent], 1, NOW).customer_id == 2
    assert decide(MOBILE, [first, silent, Candidate(4, called_at=NOW)], 1, NOW).customer_id == 1


def test_what_was_tried_before_is_served_at_any_time_and_what_may_not_begin_yet_is_not() -> None:
    again, cooling_off = Waiting(1, LATER, 2), Waiting(2, LATER + timedelta(days=1), 0)
    put_off = Waiting(3, LATER, 0)  # waits for the next try of the first
    assert answerable([cooling_off], NOW) == ()
    assert answerable([again, cooling_off, put_off], NOW) == (1, 3)


def test_the_nearest_deadline_leads_and_what_is_past_it_is_a_persons() -> None:
    urgent = Waiting(1, NOW, 0, NOW + timedelta(days=1))
    overdue = Waiting(2, NOW, 0, NOW - timedelta(seconds=1))
    assert answerable([DUE, overdue, urgent], NOW) == (1, 7)


@pytest.mark.parametrize(
    ("outcome", "identified", "new_number", "counted"),
    [
        (Outcome.REVIEWED, True, False, True),
        (Outcome.HUNG_UP, True, False, True),
        (Outcome.INTERRUPTED, True, False, True),
        # without anybody found to be the client: only what was agreed, refused or asked for
        (Outcome.HUNG_UP, False, False, False),
        (Outcome.SILENT, False, False, False),
        (Outcome.INTERRUPTED, False, False, False),
        (Outcome.WRONG_NUMBER, False, False, False),
        (Outcome.NOT_CLIENT, False, False, False),
        (Outcome.NOT_CLIENT, False, True, True),
        (Outcome.REFUSED, False, False, True),
        (Outcome.CALLBACK_AGREED, False, False, True),
        (Outcome.NEEDS_HUMAN, False, False, True),
    ],
)
def test_what_counts_as_an_attempt(outcome: Outcome, identified: bool, new_number: bool, counted: bool) -> None:
    assert counts(outcome, identified=identified, new_number=new_number) is counted


def test_what_counts_for_nothing_leaves_the_task_as_it_was_after_a_pause() -> None:
    as_it_was = as_before("未完成：无人应答", LATER, None, NOW)
    assert (as_it_was.status, as_it_was.redial_at, as_it_was.final) == ("未完成：无人应答", LATER, False)
    assert as_before("待回访", NOW - timedelta(hours=1), None, NOW).redial_at == NOW + PAUSE
    # never at the price of the deadline
    due_at = NOW - timedelta(hours=1)
    assert as_before("待回访", due_at, NOW + timedelta(minutes=5), NOW).redial_at == due_at
