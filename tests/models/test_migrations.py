"""A database of the first release, with rows in it, comes to the newest schema and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text

from models import Answer, Attempt, Database, Notice, ReviewTask, Seal, Staff
from models.database import MIGRATIONS

SQL = """
INSERT INTO campaign VALUES (1, '年度回访', '2026-01-01 00:00:00', 'running');
INSERT INTO customer (id, number, name, name_digest, gender, phone, phone_digest, email, branch, do_not_call)
    VALUES (1, 'C1', :name, 'n', '先生', :phone, 'p', :name, '', 0);
INSERT INTO review_task (id, number, campaign_id, customer_id, review_type, script, slots, created_at, status, final,
    with_human, resume_at, attempts_made, trouble)
    VALUES (7, 'T7', 1, 1, 'suitability', 'suitability', '{}', '2026-01-01 00:00:00', '已完成：已回访', 1, 0, '',
    2, '');
INSERT INTO attempt (id, call_id, task_id, customer_id, no, dialled, worker, started_at, ended_at, outcome, sub_reason,
    status, script, script_hash, facts, ring_ms, talk_ms, evidence) VALUES
    (1, '7-1', 7, 1, 1, :phone, 'w', '2026-01-02 02:00:00', '2026-01-02 02:01:00', 'busy', '', '未完成：电话占线',
     'suitability', 'aa', :facts, 0, 0, '{}'),
    (2, '7-2', 7, 1, 2, :phone, 'w', '2026-01-02 05:00:00', '2026-01-02 05:01:00', 'reviewed', '', '已完成：已回访',
     'suitability', 'aa', :facts, 0, 0, '{}');
INSERT INTO answer VALUES (1, 2, 7, 'suitability.knows_rules', :yes, :yes, 'yes', 0.9, :yes, 0, 1, 'aa');
INSERT INTO call_event VALUES (1, 2, 0, 0, 'Heard', :facts);
INSERT INTO notice VALUES (1, 7, 'review_sms', 'sms', :yes, '2026-01-02 05:01:00', NULL)
"""


@pytest.fixture
def first_release(tmp_path: Path, seal: Seal) -> Iterator[Database]:
    """A database at migration 0001 with one task that was called twice."""
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    sealed = {"name": "单小明", "phone": "13800001111", "facts": "{}", "yes": "yes"}
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in SQL.split(";"):
            known = {name: seal.close(value) for name, value in sealed.items() if f":{name}" in statement}
            connection.execute(text(statement), known)
        connection.commit()
    yield database
    database.close()


def test_every_call_of_the_first_release_served_its_own_task(first_release: Database) -> None:
    first_release.upgrade()
    with first_release.read() as session:
        task = session.get_one(ReviewTask, 7)
        assert [attempt.call_id for attempt in task.attempts] == ["7-1", "7-2"]
        for no, attempt in enumerate(task.attempts, start=1):
            (served,) = attempt.served
            assert (served.no, served.script, served.script_hash, served.slots) == (no, "suitability", "aa", "{}")
            assert served.status == attempt.status
        answer = session.scalars(select(Answer)).one()
        assert (answer.node, answer.value) == ("suitability.knows_rules", "yes")
        assert session.scalars(select(Notice)).one().attempt_id is None
        assert len(session.get_one(Attempt, 2).events) == 1


def test_accounts_that_stood_last_in_the_queue_are_put_in_order(first_release: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with first_release.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0015")
        last = "UPDATE review_task SET review_type = 'new_account', deadline_at = NULL, dial_by = '9999-01-01 00:00:00'"
        connection.execute(text(last))
        connection.commit()
    first_release.upgrade()
    with first_release.read() as session:
        assert session.get_one(ReviewTask, 7).dial_by is None


def test_who_serves_clients_is_not_known_of_old(first_release: Database) -> None:
    first_release.upgrade()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with first_release.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0017")
        connection.execute(
            text("INSERT INTO staff (id, number, name, post, leaving) VALUES (1, 'B1', '赵', 'broker', 0)")
        )
        connection.commit()
    first_release.upgrade()
    with first_release.read() as session:
        person = session.get_one(Staff, 1)
        assert (person.post, person.serves_as) == ("broker", "")


def test_one_live_call_a_client_is_still_enforced(first_release: Database) -> None:
    first_release.upgrade()
    with first_release.engine.connect() as connection:
        for index in ("ix_attempt_live", "ix_review_task_due", "ix_script_version_published"):
            sql = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (index,)).scalar()
            assert sql is not None
            assert " WHERE " in sql
