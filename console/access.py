"""Who may do what: every route declares its posts here, and a request shows by its session cookie who asks (§7.4).

A route (or its router) is declared with `dependencies=[posts(Post.MANAGER, …)]`, or with `[open_to_all]` where nobody
needs to be signed in. An application with an undeclared route does not start.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, WebSocketException
from fastapi.params import Depends
from fastapi.routing import APIRoute, APIWebSocketRoute
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection
from starlette.routing import Mount

from console.desk import Desk
from models import Staff
from models.access import SEEN_EVERY, session_of, session_was_seen
from rules.posts import POST_WORDS, Post

COOKIE = "huifang"
ACCOUNT = "/account"  # where a generated password is changed
OPEN_MOUNTS = frozenset({"/static", "/q/static"})
# Where somebody begins who asks for nothing in particular, by the first post held.
HOMES: Mapping[Post, str] = MappingProxyType(
    {
        Post.MANAGER: "/",
        Post.INSPECTOR: "/calls",
        Post.AGENT: "/people",
        Post.OPERATOR: "/",
        Post.TRAINER: "/try",
    }
)


class UndeclaredRoute(Exception):
    """A route that says nothing of who may use it: declare its posts where it is defined."""


class NotSignedIn(Exception):
    """Nobody is signed in at this browser, or not any more."""


class NotAllowed(Exception):
    """Whoever is signed in holds none of the posts that a route is for."""


class TokenRefused(Exception):
    """A program that does not show the installation's token; status and what to do."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class PasswordDue(Exception):
    """Whoever is signed in must choose a password first."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in at a browser."""

    staff_id: int
    number: str  # 工号
    name: str
    posts: frozenset[Post]
    session_id: int
    must_change: bool = False

    @property
    def signature(self) -> str:
        """As it stands under what somebody did: 周岚（8101）."""
        return f"{self.name}（{self.number}）"

    @property
    def words(self) -> str:
        """The posts, to be read."""
        return "、".join(word for post, word in POST_WORDS.items() if post in self.posts)

    @property
    def home(self) -> str:
        """Where this person begins."""
        return next((path for post, path in HOMES.items() if post in self.posts), ACCOUNT)

    def holds(self, *posts: str) -> bool:
        """Whether one of these posts is held; several may stand in one text, with blanks between."""
        return not self.posts.isdisjoint(post for text in posts for post in text.split())


@dataclass(frozen=True)
class Declared(Depends):
    """A dependency that says who may use a route; `allowed` None: nobody needs to be signed in."""

    allowed: frozenset[Post] | None = None


def posts(*allowed: Post) -> Declared:
    """Only for who is signed in and holds one of these posts."""
    wanted = frozenset(allowed)

    def check(connection: HTTPConnection) -> None:
        try:
            me = signed_in(connection)
            if me.posts.isdisjoint(wanted):
                raise NotAllowed
            if me.must_change and not connection.url.path.startswith(ACCOUNT):
                raise PasswordDue
        except (NotSignedIn, NotAllowed, PasswordDue) as error:
            if connection.scope["type"] == "websocket":
                raise WebSocketException(1008) from error
            raise

    return Declared(check, allowed=wanted)


def _nobody_asked() -> None:
    return None


def _token_asked(connection: HTTPConnection) -> None:
    token = _desk(connection).api_token
    if not token:
        raise TokenRefused(403, "这个接口没有启用：请在服务器上设置 HUIFANG_API_TOKEN")
    scheme, _, given = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise TokenRefused(401, "令牌不对：请在请求头 Authorization 里写上 Bearer 和令牌")


open_to_all = Declared(_nobody_asked)
with_token = Declared(_token_asked)  # programs of the firm, which show the installation's token
everybody = posts(*Post)  # who is signed in


def signed_in(connection: HTTPConnection) -> SignedIn:
    """Who asks; raises NotSignedIn."""
    me = whoever(connection)
    if me is None:
        raise NotSignedIn
    return me


def whoever(connection: HTTPConnection) -> SignedIn | None:
    """Who asks, looked up once for a request; None: nobody is signed in at this browser."""
    if not hasattr(connection.state, "me"):
        connection.state.me = _looked_up(connection)
    me: SignedIn | None = connection.state.me
    return me


def _looked_up(connection: HTTPConnection) -> SignedIn | None:
    token, desk = connection.cookies.get(COOKIE, ""), _desk(connection)
    if not token:
        return None
    now = datetime.now(UTC)  # sessions live by the machine's clock
    with desk.database.read() as session:
        known = session_of(session, token, now)
    if known is None:
        return None
    if now - known.seen_at > SEEN_EVERY:
        with desk.database.write() as session:
            session_was_seen(session, known.session_id, now)
    return SignedIn(known.staff_id, known.number, known.name, known.posts, known.session_id, known.must_change)


def staff_signed_in(connection: HTTPConnection, session: Session) -> Staff:
    """The same person as the database has them; raises NotSignedIn."""
    return session.get_one(Staff, signed_in(connection).staff_id)


def _desk(connection: HTTPConnection) -> Desk:
    desk: Desk = connection.app.state.desk
    return desk


def declared_of(app: FastAPI) -> Mapping[str, frozenset[Post] | None]:
    """Who may use each route, by method and path; raises UndeclaredRoute with all that say nothing."""
    declared: dict[str, frozenset[Post] | None] = {}
    silent: list[str] = []
    for route in _routes(app.routes):
        if isinstance(route, Mount) and route.path in OPEN_MOUNTS:
            continue
        found = [one for one in getattr(route, "dependencies", ()) if isinstance(one, Declared)]
        for name in _names(route):
            if len(found) == 1:
                declared[name] = found[0].allowed
            else:
                silent.append(name)
    if silent:
        raise UndeclaredRoute(f"declare the posts (once) of {', '.join(silent)}: console/access.py")
    return MappingProxyType(declared)


def _routes(routes: Iterable[Any]) -> Iterable[Any]:
    for route in routes:
        included = getattr(route, "original_router", None)
        yield from _routes(included.routes) if included is not None else (route,)


def _names(route: Any) -> list[str]:
    if isinstance(route, APIWebSocketRoute):
        return [f"WS {route.path}"]
    if isinstance(route, APIRoute):
        return [f"{method} {route.path}" for method in sorted(route.methods or ())]
    return [f"? {getattr(route, 'path', route)}"]
