"""Import of clients, staff, products, business events and tasks: preview, confirmation, every fault by its line."""

from __future__ import annotations

import shutil
import tempfile
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from campaign.imports.forms import COLUMNS, KIND_WORDS, Kind
from campaign.imports.import_jobs import TooManyImports
from campaign.imports.job import Job, JobState
from campaign.imports.sheet import MOST_BYTES
from campaign.imports.templates import template
from console.access import posts
from console.desk import import_jobs_of
from console.logged_acts import NOTHING
from console.remembered import forget_after
from console.render import page
from rules import Post

PATIENCE_SECONDS = 5.0  # a small file is done by then; for others the page comes back by itself

_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STATUS = {JobState.REFUSED: 422, JobState.FAILED: 500}

router = APIRouter(dependencies=[posts(Post.MANAGER, Post.OPERATOR)])


@router.get("/import")
def ask(request: Request) -> Response:
    """The form, the templates and how a file must look."""
    return _shown(request, None)


@router.post("/import")
def take(
    request: Request, file: UploadFile, act: Annotated[str, Form()] = "import", kind: Annotated[str, Form()] = ""
) -> Response:
    """Import a file or preview it, or show everything that is wrong with it."""
    if file.size is not None and file.size > MOST_BYTES:
        return _shown(
            request, None, trouble=f"文件超过 {MOST_BYTES // 1024 // 1024} MB，请拆分后再导入。", status_code=413
        )
    copy = tempfile.TemporaryFile()  # the job closes it
    shutil.copyfileobj(file.file, copy)
    wanted = Kind(kind) if kind in set(Kind) else None
    try:
        job = import_jobs_of(request).submit(copy, file.filename or "", kind=wanted, preview=act == "preview")
    except TooManyImports:
        return _shown(request, None, trouble="正在导入的文件太多，请稍后再试。", status_code=429)
    return _when_done(request, job)


@router.get("/import/template/{kind}.{form}")
def give_template(kind: str, form: str) -> Response:
    """The template of a kind of file."""
    if kind not in set(Kind) or form not in ("csv", "xlsx"):
        raise HTTPException(404)
    name, data = template(Kind(kind), excel=form == "xlsx")
    media_type = _EXCEL if form == "xlsx" else "text/csv; charset=utf-8"
    return Response(
        data, media_type=media_type, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    )


@router.get("/import/jobs/{job_id}")
def show(request: Request, job_id: str) -> Response:
    """How an import stands."""
    return _shown(request, _job(request, job_id), status_code=200)


@router.post("/import/jobs/{job_id}/confirm")
def confirm(request: Request, job_id: str) -> Response:
    """Write what was previewed; what came of it has an address of its own, which can be asked for again."""
    job = _job(request, job_id)
    if not import_jobs_of(request).confirm(job):
        request.state.made = NOTHING
        if job.state is JobState.DROPPED:
            return _shown(request, job, trouble="这份预览已经放弃或者过期，没有导入；请重新上传文件。", status_code=409)
    job.wait(PATIENCE_SECONDS)
    forget_after(request, job)
    return _to(job)


@router.post("/import/jobs/{job_id}/drop")
def drop(request: Request, job_id: str) -> Response:
    """Give a preview up."""
    import_jobs_of(request).drop(_job(request, job_id))
    return RedirectResponse("/import", status_code=303)


def _job(request: Request, job_id: str) -> Job:
    job = import_jobs_of(request).find(job_id)
    if job is None:
        raise HTTPException(404)
    return job


def _when_done(request: Request, job: Job) -> Response:
    request.state.made = job.id  # for the system log
    job.wait(PATIENCE_SECONDS)
    forget_after(request, job)
    if job.ended or job.state is JobState.READY:
        return _shown(request, job)
    return _to(job)


def _to(job: Job) -> Response:
    return RedirectResponse(f"/import/jobs/{job.id}", status_code=303)


def _shown(request: Request, job: Job | None, *, trouble: str = "", status_code: int = 0) -> Response:
    return page(
        request,
        "import.html",
        job=job,
        trouble=trouble,
        kinds=[(kind, KIND_WORDS[kind][0], COLUMNS[kind]) for kind in Kind],
        status_code=status_code or (_STATUS.get(job.state, 200) if job else 200),
    )
