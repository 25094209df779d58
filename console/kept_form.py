"""What was typed when a session was over: carried through signing in again within the page itself, and sent then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from console.access import ACCOUNT, COOKIE
from console.desk import desk_of
from models import current_seal
from models.access import owner_of

MOST_CHARACTERS = 200_000
# Passwords are not carried about.
NEVER = ("/login", "/logout", ACCOUNT, "/users")
PREFIX, PATH, OWNER = "kept:", "kept-path", "kept-owner"


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A form that was not sent: where it goes, its fields, whose it is (a digest; "": not known)."""

    path: str
    fields: tuple[tuple[str, str], ...]
    owner: str = ""
    files: bool = False  # it had files, which a page cannot carry

    @property
    def hidden(self) -> tuple[tuple[str, str], ...]:
        """The hidden fields by which the page to sign in with carries it."""
        return ((PATH, self.path), (OWNER, self.owner), *((PREFIX + name, value) for name, value in self.fields))

    def is_of(self, staff_id: int) -> bool:
        """Whether it is known to be this person's."""
        return self.owner == _owner(staff_id)


async def kept_form(request: Request) -> KeptForm | None:
    """The form of a request that came too late; None: there is nothing to keep."""
    if request.method != "POST" or request.url.path.startswith(NEVER):
        return None
    form = await request.form()
    fields = tuple((name, value) for name, value in form.multi_items() if isinstance(value, str))
    files = any(isinstance(value, UploadFile) and value.filename for _, value in form.multi_items())
    if sum(len(name) + len(value) for name, value in fields) > MOST_CHARACTERS:
        return None
    with desk_of(request).database.read() as session:
        owner = owner_of(session, request.cookies.get(COOKIE, ""))
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return KeptForm(path, fields, _owner(owner) if owner else "", files)


def carried_form(form: FormData | Mapping[str, str]) -> KeptForm | None:
    """The form that the page to sign in with has carried."""
    items = form.multi_items() if isinstance(form, FormData) else form.items()
    texts = [(name, value) for name, value in items if isinstance(value, str)]
    known = dict(texts)
    path = known.get(PATH, "")
    if not path.startswith("/") or path.startswith(("//", "/\\")) or urlsplit(path).path.startswith(NEVER):
        return None
    fields = tuple((name.removeprefix(PREFIX), value) for name, value in texts if name.startswith(PREFIX))
    return KeptForm(path, fields, known.get(OWNER, ""))


def _owner(staff_id: int) -> str:
    return current_seal().digest(f"kept form of {staff_id}")
