"""Queries about script versions: which are in use, which there are, and what is done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from models.errors import VersionChanged
from models.queue import rows_changed
from models.script_tables import ScriptActed, ScriptVersion
from models.tables import ReviewTask

PUBLISHED = "published"


def published_hashes(session: Session) -> dict[str, str]:
    """The hash in use of every script that has a version in use, by name."""
    query = select(ScriptVersion.name, ScriptVersion.hash).where(ScriptVersion.state == PUBLISHED)
    return {name: hashed for name, hashed in session.execute(query)}


def published_versions(session: Session) -> Sequence[ScriptVersion]:
    """Every version in use, by name."""
    query = select(ScriptVersion).where(ScriptVersion.state == PUBLISHED).order_by(ScriptVersion.name)
    return session.scalars(query).all()


def published_version(session: Session, name: str) -> ScriptVersion | None:
    """The version of a script that is in use."""
    query = select(ScriptVersion).where(ScriptVersion.name == name, ScriptVersion.state == PUBLISHED)
    return session.scalar(query)


def version_by_hash(session: Session, name: str, hashed: str) -> ScriptVersion | None:
    """The newest version of a script with this content."""
    query = select(ScriptVersion).where(ScriptVersion.name == name, ScriptVersion.hash == hashed)
    return session.scalars(query.order_by(ScriptVersion.number.desc()).limit(1)).one_or_none()


def versions_of(session: Session, name: str) -> Sequence[ScriptVersion]:
    """Every version of a script with its trail, the first one first."""
    query = select(ScriptVersion).where(ScriptVersion.name == name).options(selectinload(ScriptVersion.acts))
    return session.scalars(query.order_by(ScriptVersion.number)).all()


def known_hashes(session: Session) -> set[tuple[str, str]]:
    """Name and hash of every version there is."""
    return {(name, hashed) for name, hashed in session.execute(select(ScriptVersion.name, ScriptVersion.hash))}


def approved_hashes(session: Session) -> set[tuple[str, str]]:
    """Name and hash of every version that was ever approved."""
    approved = select(ScriptActed.version_id).where(ScriptActed.act == "approve")
    query = select(ScriptVersion.name, ScriptVersion.hash).where(ScriptVersion.id.in_(approved))
    return {(name, hashed) for name, hashed in session.execute(query)}


def add_version(
    session: Session,
    *,
    name: str,
    hashed: str,
    title: str,
    sources: Mapping[str, str],
    author: str,
    submitted_by: str,
    state: str,
    at: datetime,
) -> ScriptVersion:
    """Enter the next version of a script; raises VersionChanged when another one came in at the same time."""
    last = session.scalar(select(func.max(ScriptVersion.number)).where(ScriptVersion.name == name)) or 0
    version = ScriptVersion(
        name=name,
        number=last + 1,
        hash=hashed,
        title=title,
        sources=dict(sources),
        author=author,
        submitted_by=submitted_by,
        state=state,
        created_at=at,
    )
    session.add(version)
    _flush(session, version)
    return version


def move_version(session: Session, version: ScriptVersion, state: str) -> None:
    """Give a version its next state; raises VersionChanged when it is no longer in the state that it was read in."""
    step = (
        update(ScriptVersion)
        .where(ScriptVersion.id == version.id, ScriptVersion.state == version.state)
        .values(state=state)
        .execution_options(synchronize_session="evaluate")
    )
    try:
        moved = rows_changed(session, step)
    except IntegrityError as error:
        raise _changed(version) from error
    if moved != 1:
        raise _changed(version)


def record_act(session: Session, version: ScriptVersion, act: str, *, by: str, why: str, at: datetime) -> None:
    """Add to the trail of a version."""
    session.add(ScriptActed(version_id=version.id, act=act, by=by, why=why, at=at))
    _flush(session, version)


def release_tasks(session: Session, name: str, now: datetime) -> int:
    """Put the tasks that were set aside for want of a usable script back into the queue; returns how many."""
    statement = (
        update(ReviewTask)
        .where(
            ReviewTask.script == name,
            ReviewTask.trouble != "",
            ReviewTask.due_at.is_(None),
            ReviewTask.final.is_(False),
            ReviewTask.with_human.is_(False),
        )
        .values(due_at=now, trouble="")
        .execution_options(synchronize_session=False)
    )
    return rows_changed(session, statement)


def _flush(session: Session, version: ScriptVersion) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise _changed(version) from error


def _changed(version: ScriptVersion) -> VersionChanged:
    return VersionChanged(f"话术“{version.name}”刚刚被别人改动；请用 history 查看后再试")
