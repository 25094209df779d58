"""How what leaves the house is tried again, and when a person decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from rules.postings import LABELS, WAITS, Posted, PostingState, Sending, after_try

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize("repeatable", [True, False])
def test_what_arrived_is_sent_and_never_tried_again(repeatable: bool) -> None:
    assert after_try(Sending.ARRIVED, 3, NOW, repeatable=repeatable) == Posted(PostingState.SENT)


def test_what_may_have_arrived_is_left_to_a_person_unless_the_receiver_knows_repeats() -> None:
    assert after_try(Sending.UNKNOWN, 1, NOW, repeatable=False) == Posted(PostingState.UNSURE)
    assert after_try(Sending.UNKNOWN, 1, NOW, repeatable=True).state is PostingState.WAITING


def test_refusals_are_tried_again_ever_later_over_a_weekend_and_then_left_to_a_person() -> None:
    posted = [after_try(Sending.REFUSED, tries, NOW, repeatable=False) for tries in range(1, len(WAITS) + 2)]
    instants = [one.next_try_at for one in posted[:-1]]
    assert all(at is not None for at in instants)
    assert all(earlier <= later for earlier, later in pairwise(at for at in instants if at))
    assert sum(((at - NOW) for at in instants if at), timedelta()) >= timedelta(hours=48)
    assert posted[-1] == Posted(PostingState.FAILED)


def test_every_state_has_a_name_for_the_screen() -> None:
    assert set(LABELS) == set(PostingState)
