"""The outbox in the database: sent by one, closed when told, nothing sent twice by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Database, Event, Notice, ReviewTask
from models.outbox import (
    SettledEvent,
    claim_due,
    close_left,
    note_try,
    send_again,
    settle_abandoned,
    told_by_hand,
    unsent_count,
)
from models.queue import begin_attempt
from models.settlements import SettledNotice, SettledTask, Settlement, settle
from rules.postings import WAITS, PostingState, Sending
from tests.conftest import NOON, served

CLAIMED = NOON + timedelta(minutes=1)
SMS = SettledNotice("review_sms", "sms", "尊敬的客户")
BY_HAND = SettledNotice("update_contact", "manual", "尊敬的客户")


def close(database: Database, *task_ids: int, notice: SettledNotice = SMS, no: int = 1) -> None:
    """End an attempt that closes all the tasks it served, with one notice."""
    with database.write() as session:
        attempt = begin_attempt(
            session,
            served(session, *task_ids),
            dialled="13800001111",
            worker="w1",
            now=NOON,
            script_hash="f" * 64,
            facts="{}",
        )
    tasks = tuple(
        SettledTask(
            task_id,
            "未完成：拒绝回访",
            closes_as="已完成：拒绝回访",
            events=(SettledEvent(f"{attempt.id}/{task_id}/status", "task.status_changed", {"final": False}),),
        )
        for task_id in task_ids
    )
    with database.write() as session:
        settle(session, Settlement(attempt.id, "w1", NOON, "refused", tasks, notices=(notice,)))


def claim(database: Database, table: type[Notice] | type[Event] = Notice, sender: str = "s1") -> list[Notice | Event]:
    with database.write() as session:
        return list(claim_due(session, table, sender, NOON, CLAIMED, 10))


def tried(database: Database, posting: Notice | Event, sending: Sending, *, repeatable: bool = False) -> None:
    with database.write() as session:
        note_try(session, posting, sending, NOON, repeatable=repeatable, trouble="对方拒绝")


def invite(database: Database, task_id: int) -> None:
    """Send the client the link to a form as well (table F.1 note 2)."""
    with database.write() as session:
        link = Notice(task_id=task_id, kind="questionnaire", channel="sms", text="问卷", created_at=NOON)
        link.next_try_at = NOON
        session.add(link)


def task(database: Database, task_id: int) -> ReviewTask:
    with database.read() as session:
        found = session.get_one(ReviewTask, task_id)
        session.expunge(found)
        return found


def notice(database: Database) -> Notice:
    with database.read() as session:
        found = session.scalars(select(Notice)).one()
        session.expunge(found)
        return found


def second_task(database: Database, task_id: int) -> int:
    with database.write() as session:
        first = session.get_one(ReviewTask, task_id)
        other = ReviewTask(
            number="T002",
            campaign_id=first.campaign_id,
            customer_id=first.customer_id,
            review_type="anomaly",
            script="anomaly",
            created_at=NOON,
            due_at=NOON,
        )
        session.add(other)
        session.flush()
        return other.id


def test_a_task_closes_when_its_client_has_been_told(database: Database, task_id: int) -> None:
    close(database, task_id)
    assert (task(database, task_id).status, task(database, task_id).final) == ("未完成：拒绝回访", False)
    (claimed,) = claim(database)
    tried(database, claimed, Sending.ARRIVED)
    assert (task(database, task_id).status, task(database, task_id).final) == ("已完成：拒绝回访", True)
    assert notice(database).sent_at == NOON
    with database.read() as session:
        told = [(event.task_id, event.body["final"]) for event in session.scalars(select(Event).order_by(Event.id))]
    assert told == [(task_id, False), (task_id, True)]


def test_one_notice_closes_every_task_of_its_call(database: Database, task_id: int) -> None:
    other_id = second_task(database, task_id)
    close(database, task_id, other_id)
    (claimed,) = claim(database)
    tried(database, claimed, Sending.ARRIVED)
    assert task(database, task_id).final
    assert task(database, other_id).final


@pytest.mark.parametrize("last", [0, 1])
def test_an_invitation_to_a_questionnaire_keeps_no_task_from_closing(
    database: Database, task_id: int, last: int
) -> None:
    close(database, task_id)
    invite(database, task_id)
    letters = claim(database)
    tried(database, letters[1 - last], Sending.ARRIVED)
    tried(database, letters[last], Sending.ARRIVED)
    assert (task(database, task_id).status, task(database, task_id).final) == ("已完成：拒绝回访", True)
    with database.read() as session:
        assert [event.body["final"] for event in session.scalars(select(Event).order_by(Event.id))] == [False, True]


def test_what_was_left_open_though_its_client_was_told_is_closed(database: Database, task_id: int) -> None:
    other_id = second_task(database, task_id)
    close(database, task_id)
    close(database, other_id)
    (claimed, _) = claim(database)
    with database.write() as session:  # as an older version left it
        session.get_one(Notice, claimed.id).state = PostingState.SENT.value
    with database.write() as session:
        assert close_left(session, NOON, none_fails) == 1
        assert close_left(session, NOON, none_fails) == 0
    assert (task(database, task_id).status, task(database, task_id).final) == ("已完成：拒绝回访", True)
    assert not task(database, other_id).final, "that client has not been told yet"


def none_fails(task_id: int, error: Exception) -> None:
    raise error


def test_a_task_that_cannot_be_closed_keeps_no_other_open_and_no_process_from_starting(
    database: Database, task_id: int
) -> None:
    other_id = second_task(database, task_id)
    close(database, task_id)
    (claimed,) = claim(database)
    tried(database, claimed, Sending.ARRIVED)
    close(database, other_id)
    refused: list[int] = []
    with database.write() as session:  # it is to be closed by the same notice once more
        again = session.get_one(ReviewTask, task_id)
        again.final, again.closes_as = False, "已完成：拒绝回访"
        session.execute(update(Notice).values(state=PostingState.SENT.value))
    with database.write() as session:
        assert close_left(session, NOON, lambda id_, error: refused.append(id_)) == 1
    assert refused == [task_id]
    assert (task(database, task_id).closes_as, task(database, task_id).final) == ("已完成：拒绝回访", False)
    assert task(database, other_id).final


def test_what_one_process_sends_no_other_does(database: Database, task_id: int) -> None:
    close(database, task_id)
    assert len(claim(database, sender="s1")) == 1
    assert claim(database, sender="s2") == []
    with database.read() as session:
        assert unsent_count(session) == 2  # the notice and the event


def test_a_refused_letter_waits_for_its_next_try(database: Database, task_id: int) -> None:
    close(database, task_id)
    (claimed,) = claim(database)
    tried(database, claimed, Sending.REFUSED)
    assert not task(database, task_id).final
    assert (notice(database).state, notice(database).trouble) == ("waiting", "对方拒绝")
    assert notice(database).next_try_at == NOON + WAITS[0]
    assert claim(database) == []


def test_what_a_dead_process_had_claimed_is_left_to_a_person(database: Database, task_id: int) -> None:
    close(database, task_id)
    (late,) = claim(database)
    with database.write() as session:
        assert settle_abandoned(session, Notice, NOON, CLAIMED - timedelta(seconds=1), lambda _: False) == 0
        assert settle_abandoned(session, Notice, NOON, CLAIMED, lambda _: False) == 1
    assert notice(database).state == "unsure"
    tried(database, late, Sending.REFUSED)  # it was frozen, not dead: what it says comes too late
    assert notice(database).state == "unsure"
    assert claim(database) == []


def test_a_person_who_saw_it_arrive_closes_the_task(database: Database, task_id: int) -> None:
    close(database, task_id)
    (claimed,) = claim(database)
    tried(database, claimed, Sending.UNKNOWN)
    with database.write() as session:
        assert told_by_hand(session, Notice, claimed.id, by="8001", now=NOON)
    assert task(database, task_id).final
    assert (notice(database).state, notice(database).told_by) == ("told", "8001")
    with database.write() as session:
        assert not told_by_hand(session, Notice, claimed.id, by="8002", now=NOON)


def test_a_person_may_have_it_sent_again(database: Database, task_id: int) -> None:
    close(database, task_id)
    (claimed,) = claim(database)
    tried(database, claimed, Sending.UNKNOWN)
    with database.write() as session:
        assert send_again(session, Notice, claimed.id, by="8001", now=NOON)
    assert [one.id for one in claim(database)] == [claimed.id]


def test_a_client_whom_no_channel_reaches_is_told_by_a_person(database: Database, task_id: int) -> None:
    close(database, task_id, notice=BY_HAND)
    assert claim(database) == []
    assert not task(database, task_id).final
    with database.write() as session:
        assert told_by_hand(session, Notice, notice(database).id, by="8001", now=NOON)
    assert task(database, task_id).final


def test_a_client_who_was_told_before_is_not_told_again(database: Database, task_id: int) -> None:
    close(database, task_id)
    (claimed,) = claim(database)
    tried(database, claimed, Sending.ARRIVED)
    with database.write() as session:  # a person found the result wrong and has the client called again
        again = session.get_one(ReviewTask, task_id)
        again.final, again.due_at, again.status = False, NOON, "待回访"
    close(database, task_id)
    assert notice(database).state == "sent"
    assert task(database, task_id).final


@pytest.mark.parametrize("repeatable", [True, False])
def test_an_event_is_told_again_until_it_arrived(database: Database, task_id: int, repeatable: bool) -> None:
    close(database, task_id)
    (event,) = claim(database, Event)
    tried(database, event, Sending.UNKNOWN, repeatable=repeatable)
    with database.read() as session:
        state = session.scalars(select(Event.state)).one()
    assert state == ("waiting" if repeatable else "unsure")
