"""Who sits at the console: chosen by staff number (工号) as at an agent's page, kept by this browser."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from console.desk import desk_of
from console.render import page
from models import Staff
from models.people import staff_of

COOKIE = "acting"
DAY = 24 * 3600
# Who does what (§7.4): calls clients; verifies and corrects results (§8.3.3); tells clients and resends.
CALLS = frozenset({"agent"})
CORRECTS = frozenset({"inspector", "manager"})
TELLS = frozenset({"agent", "inspector", "manager", "operator"})

router = APIRouter()


def acting(request: Request, session: Session, posts: frozenset[str]) -> Staff | None:
    """The person at this browser, where their post is one of these; None: nobody, or somebody else."""
    staff = staff_of(session, unquote(request.cookies.get(COOKIE, "")))
    return staff if staff is not None and staff.post in posts else None


@router.post("/acting")
def choose(
    request: Request, number: Annotated[str, Form(max_length=40)] = "", back: Annotated[str, Form()] = "/"
) -> Response:
    """Say who sits here; an empty number: nobody any more."""
    number = number.strip()
    with desk_of(request).database.read() as session:
        known = staff_of(session, number) is not None
    if number and not known:
        return page(request, "error.html", status_code=422, message="没有这个工号，或者该人员正在离职。")
    answer = RedirectResponse(_inside(back), status_code=303)
    if number:
        answer.set_cookie(COOKIE, quote(number), max_age=DAY, httponly=True, samesite="strict")
    else:
        answer.delete_cookie(COOKIE)
    return answer


def _inside(back: str) -> str:
    """An address of this console: nobody is sent elsewhere by a link that was made for it."""
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/"
