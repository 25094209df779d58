"""Carrying one attempt through: dial, listen, converse, settle."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import ConversationError, ScriptError
from bot.moves import AgentJoined, Collect, Facts, Finish, Heard, Listen, Transfer, TransferFailed
from bot.pipeline import converse
from bot.replay import Move, move_to_json
from bot.report import Report
from bot.script import Script
from bot.walk.merged_walk import AsAskedAlone, unmarked
from campaign.calls.beginning import Begun, begin, plan
from campaign.calls.feed import Stage
from campaign.calls.line_quality import settled_quality
from campaign.calls.settling import EndedCall, asked_for_silence, recording_of
from campaign.calls.storing import keep_log, stored
from campaign.handover.briefing import Notebook
from campaign.handover.meanwhile import asides_of
from campaign.handover.sheet import Sheet, settled_notes
from campaign.handover.ways import HandedOver, Party, Way
from campaign.masking import kind_and_place, mask_phone
from campaign.running.lease import LeaseDoubtful
from campaign.works import Works
from models import StaleAttempt
from models.lines import line_is_down
from models.queue import set_aside
from models.settlements import SettledQuality, Settlement
from rules import Ending, Evidence, Outcome, label_of
from speech.errors import SpeechError
from telephony.answered import AfterAnswer
from telephony.errors import TelephonyError
from telephony.legs import HangupCause, Leg
from telephony.progress import BeforeAnswer, listen_before_answer
from telephony.screening import ScreenedLeg

log = logging.getLogger(__name__)

_STAGES: Mapping[type[Move], Stage] = {
    Transfer: Stage.FETCHING,
    AgentJoined: Stage.WITH_AGENT,
    TransferFailed: Stage.TALKING,
}


TakeLine = Callable[[], Awaitable[Leg]]  # raises TelephonyError, LeaseDoubtful


async def review_attempt(works: Works, task_id: int) -> Settlement | None:
    """Dial a task once, together with what else the client is to be asked now, and store what became of it.

    A task that can wait for a call that its client gets anyhow, or that the caps hold back, is put off: None. Before
    anything is dialled ClientBusy, StaleAttempt, LinesFull or WorkerLost may be raised, and a task whose script is not
    published or whose slots are missing is set aside.
    """
    try:
        planned = await asyncio.to_thread(plan, works, task_id)
    except ScriptError as error:
        log.error("task %d cannot be dialled and is set aside: %s", task_id, error)
        await asyncio.to_thread(_set_aside, works, task_id, str(error))
        return None
    if planned is None:
        return None
    with suppress(SpeechError):  # the call will meet it again, and store it
        await _prepare_prompts(works, planned.call.script, planned.facts)
    begun = await asyncio.to_thread(begin, works, planned)
    return await carry_out(works, begun, lambda: _dial(works, begun))


async def carry_out(works: Works, begun: Begun, take_line: TakeLine) -> Settlement:
    """Carry an attempt through that was begun, on the line that `take_line` gives, and store what became of it.

    Whatever breaks this off, the attempt is settled: what is not settled here is left to the sweeper.
    """
    works.feed.show(begun.live)
    try:
        call = await _carry(works, begun, take_line)
        settlement = await stored(works, call, begun.tasks)
        works.feed.change(begun.call_id, stage=Stage.ENDED, outcome=label_of(Outcome(settlement.outcome)))
        return settlement
    except StaleAttempt:
        raise  # somebody else has settled it
    except BaseException:
        try:
            await keep_log(works)
        finally:
            works.abandoned.add(begun.attempt_id)
        raise
    finally:
        works.call_log.forget(begun.attempt_id)
        works.feed.drop(begun.call_id)


def _set_aside(works: Works, task_id: int, trouble: str) -> None:
    with works.database.write() as session:
        set_aside(session, task_id, trouble)


async def _dial(works: Works, begun: Begun) -> Leg:
    place = begun.place
    if place is not None and not await place.take(place.line):
        raise LeaseDoubtful("this process stood still after the row was written, or may have been given up")
    return await works.dialer.dial(begun.call_id, begun.number, ring_seconds=works.ring_seconds, places=place)


async def _carry(works: Works, begun: Begun, take_line: TakeLine) -> EndedCall:
    course = Course()
    try:
        await _prepare_prompts(works, begun.script, begun.facts)
        leg = await take_line()
    except (SpeechError, TelephonyError, LeaseDoubtful) as error:
        log.warning("call %s could not be placed: %s", begun.call_id, error)
        course.own_line_failed = True
        return _ended(works, begun, course)
    try:
        await _follow(works, begun, leg, course)
    except ConversationError as error:
        log.error("call %s broke off: %s", begun.call_id, error)
        course.broken, course.report = True, error.report
    except Exception as error:
        # Whatever failed in our own machinery, the attempt reached the line and must be settled. The message of
        # an unknown error may quote the client, so only its kind and place are logged.
        log.error("call %s broke off: %s", begun.call_id, kind_and_place(error))
        course.broken = True
    finally:
        await leg.hang_up()
        course.quality = settled_quality(await leg.quality())
    course.ended_at = works.clock.now()
    if course.way is not None:
        if course.way.talked:
            await _free_line(works, begun, course.ended_at)
        course.handed_over = await course.way.told()
    return _ended(works, begun, course)


async def _free_line(works: Works, begun: Begun, now: datetime) -> None:
    """The line is down; who has talked with the client writes down what came of it, which is part of the attempt."""
    works.feed.change(begun.call_id, stage=Stage.WRAP_UP)
    try:
        await asyncio.to_thread(_write_free, works, begun.attempt_id, now)
    except SQLAlchemyError:
        log.error("attempt %d is still counted on its trunk until it is written down", begun.attempt_id)


def _write_free(works: Works, attempt_id: int, now: datetime) -> None:
    with works.database.write() as session:
        line_is_down(session, attempt_id, now)


async def _prepare_prompts(works: Works, script: Script, facts: Facts) -> None:
    """Synthesise what is said with this client's slots before the line is taken."""
    prompts = works.voices.prompts_of(script)
    for text in script.fixed_texts(facts.slots):
        await prompts.fetch(text)


@dataclass(slots=True)
class Course:
    """What has become of a call so far; filled as it goes, so that a failure keeps what was known before it."""

    before: BeforeAnswer | None = None
    after: AfterAnswer = AfterAnswer()
    report: Report | None = None
    broken: bool = False  # our own machinery failed in mid-call
    own_line_failed: bool = False
    way: Way | None = None  # to a person
    handed_over: HandedOver = HandedOver()
    quality: SettledQuality | None = None
    identified: bool = False  # somebody was found to be the client
    heard: list[Heard] = field(default_factory=list)
    ended_at: datetime | None = None  # None: the line was never taken

    @property
    def finish(self) -> Finish | None:
        """How the call ended; whom a person has talked with is a person's, however the bot's part broke off."""
        if self.handed_over.finish is not None:
            return self.handed_over.finish
        if self.report and self.report.finish:
            return self.report.finish
        return Finish(Ending.HANDED_OVER) if self.handed_over.agent or self.handed_over.target else None


async def _follow(works: Works, begun: Begun, leg: Leg, course: Course) -> None:
    works.feed.change(begun.call_id, stage=Stage.RINGING)
    course.before = await listen_before_answer(leg, works.ears, ring_seconds=works.ring_seconds)
    if not course.before.answered:
        return
    works.feed.change(begun.call_id, stage=Stage.TALKING)

    notebook = Notebook(begun.call_id, begun.script, begun.client, begun.title)
    asides = await asides_of(begun.script, begun.facts.slots, works.voices.prompts_of(begun.script))
    show = partial(_show, works, begun)
    sheet = Sheet(begun.script, begun.facts, AsAskedAlone(works.matcher), partial(_keep, works, begun))
    course.way = works.road.way(
        Party(leg, notebook, begun.barred, asides, show, sheet, mask_phone(begun.facts.dialled))
    )  # fmt: skip

    def note(move: Move, at_ms: int) -> None:
        _keep(works, begun, move, at_ms)
        notebook.note(move)
        sheet.note(move)
        course.identified = course.identified or shows_the_client(begun.script, move)
        if isinstance(move, Heard):
            course.heard.append(move)
        if isinstance(move, Listen | Collect):
            works.feed.change(begun.call_id, question=unmarked(move.question))
        elif stage := _STAGES.get(type(move)):
            works.feed.change(begun.call_id, stage=stage)

    prompts, matcher = works.voices.prompts_of(begun.script), AsAskedAlone(works.matcher)
    screened = ScreenedLeg(leg, works.ears)
    try:
        course.report = await converse(
            screened, begun.script, begun.facts, works.ears, prompts, matcher, log=note, agents=course.way
        )
    finally:
        course.after = screened.found
    works.turn_latencies_ms.extend(course.report.turn_latencies_ms)


def _keep(works: Works, begun: Begun, move: Move, at_ms: int) -> None:
    works.call_log.append(begun.attempt_id, type(move).__name__, move_to_json(move), at_ms)


def _show(works: Works, begun: Begun, stage: Stage) -> None:
    works.feed.change(begun.call_id, stage=stage)


def shows_the_client(script: Script, move: Move) -> bool:
    """Whether the bot waits for an answer that only the client is asked for."""
    node = script.nodes.get(move.question) if isinstance(move, Listen | Collect) else None
    return node is not None and node.private


def _ended(works: Works, begun: Begun, course: Course) -> EndedCall:
    before, report, agents = course.before, course.report, course.handed_over.left
    sealed = works.recordings.find(begun.call_id)
    return EndedCall(
        attempt_id=begun.attempt_id,
        worker=works.worker,
        started_at=begun.started_at,
        ended_at=course.ended_at or works.clock.now(),
        evidence=_evidence(course),
        details=_details(before) | course.after.details() | course.handed_over.details(),
        ring_ms=before.ring_ms if before else 0,
        talk_ms=max(0, sealed.duration_ms - before.answered_at_ms) if sealed and before and before.answered else 0,
        finish=course.finish,
        notes=settled_notes((*(report.notes if report else ()), *agents.notes)),
        flags=(*(report.flags if report else ()), *agents.flags),
        attests=(*(report.attests if report else ()), *agents.attests),
        resume_at=report.resume_at if report else "",
        recording=recording_of(sealed),
        quality=course.quality,
        agent_id=course.handed_over.taker,
        incoming=begun.facts.incoming,
        identified=course.identified,
        agent_note=course.handed_over.note,
        no_more_calls=asked_for_silence(course.heard),
    )


def _evidence(course: Course) -> Evidence:
    before = course.before
    if before is None:
        return Evidence(own_line_failed=course.own_line_failed, interrupted=course.broken)
    announced = course.after.announced or before.announced
    return Evidence(
        ending=course.finish.ending if course.finish else None,
        announced=announced.value if announced else None,
        tone=before.tone,
        tone_after_answer=course.after.tone,
        sip_status=before.sip_status,
        q850=before.q850,
        answered=before.answered,
        cleared_locally=before.cleared_locally,
        interrupted=course.broken and course.finish is None,
        own_line_failed=before.cause is HangupCause.OWN_LINE,
    )


def _details(before: BeforeAnswer | None) -> dict[str, Any]:
    if before is None:
        return {}
    return {
        "announcement": before.announcement,
        "announcement_confidence": before.announcement_confidence,
        "announced": before.announced.value if before.announced else None,
        "announcement_evidence": before.announcement_evidence,
        "tone": before.tone.value if before.tone else None,
        "sip": before.sip_status,
        "q850": before.q850,
        "cause": before.cause.value if before.cause else None,
        "quotes": [asdict(quote) for quote in before.quotes],
    }
