"""Templates with what every page shows, and pages for errors."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

from console.access import whoever
from console.desk import desk_of
from console.safety import HEADERS
from console.words import FILTERS
from models.calls import open_escalations

TEMPLATES = Path(__file__).parent / "templates"
PAGE_SIZE = 25
ERRORS = {
    404: "没有这个页面或记录。请检查地址，或者从上面的菜单进入。",
    405: "这个地址不支持这种操作。请从页面上的按钮操作。",
}
_PAGE_SECONDS = 5.0  # in which the database must say who asks and what waits for them
FAILED = "系统出错了，刚才的操作可能没有完成。请稍后再试；仍然出错时，请把时间告诉运维岗。"

log = logging.getLogger(__name__)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


_templates = Jinja2Templates(env=_environment())
# What a page without scripts needs, and nothing else.
_BARE = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'"


def page(request: Request, template: str, *, status_code: int = 200, **values: Any) -> Response:
    """Render a page with the frame that all pages share."""
    desk = desk_of(request)
    me, waiting = whoever(request), 0
    if me is not None:
        with desk.database.read() as session:
            waiting = open_escalations(session)
    shared: dict[str, Any] = {
        "me": me,
        "firm": desk.firm,
        "now": desk.clock.now(),
        "waiting": waiting,
        "path": request.url.path,
    }
    shared["asked"] = dict(desk.questions)
    return _templates.TemplateResponse(
        request, template, shared | values | {"with_query": _with_query(request)}, status_code=status_code
    )


def bare_page(request: Request, template: str, *, status_code: int = 200, **values: Any) -> Response:
    """Render a page for somebody outside the firm: nothing of the console is on it."""
    answer = _templates.TemplateResponse(request, template, values, status_code=status_code)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Security-Policy"] = _BARE
    return answer


def _with_query(request: Request) -> Any:
    def changed(**changes: Any) -> str:
        query = {key: value for key, value in request.query_params.items() if value} | changes
        return f"{request.url.path}?{urlencode(query)}"

    return changed


async def error_page(request: Request, status_code: int, message: str) -> Response:
    """An error in the words of the reader; a program gets JSON, and where the database is silent a bare page comes."""
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": message}, status_code=status_code)
    try:
        async with asyncio.timeout(_PAGE_SECONDS):
            shown = partial(page, request, "error.html", status_code=status_code, message=message)
            return await asyncio.to_thread(shown)
    except Exception as error:  # the database may be what failed
        log.warning("an error is told without the frame of the pages: %s", type(error).__name__)
        bare = f'<!doctype html><html lang="zh-CN"><title>出错了</title><p>{escape(message)}</p>'
        return HTMLResponse(bare, status_code)


def install_error_pages(app: FastAPI) -> None:
    """Errors are pages too, in the words of the reader."""

    async def show(request: Request, error: Exception) -> Response:
        code = error.status_code if isinstance(error, HTTPException) else 500
        return await error_page(request, code, ERRORS.get(code, FAILED))

    async def show_misunderstood(request: Request, error: Exception) -> Response:
        places = (one["loc"] for one in error.errors()) if isinstance(error, RequestValidationError) else ()
        named = "、".join(sorted({str(place[-1])[:60] for place in places if len(place) > 1}))
        message = f"地址或表单里有不能理解的内容{f'（{named}）' if named else ''}。请返回上一页改正，或者清除筛选条件。"
        return await error_page(request, 422, message)

    async def show_failed(request: Request, _error: Exception) -> Response:
        answer = await error_page(request, 500, FAILED)  # the error that led here is logged by the server
        answer.headers.update(HEADERS)  # this answer goes out beside the middleware that adds them
        return answer

    app.add_exception_handler(HTTPException, show)
    app.add_exception_handler(RequestValidationError, show_misunderstood)
    app.add_exception_handler(Exception, show_failed)
