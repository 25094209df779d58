"""Reviews by people (人工回访): a task is taken by one agent, called for by telephone, and settled like a bot's call.

The agent reads the same script as a form; every tick is kept. What follows is decided by the same rules (table F.1),
except that a task which a person has called for stays with people, and that its deadline stops nobody: a person goes
on with what is late. Nobody is given a client whom §6.3 keeps from them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.errors import BotError, ScriptError
from bot.form import Course, FormError, Given, checked, course, filled
from bot.moves import Flag
from bot.script import Script
from campaign.calls.call_ends import CallEnd
from campaign.calls.call_form import EVIDENCE, CallForm, call_form
from campaign.calls.facts import past_of, slots_of, task_facts
from campaign.calls.placing import Place
from campaign.calls.settling import EndedCall, recording_of, settlement_of
from campaign.clock import Clock
from campaign.house import House
from campaign.masking import kind_and_place
from campaign.other_ways.obstacles import SILENT, obstacles
from campaign.published import Shelf, script_of
from campaign.running.opening_hours import hours_from
from intents import Matcher
from models import (
    Attempt,
    ClientBusy,
    Database,
    HumanReview,
    LinesFull,
    ReviewTask,
    Staff,
    StaleAttempt,
    TakenByAnother,
    audit,
)
from models.beginning import begin_without_bot
from models.control import is_silent
from models.people import (
    PROMISED,
    URGENT,
    Ended,
    close_requests,
    end,
    forgotten,
    give_back,
    hand_on,
    human_review,
    is_for_people,
    keep,
    on_the_telephone,
    stay_with_people,
    take,
    taken_by,
)
from models.queue import Served, history_of
from models.scripts import version_by_hash
from models.settlements import Settlement, settle
from rules import (
    CallingHours,
    ContactCaps,
    Evidence,
    Risk,
    RulesError,
    is_callback,
    may_call_at,
    severity_of,
)
from rules.outcomes import Method
from telephony.recording import RecordingStore

HOLD = timedelta(hours=12)  # a task that was taken and not called for
CALL = timedelta(hours=3)  # longer than any call: then it was left open by mistake
MOST_TAKEN = 10  # by one agent

log = logging.getLogger(__name__)


class PeopleError(Exception):
    """What an agent cannot do now; the message is for the agent."""


@dataclass(frozen=True, slots=True)
class PhoneReviews:
    """The reviews by people of an installation; blocks, safe from several threads."""

    database: Database
    scripts: Shelf
    house: House
    clock: Clock
    matcher: Matcher
    hours: CallingHours = field(default_factory=CallingHours)
    recordings: RecordingStore | None = None  # of calls that were dialled at the desk
    caps: ContactCaps | None = None  # None: a client may be called any number of times a day

    def obstacle(self, session: Session, task: ReviewTask, staff: Staff) -> str:
        """Why this agent cannot call this client now, a Chinese sentence; "": nothing speaks against it."""
        return self.obstacles(session, [task], staff)[task.id]

    def obstacles(self, session: Session, tasks: Sequence[ReviewTask], staff: Staff) -> dict[int, str]:
        """The same for many tasks at once, by task."""
        return obstacles(session, tasks, staff, self.caps, self.clock.now())

    def take(self, task_id: int, staff_id: int) -> int:
        """Put a task into an agent's hands and return its taking; raises PeopleError."""
        try:
            with self.database.write() as session:
                task, staff = session.get_one(ReviewTask, task_id), session.get_one(Staff, staff_id)
                if not is_for_people(session, task_id):
                    raise PeopleError("这项任务已经不需要人工回访")
                if why := self.obstacle(session, task, staff):
                    raise PeopleError(why)
                if taken_by(session, staff_id) >= MOST_TAKEN:
                    raise PeopleError(f"手上已有{MOST_TAKEN}项任务，请先办理或退回")
                held_until = datetime.now(UTC) + HOLD
                return take(session, task_id, staff_id, now=self.clock.now(), held_until=held_until).id
        except TakenByAnother as error:
            raise PeopleError("这项任务刚刚被别人领取") from error

    def give_back(self, id_: int, staff_id: int) -> None:
        """Put a task back onto the list; raises PeopleError, also once it was called for."""
        with self.database.write() as session:
            self._mine(session, id_, staff_id)
            if not give_back(session, id_, self.clock.now()):
                raise PeopleError("已经开始通话：请先登记通话结果")

    def begin(
        self, id_: int, staff_id: int, *, consent: bool = False, claim: Callable[[Session], Place] | None = None
    ) -> Place | None:
        """The agent dials now: nobody else calls this client until the result is written down. Raises PeopleError.

        `consent`: the client wants to be called outside the calling hours; it is kept with the call. `claim` counts
        the call on one of our own trunks; None: it goes over the agent's own telephone.
        """
        try:
            with self.database.write() as session:
                return self._begin(session, self._mine(session, id_, staff_id), consent, claim)
        except LinesFull as error:
            raise PeopleError("外呼线路都在使用中，请稍后再拨") from error
        except ClientBusy as error:
            raise PeopleError("系统正在与该客户通话，请稍后再拨") from error
        except StaleAttempt as error:
            raise PeopleError("这项任务刚刚有了新的回访结果，请刷新后再看") from error

    def _begin(
        self, session: Session, review: HumanReview, consent: bool, claim: Callable[[Session], Place] | None
    ) -> Place | None:
        task, staff, now = review.task, review.staff, self.clock.now()
        if not is_for_people(session, task.id):
            raise PeopleError("这项任务已经不需要人工回访，请退回")
        if why := self.obstacle(session, task, staff) or (SILENT if is_silent(session, task.customer_id) else ""):
            raise PeopleError(why)
        late = not may_call_at(now, hours_from(task.campaign.hours, self.hours))
        agreed = is_callback(past_of(history_of(session, task.id)))
        if late and not agreed and not consent:
            raise PeopleError("现在不是可以致电客户的时间；客户同意现在通话的，请勾选后再开始")
        script = self._published(task.script)
        place = claim(session) if claim is not None else None
        attempt = begin_without_bot(
            session,
            task,
            Served(task.id, task.attempts_made + 1, script.name, script.hash),
            Method.HUMAN_CALL,
            worker=f"staff {staff.number}",
            now=now,
            dialled=task.next_phone or task.customer.phone,
            line=place.line if place is not None else "",
            line_worker=place.works.worker if place is not None else "",
        )
        if late and consent:
            attempt.evidence = {"outside_hours": "客户同意在非致电时段通话"}
        if not on_the_telephone(session, review.id, attempt.id, datetime.now(UTC) + CALL):
            raise PeopleError("已经在另一个窗口开始了通话，请刷新")
        if place is not None:
            place.attempt_id = attempt.id
        return place

    def hand_on(self, id_: int, staff_id: int, to: int, *, company: Mapping[str, Any], left: bool = False) -> None:
        """Somebody else has the client on the line from now on, and writes the result down; raises PeopleError.

        `company` goes into the call's evidence: who has talked with the client, and who was asked. `left`: the client
        was left with them, which goes into the audit log; else they took the call over, which is there already.
        """
        with self.database.write() as session:
            review = self._calling(session, id_, staff_id)
            if not hand_on(session, review.id, staff_id, to):
                raise PeopleError("这次通话的结果已经登记过了")
            review.attempt.evidence = review.attempt.evidence | dict(company)
            if left:
                taker = session.get_one(Staff, to)
                audit.note(session, staff_id, audit.Act.CLIENT_LEFT, review.attempt.call_id, f"转给{taker.number}")

    def form(self, session: Session, review: HumanReview) -> CallForm:
        """What the caller reads, the slots filled; empty before the call is begun."""
        if review.attempt is None:
            return CallForm()
        script, slots = self.spoken(session, review)
        return call_form(script, given_in(review), slots)

    def spoken(self, session: Session, review: HumanReview) -> tuple[Script, dict[str, str]]:
        """The script of a review that is called for, and what fills its slots."""
        script = self._script(session, review.attempt)
        house = replace(self.house, staff_number=review.staff.number)
        return script, slots_of(review.task, house, script.business)

    def give(self, id_: int, staff_id: int, node: str, value: str, words: str) -> None:
        """Keep an answer; raises FormError for what the page does not offer, PeopleError."""
        with self.database.write() as session:
            review = self._calling(session, id_, staff_id)
            script, before = self._script(session, review.attempt), review.given
            given = given_in(review)
            walked = course(script, given)
            if node not in (*walked.answered, walked.now):
                raise FormError("页面已经变化：请按现在的问题登记")
            at_ms = _ms_since(review.attempt, self.clock.now())
            given[node] = checked(script, node, value, words, at_ms)
            kept = json.dumps({name: asdict(one) for name, one in given.items()}, ensure_ascii=False)
            if not keep(session, id_, before, kept):
                raise FormError("另一个窗口里有改动：请刷新后再登记")

    def record(self, id_: int, staff_id: int, ended: CallEnd, risks: Sequence[Risk] = ()) -> None:
        """Settle the call as the agent says that it ended; raises EndRefused for what does not fit, PeopleError.

        `risks`: what the agent heard beside the answers; the note keeps the client's words.
        """
        try:
            with self.database.write() as session:
                review = self._calling(session, id_, staff_id)
                script, given = self._script(session, review.attempt), given_in(review)
                walked = course(script, given)
                ended.check(answered_all=walked.now is None, now=self.clock.now())
                call = self._ended(review, script, given, ended.evidence)
                heard = _heard(risks, walked, ended.note, _ms_since(review.attempt, call.ended_at))
                call = replace(call, finish=ended.finish, flags=(*call.flags, *heard))
                self._settle(session, review, call, Ended.RECORDED, ended.note)
        except StaleAttempt as error:
            raise PeopleError("这次通话的结果已经登记过了") from error

    def check(self, id_: int, staff_id: int, ended: CallEnd) -> None:
        """Whether the call may be settled so; raises EndRefused, PeopleError where it may not."""
        with self.database.read() as session:
            review = self._calling(session, id_, staff_id)
            walked = course(self._script(session, review.attempt), given_in(review))
            ended.check(answered_all=walked.now is None, now=self.clock.now())

    def end_forgotten(self) -> int:
        """Take back what agents left lying and settle calls that were never ended; returns how many there were."""
        with self.database.read() as session:
            left = [review.id for review in forgotten(session, datetime.now(UTC))]
        ended = [id_ for id_ in left if self.forget(id_)]
        if ended:
            log.warning("%d reviews by people were left lying", len(ended))
        return len(ended)

    def forget(self, id_: int) -> bool:
        """End one that was left lying; False where that was done meanwhile, or cannot be: the others are not kept.

        What was ticked is kept; the task waits for a person again.
        """
        try:
            with self.database.write() as session:
                review = human_review(session, id_)
                if review is None or review.ended_at is not None:
                    return False
                if review.attempt is None:
                    return end(session, id_, Ended.FORGOTTEN, now=self.clock.now())
                script = self._script(session, review.attempt)
                interrupted = Evidence(interrupted=True, answered=True)
                self._settle(
                    session, review, self._ended(review, script, given_in(review), interrupted), Ended.FORGOTTEN
                )
                return True
        except (PeopleError, StaleAttempt, BotError, RulesError) as error:
            log.error("a review by a person that was left lying cannot be settled: %s", kind_and_place(error))
            return False

    def _mine(self, session: Session, id_: int, staff_id: int) -> HumanReview:
        review = human_review(session, id_)
        if review is None or review.staff_id != staff_id:
            raise PeopleError("这项任务不在您手上")
        if review.ended_at is not None:
            raise PeopleError("这项任务已经办结、退回或者超时收回")
        return review

    def _calling(self, session: Session, id_: int, staff_id: int) -> HumanReview:
        review = self._mine(session, id_, staff_id)
        if review.attempt is None:
            raise PeopleError("请先开始通话")
        return review

    def _published(self, name: str) -> Script:
        try:
            return self.scripts.script(name)
        except ScriptError as error:
            raise PeopleError(str(error)) from error

    def _script(self, session: Session, attempt: Attempt) -> Script:
        current = self.scripts.current().get(attempt.script)
        if current is not None and current.hash == attempt.script_hash:
            return current
        version = version_by_hash(session, attempt.script, attempt.script_hash)
        if version is None:
            raise PeopleError("这次通话所用的话术版本已不在库中")
        return script_of(version)

    def _ended(self, review: HumanReview, script: Script, given: Mapping[str, Given], evidence: Evidence) -> EndedCall:
        attempt, now = review.attempt, max(self.clock.now(), review.attempt.started_at)
        written = {node: one.words for node, one in given.items() if one.value == "words"}
        risks = {node: self.matcher.match(node, words).risks for node, words in written.items()}
        left = filled(script, given, risks, EVIDENCE)
        return EndedCall(
            attempt_id=attempt.id,
            worker=attempt.worker,
            started_at=attempt.started_at,
            ended_at=now,
            evidence=evidence,
            details={"agent": review.staff.number, "agent_name": review.staff.name} | attempt.evidence,
            talk_ms=_ms_since(attempt, now) if evidence.answered else 0,
            notes=left.notes,
            flags=left.flags,
            attests=left.attests,
            recording=recording_of(self.recordings.find(attempt.call_id) if self.recordings is not None else None),
        )

    def _settle(self, session: Session, review: HumanReview, call: EndedCall, how: Ended, note: str = "") -> None:
        task, now = review.task, call.ended_at
        facts = task_facts(task, history_of(session, task.id))
        facts = replace(facts, policy=replace(facts.policy, deadline_at=None))
        settlement = settlement_of(call, [facts], self.house, now)
        put_off = settlement.callback_at is not None or not _is_urgent(call)
        next_at = settlement.tasks[0].due_at if put_off else None
        if not end(session, review.id, how, now=now, next_at=next_at, note=note):
            raise PeopleError("这次通话的结果已经登记过了")
        settle(session, _by_a_person(settlement, has_flags=bool(call.flags)))
        if settlement.tasks[0].final or settlement.tasks[0].closes_as:
            close_requests(session, task.id)
        else:
            stay_with_people(session, task.id)


def _is_urgent(call: EndedCall) -> bool:
    """Whether a person is to call again at once: as was promised, or for what the client said."""
    return bool(call.details.get(PROMISED)) or any(flag.severity in URGENT for flag in call.flags)


def _by_a_person(settlement: Settlement, *, has_flags: bool) -> Settlement:
    """The settlement without a new call for a person: one is at it. What is risky goes to another one (§8.4)."""
    return replace(
        settlement,
        tasks=tuple(replace(task, due_at=None) for task in settlement.tasks),
        evidence=settlement.evidence | {"decided_by": EVIDENCE},
        escalation=settlement.escalation if has_flags else None,
    )


def _heard(risks: Sequence[Risk], walked: Course, words: str, at_ms: int) -> tuple[Flag, ...]:
    node = walked.answered[-1] if walked.answered else ""
    return tuple(Flag(risk, severity_of(risk), node, words, at_ms, at_ms) for risk in dict.fromkeys(risks))


def _ms_since(attempt: Attempt, now: datetime) -> int:
    return max(0, round((now - attempt.started_at).total_seconds() * 1000))


def given_in(review: HumanReview) -> dict[str, Given]:
    """What was ticked so far, by node."""
    return {node: Given(**one) for node, one in json.loads(review.given).items()}
