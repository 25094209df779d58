"""Reviews by questionnaire (问卷): a link to a form, filled in tick by tick, settled like a call.

A suitability review that could not be done by telephone goes on as one within the year (table F.1 note 2); a client
who refuses one is called instead (row 10). The link names nobody: the form shows nothing of the client's until the
client has given the right name.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from bot.form import Course, FormError, Given, Page, checked, course, filled, page
from bot.moves import Finish
from bot.script import Script
from campaign.calls.facts import slots_of, task_facts
from campaign.calls.settling import EndedCall, settlement_of
from campaign.clock import Clock
from campaign.house import House
from campaign.published import Shelf, script_of
from campaign.sending.notices import without_number
from intents import Matcher
from models import Database, Notice, ReviewTask, current_seal
from models.questionnaire_tables import Questionnaire
from models.questionnaires import (
    begin_by_form,
    keep_given,
    note_opened,
    note_wrong_name,
    open_questionnaire,
    questionnaire,
)
from models.queue import Served, history_of
from models.scripts import version_by_hash
from models.settlements import settle
from rules import CallingHours, Ending, Evidence, Risk
from rules.appendix_f import APPENDIX_F, REVIEWED_STATUS
from rules.appendix_f import Notice as Owed
from rules.hours import written_minute

VALID = timedelta(days=14)
MOST_WRONG_NAMES = 5
_SIGNATURE_DIGITS = 32

log = logging.getLogger(__name__)


class Standing(StrEnum):
    """How a form stands for whoever opened its link."""

    UNKNOWN = "unknown"  # 链接不正确
    EXPIRED = "expired"  # 已过期
    LOCKED = "locked"  # 姓名多次不符
    STRANGER = "stranger"  # 还不知道是不是客户本人
    OPEN = "open"  # 正在填写
    SENT_IN = "sent_in"  # 已提交
    REVIEWED = "reviewed"  # 已通过其他方式完成回访


@dataclass(frozen=True, slots=True)
class Look:
    """What a form shows now; `now` is the page to be answered, `answered` the pages before it with what was given."""

    standing: Standing
    now: Page | None = None
    answered: tuple[tuple[Page, Given], ...] = ()
    left: int = 0  # pages that may still come, this one included


class LinkBroken(Exception):
    """A link that is not, or no longer, one of ours; `standing` says why."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(standing.value)
        self.standing = standing


@dataclass(frozen=True, slots=True)
class Forms:
    """All questionnaires of an installation; blocks, safe from several threads.

    `address`: where clients reach the forms, e.g. https://hf.example.com; empty: none are sent.
    """

    database: Database
    scripts: Shelf
    house: House
    clock: Clock
    matcher: Matcher
    address: str
    worker: str
    hours: CallingHours = field(default_factory=CallingHours)  # of the bot, to whom a refusal leads

    def invite(self, session: Session, task: ReviewTask) -> str:
        """The link to the form of a task, made where there is none that is still open; raises ScriptError."""
        return self._link(self._open(session, task, self.clock.now()))

    def _link(self, form: Questionnaire) -> str:
        return f"{self.address}/q/{token_of(form.id)}"

    def _open(self, session: Session, task: ReviewTask, now: datetime) -> Questionnaire:
        return open_questionnaire(session, task.id, now) or self._new(session, task, now)

    def _new(self, session: Session, task: ReviewTask, now: datetime) -> Questionnaire:
        script = self.scripts.script(task.script)
        expires_at = min(now + VALID, task.deadline_at) if task.deadline_at and task.deadline_at > now else now + VALID
        form = Questionnaire(
            task_id=task.id, script=script.name, script_hash=script.hash, created_at=now, expires_at=expires_at
        )
        session.add(form)
        session.flush()
        return form

    def send(self, session: Session, task: ReviewTask) -> None:
        """Have the link sent to the client, once a task; nothing where no address is set.

        By SMS, but never to a number that failed or is somebody else's (table F.1 rows 7 to 9): then by e-mail, or by
        hand where there is no address.
        """
        if not self.address or any(notice.kind == INVITATION for notice in task.notices):
            return
        now = self.clock.now()
        form = self._open(session, task, now)
        text = _INVITATION.format(
            firm=self.house.firm,
            link=self._link(form),
            until=written_minute(form.expires_at),
            service_number=self.house.service_number,
        )
        fails = not _NUMBER_FAILS.isdisjoint({task.status, task.closes_as})
        channel = without_number(task.customer.email) if fails else "sms"
        session.add(
            Notice(task_id=task.id, kind=INVITATION, channel=channel, text=text, created_at=now, next_try_at=now)
        )

    def look(self, token: str, *, known: bool, at: str = "") -> Look:
        """What the form shows; `known`: this browser gave the right name. `at` is a page to look at again."""
        with self.database.read() as session:
            try:
                form = self._form(session, token)
            except LinkBroken as broken:
                return Look(broken.standing)
            if not known:
                return Look(Standing.STRANGER)
            return self._shown(session, form, at)

    def _shown(self, session: Session, form: Questionnaire, at: str) -> Look:
        script, given = self._script(session, form), given_in(form)
        slots = slots_of(form.task, self.house, script.business)
        walked = course(script, given)
        pages = tuple((page(script, node, slots), given[node]) for node in walked.answered)
        now = at if at in walked.answered else walked.now
        return Look(Standing.OPEN, page(script, now, slots) if now else None, pages, _left(script, walked))

    def say_name(self, token: str, name: str) -> bool:
        """Whether this is the client's name; five wrong ones lock the form. Raises LinkBroken."""
        with self.database.write() as session:
            form = self._form(session, token)
            right = hmac.compare_digest(form.task.customer.name_digest, current_seal().digest(name.strip()))
            if right:
                note_opened(session, form.id, self.clock.now())
            else:
                note_wrong_name(session, form.id)
            return right

    def give(self, token: str, node: str, value: str, words: str) -> None:
        """Keep an answer; raises FormError for what the page does not offer, LinkBroken."""
        with self.database.write() as session:
            form = self._form(session, token)
            script, before = self._script(session, form), form.given
            given = given_in(form)
            walked = course(script, given)
            if node not in (*walked.answered, walked.now):
                raise FormError("页面已经变化：请按现在的问题作答")
            given[node] = checked(script, node, value, words, self._since_opening(form))
            kept = json.dumps({name: asdict(one) for name, one in given.items()}, ensure_ascii=False)
            if not keep_given(session, form.id, before, kept):
                raise FormError("问卷在另一个窗口里有改动：请刷新后再答")

    def send_in(self, token: str) -> None:
        """Settle a form that is filled in; raises FormError where it is not, ClientBusy, LinkBroken."""
        with self.database.write() as session:
            form = self._form(session, token)
            script, given = self._script(session, form), given_in(form)
            if course(script, given).now is not None:
                raise FormError("还有问题没有回答")
            self._settle(session, form, script, given, Ending.COMPLETED)

    def refuse(self, token: str) -> None:
        """Settle a form whose client takes no part: the review goes on by telephone (table F.1 row 10)."""
        with self.database.write() as session:
            form = self._form(session, token)
            self._settle(session, form, self._script(session, form), given_in(form), Ending.REFUSED)

    def _form(self, session: Session, token: str) -> Questionnaire:
        id_ = id_in(token)
        form = questionnaire(session, id_) if id_ is not None else None
        if form is None:
            raise LinkBroken(Standing.UNKNOWN)
        if form.ended_at is not None:
            raise LinkBroken(Standing.SENT_IN)
        if form.task.status == REVIEWED_STATUS:
            raise LinkBroken(Standing.REVIEWED)
        if form.expires_at <= self.clock.now():
            raise LinkBroken(Standing.EXPIRED)
        if form.wrong_names >= MOST_WRONG_NAMES:
            raise LinkBroken(Standing.LOCKED)
        return form

    def _script(self, session: Session, form: Questionnaire) -> Script:
        version = version_by_hash(session, form.script, form.script_hash)
        if version is None:
            raise LinkBroken(Standing.UNKNOWN)
        return script_of(version)

    def _since_opening(self, form: Questionnaire) -> int:
        return round((self.clock.now() - (form.opened_at or self.clock.now())).total_seconds() * 1000)

    def _settle(
        self, session: Session, form: Questionnaire, script: Script, given: Mapping[str, Given], ending: Ending
    ) -> None:
        task, now = form.task, self.clock.now()
        if ending is Ending.REFUSED and (task.final or task.closes_as):
            form.ended_at = now  # the calls had been exhausted: nothing goes on by telephone
            return
        served = Served(task.id, task.attempts_made + 1, script.name, script.hash)
        history = history_of(session, task.id)
        attempt = begin_by_form(session, form, served, worker=self.worker, now=now)
        left = filled(script, given, self._spoken_risks(given))
        call = EndedCall(
            attempt_id=attempt.id,
            worker=self.worker,
            started_at=attempt.started_at,
            ended_at=now,
            evidence=Evidence(answered=True, ending=ending),
            details={"questionnaire": form.id},
            finish=Finish(ending),
            notes=left.notes,
            flags=left.flags,
            attests=left.attests,
            by_phone=False,
        )
        settle(session, settlement_of(call, [task_facts(task, history, hours=self.hours)], self.house, now))

    def _spoken_risks(self, given: Mapping[str, Given]) -> dict[str, frozenset[Risk]]:
        """The risks in the client's own words, as they would be heard in a call."""
        written = {node: one.words for node, one in given.items() if one.value == "words"}
        return {node: self.matcher.match(node, words).risks for node, words in written.items()}


INVITATION = "questionnaire"
_INVITATION = (
    "【{firm}】尊敬的客户，我司就您的业务进行例行客户回访，电话回访未能完成。"
    "请在{until}前打开链接填写回访问卷：{link} 如有疑问请致电{service_number}。"
)
_NUMBER_FAILS = frozenset(
    status
    for row in APPENDIX_F
    if row.notice is Owed.UPDATE_CONTACT
    for status in (row.temporary_status, row.final_status)
)


def given_in(form: Questionnaire) -> dict[str, Given]:
    """What was ticked so far, by node."""
    return {node: Given(**one) for node, one in json.loads(form.given).items()}


def token_of(id_: int) -> str:
    """The last part of a form's link: its number and a signature over it."""
    return f"{id_}.{_signature(id_)}"


def id_in(token: str) -> int | None:
    """The number of the form that a link names, None where the signature is not ours."""
    number, _, signature = token.partition(".")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    return int(number) if hmac.compare_digest(signature.encode(), _signature(int(number)).encode()) else None


def _signature(id_: int) -> str:
    return current_seal().digest(f"questionnaire {id_}")[:_SIGNATURE_DIGITS]


def _left(script: Script, walked: Course) -> int:
    """How many pages may still come, by the safe way through."""
    if walked.now is None:
        return 0
    return sum(node.review for node in script.nodes.values()) - len(walked.answered)
