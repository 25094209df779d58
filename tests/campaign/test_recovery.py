"""What a killed process left behind is settled by what its log says."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.moves import AgentJoined, Finish, Heard, Listen, MachineAnswered, Transfer
from bot.replay import Move, move_to_json
from campaign.calls.recovery import settle_interrupted
from campaign.works import Works
from intents import Intent, Match
from models import Attempt, Escalation, ReviewTask
from models.queue import begin_attempt, log_moves
from rules import Ending, Risk
from rules.witnesses import AnsweringMachine
from tests.campaign.test_attempt import ears, works
from tests.conftest import NOON, served

__all__ = ["ears", "works"]


def left_behind(works: Works, task_id: int, moves: list[Move]) -> None:
    with works.database.write() as session:
        attempt = begin_attempt(
            session, served(session, task_id), dialled="13800001111", worker="dead", now=NOON,
            script_hash="f" * 64, facts="{}",
        )  # fmt: skip
        rows = [
            {"attempt_id": attempt.id, "seq": seq, "at_ms": 0, "kind": type(move).__name__, "body": move_to_json(move)}
            for seq, move in enumerate(moves)
        ]
        log_moves(session, rows)


@pytest.mark.parametrize(
    ("moves", "outcome", "agent"),
    [
        ([Listen("suitability.own_will")], "interrupted", None),
        ([Transfer(Risk.COMPLAINT)], "needs_human", None),
        ([Transfer(Risk.COMPLAINT), AgentJoined("8002", 900)], "needs_human", "8002"),
    ],
)
def test_a_client_on_the_way_to_a_person_is_not_called_by_the_bot_again(
    works: Works, task_id: int, moves: list[Move], outcome: str, agent: str | None
) -> None:
    left_behind(works, task_id, moves)
    assert settle_interrupted(works) == 1
    with works.database.read() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.outcome, attempt.evidence.get("agent")) == (outcome, agent)
        waiting = session.scalars(select(Escalation)).all()
        assert [one.state for one in waiting] == (["open"] if outcome == "needs_human" else [])
        assert (attempt.task.due_at is None) == (outcome == "needs_human")


@pytest.mark.parametrize(
    ("machine", "ended", "outcome", "sub_reason"),
    [
        (AnsweringMachine.VOICEMAIL, True, "machine", "语音信箱"),
        (AnsweringMachine.ASSISTANT, True, "machine", "智能助理"),
        (AnsweringMachine.ASSISTANT, False, "machine", "智能助理"),
        (AnsweringMachine.NETWORK, True, "unreachable", "未接通，原因不明"),
    ],
)
def test_a_machine_that_had_answered_is_named_as_it_would_have_been(
    works: Works, task_id: int, machine: AnsweringMachine, ended: bool, outcome: str, sub_reason: str
) -> None:
    left_behind(
        works, task_id, [MachineAnswered(machine, 900), *([Finish(Ending.MACHINE)] if ended else [])]
    )  # fmt: skip
    assert settle_interrupted(works) == 1
    with works.database.read() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.outcome, attempt.sub_reason) == (outcome, sub_reason)
        assert attempt.evidence["answered_by"] == machine.value


def test_who_asked_to_be_called_no_more_before_the_process_died_is_not(works: Works, task_id: int) -> None:
    words = Heard("以后别打了", Match(Intent.REFUSE), 4000, 5000)
    left_behind(works, task_id, [Listen("opening.convenient"), words])
    assert settle_interrupted(works) == 1
    with works.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        assert (task.customer.do_not_call, task.due_at, task.with_human) == (True, None, True)
