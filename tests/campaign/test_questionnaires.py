"""Reviews by questionnaire: sent when the calls are exhausted, filled in by the client alone, settled like a call."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.form import FormError
from campaign.clock import DemoClock
from campaign.house import House
from campaign.other_ways.questionnaires import MOST_WRONG_NAMES, VALID, Forms, LinkBroken, Look, Standing, token_of
from campaign.published import Shelf
from intents import load_matcher
from models import Attempt, ClientBusy, Database, Notice, Questionnaire, ReviewTask
from models.queue import begin_attempt
from tests.conftest import NOON, publish, served

MATCHER = load_matcher()
SAFE = {"suitability.staff_misconduct": "no", "suitability.reminder": "read"}


class Later(DemoClock):
    """A clock that is set by hand."""

    def __init__(self) -> None:
        super().__init__(NOON, 1.0)
        self.at = NOON

    def now(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        return self.at


@pytest.fixture
def forms(database: Database, task_id: int) -> Forms:
    publish(database, "suitability")
    house = House("华夏安信证券", "客户服务中心", "8001", "95500")
    return Forms(database, Shelf(database), house, Later(), MATCHER, "https://hf.example.com", "w1")


@pytest.fixture
def token(forms: Forms, task_id: int) -> str:
    """The link of the task's form, sent by text message."""
    with forms.database.write() as session:
        forms.send(session, session.get_one(ReviewTask, task_id))
    with forms.database.read() as session:
        text = session.scalars(select(Notice.text)).one()
    link = re.search(r"https://hf\.example\.com/q/(\S+)", text)
    assert link is not None
    return link[1]


def later(forms: Forms, wait: timedelta) -> None:
    assert isinstance(forms.clock, Later)
    forms.clock.at += wait


def fill_in(forms: Forms, token: str, **other: str) -> Look:
    assert forms.say_name(token, "单小明")
    while (look := forms.look(token, known=True)).now is not None:
        node = look.now.node
        forms.give(token, node, other.get(node.partition(".")[2], SAFE.get(node, "yes")), "")
    return look


def stored(forms: Forms, task_id: int) -> ReviewTask:
    with forms.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        session.expunge(task)
        return task


def test_a_form_that_is_filled_in_is_a_review(forms: Forms, token: str, task_id: int) -> None:
    look = fill_in(forms, token)
    assert len(look.answered) == 9
    forms.send_in(token)
    task = stored(forms, task_id)
    assert (task.status, task.final, task.due_at) == ("已完成：已回访", True, None)
    with forms.database.read() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.method, attempt.outcome) == ("questionnaire", "reviewed")
        values = {answer.question: (answer.value, answer.words) for answer in attempt.answers}
        assert values["suitability.self_operated"] == ("yes", "是")
        assert values["suitability.staff_misconduct"] == ("no", "否")
        assert len(values) == 8
        assert [told.node for told in attempt.deliveries] == ["suitability.reminder"]
    assert forms.look(token, known=True).standing is Standing.SENT_IN


def test_a_risky_tick_goes_to_a_person(forms: Forms, token: str, task_id: int) -> None:
    fill_in(forms, token, self_operated="no", staff_misconduct="yes")
    forms.send_in(token)
    with forms.database.read() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert {flag.risk for flag in attempt.flags} == {"not_self_operated", "staff_misconduct"}
        assert session.scalar(select(func.count()).select_from(Questionnaire)) == 1


def test_nothing_is_shown_before_the_name_was_given(forms: Forms, token: str) -> None:
    assert forms.look(token, known=False) == Look(Standing.STRANGER)
    assert not forms.say_name(token, "王小明")
    assert forms.say_name(token, " 单小明 ")


def test_a_form_whose_name_is_guessed_at_is_locked(forms: Forms, token: str) -> None:
    for _ in range(MOST_WRONG_NAMES):
        assert not forms.say_name(token, "王小明")
    assert forms.look(token, known=True).standing is Standing.LOCKED
    with pytest.raises(LinkBroken):
        forms.say_name(token, "单小明")


def test_a_link_that_was_made_up_opens_nothing(forms: Forms, token: str) -> None:
    number, _, signature = token.partition(".")
    for bad in (f"{int(number) + 1}.{signature}", number, f"{number}.", f"-1.{signature}", "x", f"{number}.é"):
        assert forms.look(bad, known=True).standing is Standing.UNKNOWN


def test_a_link_expires(forms: Forms, token: str) -> None:
    later(forms, VALID)
    assert forms.look(token, known=True).standing is Standing.EXPIRED
    with pytest.raises(LinkBroken):
        forms.send_in(token)


def test_what_was_ticked_is_there_after_a_restart(forms: Forms, token: str) -> None:
    forms.say_name(token, "单小明")
    first = forms.look(token, known=True).now
    assert first is not None
    forms.give(token, first.node, "no", "")
    again = Forms(
        forms.database, Shelf(forms.database), forms.house, forms.clock, MATCHER, forms.address, "another process"
    )
    ((page, given),) = again.look(token, known=True).answered
    assert (page.node, given.value) == (first.node, "no")


def test_a_page_that_is_not_due_takes_no_answer(forms: Forms, token: str) -> None:
    forms.say_name(token, "单小明")
    with pytest.raises(FormError, match="页面已经变化"):
        forms.give(token, "suitability.staff_misconduct", "no", "")
    with pytest.raises(FormError, match="还有问题没有回答"):
        forms.send_in(token)


def test_who_refuses_a_form_is_called(forms: Forms, token: str, task_id: int) -> None:
    """Table F.1 row 10."""
    forms.say_name(token, "单小明")
    forms.refuse(token)
    task = stored(forms, task_id)
    assert (task.status, task.final) == ("未完成：拒绝回访", False)
    assert task.due_at is not None


def test_who_refuses_a_form_after_the_calls_were_exhausted_is_left_in_peace(
    forms: Forms, token: str, task_id: int
) -> None:
    with forms.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.status, task.final, task.due_at = "已完成：无人应答", True, None
    forms.say_name(token, "单小明")
    forms.refuse(token)
    assert (stored(forms, task_id).status, stored(forms, task_id).due_at) == ("已完成：无人应答", None)
    assert forms.look(token, known=True).standing is Standing.SENT_IN


def test_an_exhausted_review_is_completed_by_its_form(forms: Forms, token: str, task_id: int) -> None:
    """Table F.1 note 2."""
    with forms.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.status, task.final, task.due_at = "已完成：无人应答", True, None
    fill_in(forms, token)
    forms.send_in(token)
    assert stored(forms, task_id).status == "已完成：已回访"


def test_a_form_waits_while_its_client_is_on_the_line(forms: Forms, token: str, task_id: int) -> None:
    fill_in(forms, token)
    with forms.database.write() as session:
        begin_attempt(
            session,
            served(session, task_id),
            dialled="13800001111",
            worker="w2",
            now=NOON,
            script_hash="f" * 64,
            facts="{}",
        )
    with pytest.raises(ClientBusy):
        forms.send_in(token)
    assert forms.look(token, known=True).standing is Standing.OPEN


def test_a_form_is_sent_in_once(forms: Forms, token: str) -> None:
    fill_in(forms, token)
    forms.send_in(token)
    with pytest.raises(LinkBroken):
        forms.send_in(token)


def test_a_review_done_by_telephone_meanwhile_needs_no_form(forms: Forms, token: str, task_id: int) -> None:
    with forms.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.status, task.final, task.due_at = "已完成：已回访", True, None
    assert forms.look(token, known=True).standing is Standing.REVIEWED


def test_a_client_is_sent_one_link(forms: Forms, token: str, task_id: int) -> None:
    with forms.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        forms.send(session, task)
        assert forms.invite(session, task).endswith(token)
    with forms.database.read() as session:
        assert session.scalar(select(func.count(Notice.id))) == 1
        form = session.scalars(select(Questionnaire)).one()
        assert token_of(form.id) == token
        assert form.expires_at == NOON + VALID


@pytest.mark.parametrize(
    ("status", "closes_as", "email", "channel"),
    [
        ("已完成：无人应答", "", "", "sms"),
        ("已完成：客户挂断", "", "a@example.com", "sms"),
        ("未完成：停机", "已完成：停机", "a@example.com", "email"),
        ("未完成：空号", "已完成：空号", "", "manual"),
        ("已完成：错号", "", "", "manual"),
    ],
)
def test_no_link_goes_to_a_number_that_fails(
    forms: Forms, task_id: int, status: str, closes_as: str, email: str, channel: str
) -> None:
    with forms.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.status, task.closes_as, task.customer.email = status, closes_as, email
        task.deadline_at = NOON + timedelta(days=2)
        forms.send(session, task)
    with forms.database.read() as session:
        sent = session.scalars(select(Notice)).one()
        assert sent.channel == channel
        assert "2026年11月22日" in sent.text  # two days after noon of the 20th
