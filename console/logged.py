"""What is done through the console and its interface for programs goes into the system log (系统日志, §7.5.1).

Every route that may change something stands in console/logged_acts.py, with its word for the log or with why it has
none; an application with a route that does not stand there does not start. The entry is written after the answer has
gone out, so that it holds nobody up: what it tells of is in the database by then, and cannot be taken back.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from string import Formatter
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaign.masking import kind_and_place, mask_numbers
from console.access import SignedIn
from console.safety import SAFE_METHODS
from models import Database
from models.audit import note

MOST_REASON = 500  # characters
LED_ON = frozenset({303})  # what pages answer when something was done; a refusal shows the page again
# In a subject: the number of what was made, at the end of the address to which the answer leads; a route whose answer
# leads nowhere sets it at its request's state.
MADE = "made"
_TYPED = "typed"  # where a request keeps what was typed, once its route has come to an end
log = logging.getLogger(__name__)


class UnloggedRoute(Exception):
    """A route that may change something and is not, or not rightly, in the table of console/logged_acts.py."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A route that leaves an entry.

    `subject` names a record by numbers: {parameters of the path}, {fields of the form}, those of the address to which
    the answer leads, and {made}; `terms` are said for values that are no numbers. Where `by` is one of them, or with a
    question mark one of the request's own address, its value decides among `words`, each an act of its own, "" for no
    entry; any other value is the act itself. `reason`: a field of the form whose text operators may read, who see no
    client in the clear: none where people write about one client; that text stands with the record.
    """

    group: str
    act: str
    word: str
    subject: str = ""
    by: str = ""
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    terms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    reason: str = ""
    done: frozenset[int] = LED_ON

    @property
    def acts(self) -> dict[str, str]:
        """Every act that it may write, with its word."""
        chosen = {f"{self.act}_{value}": word for value, word in self.words.items() if word}
        return ({self.act: self.word} if self.word else {}) | chosen

    def act_of(self, value: str) -> str:
        """What is written for a value of the field `by`; "": nothing."""
        if value in self.words:
            return f"{self.act}_{value}" if self.words[value] else ""
        return self.act if self.word else ""

    def needs_form(self, path: str) -> bool:
        """Whether a field of the form may be wanted; `path`: that of the route, whose parameters are none."""
        wanted = {self.by, self.reason, *_names(self.subject)} - {"", MADE}
        return any(not name.startswith("?") and f"{{{name}}}" not in path for name in wanted)


@dataclass(frozen=True, slots=True)
class Unlogged:
    """A route that leaves no entry here, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written; `staff_id` None: a program."""

    staff_id: int | None
    act: str
    subject: str
    reason: str


Table = Mapping[str, Logged | Unlogged]


def keeps_typed(table: Table) -> Callable[[HTTPConnection], AsyncIterator[None]]:
    """A dependency of every route: once it has come to an end (not: been refused), what was typed is kept."""

    async def keep(request: HTTPConnection) -> AsyncIterator[None]:
        yield
        if not isinstance(request, Request):  # a line
            return
        path = request.scope["route"].path
        declared = table.get(f"{request.method} {path}")
        if isinstance(declared, Logged):
            form = await request.form() if declared.needs_form(path) else {}  # which the route has read before
            setattr(request.state, _TYPED, {name: value for name, value in form.items() if isinstance(value, str)})

    return keep


class Logging:
    """ASGI middleware: who did something with which record is written into the log, by a table of routes."""

    def __init__(self, app: ASGIApp, table: Table) -> None:
        self.app = app
        self.table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})  # where the route leaves who it is and what was typed
        status, leads_to = 0, ""

        async def sending(message: Message) -> None:
            nonlocal status, leads_to
            if message["type"] == "http.response.start":
                status, leads_to = message["status"], Headers(raw=message["headers"]).get("location", "")
            await send(message)

        await self.app(scope, receive, sending)
        entry = self._entry(scope, status, leads_to)
        if entry is not None:
            await run_in_threadpool(_write, scope["app"].state.desk.database, entry)

    def _entry(self, scope: Scope, status: int, leads_to: str) -> Entry | None:
        state = scope["state"]
        declared = self.table.get(f"{scope['method']} {getattr(scope.get('route'), 'path', '')}")
        if not isinstance(declared, Logged) or status not in declared.done or _TYPED not in state:
            return None
        me: SignedIn | None = state.get("me")
        return entry_of(declared, me.staff_id if me else None, state[_TYPED], _known(scope, leads_to))


def entry_of(declared: Logged, staff_id: int | None, form: Mapping[str, str], known: Mapping[str, str]) -> Entry | None:
    """What a route writes, from the form and from what is known of the request beside; None: nothing."""
    values = {**form, **known}
    act = declared.act_of(values.get(declared.by, ""))
    if not act:
        return None
    wanted = {name: declared.terms.get(value := values.get(name, ""), value) for name in _names(declared.subject)}
    reason = mask_numbers(form.get(declared.reason, "").strip())[:MOST_REASON]
    return Entry(staff_id, act, declared.subject.format_map(wanted), reason)


def _known(scope: Scope, leads_to: str) -> dict[str, str]:
    """What nobody can have typed, but for the request's own address, which is told apart."""
    to = urlsplit(leads_to)
    own = {f"?{name}": value.lower() for name, value in parse_qsl(scope["query_string"].decode("latin-1"))}
    path = {name: str(value) for name, value in scope["path_params"].items()}
    made = scope["state"].get(MADE) or to.path.rpartition("/")[2]
    return {**own, **dict(parse_qsl(to.query)), MADE: made, **path}


def _write(database: Database, entry: Entry) -> None:
    try:
        with database.write() as session:
            note(session, entry.staff_id, entry.act, entry.subject, entry.reason)
    except Exception as error:  # what it tells of has been done: nobody gets an error page for that
        log.error(
            "not in the system log: %s of %s by staff %s: %s",
            entry.act,
            entry.subject,
            entry.staff_id,
            kind_and_place(error),
        )


def check_logged(table: Table, routes: Collection[str]) -> None:
    """Whether a table names every route that may change something, and no others; raises UnloggedRoute with all."""
    changing = {route for route in routes if route.partition(" ")[0] not in {*SAFE_METHODS, "WS"}}
    wrong = [f"{route}: not in the table" for route in sorted(changing - table.keys())]
    wrong += [f"{route}: there is no such route" for route in sorted(table.keys() - changing)]
    wrong += [f"{route}: no reason why it leaves no entry" for route, one in table.items() if one == Unlogged("")]
    if wrong:
        raise UnloggedRoute(f"{'; '.join(wrong)}: console/logged_acts.py")


def _names(subject: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(subject) if name]


def acts_in(table: Table) -> dict[str, dict[str, str]]:
    """Every act of a table with its word, by groups, in the table's order."""
    groups: dict[str, dict[str, str]] = {}
    for declared in table.values():
        if isinstance(declared, Logged):
            groups.setdefault(declared.group, {}).update(declared.acts)
    return groups
