"""The outbox as it is listed, on both databases."""

from __future__ import annotations

from models import Database, Event, Notice
from models.postings import PostingFilter, posting_counts, postings
from rules.postings import FOR_A_PERSON, PostingState
from tests.conftest import NOON


def test_notices_and_events_are_counted_and_listed_apart(database: Database, task_id: int) -> None:
    with database.write() as session:
        for no, state in enumerate(PostingState):
            common = {"task_id": task_id, "created_at": NOON, "state": state.value}
            session.add(Notice(kind=f"kind{no}", channel="sms", text="短信", **common))
        session.add(Event(key="e", kind="task.status_changed", body={}, task_id=task_id, created_at=NOON))
    with database.read() as session:
        assert set(posting_counts(session, Notice).values()) == {1}
        assert posting_counts(session, Event) == {state: int(state is PostingState.WAITING) for state in PostingState}
        found = postings(session, Notice, PostingFilter(tuple(FOR_A_PERSON)), page=1, size=2)
        assert (found.total, found.pages, len(found.items)) == (3, 2, 2)
        assert [one.kind for one in found.items] == ["kind5", "kind4"]
        assert postings(session, Notice, PostingFilter(number="T001"), page=1, size=25).total == len(PostingState)
        assert postings(session, Event, PostingFilter(number="T002"), page=1, size=25).total == 0
