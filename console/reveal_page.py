"""One client's name and numbers in the clear, for a reason that is written down before they are shown (§7.3.5)."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse

from console.access import posts, signed_in
from console.desk import desk_of
from console.login_page import inside
from console.render import page
from models.audit import Act, note
from models.clients import Contact, contact_of
from rules import Post

SHORTEST, LONGEST = 4, 200  # characters of a reason
NO_REASON = f"请写明查看的原因（{SHORTEST}到{LONGEST}字），将记入系统日志"
NOBODY = "没有这位客户"

router = APIRouter()


@router.post("/reveal", dependencies=[posts(Post.MANAGER, Post.INSPECTOR, Post.AGENT)])
def reveal(
    request: Request,
    client: Annotated[str, Form(max_length=40)] = "",
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """The client of a number (客户号): as JSON for a page's script, as a page where there is none."""
    reason = reason.strip()
    if not SHORTEST <= len(reason) <= LONGEST:
        return _answered(request, None, NO_REASON, 422)
    with desk_of(request).database.write() as session:
        contact = contact_of(session, client)
        if contact is not None:
            note(session, signed_in(request).staff_id, Act.REVEALED, f"客户 {client}", reason)
    # Here the entry is committed: nothing is shown that is not in the log.
    return _answered(request, contact, "" if contact else NOBODY, 200 if contact else 404)


def _answered(request: Request, contact: Contact | None, fault: str, status_code: int) -> Response:
    if request.headers.get("sec-fetch-mode", "navigate") != "navigate":
        body = {"error": fault} if contact is None else {"name": contact.name, "phones": list(contact.phones)}
        return JSONResponse(body, status_code=status_code, headers={"Cache-Control": "no-store"})
    at = urlsplit(request.headers.get("referer", ""))
    back = inside(at.path) if at.netloc == request.url.netloc else "/"
    return page(request, "revealed.html", status_code=status_code, contact=contact, fault=fault, back=back)
