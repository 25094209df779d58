"""The questionnaire as a client sees it (H5 问卷): plain pages for a telephone, nothing to install, no script needed.

These are the only pages meant for the world outside; a firm's proxy publishes /q/ alone.
"""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from bot.form import MOST_WORDS, FormError, Kind
from campaign.other_ways.questionnaires import Forms, LinkBroken, Standing
from console.access import open_to_all
from console.desk import desk_of
from console.render import bare_page
from models import ClientBusy, StaleAttempt, current_seal

MESSAGES = {
    Standing.UNKNOWN: ("链接不正确", "请从短信里重新打开完整的链接。"),
    Standing.EXPIRED: ("链接已过期", "如需继续回访，请致电我们的服务电话。"),
    Standing.LOCKED: ("链接已停用", "姓名多次不符。如需继续回访，请致电我们的服务电话。"),
    Standing.SENT_IN: ("已收到，谢谢您", "您的回访问卷已经提交，可以关闭本页。"),
    Standing.REVIEWED: ("回访已完成，谢谢您", "您的回访已经通过电话完成，不必再填写。"),
}
_DAYS_14 = 14 * 24 * 3600

router = APIRouter(dependencies=[open_to_all])
Text = Annotated[str, Form(max_length=4 * MOST_WORDS)]


@router.get("/q/{token}")
def show(request: Request, token: str, at: str = "") -> Response:
    """The page that is to be answered now, or what the link has come to."""
    return _shown(request, token, at)


@router.post("/q/{token}/name")
def name(request: Request, token: str, name: Text = "") -> Response:
    """Who fills the form in says so."""
    try:
        right = _forms(request).say_name(token, name)
    except LinkBroken:
        return _back(token)
    if not right:
        return _shown(request, token, fault="姓名与我们的记录不符，请重新输入。")
    answer = _back(token)
    secure = request.url.scheme == "https"
    answer.set_cookie(
        _cookie(token), _pass(token), max_age=_DAYS_14, httponly=True, samesite="lax", secure=secure, path=f"/q/{token}"
    )
    return answer


@router.post("/q/{token}/answer")
def answer(request: Request, token: str, node: Text, value: Text = "", words: Text = "") -> Response:
    """One answer; it is kept at once."""
    if not _known(request, token):
        return _back(token)
    try:
        _forms(request).give(token, node, value, words)
    except LinkBroken:
        pass
    except FormError as error:
        return _shown(request, token, node, fault=str(error), words=words)
    return _back(token)


@router.post("/q/{token}/send")
def send(request: Request, token: str) -> Response:
    """Everything is answered and right."""
    return _end(request, token, refused=False)


@router.post("/q/{token}/refuse")
def refuse(request: Request, token: str) -> Response:
    """The client takes no part."""
    return _end(request, token, refused=True)


def _end(request: Request, token: str, *, refused: bool) -> Response:
    if not _known(request, token):
        return _back(token)
    forms = _forms(request)
    try:
        forms.refuse(token) if refused else forms.send_in(token)
    except (LinkBroken, StaleAttempt):
        pass
    except FormError as error:
        return _shown(request, token, fault=str(error))
    except ClientBusy:
        return _shown(request, token, fault="我们正在与您通话，请在通话结束后再提交。")
    return _back(token)


def _shown(request: Request, token: str, at: str = "", *, fault: str = "", words: str = "") -> Response:
    forms = _forms(request)
    look = forms.look(token, known=_known(request, token), at=at)
    house, status = forms.house, 422 if fault else 200
    if look.standing in MESSAGES:
        title, message = MESSAGES[look.standing]
        code = {Standing.UNKNOWN: 404, Standing.EXPIRED: 410, Standing.LOCKED: 410}.get(look.standing, 200)
        return bare_page(request, "questionnaire_end.html", status_code=code, house=house, title=title, message=message)
    given = {page.node: one for page, one in look.answered}
    now, answered = look.now.node if look.now else "", list(given)
    place = answered.index(now) if now in given else len(answered)
    return bare_page(
        request,
        "questionnaire.html",
        status_code=status,
        house=house,
        token=token,
        look=look,
        stranger=look.standing is Standing.STRANGER,
        given=given.get(now),
        number=place + 1,
        before=answered[place - 1] if place else "",
        fault=fault,
        words=words,
        most=MOST_WORDS,
        Kind=Kind,
    )


def _forms(request: Request) -> Forms:
    forms = desk_of(request).forms
    if forms is None:
        raise RuntimeError("this server has no questionnaires")
    return forms


def _back(token: str) -> RedirectResponse:
    return RedirectResponse(f"/q/{token}", status_code=303)


def _cookie(token: str) -> str:
    return f"q{token.partition('.')[0]}"


def _pass(token: str) -> str:
    return current_seal().digest(f"questionnaire pass {token}")


def _known(request: Request, token: str) -> bool:
    held = request.cookies.get(_cookie(token), "")
    return hmac.compare_digest(held.encode(), _pass(token).encode())
