"""Users, their posts and their sessions in the database. All instants are of the machine's clock."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from models.access_tables import AuditEntry, Credential, SignedInSession, StaffPost
from models.queue import rows_changed
from models.tables import Staff
from rules.people import person_key
from rules.posts import Post

IDLE = timedelta(minutes=30)  # a session ends when nothing was asked for so long
LONGEST = timedelta(hours=12)  # and at the latest so long after signing in
FORGOTTEN_AFTER = timedelta(days=1)  # until then a form of an old session is known to be its owner's
AUDIT_KEPT = timedelta(days=5 * 365)
SEEN_EVERY = timedelta(minutes=1)  # how often a session in use is noted


@dataclass(frozen=True, slots=True)
class Known:
    """Who a session belongs to; `must_change`: the password was generated, and another one has to be chosen."""

    session_id: int
    staff_id: int
    number: str
    name: str
    posts: frozenset[Post]
    seen_at: datetime
    must_change: bool = False


def token_hash(token: str) -> str:
    """What is kept of a session's token (256 random bits: it needs no salt)."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin_session(
    session: Session, staff_id: int, token: str, now: datetime, *, address: str = "", browser: str = ""
) -> None:
    """Somebody signed in."""
    session.add(
        SignedInSession(
            token_hash=token_hash(token),
            staff_id=staff_id,
            begun_at=now,
            seen_at=now,
            address=address[:60],
            browser=browser[:200],
        )
    )


def session_of(session: Session, token: str, now: datetime) -> Known | None:
    """Who holds a token; None: nobody, or not any more (too old, too long idle, disabled, leaving)."""
    query = (
        select(SignedInSession, Staff, Credential, StaffPost.post)
        .join(Staff, SignedInSession.staff_id == Staff.id)
        .outerjoin(Credential, Credential.staff_id == Staff.id)
        .outerjoin(StaffPost, StaffPost.staff_id == Staff.id)
        .where(
            SignedInSession.token_hash == token_hash(token),
            *_alive(now),
            Staff.leaving.is_(False),
            Credential.disabled_at.is_(None),
        )
    )
    rows = session.execute(query).all()
    if not rows:
        return None
    found, staff, credential, _ = rows[0]
    posts = frozenset(Post(row.post) for row in rows if row.post in set(Post))
    must_change = credential is not None and credential.must_change
    return Known(found.id, staff.id, staff.number, staff.name, posts, found.seen_at, must_change)


def session_was_seen(session: Session, session_id: int, now: datetime) -> None:
    """The session is in use."""
    session.execute(update(SignedInSession).where(SignedInSession.id == session_id).values(seen_at=now))


def end_session(session: Session, token: str) -> int | None:
    """Somebody signed out; whose session it was, None: nobody's."""
    staff_id: int | None = session.scalar(
        delete(SignedInSession)
        .where(SignedInSession.token_hash == token_hash(token))
        .returning(SignedInSession.staff_id)
    )
    return staff_id


def end_sessions_of(session: Session, staff_id: int, *, but: int = 0) -> int:
    """End somebody's sessions everywhere, `but` one; how many there were."""
    theirs = delete(SignedInSession).where(SignedInSession.staff_id == staff_id, SignedInSession.id != but)
    return len(session.scalars(theirs.returning(SignedInSession.id)).all())


def sessions_of(session: Session, staff_id: int, now: datetime) -> Sequence[SignedInSession]:
    """Where somebody is signed in, the latest in use first."""
    query = select(SignedInSession).where(SignedInSession.staff_id == staff_id, *_alive(now))
    return session.scalars(query.order_by(SignedInSession.seen_at.desc(), SignedInSession.id.desc())).all()


def _alive(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return SignedInSession.begun_at > now - LONGEST, SignedInSession.seen_at > now - IDLE


def session_is_alive(session: Session, session_id: int, now: datetime) -> bool:
    """Whether a session goes on: it has not ended, and whoever holds it may still sign in."""
    query = (
        select(SignedInSession.id)
        .join(Staff, SignedInSession.staff_id == Staff.id)
        .outerjoin(Credential, Credential.staff_id == Staff.id)
        .where(SignedInSession.id == session_id, *_alive(now))
        .where(Staff.leaving.is_(False), Credential.disabled_at.is_(None))
    )
    return session.scalar(query) is not None


def owner_of(session: Session, token: str) -> int | None:
    """Whose session a token was, also when it is over."""
    query = select(SignedInSession.staff_id).where(SignedInSession.token_hash == token_hash(token))
    return session.scalar(query)


def user_numbered(session: Session, number: str) -> Credential | None:
    """A user by staff number (工号), disabled or not."""
    query = select(Credential).join(Staff, Credential.staff_id == Staff.id).where(Staff.number == number)
    return session.scalars(query.options(joinedload(Credential.staff))).one_or_none()


def users(session: Session) -> Sequence[Credential]:
    """All users, by staff number."""
    query = select(Credential).join(Staff, Credential.staff_id == Staff.id).order_by(Staff.number)
    return session.scalars(query.options(joinedload(Credential.staff))).all()


def has_users(session: Session) -> bool:
    """Whether anybody may sign in with a password."""
    return session.scalar(select(func.count()).select_from(Credential)) != 0


def posts_of(session: Session, staff_id: int) -> frozenset[Post]:
    """The posts that somebody holds."""
    held = session.scalars(select(StaffPost.post).where(StaffPost.staff_id == staff_id))
    return frozenset(Post(post) for post in held if post in set(Post))


def give_posts(session: Session, staff_id: int, posts: Collection[Post]) -> None:
    """Let somebody hold these posts and no others."""
    session.execute(delete(StaffPost).where(StaffPost.staff_id == staff_id))
    session.add_all(StaffPost(staff_id=staff_id, post=post.value) for post in sorted(posts))


def staff_numbered(session: Session, number: str) -> Staff | None:
    """Somebody of the firm, by staff number (工号)."""
    return session.scalar(select(Staff).where(Staff.number == number))


def staff_called(session: Session, people: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The staff numbers of those who are written by number or by name; several where namesakes are meant."""
    wanted = {one: person_key(one) for one in people}
    spoken = {*wanted, *wanted.values()}
    query = select(Staff.number, Staff.name).where(or_(Staff.number.in_(spoken), Staff.name.in_(spoken)))
    rows = session.execute(query.order_by(Staff.id)).all()
    return {
        one: tuple(number for number, name in rows if key in (person_key(number), person_key(name)))
        for one, key in wanted.items()
    }


def add_user(
    session: Session,
    number: str,
    name: str,
    posts: Collection[Post],
    *,
    password_hash: str,
    must_change: bool,
    now: datetime,
) -> Credential:
    """Let somebody sign in; a member of the staff who was imported keeps the name where none is given."""
    staff = staff_numbered(session, number)
    if staff is None:
        staff = Staff(number=number, name=name, post=sorted(posts)[0].value)
        session.add(staff)
        session.flush()
    elif name:
        staff.name = name
    give_posts(session, staff.id, posts)
    user = Credential(staff_id=staff.id, password_hash=password_hash, must_change=must_change, created_at=now)
    user.staff = staff
    session.add(user)
    session.flush()
    return user


def set_password(session: Session, user: Credential, password_hash: str, *, must_change: bool, but: int = 0) -> None:
    """Give a user another password; every session but one ends."""
    user.password_hash, user.must_change = password_hash, must_change
    end_sessions_of(session, user.staff_id, but=but)


def disable(session: Session, user: Credential, now: datetime) -> None:
    """Let a user sign in no longer."""
    user.disabled_at = user.disabled_at or now
    end_sessions_of(session, user.staff_id)


def enable(user: Credential) -> None:
    """Let a user sign in again."""
    user.disabled_at = None


def use_totp_step(session: Session, staff_id: int, step: int) -> bool:
    """Note the step of a code that was used; False where that one or a later one was used already."""
    query = update(Credential).where(Credential.staff_id == staff_id, Credential.totp_step < step)
    return rows_changed(session, query.values(totp_step=step)) == 1


def forget_totp(user: Credential) -> None:
    """Let a user sign in without a second factor."""
    user.totp_secret, user.totp_step = "", 0


def forget_old(session: Session, now: datetime) -> None:
    """Forget sessions that were over a day ago, and audit entries whose time has come."""
    session.execute(delete(SignedInSession).where(SignedInSession.seen_at < now - LONGEST - FORGOTTEN_AFTER))
    session.execute(delete(AuditEntry).where(AuditEntry.at < now - AUDIT_KEPT))
