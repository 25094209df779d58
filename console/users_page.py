"""Users and posts (用户与岗位), as operators keep them. A password is shown once, to whoever made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from console.access import posts, signed_in
from console.desk import desk_of
from console.passwords import generated, hash_of
from console.render import PAGE_SIZE, page
from console.spreadsheet import MOST_ROWS, spreadsheet
from models import Credential
from models.access import add_user, disable, enable, forget_totp, give_posts, set_password, user_numbered
from models.audit import Act, note
from models.users import UserFilter, is_last_operator, posts_of_all, users_page
from rules.posts import POST_WORDS, STAFF_NUMBER_WORDS, Post, is_staff_number

STATES = {"open": "可登录", "disabled": "已停用"}
LAST = "这是最后一个可登录的运维岗：请先让另一位用户担任运维岗"

router = APIRouter(prefix="/users", dependencies=[posts(Post.OPERATOR)])
Text = Annotated[str, Form(max_length=200)]


class UsersQuery(BaseModel):
    """The filters in the address; a value that means nothing narrows nothing."""

    q: str = ""
    post: str = ""
    state: str = ""
    page_no: int = 1

    def narrowed(self) -> UserFilter:
        """The filter for the database."""
        post = Post(self.post) if self.post in set(Post) else None
        return UserFilter(self.q.strip(), post, self.state if self.state in STATES else "")


@router.get("")
def show(request: Request, query: Annotated[UsersQuery, Query()]) -> Response:
    """All users with their posts."""
    return _shown(request, query)


@router.get(".csv")
def export(request: Request, query: Annotated[UsersQuery, Query()]) -> Response:
    """What the filters leave, as a spreadsheet."""
    with desk_of(request).database.read() as session:
        found = users_page(session, query.narrowed(), page=1, size=MOST_ROWS)
        held = posts_of_all(session, [user.staff_id for user in found.items])
        rows = [
            (
                user.staff.number,
                user.staff.name,
                "、".join(POST_WORDS[post] for post in Post if post in held.get(user.staff_id, ())),
                STATES["disabled" if user.disabled_at else "open"],
                "已启用" if user.totp_secret else "",
            )
            for user in found.items
        ]
    return spreadsheet(request, "用户与岗位", ("工号", "姓名", "岗位", "状态", "动态口令"), rows)


@router.post("")
def add(
    request: Request,
    number: Text = "",
    name: Text = "",
    held: Annotated[list[str], Form(alias="posts")] = [],  # noqa: B006
) -> Response:
    """Let somebody sign in; the password is generated and shown once."""
    number, name, wanted = number.strip(), name.strip(), _posts(held)
    typed = {"number": number, "name": name, "posts": wanted}
    if not number or len(number) > 40 or not name or len(name) > 80 or not wanted:
        return _shown(request, fault="请填写工号（40字以内）和姓名（80字以内），并至少选一个岗位", typed=typed)
    if not is_staff_number(number):
        return _shown(request, fault=STAFF_NUMBER_WORDS, typed=typed)
    password = generated()
    hashed = hash_of(password)
    with desk_of(request).database.write() as session:
        known = user_numbered(session, number) is not None
        if not known:
            add_user(session, number, name, wanted, password_hash=hashed, must_change=True, now=datetime.now(UTC))
            note(session, signed_in(request).staff_id, Act.USER_ADDED, number, _words(wanted))
    if known:
        return _shown(request, fault=f"已经有工号是{number}的用户", typed=typed)
    return _shown(request, made=(number, password))


@router.post("/{number:path}/posts")
def change_posts(
    request: Request,
    number: str,
    held: Annotated[list[str], Form(alias="posts")] = [],  # noqa: B006
) -> Response:
    """Let somebody hold these posts and no others."""
    wanted = _posts(held)

    def change(session: Session, user: Credential) -> str:
        if not wanted:
            return "至少选一个岗位；不再使用系统的人请停用"
        if Post.OPERATOR not in wanted and is_last_operator(session, user.staff_id):
            return LAST
        give_posts(session, user.staff_id, wanted)
        note(session, signed_in(request).staff_id, Act.POSTS_CHANGED, number, _words(wanted))
        return ""

    return _changed(request, number, change)


@router.post("/{number:path}/password")
def reset_password(request: Request, number: str) -> Response:
    """Give somebody another password, shown once; their sessions end."""
    password = generated()
    hashed = hash_of(password)

    def change(session: Session, user: Credential) -> str:
        set_password(session, user, hashed, must_change=True)
        note(session, signed_in(request).staff_id, Act.PASSWORD_RESET, number)
        return ""

    return _changed(request, number, change, made=(number, password))


@router.post("/{number:path}/{doing}")
def do(request: Request, number: str, doing: str) -> Response:
    """Disable, enable, or forget the second factor of a lost telephone."""
    if doing not in ("disable", "enable", "totp"):
        raise HTTPException(404)

    def change(session: Session, user: Credential) -> str:
        act = {"disable": Act.USER_DISABLED, "enable": Act.USER_ENABLED, "totp": Act.TOTP_RESET}[doing]
        match doing:
            case "disable" if is_last_operator(session, user.staff_id):
                return LAST
            case "disable":
                disable(session, user, datetime.now(UTC))
            case "enable":
                enable(user)
            case "totp":
                forget_totp(user)
        note(session, signed_in(request).staff_id, act, number)
        return ""

    return _changed(request, number, change)


def _posts(held: list[str]) -> frozenset[Post]:
    return frozenset(Post(post) for post in held if post in set(Post))


def _words(held: frozenset[Post]) -> str:
    return "、".join(POST_WORDS[post] for post in Post if post in held)


def _changed(
    request: Request,
    number: str,
    change: Callable[[Session, Credential], str],
    made: tuple[str, str] | None = None,
) -> Response:
    with desk_of(request).database.write() as session:
        user = user_numbered(session, number)
        if user is None:
            raise HTTPException(404)
        fault = change(session, user)
    if fault:
        return _shown(request, UsersQuery(q=number), fault=fault)
    if made:
        return _shown(request, UsersQuery(q=number), made=made)
    return RedirectResponse(f"/users?q={quote(number, safe='')}", status_code=303)


def _shown(
    request: Request,
    query: UsersQuery = UsersQuery(),  # noqa: B008
    *,
    fault: str = "",
    made: tuple[str, str] | None = None,
    typed: Mapping[str, object] | None = None,
) -> Response:
    with desk_of(request).database.read() as session:
        found = users_page(session, query.narrowed(), page=max(1, query.page_no), size=PAGE_SIZE)
        return page(
            request,
            "users.html",
            status_code=422 if fault else 200,
            found=found,
            held=posts_of_all(session, [user.staff_id for user in found.items]),
            query=query,
            fault=fault,
            made=made,
            typed=typed or {"number": "", "name": "", "posts": frozenset()},
            words=POST_WORDS,
            states=STATES,
        )
