"""What every answer and every request has to keep to, whatever page it is: headers, and no other site's requests."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Clients' pages: their links are secret, and they send no referrer, which also hides the origin.
OUTSIDE = "/q/"
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",  # icons within the style sheet
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
    }
)
_REFUSED = "这个请求来自别的网站，没有执行。请从本系统的页面操作。"


class Safety:
    """ASGI middleware: another site's pages can neither change anything here nor open a line, nor frame a page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            if same_origin(Headers(scope=scope)):
                await self.app(scope, receive, send)
            else:
                await _refuse_line(receive, send)
        elif _is_foreign(scope):
            await PlainTextResponse(_REFUSED, 403)(scope, receive, _with_headers(scope, send))
        else:
            await self.app(scope, receive, _with_headers(scope, send))


def same_origin(headers: Headers) -> bool:
    """Whether the page that asks is ours; False where it does not say."""
    return headers.get("origin", "").partition("://")[2] == headers.get("host", "")


def _is_foreign(scope: Scope) -> bool:
    """Another site's page sends a form; programs that are no browsers say nothing and bring no cookie by themselves."""
    if scope["method"] in SAFE_METHODS or scope["path"].startswith(OUTSIDE):
        return False
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    return "origin" in headers and not same_origin(headers)


async def _refuse_line(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008, "reason": ""})


def _with_headers(scope: Scope, send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if scope["scheme"] == "https":
                headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            if headers.get("content-type", "").startswith(("text/html", "text/csv")):
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
