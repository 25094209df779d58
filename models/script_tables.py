"""The tables of scripts: every version that was ever submitted, and what was done with it by whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base


class ScriptVersion(Base):
    """One version of a script (话术版本); its content never changes, and it is never deleted."""

    __tablename__ = "script_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    number: Mapped[int]  # 1, 2, 3 … of this name
    hash: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str] = mapped_column(String(120))
    sources: Mapped[dict[str, Any]] = mapped_column(JSON)  # file name: text, as submitted
    author: Mapped[str] = mapped_column(String(80))
    submitted_by: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(20))  # rules.script_life.VersionState
    created_at: Mapped[datetime]
    acts: Mapped[list[ScriptActed]] = relationship(order_by="ScriptActed.id", back_populates="version")

    __table_args__ = (
        UniqueConstraint("name", "number"),
        # One version of a script is in use, whatever the number of hosts.
        Index(
            "ix_script_version_published",
            "name",
            unique=True,
            sqlite_where=text("state = 'published'"),
            postgresql_where=text("state = 'published'"),
        ),
    )


class ScriptActed(Base):
    """One act on a version: the trail, only ever added to."""

    __tablename__ = "script_act"
    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("script_version.id"), index=True)
    act: Mapped[str] = mapped_column(String(20))  # rules.script_life.ScriptAct
    by: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[datetime]
    version: Mapped[ScriptVersion] = relationship(back_populates="acts")
