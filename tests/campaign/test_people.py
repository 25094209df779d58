"""Reviews by people: taken by one agent, called for by telephone, settled by the rules of the bot's calls."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from bot.form import FormError
from campaign.calls.call_ends import OUTCOMES, CallEnd, EndRefused
from campaign.house import House
from campaign.other_ways.people import PeopleError, PhoneReviews, given_in
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from intents import load_matcher
from models import (
    Attempt,
    ClientBusy,
    Database,
    Escalation,
    HumanReview,
    Notice,
    Product,
    ReviewTask,
    RiskFlag,
    Staff,
)
from models.control import do_not_call
from models.people import PeopleFilter, Waits, human_review, note_of, people_list, promise_callback
from models.queue import begin_attempt
from models.settlements import SettledTask, Settlement, settle
from models.workers import left_behind
from rules import ContactCaps, Outcome, Risk, outcome_of
from tests.campaign.test_questionnaires import Later, fill_in
from tests.conftest import NOON, publish, served

MATCHER = load_matcher()
HOUSE = House("华夏安信证券", "客户服务中心", "8001", "95500")
SAFE = {"suitability.staff_misconduct": "no", "suitability.reminder": "read"}


@pytest.fixture
def people(database: Database, task_id: int) -> PhoneReviews:
    """The task waits for a person; 8002 and 8003 are agents."""
    publish(database, "suitability")
    with database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.with_human, task.due_at = True, None
        session.add_all([Staff(number=number, name=name, post="agent") for number, name in AGENTS.items()])
    reviews = PhoneReviews(database, Shelf(database), HOUSE, Later(), MATCHER)
    later(reviews, timedelta(hours=2))
    return reviews


AGENTS = {"8002": "孙敏", "8003": "李静"}


def agent(people: PhoneReviews, number: str = "8002") -> int:
    with people.database.read() as session:
        return session.scalars(select(Staff.id).where(Staff.number == number)).one()


def later(people: PhoneReviews, wait: timedelta) -> None:
    assert isinstance(people.clock, Later)
    people.clock.at += wait


def listed(people: PhoneReviews, waits: Waits = Waits.NOW, **narrowed: object) -> list[str]:
    wanted = PeopleFilter(waits, **narrowed)  # type: ignore[arg-type]
    with people.database.read() as session:
        found = people_list(session, wanted, people.clock.now(), page=1, size=25)
        return [one.task.number for one in found.items]


def calling(people: PhoneReviews, task_id: int) -> int:
    taken = people.take(task_id, agent(people))
    people.begin(taken, agent(people))
    return taken


def fill(people: PhoneReviews, taken: int, **other: str) -> None:
    while True:
        with people.database.read() as session:
            review = human_review(session, taken)
            assert review is not None
            now = people.form(session, review).now
        if now is None:
            return
        value = other.get(now.node.partition(".")[2], SAFE.get(now.node, "yes"))
        people.give(taken, agent(people), now.node, value, "")


def stored(people: PhoneReviews, task_id: int) -> ReviewTask:
    with people.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        session.expunge(task)
        return task


def test_a_review_by_a_person_is_stored_like_a_call(people: PhoneReviews, task_id: int) -> None:
    taken = calling(people, task_id)
    later(people, timedelta(minutes=4))
    fill(people, taken, knows_rules="unsure")
    people.record(taken, agent(people), CallEnd(Outcome.REVIEWED))
    task = stored(people, task_id)
    assert (task.status, task.final, task.due_at, task.attempts_made) == ("已完成：已回访", True, None, 1)
    with people.database.read() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.method, attempt.outcome, attempt.talk_ms) == ("human_call", "reviewed", 240_000)
        assert attempt.evidence["decided_by"] == "坐席登记"
        assert (attempt.evidence["agent"], attempt.evidence["agent_name"]) == ("8002", "孙敏")
        values = {answer.question: answer.value for answer in attempt.answers}
        assert len(values) == 8
        assert values["suitability.knows_rules"] == "unsure"
        assert {answer.evidence for answer in attempt.answers} == {"坐席登记"}
        assert [told.node for told in attempt.deliveries] == ["suitability.reminder"]
    assert listed(people, Waits.ALL) == []


def test_the_caller_names_their_own_staff_number_and_reads_the_same_questions(
    people: PhoneReviews, task_id: int
) -> None:
    taken = calling(people, task_id)
    with people.database.read() as session:
        review = human_review(session, taken)
        assert review is not None
        form = people.form(session, review)
    assert form.now is not None
    assert form.now.text == "请问账户是您本人操作吗？"
    assert [page.node for page in form.ahead][-2:] == ["suitability.staff_misconduct", "suitability.reminder"]
    assert len(form.ahead) == 8


def test_of_two_agents_who_take_one_task_one_gets_it(people: PhoneReviews, task_id: int) -> None:
    """The race is run on the database, from two threads at once."""
    start, got, refused = threading.Barrier(2), [], []

    def try_it(number: str) -> None:
        staff_id = agent(people, number)
        start.wait(timeout=60)
        try:
            got.append(people.take(task_id, staff_id))
        except PeopleError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=try_it, args=(number,)) for number in AGENTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (len(got), refused) == (1, ["这项任务刚刚被别人领取"])
    assert listed(people) == []
    assert listed(people, Waits.TAKEN) == ["T001"]


def test_what_was_given_back_may_be_taken_by_another(people: PhoneReviews, task_id: int) -> None:
    taken = people.take(task_id, agent(people))
    with pytest.raises(PeopleError, match="不在您手上"):
        people.give_back(taken, agent(people, "8003"))
    people.give_back(taken, agent(people))
    with pytest.raises(PeopleError, match="办结、退回"):
        people.begin(taken, agent(people))
    again = people.take(task_id, agent(people, "8003"))
    assert listed(people, Waits.MINE, staff_id=agent(people, "8003")) == ["T001"]
    with people.database.read() as session:
        ways = session.scalars(select(HumanReview.ended_as).order_by(HumanReview.id)).all()
    assert (ways, again > taken) == (["given_back", ""], True)


@pytest.mark.parametrize(
    ("slots", "staff"),
    [
        ({"业务": "购买金融产品"}, {"number": "B01", "name": "赵立"}),  # serves the client
        ({"业务": "购买金融产品"}, {"post": "broker"}),  # reviews nobody
        ({"业务": "购买金融产品", "工作人员": "孙　敏"}, {}),  # whom the review is about
        ({"业务": "购买金融产品", "见证人": "8002"}, {}),
    ],
)
def test_whom_the_standard_keeps_from_a_client_is_not_given_it(
    people: PhoneReviews, task_id: int, slots: dict[str, str], staff: dict[str, str]
) -> None:
    """000 §6.3."""
    number = staff.get("number", "8002")
    with people.database.write() as session:
        session.get_one(ReviewTask, task_id).slots = slots
        session.execute(update(Staff).where(Staff.number == number).values({"post": "agent"} | staff))
    with pytest.raises(PeopleError, match="§6.3"):
        people.take(task_id, agent(people, number))
    assert people.take(task_id, agent(people, "8003"))


def test_the_nearest_deadline_comes_first(people: PhoneReviews, task_id: int) -> None:
    with people.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        for number, days in (("T002", 9), ("T003", 2), ("T004", -1)):
            session.add(
                ReviewTask(
                    number=number,
                    campaign_id=task.campaign_id,
                    customer_id=task.customer_id,
                    review_type="anomaly",
                    script="anomaly",
                    created_at=NOON,
                    deadline_at=NOON + timedelta(days=days),
                    with_human=True,
                )
            )
    assert listed(people) == ["T004", "T003", "T002", "T001"]
    assert listed(people, review_type="suitability") == ["T001"]
    assert listed(people, text="单小明", review_type="anomaly") == ["T004", "T003", "T002"]
    assert listed(people, text="别人") == []


def test_nobody_answered_is_tried_again_by_a_person_after_an_hour(people: PhoneReviews, task_id: int) -> None:
    """Table F.1 row 4: never dialled by the bot again, whatever comes."""
    taken = calling(people, task_id)
    people.record(taken, agent(people), CallEnd(Outcome.NO_ANSWER))
    task = stored(people, task_id)
    assert (task.status, task.with_human, task.due_at) == ("未完成：无人应答", True, None)
    assert listed(people) == []
    assert listed(people, Waits.LATER) == ["T001"]
    with pytest.raises(PeopleError, match="2026年11月20日15:00之后才能拨打"):
        people.take(task_id, agent(people))
    later(people, timedelta(hours=1))
    assert listed(people) == ["T001"]


def bot_called(people: PhoneReviews, task_id: int, outcome: Outcome, callback_at: datetime | None = None) -> None:
    """The bot has just called, and a person is to go on."""
    now = people.clock.now()
    with people.database.write() as session:
        session.get_one(ReviewTask, task_id).due_at = now
    with people.database.write() as session:
        call = begin_attempt(
            session, served(session, task_id), dialled="1", worker="w", now=now, script_hash="", facts="{}"
        ).id
    left = SettledTask(task_id, "未完成", with_human=True)
    with people.database.write() as session:
        settle(session, Settlement(call, "w", now, outcome.value, (left,), callback_at=callback_at))


@pytest.mark.parametrize("either_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("outcome", "wait"),
    [
        (Outcome.NO_ANSWER, timedelta(hours=1)),
        (Outcome.CALLBACK_AGREED, timedelta(hours=2)),
        (Outcome.NEEDS_HUMAN, timedelta(0)),
    ],
)
def test_a_person_waits_after_the_call_of_the_bot_as_the_table_says(
    people: PhoneReviews, task_id: int, outcome: Outcome, wait: timedelta
) -> None:
    agreed_at = people.clock.now() + timedelta(hours=2) if outcome is Outcome.CALLBACK_AGREED else None
    bot_called(people, task_id, outcome, agreed_at)
    if wait:
        later(people, wait - timedelta(seconds=1))
        with pytest.raises(PeopleError, match="表F.1间隔、约定时间"):
            people.take(task_id, agent(people))
        later(people, timedelta(seconds=1))
    calling(people, task_id)


@pytest.mark.parametrize("either_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("agreed", [False, True])
def test_a_client_is_called_so_often_a_day_whoever_calls_unless_they_asked_for_it(
    people: PhoneReviews, task_id: int, agreed: bool
) -> None:
    capped = replace(people, caps=ContactCaps(per_day=2))
    bot_called(people, task_id, Outcome.BUSY)
    later(people, timedelta(minutes=10))
    at = people.clock.now() + timedelta(minutes=10)
    bot_called(people, task_id, Outcome.CALLBACK_AGREED if agreed else Outcome.BUSY, at if agreed else None)
    later(people, timedelta(minutes=10))
    if agreed:
        calling(capped, task_id)
        return
    with pytest.raises(PeopleError, match="11月21日.*每日次数上限"):
        capped.take(task_id, agent(people))
    later(people, timedelta(hours=24))
    calling(capped, task_id)


URGENT = {"risk": "distress", "severity": "care", "node": "", "words": "", "start_ms": 0, "end_ms": 0}


@pytest.mark.parametrize("either_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("why", ["needs a person", "distress", "promised"])
def test_a_client_who_is_owed_a_person_is_called_back_at_once_however_often_they_were_called(
    people: PhoneReviews, task_id: int, why: str
) -> None:
    capped = replace(people, caps=ContactCaps(per_day=2))
    bot_called(people, task_id, Outcome.BUSY)
    later(people, timedelta(minutes=10))
    bot_called(people, task_id, Outcome.NEEDS_HUMAN if why == "needs a person" else Outcome.HUNG_UP)
    with people.database.write() as session:
        latest = session.scalars(select(Attempt).order_by(Attempt.id.desc())).first()
        assert latest is not None
        if why == "distress":
            session.add(RiskFlag(attempt_id=latest.id, task_id=task_id, **URGENT))
            session.add(Escalation(attempt_id=latest.id, task_id=task_id, severity="care", created_at=NOON))
        if why == "promised":
            promise_callback(session, latest.id, NOON)
    calling(capped, task_id)


@pytest.mark.parametrize("either_database", ["sqlite"], indirect=True)
def test_a_person_who_calls_back_in_vain_tries_again_as_the_table_says_in_spite_of_the_cap(
    people: PhoneReviews, task_id: int
) -> None:
    """A call that broke off with a promise is on the list at once; row 4: the third, more than 4 h after the first."""
    capped = replace(people, caps=ContactCaps(per_day=1))
    taken = calling(people, task_id)
    with people.database.write() as session:
        promise_callback(session, session.scalars(select(Attempt.id)).one(), people.clock.now())
    people.forget(taken)
    assert listed(people) == ["T001"]
    people.record(calling(capped, task_id), agent(people), CallEnd(Outcome.NO_ANSWER))
    assert listed(people) == []
    with pytest.raises(PeopleError, match="2026年11月20日18:00之后才能拨打"):
        capped.take(task_id, agent(people))
    later(people, timedelta(hours=4, seconds=1))
    calling(capped, task_id)


def test_a_person_exhausts_the_calls_as_the_table_says(people: PhoneReviews, task_id: int) -> None:
    """Row 4: two attempts, the last more than four hours after the first; then a text message, then the status."""
    for wait in (timedelta(0), timedelta(hours=2), timedelta(hours=2, seconds=1)):
        later(people, wait)
        people.record(calling(people, task_id), agent(people), CallEnd(Outcome.NO_ANSWER))
    task = stored(people, task_id)
    assert (task.closes_as, task.final, task.with_human) == ("已完成：无人应答", False, False)
    with people.database.read() as session:
        assert session.scalars(select(Notice.kind)).all() == ["review_sms"]
    assert listed(people, Waits.ALL) == []


def test_an_r5_client_is_called_three_times(people: PhoneReviews, task_id: int) -> None:
    """Table F.1 note 3."""
    with people.database.write() as session:
        session.get_one(ReviewTask, task_id).product = Product(code="P5", name="某私募", risk_level="R5")
    for wait in (timedelta(0), timedelta(hours=4, seconds=1)):
        later(people, wait)
        people.record(calling(people, task_id), agent(people), CallEnd(Outcome.NO_ANSWER))
    assert stored(people, task_id).with_human


def test_a_late_task_is_gone_on_with(people: PhoneReviews, task_id: int) -> None:
    with people.database.write() as session:
        session.get_one(ReviewTask, task_id).deadline_at = NOON - timedelta(days=1)
    people.record(calling(people, task_id), agent(people), CallEnd(Outcome.BUSY))
    later(people, timedelta(minutes=10))
    assert listed(people) == ["T001"]


def test_a_risky_answer_goes_to_somebody_else(people: PhoneReviews, task_id: int) -> None:
    """000 §8.4, 003 article 11: whoever follows it up is not the caller by default."""
    taken = calling(people, task_id)
    fill(people, taken, self_operated="no")
    people.record(taken, agent(people), CallEnd(Outcome.REVIEWED, note="他说保本"), [Risk.PROMISED_RETURN])
    with people.database.read() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert {flag.risk for flag in attempt.flags} == {"not_self_operated", "promised_return"}
        assert [flag.words for flag in attempt.flags if flag.risk == "promised_return"] == ["他说保本"]
        escalation = session.scalars(select(Escalation)).one()
        assert (escalation.state, escalation.assigned_to_id, escalation.severity) == ("open", None, "high")


def test_a_call_without_all_answers_is_no_review(people: PhoneReviews, task_id: int) -> None:
    taken = calling(people, task_id)
    people.give(taken, agent(people), "suitability.self_operated", "yes", "")
    with pytest.raises(EndRefused, match="还有问题没有回答"):
        people.record(taken, agent(people), CallEnd(Outcome.REVIEWED))
    people.record(taken, agent(people), CallEnd(Outcome.HUNG_UP))
    with people.database.read() as session:
        assert [answer.value for answer in session.scalars(select(Attempt)).one().answers] == ["yes"]
    assert stored(people, task_id).status == "未完成：客户挂断"


def test_what_was_ticked_is_there_for_another_process(people: PhoneReviews, task_id: int) -> None:
    taken = calling(people, task_id)
    people.give(taken, agent(people), "suitability.self_operated", "no", "")
    with people.database.read() as session:
        review = human_review(session, taken)
        assert review is not None
        assert given_in(review)["suitability.self_operated"].value == "no"
        again = PhoneReviews(people.database, Shelf(people.database), HOUSE, people.clock, MATCHER)
        ((page, given),) = again.form(session, review).answered
    assert (page.node, given.value) == ("suitability.self_operated", "no")


def test_a_question_that_is_not_asked_now_takes_no_answer(people: PhoneReviews, task_id: int) -> None:
    taken = people.take(task_id, agent(people))
    with pytest.raises(PeopleError, match="请先开始通话"):
        people.give(taken, agent(people), "suitability.self_operated", "yes", "")
    people.begin(taken, agent(people))
    with pytest.raises(FormError, match="页面已经变化"):
        people.give(taken, agent(people), "suitability.staff_misconduct", "no", "")
    with pytest.raises(FormError, match="请选择其中一项"):
        people.give(taken, agent(people), "suitability.self_operated", "maybe", "")


def test_one_live_call_per_client(people: PhoneReviews, task_id: int) -> None:
    """Neither does the bot call while a person talks, nor a person while the bot does."""
    taken = calling(people, task_id)
    with people.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        other = ReviewTask(
            number="T002",
            campaign_id=task.campaign_id,
            customer_id=task.customer_id,
            review_type="anomaly",
            script="anomaly",
            created_at=NOON,
            due_at=NOON,
        )
        session.add(other)
        session.flush()
        other_id = other.id
    line = {"dialled": "13800001111", "worker": "w", "now": NOON, "script_hash": "f" * 64, "facts": "{}"}
    with pytest.raises(ClientBusy), people.database.write() as session:
        begin_attempt(session, served(session, other_id), **line)  # type: ignore[arg-type]
    with people.database.read() as session:
        assert left_behind(session) == []  # no sweeper takes a person's call for a dead worker's
    people.record(taken, agent(people), CallEnd(Outcome.BUSY))
    with people.database.write() as session:
        begin_attempt(session, served(session, other_id), **line)  # type: ignore[arg-type]
    later(people, timedelta(minutes=10))
    taken = people.take(task_id, agent(people))
    with pytest.raises(PeopleError, match="系统正在与该客户通话"):
        people.begin(taken, agent(people))


def test_a_call_is_ended_once(people: PhoneReviews, task_id: int) -> None:
    taken = calling(people, task_id)
    with pytest.raises(PeopleError, match="请先登记通话结果"):
        people.give_back(taken, agent(people))
    people.record(taken, agent(people), CallEnd(Outcome.BUSY))
    with pytest.raises(PeopleError, match="办结、退回"):
        people.record(taken, agent(people), CallEnd(Outcome.BUSY))
    assert stored(people, task_id).attempts_made == 1


def test_who_wants_no_more_calls_is_not_called_by_a_person_either(people: PhoneReviews, task_id: int) -> None:
    taken = people.take(task_id, agent(people))
    with people.database.write() as session:
        do_not_call(session, session.get_one(ReviewTask, task_id).customer_id, "客户要求", NOON)
    with pytest.raises(PeopleError, match="客户要求不再致电"):
        people.begin(taken, agent(people))
    assert stored(people, task_id).attempts_made == 0


def test_nobody_is_called_outside_the_hours_unless_they_asked_for_it(people: PhoneReviews, task_id: int) -> None:
    taken = calling(people, task_id)
    at = people.clock.now() + timedelta(hours=7, minutes=30)  # 21:30 in Shanghai
    people.record(taken, agent(people), CallEnd(Outcome.CALLBACK_AGREED, callback_at=at))
    assert stored(people, task_id).status == "未完成：预约回访"
    later(people, timedelta(hours=7, minutes=30))
    people.record(calling(people, task_id), agent(people), CallEnd(Outcome.OWN_LINE_FAILED))
    later(people, timedelta(minutes=1))  # our own line's failure uses up nothing that was agreed
    people.record(calling(people, task_id), agent(people), CallEnd(Outcome.CALLBACK_AGREED))
    later(people, timedelta(hours=24, minutes=1))  # another day, at no certain time
    taken = people.take(task_id, agent(people))
    with pytest.raises(PeopleError, match="现在不是可以致电客户的时间"):
        people.begin(taken, agent(people))
    people.begin(taken, agent(people), consent=True)
    people.record(taken, agent(people), CallEnd(Outcome.BUSY))
    with people.database.read() as session:
        latest = session.scalars(select(Attempt).order_by(Attempt.id.desc())).first()
        assert latest is not None
        assert latest.evidence["outside_hours"] == "客户同意在非致电时段通话"


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (CallEnd(Outcome.NEEDS_HUMAN), "请选择通话结果"),
        (CallEnd(Outcome.BUSY, callback_at=NOON + timedelta(hours=3)), "只有预约回访"),
        (CallEnd(Outcome.CALLBACK_AGREED, callback_at=NOON), "约定时间须在现在之后"),
        (CallEnd(Outcome.CALLBACK_AGREED, callback_at=NOON + timedelta(days=61)), "60天"),
    ],
)
def test_what_does_not_fit_is_not_written_down(ended: CallEnd, why: str) -> None:
    with pytest.raises(EndRefused, match=why):
        ended.check(answered_all=True, now=NOON)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_is_filed_as_itself(outcome: Outcome) -> None:
    verdict = outcome_of(CallEnd(outcome).evidence)
    assert (verdict.outcome, verdict.conflicts) == (outcome, ())


def test_a_number_that_was_given_is_called_next(people: PhoneReviews, task_id: int) -> None:
    taken = calling(people, task_id)
    people.record(taken, agent(people), CallEnd(Outcome.NOT_CLIENT, new_number="13900002222"))
    assert stored(people, task_id).next_phone == "13900002222"
    assert listed(people) == ["T001"]
    calling(people, task_id)
    with people.database.read() as session:
        assert session.scalars(select(Attempt.dialled).order_by(Attempt.id.desc())).first() == "13900002222"


@pytest.mark.parametrize(("flags", "state"), [((), "done"), (("dissatisfied",), "open")])
def test_the_request_for_a_person_is_done_with_the_review_and_a_risk_is_not(
    people: PhoneReviews, task_id: int, flags: tuple[str, ...], state: str
) -> None:
    with people.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.with_human, task.due_at = False, NOON
        session.flush()
        line = {"dialled": "13800001111", "worker": "w", "now": NOON, "script_hash": "f" * 64, "facts": "{}"}
        attempt = begin_attempt(session, served(session, task_id), **line)  # type: ignore[arg-type]
        where = {"severity": "medium", "node": "", "words": "", "start_ms": 0, "end_ms": 0}
        raised = tuple({"risk": risk} | where for risk in flags)
        handed = SettledTask(task_id, status="未完成：转人工", with_human=True, flags=raised)
        asks = {"severity": "high", "deadline_at": None}
        settle(session, Settlement(attempt.id, "w", NOON, "needs_human", (handed,), escalation=asks))
    taken = calling(people, task_id)
    fill(people, taken)
    people.record(taken, agent(people), CallEnd(Outcome.REVIEWED, note="客户态度很好"))
    with people.database.read() as session:
        assert session.scalars(select(Escalation.state)).all() == [state]
        attempt = session.scalars(select(Attempt).order_by(Attempt.id.desc())).first()  # type: ignore[assignment]
        assert note_of(session, attempt.id) == "客户态度很好"


def test_what_is_left_lying_goes_back_to_the_others(people: PhoneReviews, task_id: int) -> None:
    taken = people.take(task_id, agent(people))
    assert people.end_forgotten() == 0
    _let_time_pass(people, taken)
    assert people.end_forgotten() == 1
    assert listed(people) == ["T001"]
    taken = calling(people, task_id)
    people.give(taken, agent(people), "suitability.self_operated", "no", "")
    _let_time_pass(people, taken)
    assert people.end_forgotten() == 1
    task = stored(people, task_id)
    assert (task.status, task.with_human) == ("未完成：通话中断", True)
    with people.database.read() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.outcome, [flag.risk for flag in attempt.flags]) == ("interrupted", ["not_self_operated"])
        assert session.scalar(select(func.count()).where(HumanReview.ended_as == "forgotten")) == 2


def test_one_that_cannot_be_settled_keeps_nothing_else_from_being(people: PhoneReviews, task_id: int) -> None:
    """Its script was lost: the sweep goes on, and the client's call stays for somebody to look at."""
    taken = calling(people, task_id)
    with people.database.write() as session:
        session.execute(update(Attempt).values(script_hash="0" * 64))
    _let_time_pass(people, taken)
    assert people.end_forgotten() == 0
    assert stored(people, task_id).with_human


def _let_time_pass(people: PhoneReviews, taken: int) -> None:
    with people.database.write() as session:
        session.execute(update(HumanReview).where(HumanReview.id == taken).values(held_until=NOON - timedelta(days=1)))


def test_a_form_sent_in_meanwhile_spares_the_call(people: PhoneReviews, task_id: int) -> None:
    forms = Forms(people.database, Shelf(people.database), HOUSE, people.clock, MATCHER, "https://hf.example.com", "w")
    taken = people.take(task_id, agent(people))
    with people.database.write() as session:
        token = forms.invite(session, session.get_one(ReviewTask, task_id)).rpartition("/")[2]
    fill_in(forms, token)
    forms.send_in(token)
    with pytest.raises(PeopleError, match="不需要人工回访"):
        people.begin(taken, agent(people))
    people.give_back(taken, agent(people))
