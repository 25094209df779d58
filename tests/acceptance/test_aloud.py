"""Every script talked through over audio, by at least forty pairs of a persona and a script."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.script import script_names
from models import ReviewTask
from telephony.simulator.cast import load_cast
from tests.acceptance.campaigns import ALOUD
from tests.acceptance.conftest import Ran, replayed
from tests.acceptance.verdicts import MISHEARD, misheard, unexcused

pytestmark = pytest.mark.audio

CAST = load_cast(ALOUD)
PAIRS = {(persona, duty.script) for client in CAST.clients for persona in client.calls for duty in client.duties}


def test_there_are_enough_pairs_and_every_script_has_one() -> None:
    assert len(PAIRS) >= 40
    assert {script for _, script in PAIRS} == set(script_names())


@pytest.mark.parametrize("client", [client.id for client in CAST.clients])
def test_what_the_client_declared_is_what_was_stored(aloud: Ran, client: str) -> None:
    assert unexcused(aloud, client) == []


def test_hardly_anybody_was_misheard(aloud: Ran) -> None:
    assert len(misheard(aloud)) <= MISHEARD, aloud.result.differences


def test_several_reviews_of_a_client_were_one_call(aloud: Ran) -> None:
    several = [client for client in CAST.clients if client.also]
    assert several
    with aloud.database.read() as session:
        for client in several:
            tasks = session.scalars(select(ReviewTask).where(ReviewTask.number.contains(client.id))).all()
            assert len(tasks) == len(client.duties)
            assert len({attempt.call_id for task in tasks for attempt in task.attempts}) == 1


def test_a_replay_of_every_call_agrees_with_its_log(aloud: Ran) -> None:
    assert replayed(aloud) >= len(CAST.clients)
