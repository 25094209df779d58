"""Users, sessions, tries and the log on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from models import AuditEntry, Credential, Database, SignedInSession, SignInTry
from models.access import (
    IDLE,
    LONGEST,
    add_user,
    begin_session,
    disable,
    end_session,
    end_sessions_of,
    forget_old,
    owner_of,
    session_is_alive,
    session_of,
    use_totp_step,
    user_numbered,
)
from models.audit import LogFilter, entries, note, note_once
from models.tries import MOST_BY_ACCOUNT, WITHIN, begin_try, tries_are_over
from models.users import UserFilter, is_last_operator, users_page
from rules import Post
from tests.conftest import NOON

TOKEN = "k" * 43


@pytest.fixture
def staff_id(either_database: Database) -> int:
    """周岚 inspects and keeps the users, and is signed in since NOON."""
    with either_database.write() as session:
        posts = [Post.INSPECTOR, Post.OPERATOR]
        user = add_user(session, "8101", "周岚", posts, password_hash="h", must_change=False, now=NOON)
        begin_session(session, user.staff_id, TOKEN, NOON, address="10.0.0.7", browser="x" * 500)
        return user.staff_id


def test_a_session_is_its_owners_until_it_ends(either_database: Database, staff_id: int) -> None:
    with either_database.write() as session:
        known = session_of(session, TOKEN, NOON)
        assert known is not None
        assert (known.number, known.name, known.posts) == ("8101", "周岚", frozenset({Post.INSPECTOR, Post.OPERATOR}))
        assert session_of(session, "another", NOON) is None
        assert session_of(session, TOKEN, NOON + IDLE) is None
        assert owner_of(session, TOKEN) == staff_id  # a form of an old session is still known to be its owner's
        assert end_sessions_of(session, staff_id, but=known.session_id) == 0
        assert session_is_alive(session, known.session_id, NOON)
        assert end_session(session, TOKEN) == staff_id and end_session(session, TOKEN) is None


def test_who_is_disabled_has_no_session(either_database: Database, staff_id: int) -> None:
    with either_database.write() as session:
        begin_session(session, staff_id, "other", NOON)
        user = user_numbered(session, "8101")
        assert user is not None and is_last_operator(session, staff_id)
        disable(session, user, NOON)
        assert session.scalar(select(func.count(SignedInSession.id))) == 0
        assert users_page(session, UserFilter("周", Post.OPERATOR, "disabled"), page=1, size=5).total == 1
        assert users_page(session, UserFilter(post=Post.AGENT), page=1, size=5).total == 0


def test_tries_are_bounded_and_forgotten(either_database: Database) -> None:
    with either_database.write() as session:
        for _ in range(MOST_BY_ACCOUNT):
            assert begin_try(session, "8101", "10.0.0.7", NOON) is None
        assert begin_try(session, "8101", "10.0.0.8", NOON) == NOON + WITHIN
        assert begin_try(session, "8102", "10.0.0.7", NOON) is None
        tries_are_over(session, "8102", "10.0.0.7")
        assert session.scalar(select(func.count(SignInTry.id))) == 2 * MOST_BY_ACCOUNT
        assert begin_try(session, "8101", "10.0.0.7", NOON + WITHIN) is None
        assert session.scalar(select(func.count(SignInTry.id))) == 2


def test_a_code_is_used_once(either_database: Database, staff_id: int) -> None:
    with either_database.write() as session:
        assert [use_totp_step(session, staff_id, step) for step in (7, 7, 6, 8)] == [True, False, False, True]


def test_the_log_is_found_again_and_bounded(either_database: Database, staff_id: int) -> None:
    with either_database.write() as session:
        note(session, staff_id, "revealed", "客户 C001", "核实身份")
        session.flush()
        for _ in range(3):
            note_once(session, staff_id, "listened", "17-1")
            session.flush()
        found = entries(session, LogFilter(text="C001"), page=1, size=5)
        assert [(one.act, one.reason) for one in found.items] == [("revealed", "核实身份")]
        assert entries(session, LogFilter(text="8101"), page=1, size=5).total == 2
        assert entries(session, LogFilter(text="%"), page=1, size=5).total == 0
        forget_old(session, NOON + LONGEST + timedelta(days=1))
        assert session.scalar(select(func.count(SignedInSession.id))) == 1
        forget_old(session, NOON + timedelta(days=20 * 366))
        assert [session.scalar(select(func.count()).select_from(one)) for one in (SignedInSession, AuditEntry)] == [
            0,
            0,
        ]
        assert session.scalar(select(func.count()).select_from(Credential)) == 1
