"""After a kill: what the dead process left is settled before anything is dialled."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot.errors import BotError
from bot.moves import AgentJoined, Attest, Finish, Flag, Listen, MachineAnswered, Note, Transfer
from bot.replay import Move, move_from_json
from bot.walk.course import standing
from campaign.calls.attempt import shows_the_client
from campaign.calls.facts import task_facts
from campaign.calls.replaying import spoken
from campaign.calls.settling import EndedCall, TaskFacts, asked_for_silence, recording_of
from campaign.calls.storing import store_ended
from campaign.handover.sheet import settled_notes
from campaign.masking import kind_and_place
from campaign.works import Works
from intents import Announced
from models import Attempt, StaleAttempt
from models.queue import events_of, history_of
from models.settlements import link_recording
from models.workers import left_behind
from rules import CallingHours, Ending, Evidence
from rules.witnesses import AnsweringMachine

_ANNOUNCED: Mapping[AnsweringMachine, Announced] = MappingProxyType(
    {AnsweringMachine.VOICEMAIL: Announced.VOICEMAIL, AnsweringMachine.ASSISTANT: Announced.PHONE_ASSISTANT}
)

log = logging.getLogger(__name__)


def settle_interrupted(works: Works) -> int:
    """Settle the attempts that dead workers left, and those that this one could not settle; returns how many.

    Recordings are closed first. What the client said is in the call log, so answers and risk flags are kept;
    a conversation that had come to its end counts as finished, one on its way to a person as handed over, any other
    as interrupted.
    """
    works.recovered.extend(works.recordings.recover())
    with works.database.read() as session:
        left = [attempt.id for attempt in left_behind(session, tuple(works.abandoned))]
    try:
        return sum([_settled(works, attempt_id) for attempt_id in left])
    finally:
        _link(works)


def _settled(works: Works, attempt_id: int) -> bool:
    """Settle one attempt; one that cannot be settled keeps no other from being."""
    try:
        store_ended(works, *_read(works, attempt_id))
    except StaleAttempt:
        log.info("attempt %d was settled in the meantime", attempt_id)
    except OperationalError:
        raise
    except Exception as error:
        log.error("attempt %d, left behind, cannot be settled: %s", attempt_id, kind_and_place(error))
        return False
    works.abandoned.discard(attempt_id)
    return True


def _link(works: Works) -> None:
    """A recording that could not be sealed when its call was settled (a full disk) belongs to it all the same."""
    with works.database.write() as session:
        for sealed in works.recovered:
            link_recording(session, sealed.call_id, recording_of(sealed), works.clock.now())
    works.recovered.clear()


def _read(works: Works, attempt_id: int) -> tuple[EndedCall, list[TaskFacts]]:
    with works.database.read() as session:
        attempt = session.get_one(Attempt, attempt_id)
        logged = _logged(session, attempt)
        call = _of_the_client(session, attempt, _ended(works, attempt, logged), logged)
        return call, _tasks(session, attempt, works.hours)


def _logged(session: Session, attempt: Attempt) -> list[Move]:
    """What the call's log says, as far as it can be read."""
    moves: list[Move] = []
    for row in events_of(session, attempt.id):
        try:
            moves.append(move_from_json(row.body))
        except Exception as error:  # what it says is unknown, and may quote the client
            log.error("call %s: its log cannot be read from entry %d on: %s", attempt.call_id, row.seq, type(error))
            break
    return moves


def _tasks(session: Session, attempt: Attempt, hours: CallingHours) -> list[TaskFacts]:
    return [
        replace(
            task_facts(one.task, history_of(session, one.task_id), one.questions, hours),
            status_before=one.status_before,
            due_before=one.due_before,
        )
        for one in attempt.served
    ]


def _of_the_client(session: Session, attempt: Attempt, call: EndedCall, logged: Sequence[Move]) -> EndedCall:
    """The call of a client who had called us: whether it was found to be the client is seen from what was asked."""
    if attempt.direction != "incoming":
        return call
    try:
        script = spoken(session, attempt)
    except BotError as error:
        log.warning("call %s: its script cannot be read any more: %s", attempt.call_id, error)
        return replace(call, incoming=True)
    return replace(call, incoming=True, identified=any(shows_the_client(script, move) for move in logged))


def _ended(works: Works, attempt: Attempt, logged: Sequence[Move]) -> EndedCall:
    moves = standing(logged)
    finish = next((move for move in moves if isinstance(move, Finish)), None) or _handed_over(moves) or _met(moves)
    machine = _machine(moves)
    agent = next((move.agent for move in moves if isinstance(move, AgentJoined)), "")
    asked = [move.question for move in moves if isinstance(move, Listen)]
    sealed = works.recordings.find(attempt.call_id)
    return EndedCall(
        attempt_id=attempt.id,
        worker=attempt.worker,
        started_at=attempt.started_at,
        ended_at=max(attempt.started_at, attempt.line_down_at or works.clock.now()),
        evidence=_evidence(moves, finish),
        details=({"agent": agent} if agent else {}) | ({"answered_by": machine.value} if machine else {}),
        talk_ms=sealed.duration_ms if sealed and moves else 0,
        finish=finish,
        notes=settled_notes(move for move in moves if isinstance(move, Note)),
        flags=tuple(move for move in moves if isinstance(move, Flag)),
        attests=tuple(move for move in moves if isinstance(move, Attest)),
        resume_at=asked[-1] if asked and finish is None else "",
        recording=recording_of(sealed),
        no_more_calls=asked_for_silence(moves),
    )


def _evidence(moves: Sequence[Move], finish: Finish | None) -> Evidence:
    """What the log shows; of a network's announcement after the answer it keeps no words, so that why is open."""
    machine = _machine(moves)
    if machine is None or finish is None or finish.ending is not Ending.MACHINE:
        return Evidence(ending=finish.ending if finish else None, interrupted=finish is None, answered=bool(moves))
    announced = _ANNOUNCED.get(machine)
    return Evidence(ending=finish.ending, announced=announced.value, answered=True) if announced else Evidence()


def _machine(moves: Sequence[Move]) -> AnsweringMachine | None:
    """What answered in the client's place."""
    return next((move.machine for move in moves if isinstance(move, MachineAnswered)), None)


def _met(moves: Sequence[Move]) -> Finish | None:
    """The end of a call that a machine took, where the log broke off before it; a client who answers is a person."""
    answered = any(isinstance(move, Note) for move in moves)
    return Finish(Ending.MACHINE) if _machine(moves) and not answered else None


def _handed_over(moves: Sequence[Move]) -> Finish | None:
    """The end of a call in which a person was fetched: whoever comes next is one, not the bot."""
    return Finish(Ending.HANDED_OVER) if any(isinstance(move, Transfer | AgentJoined) for move in moves) else None
