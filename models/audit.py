"""The audit log (系统日志, §7.5.1): who did or saw what, when and why; written with what it tells of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from models.access_tables import AuditEntry
from models.calls import Page, rows_of_page
from models.tables import Staff

MOST_SUBJECT = 120  # characters
AGAIN_AFTER = timedelta(minutes=10)  # the parts of a recording that are asked for one by one are one listening


class Act(StrEnum):
    """What is worth an entry; other rooms may add acts of their own as plain words."""

    SIGNED_IN = "signed_in"  # 登录
    SIGN_IN_FAILED = "sign_in_failed"  # 登录失败
    SIGNED_OUT = "signed_out"  # 退出
    LISTENED = "listened"  # 收听录音
    EXPORTED = "exported"  # 导出
    REVEALED = "revealed"  # 查看客户明文
    SUPERVISED_LISTEN = "supervised_listen"  # 监听通话
    SUPERVISED_WHISPER = "supervised_whisper"  # 耳语坐席
    SUPERVISED_BARGE = "supervised_barge"  # 强插通话
    SUPERVISED_TAKE_OVER = "supervised_take_over"  # 接管通话
    CLIENT_LEFT = "client_left"  # 客户转给同事
    USER_ADDED = "user_added"  # 增加用户
    POSTS_CHANGED = "posts_changed"  # 变更岗位
    USER_DISABLED = "user_disabled"  # 停用用户
    USER_ENABLED = "user_enabled"  # 恢复用户
    PASSWORD_RESET = "password_reset"  # noqa: S105 # 重置密码
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 # 修改密码
    TOTP_RESET = "totp_reset"  # 重置动态口令
    TOTP_SET = "totp_set"  # 启用动态口令
    ARCHIVE_RETRIED = "archive_retried"  # 重试录音归档


def note(session: Session, staff_id: int | None, act: str, subject: str, reason: str = "") -> None:
    """Write an entry; `subject` names a record by its number, never a client by name or telephone number."""
    session.add(
        AuditEntry(at=datetime.now(UTC), staff_id=staff_id, act=act, subject=subject[:MOST_SUBJECT], reason=reason)
    )


def note_once(session: Session, staff_id: int, act: str, subject: str) -> None:
    """Write an entry unless the same person did the same a moment ago."""
    lately = select(AuditEntry.id).where(
        AuditEntry.staff_id == staff_id,
        AuditEntry.at > datetime.now(UTC) - AGAIN_AFTER,
        AuditEntry.act == act,
        AuditEntry.subject == subject[:MOST_SUBJECT],
    )
    if session.scalar(lately.limit(1)) is None:
        note(session, staff_id, act, subject)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What the log is narrowed to; `text`: a staff number, a name, or what something was done to."""

    text: str = ""
    act: str = ""
    since: datetime | None = None
    until: datetime | None = None


def entries(session: Session, wanted: LogFilter, *, page: int, size: int) -> Page[AuditEntry]:
    """The log, the latest first."""
    query = select(AuditEntry).where(*_narrowed(wanted))
    total = session.scalar(query.with_only_columns(func.count(AuditEntry.id))) or 0
    latest = (AuditEntry.at.desc(), AuditEntry.id.desc())
    rows = rows_of_page(session, query, AuditEntry.id, latest, (joinedload(AuditEntry.staff),), page=page, size=size)
    return Page(rows, total, page, size)


def acts_known(session: Session) -> list[str]:
    """Every act that has happened: from one to the next along the index, for there are few acts and many entries."""
    known: list[str] = []
    while (act := session.scalar(_next_act(known[-1] if known else ""))) is not None:
        known.append(act)
    return known


def _next_act(after: str) -> Select[Any]:
    return select(func.min(AuditEntry.act)).where(AuditEntry.act > after)


def _narrowed(wanted: LogFilter) -> list[ColumnElement[bool]]:
    narrowed: list[ColumnElement[bool]] = []
    if wanted.text:
        like = AuditEntry.subject.contains(wanted.text, autoescape=True)
        staff = select(Staff.id).where(or_(Staff.number == wanted.text, Staff.name == wanted.text))
        narrowed.append(or_(AuditEntry.staff_id.in_(staff), like))
    if wanted.act:
        narrowed.append(AuditEntry.act == wanted.act)
    if wanted.since:
        narrowed.append(AuditEntry.at >= wanted.since)
    if wanted.until:
        narrowed.append(AuditEntry.at < wanted.until)
    return narrowed
