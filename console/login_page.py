"""Signing in and out; and what is shown where nobody is signed in, or the wrong person is."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import FormData

from campaign.demo.demo_firm import demo_people, demo_person
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
from console.checking import address_of, checked
from console.desk import desk_of
from console.kept_form import KeptForm, carried_form, kept_form
from console.render import error_page, page
from models.access import LONGEST, begin_session, end_session, forget_old, has_users
from models.audit import Act, note
from rules.posts import POST_WORDS

NOT_YOURS = "您的岗位不能使用这个页面，需要时请联系运维岗。"
MOST_TYPED = 400  # characters of a number or a password

router = APIRouter()


@router.get("/login", dependencies=[open_to_all])
def show(request: Request, back: str = "") -> Response:
    """The form to sign in with; in a demo, buttons above it."""
    if (me := whoever(request)) is not None:
        return RedirectResponse(inside(back, me.home), status_code=303)
    # A browser that follows a link from elsewhere does not bring its cookie; asked by our own page it does.
    elsewhere = request.headers.get("sec-fetch-site") == "cross-site"
    return _shown(request, back, again=elsewhere)


@router.post("/login", dependencies=[open_to_all])
async def sign_in(request: Request) -> Response:
    """Sign in with a password; a form that came too late is sent then."""
    return await run_in_threadpool(_sign_in, request, await request.form())


@router.post("/login/demo", dependencies=[open_to_all])
async def look_around(request: Request) -> Response:
    """Sign in as one of the demo's own people; only a demo has any."""
    return await run_in_threadpool(_look_around, request, await request.form())


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


def _sign_in(request: Request, form: FormData) -> Response:
    number, back, kept = _typed(form, "number").strip(), _typed(form, "back"), carried_form(form)
    who = checked(request, number, _typed(form, "password"), _typed(form, "code"))
    if who.fault:
        return _shown(request, back, fault=who.fault, number=number, kept=kept, status_code=401)
    return _begun(request, who.staff_id, inside(back), kept)


def _look_around(request: Request, form: FormData) -> Response:
    desk = desk_of(request)
    if not desk.demo:
        raise HTTPException(404)
    with desk.database.write() as session:
        person = demo_person(session, _typed(form, "number"))
        staff_id = person.id if person is not None else None
    if staff_id is None:
        raise HTTPException(404)
    return _begun(request, staff_id, inside(_typed(form, "back")), carried_form(form))


def _typed(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value[:MOST_TYPED] if isinstance(value, str) else ""


def _begun(request: Request, staff_id: int, where: str, kept: KeptForm | None) -> Response:
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    browser, address = request.headers.get("user-agent", ""), address_of(request)
    with desk_of(request).database.write() as session:
        forget_old(session, now)
        begin_session(session, staff_id, token, now, address=address, browser=browser)
        note(session, staff_id, Act.SIGNED_IN, address)
    answer: Response = RedirectResponse(where, status_code=303)
    if kept is not None:
        answer = page(request, "resume.html", kept=kept, mine=kept.is_of(staff_id))
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


def _shown(
    request: Request,
    back: str,
    *,
    fault: str = "",
    number: str = "",
    kept: KeptForm | None = None,
    again: bool = False,
    status_code: int = 200,
) -> Response:
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
        kept=kept,
        nobody=nobody,
        again=again,
        demo=[(POST_WORDS[post], names) for post, names in demo_people().items()] if desk.demo else [],
    )


def install_access(app: FastAPI) -> None:
    """Show the form to whoever is not signed in, and say so to whoever may not."""
    app.add_exception_handler(NotSignedIn, _ask_to_sign_in)
    app.add_exception_handler(NotAllowed, _refuse)
    app.add_exception_handler(PasswordDue, _ask_for_password)
    app.add_exception_handler(TokenRefused, _refuse_program)


async def _ask_to_sign_in(request: Request, _error: Exception) -> Response:
    if _by_script(request):
        return JSONResponse({"error": "请重新登录"}, status_code=401)
    if request.method != "POST":
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/login" if back == "/" else f"/login?back={quote(back)}", status_code=303)
    kept = await kept_form(request)
    fault = "登录已经过期，请重新登录。" + ("刚才填写的内容会在登录后提交。" if kept and not kept.files else "")
    if kept is not None and kept.files:
        kept, fault = None, fault + "刚才选择的文件没有保留，登录后请重新选择。"
    return await run_in_threadpool(_shown, request, _came_from(request), fault=fault, kept=kept, status_code=401)


def _by_script(request: Request) -> bool:
    """Whether a page's script asks, which cannot show a page."""
    return request.headers.get("sec-fetch-mode", "navigate") != "navigate"


def _came_from(request: Request) -> str:
    """The page on which the form stood."""
    at = urlsplit(request.headers.get("referer", ""))
    return inside(at.path + (f"?{at.query}" if at.query else "")) if at.netloc == request.url.netloc else "/"


async def _refuse(request: Request, _error: Exception) -> Response:
    me = signed_in(request)
    if request.url.path == "/":
        return RedirectResponse(me.home, status_code=303)
    if _by_script(request):
        return JSONResponse({"error": NOT_YOURS}, status_code=403)
    return await error_page(request, 403, NOT_YOURS)


async def _ask_for_password(_request: Request, _error: Exception) -> Response:
    return RedirectResponse(ACCOUNT, status_code=303)


async def _refuse_program(_request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, TokenRefused) else 401
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": str(error)}, status_code=status, headers=headers)
