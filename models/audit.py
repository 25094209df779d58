"""The audit log: who did or saw what, when and why; written in the transaction of what it tells of."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from models.access_tables import AuditEntry

MOST_SUBJECT = 120  # characters


class Act(StrEnum):
    """What is worth an entry; other rooms may add acts of their own as plain words."""

    SIGNED_IN = "signed_in"  # 登录
    SIGN_IN_FAILED = "sign_in_failed"  # 登录失败
    SIGNED_OUT = "signed_out"  # 退出
    LISTENED = "listened"  # 收听录音
    EXPORTED = "exported"  # 导出
    REVEALED = "revealed"  # 查看客户明文
    USER_ADDED = "user_added"  # 增加用户
    POSTS_CHANGED = "posts_changed"  # 变更岗位
    USER_DISABLED = "user_disabled"  # 停用用户
    USER_ENABLED = "user_enabled"  # 恢复用户
    PASSWORD_RESET = "password_reset"  # noqa: S105 # 重置密码
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 # 修改密码
    TOTP_RESET = "totp_reset"  # 重置动态口令
    TOTP_SET = "totp_set"  # 启用动态口令


def note(session: Session, staff_id: int | None, act: str, subject: str, reason: str = "") -> None:
    """Write an entry; `subject` names a record by its number, never a client by name or telephone number."""
    session.add(
        AuditEntry(at=datetime.now(UTC), staff_id=staff_id, act=act, subject=subject[:MOST_SUBJECT], reason=reason)
    )
