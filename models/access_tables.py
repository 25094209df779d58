"""Who may sign in, who has, and what was done: credentials, posts, sessions, tries, the audit log (§7.5.1).

All instants are of the machine's clock: a demo's business clock runs faster.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.sealed import Sealed
from models.tables import Staff


class StaffPost(Base):
    """A post that somebody holds (岗位, §7.4); several rows: 兼岗."""

    __tablename__ = "staff_post"
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    post: Mapped[str] = mapped_column(String(20), primary_key=True)  # rules.Post


class Credential(Base):
    """That somebody may sign in with a password: a user."""

    __tablename__ = "credential"
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))  # Argon2id, with its parameters and salt
    must_change: Mapped[bool] = mapped_column(default=False)  # the password was generated: choose another one first
    totp_secret: Mapped[str] = mapped_column(Sealed, default="")  # base32; "": no second factor
    totp_step: Mapped[int] = mapped_column(default=0)  # the latest one used: a code counts once
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    staff: Mapped[Staff] = relationship()


class SignedInSession(Base):
    """A browser that is signed in; only the hash of its token is kept."""

    __tablename__ = "signed_in_session"
    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    begun_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(60), default="")
    browser: Mapped[str] = mapped_column(String(200), default="")
    staff: Mapped[Staff] = relationship()


class SignInTry(Base):
    """A sign-in that failed, by account and by address."""

    __tablename__ = "sign_in_try"
    id: Mapped[int] = mapped_column(primary_key=True)
    key_digest: Mapped[str] = mapped_column(String(64))  # of "account …" or "address …"
    at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (Index("ix_sign_in_try_key", "key_digest", "at"),)


class AuditEntry(Base):
    """Something that a person did or saw, for the system log (系统日志)."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)  # None: nobody known
    act: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120))  # what it was done to: a call, a task, a user; no personal data
    reason: Mapped[str] = mapped_column(Sealed, default="")
    staff: Mapped[Staff | None] = relationship()
    __table_args__ = (Index("ix_audit_entry_act", "act", "at", "id"),)
