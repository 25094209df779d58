"""Whether a password is the right one, tried no oftener than may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Request
from sqlalchemy.orm import Session

from console.desk import desk_of
from console.passwords import is_right
from console.totp import accepted_step
from models.access import use_totp_step, user_numbered
from models.audit import Act, note
from models.tries import begin_try, tries_are_over

WRONG = "工号、密码或动态口令不对，或者用户已经停用。"


@dataclass(frozen=True, slots=True)
class Checked:
    """Who it is, or why not: a Chinese sentence."""

    staff_id: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of a user, while the password is checked outside the transaction."""

    staff_id: int
    is_open: bool
    password_hash: str
    totp_secret: str
    totp_step: int


def checked(request: Request, number: str, password: str, code: str | None = None) -> Checked:
    """Check a password, and the second factor where one is set; `code` None: the password alone counts.

    The work is the same for a number that nobody has.
    """
    database, address, now = desk_of(request).database, address_of(request), datetime.now(UTC)
    with database.write() as session:
        wait = begin_try(session, number, address, now)
        kept = _kept(session, number)
    if wait is not None:
        return Checked(fault=f"尝试太多次，请在{_minutes(wait, now)}分钟以后再试。忘记密码请联系运维岗。")
    right = is_right(password, kept.password_hash if kept else None)
    step = _step(kept, code, now)
    with database.write() as session:
        if not right or kept is None or not kept.is_open or step is None or not _use(session, kept, step):
            note(session, kept.staff_id if kept else None, Act.SIGN_IN_FAILED, number if kept else "")
            return Checked(fault=WRONG)
        tries_are_over(session, number, address)
    return Checked(kept.staff_id)


def address_of(request: Request) -> str:
    """From where somebody asks."""
    return request.client.host if request.client else ""


def _kept(session: Session, number: str) -> _Kept | None:
    user = user_numbered(session, number)
    if user is None:
        return None
    is_open = user.disabled_at is None and not user.staff.leaving
    return _Kept(user.staff_id, is_open, user.password_hash, user.totp_secret, user.totp_step)


def _step(kept: _Kept | None, code: str | None, now: datetime) -> int | None:
    """The step of the code, 0 where none is needed; None: it is wrong."""
    if kept is None or code is None or not kept.totp_secret:
        return 0
    return accepted_step(kept.totp_secret, code, now, kept.totp_step)


def _use(session: Session, kept: _Kept, step: int) -> bool:
    """Use a code up; False where somebody else just did."""
    return not step or use_totp_step(session, kept.staff_id, step)


def _minutes(until: datetime, now: datetime) -> int:
    return max(1, math.ceil((until - now).total_seconds() / 60))
