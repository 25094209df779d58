"""Calls of clients who call back: answered, reviewed, settled; everybody else is told where to call."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from bot.errors import ScriptError
from bot.nodes import fill
from bot.script import Script
from campaign.calls.attempt import carry_out
from campaign.calls.beginning import Begun, Planned, begun_of, in_doubt, planned_for, write_attempt
from campaign.calls.feed import LiveCall, Stage
from campaign.calls.reception import Candidate, Decided, Reason, Treatment, Waiting, decide, number_of
from campaign.masking import kind_and_place, mask_phone
from campaign.to_the_end import called_off
from campaign.works import Works
from models import ClientBusy, IncomingCall, ReviewTask, StaleAttempt, current_seal
from models.incoming import KnownCaller, known_callers, register, takes_calls
from models.workers import still_alive
from speech.errors import SpeechError
from telephony.errors import TelephonyError
from telephony.legs import Answered, Played
from telephony.sip.dialer import SipDialer
from telephony.sip.reception import IncomingCall as Ringing

TELL_SECONDS = 45.0  # longer than the sentence

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """A call that was decided about and entered in the register."""

    decided: Decided
    call_id: str
    begun: Begun | None = None  # to be served
    script: Script | None = None  # whose sentence is told


@asynccontextmanager
async def answering(works: Works, lines: int) -> AsyncIterator[None]:
    """Take the calls that come meanwhile, at most `lines` at once, where the dialer can: over SIP trunks."""
    dialer = works.dialer
    if lines <= 0 or not isinstance(dialer, SipDialer):
        yield
        return
    desk = asyncio.create_task(Answering(works, dialer, lines).run())
    try:
        yield
    finally:
        await called_off(desk)


@dataclass(slots=True)
class Answering:
    """Takes the calls that come, at most `lines` at once."""

    works: Works
    dialer: SipDialer
    lines: int
    _deciding: asyncio.Lock = field(default_factory=asyncio.Lock)
    _engaged: int = 0  # lines

    async def run(self) -> None:
        """Go on until cancelled; then the calls on the line are ended."""
        try:
            async with aclosing(self.dialer.incoming()) as calls:
                async for ringing in calls:
                    call = asyncio.create_task(self._take(ringing))
                    self.works.incoming.add(call)  # bounded: the reception lets so many wait, `lines` so many talk
                    call.add_done_callback(self.works.incoming.discard)
        finally:
            await called_off(*self.works.incoming)

    async def _take(self, ringing: Ringing) -> None:
        try:
            async with self._deciding:
                received = await asyncio.to_thread(self._receive, number_of(ringing.caller), ringing.trunk)
                self._engaged += received.decided.treatment is not Treatment.REFUSE
        except Exception as error:
            log.error("a call that came cannot be taken: %s", kind_and_place(error))
            ringing.refuse(480, 41)  # temporary failure
            return
        if received.decided.treatment is Treatment.REFUSE:
            refusal = received.decided.refusal
            ringing.refuse(refusal.sip, refusal.q850)
            return
        try:
            await self._answer(ringing, received)
        except Exception as error:
            # The row of an attempt stays open; it is settled as interrupted at the next start.
            log.error("call %s broke off: %s", received.call_id, kind_and_place(error))
        finally:
            self._engaged -= 1

    async def _answer(self, ringing: Ringing, received: Received) -> None:
        begun = received.begun
        if begun is not None:
            await carry_out(self.works, begun, lambda: self.dialer.accept(ringing, begun.call_id))
        elif received.script is not None:
            await self._tell(ringing, received.call_id, received.script)

    # Deciding: off the event loop, one call at a time

    def _receive(self, number: str, trunk: str) -> Received:
        """Decide what to do with a caller, and write it down before anything is said."""
        works, call_id = self.works, f"in-{uuid.uuid4().hex[:16]}"
        now = works.clock.now()
        with works.database.read() as session:
            known = known_callers(session, current_seal().digest(number), now) if number else []
            decided = decide(number, [_candidate(one) for one in known], self.lines - self._engaged, now)
            if not takes_calls(session, works.worker):
                decided = Decided(Treatment.REFUSE, Reason.CLOSING, decided.customer_id)
            decided, planned = self._planned(session, decided, number)
        row = IncomingCall(
            call_id=call_id, at=now, caller=mask_phone(number), trunk=trunk, customer_id=decided.customer_id
        )
        if planned is not None:
            try:
                return self._begin(planned, decided, row)
            except (ClientBusy, StaleAttempt) as reason:
                log.info("call %s is not served: %s", call_id, reason)
                decided = self._instead(decided, number, reason)
        script = self._telling() if decided.treatment is Treatment.TELL else None
        if decided.treatment is Treatment.TELL and script is None:
            decided = replace(decided, treatment=Treatment.REFUSE, reason=Reason.NO_SENTENCE)
        row.treatment, row.reason = decided.treatment, decided.reason
        with works.database.write() as session:
            register(session, row)
        return Received(decided, call_id, script=script)

    def _planned(self, session: Session, decided: Decided, number: str) -> tuple[Decided, Planned | None]:
        """What a call that is to be served carries, led by the first of its tasks that can be spoken."""
        if decided.treatment is not Treatment.SERVE:
            return decided, None
        tasks = [session.get_one(ReviewTask, task_id) for task_id in decided.task_ids]
        for lead in tasks:
            others = [task for task in tasks if task is not lead]
            try:
                planned = planned_for(self.works, session, lead, others, self.works.clock.now())
            except ScriptError as error:
                log.error("task %d cannot be spoken: %s", lead.id, error)
                continue
            return decided, replace(planned, facts=replace(planned.facts, dialled=number, incoming=True))
        return Decided(Treatment.TELL, Reason.NOTHING_OPEN, decided.customer_id), None

    def _instead(self, decided: Decided, number: str, reason: Exception) -> Decided:
        """What to do with a client who was to be served: whose last call is only still written down is told."""
        with self.works.database.read() as session:
            known = known_callers(session, current_seal().digest(number), self.works.clock.now())
        if isinstance(reason, ClientBusy) and not any(one.on_the_line for one in known):
            return Decided(Treatment.TELL, Reason.NOTHING_OPEN, decided.customer_id)
        return Decided(Treatment.REFUSE, Reason.ON_THE_LINE, decided.customer_id)

    def _begin(self, planned: Planned, decided: Decided, row: IncomingCall) -> Received:
        """Write the attempt and its entry in one transaction; raises ClientBusy, StaleAttempt, WorkerLost."""
        works, now = self.works, self.works.clock.now()
        with in_doubt(works, planned), works.database.write() as session:
            still_alive(session, works.worker)
            trunk = row.trunk if works.lines is not None and row.trunk in works.lines.names else ""
            attempt = write_attempt(works, session, planned, now, trunk)
            row.call_id, row.attempt_id = attempt.call_id, attempt.id
            row.treatment, row.reason = decided.treatment, decided.reason
            register(session, row)
        begun = begun_of(planned, attempt, now)
        live = replace(begun.live, title=f"客户来电：{begun.live.title}", stage=Stage.INCOMING)
        return Received(decided, attempt.call_id, begun=replace(begun, live=live))

    def _telling(self) -> Script | None:
        """A published script that has the sentence for callers without a review; None: none was approved."""
        scripts = self.works.scripts.current()
        return next((scripts[name] for name in sorted(scripts) if scripts[name].texts.turned_away), None)

    # Telling

    async def _tell(self, ringing: Ringing, call_id: str, script: Script) -> None:
        """Say the sentence, and hang up."""
        works = self.works
        caller = mask_phone(number_of(ringing.caller)) or "未显示号码"
        works.feed.show(LiveCall(call_id, 0, "—", caller, "来电告知", Stage.INCOMING))
        try:
            text = fill(script.texts.turned_away, works.house.slots)
            pcm = await works.voices.prompts_of(script).fetch(text)
            await self._say(ringing, call_id, pcm)
        except (SpeechError, TelephonyError) as error:
            log.warning("call %s could not be answered: %s", call_id, error)
            ringing.refuse(480, 41)
        finally:
            works.feed.drop(call_id)

    async def _say(self, ringing: Ringing, call_id: str, pcm: bytes) -> None:
        leg = await self.dialer.accept(ringing, call_id)
        try:
            async with asyncio.timeout(TELL_SECONDS):
                async for event in leg.events():
                    if isinstance(event, Answered):
                        self.works.feed.change(call_id, stage=Stage.TALKING)
                        leg.play(pcm, "told")
                    elif isinstance(event, Played):
                        return
        except TimeoutError:
            log.warning("call %s did not end by itself", call_id)
        finally:
            await leg.hang_up()


def _candidate(known: KnownCaller) -> Candidate:
    return Candidate(
        customer_id=known.client.id,
        do_not_call=known.client.do_not_call,
        on_the_line=known.on_the_line,
        waiting=tuple(
            Waiting(task.id, task.due_at, task.attempts_made, task.deadline_at)
            for task in known.open_tasks
            if task.due_at is not None
        ),
        called_at=known.called_at,
    )
