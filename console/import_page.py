"""Import of clients and tasks from a CSV file, all or nothing."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response, UploadFile

from campaign.importing import import_file
from campaign.problems import ImportRefused
from console.desk import desk_of
from console.render import page

UPLOAD_BYTES = 50 * 1024 * 1024

router = APIRouter()


@router.get("/import")
def ask(request: Request) -> Response:
    """The form and how a file must look."""
    return page(request, "import.html", problems=[], done="", filename="")


@router.post("/import")
def take(request: Request, file: UploadFile) -> Response:
    """Import a file, or show everything that is wrong with it."""
    desk = desk_of(request)
    data = file.file.read(UPLOAD_BYTES + 1)
    name = file.filename or ""
    if len(data) > UPLOAD_BYTES:
        return page(request, "import.html", problems=["文件超过 50 MB，请拆分后再导入。"], done="", filename=name)
    try:
        with desk.database.write() as session:
            done = import_file(session, data, now=desk.clock.now())
    except ImportRefused as refused:
        return page(request, "import.html", problems=refused.problems, done="", filename=name, status_code=422)
    return page(request, "import.html", problems=[], done=done.summary(), filename=name)
