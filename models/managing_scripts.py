"""What the pages of scripts ask: which versions there are and wait."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.script_tables import ScriptVersion


def every_version(session: Session) -> Sequence[ScriptVersion]:
    """All versions of all scripts with their trails, by name and number."""
    query = select(ScriptVersion).options(selectinload(ScriptVersion.acts))
    return session.scalars(query.order_by(ScriptVersion.name, ScriptVersion.number)).all()


def version_numbered(session: Session, name: str, number: int) -> ScriptVersion | None:
    """One version."""
    return session.scalar(select(ScriptVersion).where(ScriptVersion.name == name, ScriptVersion.number == number))
