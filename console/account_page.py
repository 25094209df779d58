"""What everybody has of their own (我的账户): password, second factor, where they are signed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from console.access import ACCOUNT, everybody, signed_in
from console.checking import checked
from console.desk import desk_of
from console.passwords import fault_of, hash_of
from console.render import page
from console.totp import accepted_step, is_secret, new_secret, picture_of
from models import Credential
from models.access import end_sessions_of, forget_totp, sessions_of, set_password, user_numbered
from models.audit import Act, note

router = APIRouter(prefix=ACCOUNT, dependencies=[everybody])
Text = Annotated[str, Form(max_length=400)]


@router.get("")
def show(request: Request, done: str = "") -> Response:
    """The page."""
    return _shown(request, done=_DONE.get(done, ""))


@router.post("/password")
def change_password(request: Request, old: Text = "", new: Text = "", again: Text = "") -> Response:
    """Choose another password; the other sessions end."""
    me = signed_in(request)
    fault = fault_of(new, me.number) or ("两次输入的新密码不一样" if new != again else "")
    fault = fault or ("新密码不能和现在的相同" if new == old else "")
    if fault:
        return _shown(request, fault=fault)
    hashed = hash_of(new)

    def change(session: Session, user: Credential) -> None:
        set_password(session, user, hashed, must_change=False, but=me.session_id)
        note(session, me.staff_id, Act.PASSWORD_CHANGED, me.number)

    return _changed(request, old, change, "password")


@router.post("/totp")
def begin_totp(request: Request) -> Response:
    """A new secret, to be scanned; it counts from the moment on when a code of it was typed."""
    return _shown(request, secret=new_secret())


@router.post("/totp/confirm")
def confirm_totp(request: Request, secret: Text = "", code: Text = "", password: Text = "") -> Response:
    """The telephone shows the right codes: ask for them from now on."""
    step = accepted_step(secret, code, datetime.now(UTC)) if is_secret(secret) else None
    if step is None:
        return _shown(request, fault="口令不对：请核对手机的时间，输入应用里现在显示的六位数字", secret=secret)

    def change(session: Session, user: Credential) -> None:
        user.totp_secret, user.totp_step = secret, step
        note(session, user.staff_id, Act.TOTP_SET, signed_in(request).number)

    return _changed(request, password, change, "totp", secret=secret)


@router.post("/totp/off")
def end_totp(request: Request, password: Text = "") -> Response:
    """Sign in without a second factor again."""

    def change(session: Session, user: Credential) -> None:
        forget_totp(user)
        note(session, user.staff_id, Act.TOTP_RESET, signed_in(request).number)

    return _changed(request, password, change, "off")


@router.post("/elsewhere")
def sign_out_elsewhere(request: Request) -> Response:
    """End every session but this one."""
    me = signed_in(request)
    with desk_of(request).database.write() as session:
        ended = end_sessions_of(session, me.staff_id, but=me.session_id)
        note(session, me.staff_id, Act.SIGNED_OUT, f"其他{ended}处")
    return RedirectResponse(f"{ACCOUNT}?done=elsewhere", status_code=303)


_DONE = {
    "password": "密码已修改，其他地方的登录已经退出。",
    "totp": "动态口令已启用，下次登录时需要输入。",
    "off": "动态口令已停用。",
    "elsewhere": "其他地方的登录已经退出。",
}


def _changed(
    request: Request, password: str, change: Callable[[Session, Credential], None], done: str, *, secret: str = ""
) -> Response:
    """Do something that needs the password once more."""
    me, database = signed_in(request), desk_of(request).database
    if fault := checked(request, me.number, password).fault:
        return _shown(request, fault=fault, secret=secret)
    with database.write() as session:
        user = user_numbered(session, me.number)
        if user is None:
            return _shown(request, fault="演示用户没有密码")
        change(session, user)
    return RedirectResponse(f"{ACCOUNT}?done={done}", status_code=303)


def _shown(request: Request, *, fault: str = "", done: str = "", secret: str = "") -> Response:
    me, desk = signed_in(request), desk_of(request)
    with desk.database.read() as session:
        user = user_numbered(session, me.number)
        return page(
            request,
            "account.html",
            status_code=422 if fault else 200,
            user=user,
            sessions=sessions_of(session, me.staff_id, datetime.now(UTC)),
            fault=fault,
            done=done,
            secret=secret,
            picture=picture_of(secret, desk.firm, me.number) if is_secret(secret) else "",
        )
