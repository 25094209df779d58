"""Signing in and out; and what is shown where nobody is signed in, or the wrong person is."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.orm import Session

from campaign.demo.demo_firm import demo_person
from console.access import (
    ACCOUNT,
    COOKIE,
    NotAllowed,
    NotSignedIn,
    PasswordDue,
    TokenRefused,
    everybody,
    open_to_all,
    signed_in,
    whoever,
)
from console.desk import desk_of
from console.passwords import is_right
from console.render import page
from models.access import LONGEST, begin_session, end_session, has_users, user_numbered
from models.audit import Act, note
from rules.posts import POST_WORDS, Post

WRONG = "工号或密码不对，或者用户已经停用。"

router = APIRouter()
Text = Annotated[str, Form(max_length=400)]


@router.get("/login", dependencies=[open_to_all])
def show(request: Request, back: str = "") -> Response:
    """The form to sign in with; in a demo, buttons instead."""
    if (me := whoever(request)) is not None:
        return RedirectResponse(inside(back, me.home), status_code=303)
    return _shown(request, back)


@router.post("/login", dependencies=[open_to_all])
def sign_in(request: Request, number: Text = "", password: Text = "", back: Text = "") -> Response:
    """Sign in with a password."""
    number, database = number.strip(), desk_of(request).database
    with database.read() as session:
        user = user_numbered(session, number)
        open_ = user is not None and user.disabled_at is None and not user.staff.leaving
        staff_id, kept = (user.staff_id, user.password_hash) if user is not None else (None, None)
    if is_right(password, kept) and open_ and staff_id is not None:
        with database.write() as session:
            return _begun(request, session, staff_id, inside(back))
    with database.write() as session:
        note(session, staff_id, Act.SIGN_IN_FAILED, number if staff_id else "")
    return _shown(request, back, fault=WRONG, number=number, status_code=401)


@router.post("/login/demo", dependencies=[open_to_all])
def look_around(request: Request, post: Text = "", back: Text = "") -> Response:
    """Sign in as the demo's own person of a post; only a demo has one."""
    desk = desk_of(request)
    if not desk.demo or post not in set(Post):
        raise HTTPException(404)
    with desk.database.write() as session:
        return _begun(request, session, demo_person(session, Post(post)).id, inside(back))


@router.post("/logout", dependencies=[everybody])
def sign_out(request: Request) -> Response:
    """End this session."""
    with desk_of(request).database.write() as session:
        end_session(session, request.cookies.get(COOKIE, ""))
        note(session, signed_in(request).staff_id, Act.SIGNED_OUT, "")
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=_is_secure(request))
    return answer


def inside(back: str, otherwise: str = "/") -> str:
    """An address of this console: nobody is sent elsewhere by a link that was made for it."""
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) else otherwise


def _begun(request: Request, session: Session, staff_id: int, where: str) -> Response:
    token = secrets.token_urlsafe(32)
    address = request.client.host if request.client else ""
    begin_session(
        session,
        staff_id,
        token,
        datetime.now(UTC),
        address=address,
        browser=request.headers.get("user-agent", ""),
    )
    note(session, staff_id, Act.SIGNED_IN, address)
    answer = RedirectResponse(where, status_code=303)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(LONGEST.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=_is_secure(request),
    )
    return answer


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _shown(request: Request, back: str, *, fault: str = "", number: str = "", status_code: int = 200) -> Response:
    desk = desk_of(request)
    with desk.database.read() as session:
        nobody = not desk.demo and not has_users(session)
    return page(
        request,
        "login.html",
        status_code=status_code,
        back=inside(back),
        fault=fault,
        number=number,
        nobody=nobody,
        demo=[(post, POST_WORDS[post]) for post in Post] if desk.demo else [],
    )


def install_access(app: FastAPI) -> None:
    """Show the form to whoever is not signed in, and say so to whoever may not."""
    app.add_exception_handler(NotSignedIn, _ask_to_sign_in)
    app.add_exception_handler(NotAllowed, _refuse)
    app.add_exception_handler(PasswordDue, _ask_for_password)
    app.add_exception_handler(TokenRefused, _refuse_program)


async def _ask_to_sign_in(request: Request, _error: Exception) -> Response:
    if request.headers.get("sec-fetch-mode", "navigate") != "navigate":
        return JSONResponse({"error": "请重新登录"}, status_code=401)
    if request.method == "GET":
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/login" if back == "/" else f"/login?back={quote(back)}", status_code=303)
    return _shown(request, "/", fault="登录已经过期，请重新登录。", status_code=401)


async def _refuse(request: Request, _error: Exception) -> Response:
    me = signed_in(request)
    if request.url.path == "/":
        return RedirectResponse(me.home, status_code=303)
    return page(request, "error.html", status_code=403, message="您的岗位不能使用这个页面，需要时请联系运维岗。")


async def _ask_for_password(_request: Request, _error: Exception) -> Response:
    return RedirectResponse(ACCOUNT, status_code=303)


async def _refuse_program(_request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, TokenRefused) else 401
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": str(error)}, status_code=status, headers=headers)
