"""Imports over HTTP: the firm's systems send what they know, with the same checks as a person's file.

POST /api/imports/{kind}   CSV, a workbook, or JSON rows; answers 202 with the job (?preview=1: nothing is written)
GET  /api/imports/{job}    how far it is; at the end what it did, or every fault in Chinese
POST /api/imports/{job}/confirm   write what was previewed

Whoever calls sends `Authorization: Bearer` with the installation's token; without a token set nobody may.
"""

from __future__ import annotations

import asyncio
import tempfile
from typing import Any, BinaryIO

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from campaign.imports.forms import KIND_WORDS, Kind
from campaign.imports.import_jobs import TooManyImports, kind_named
from campaign.imports.job import Job
from campaign.imports.json_rows import MOST_JSON_BYTES
from campaign.imports.sheet import MOST_BYTES
from console.access import with_token
from console.desk import import_jobs_of
from console.remembered import forget_after

BODY_SECONDS = 900.0  # a body that takes longer is given up

_NO_JOB = "没有这个导入任务；结果只保留七天，请重新发送（重复导入不会产生重复记录）"

router = APIRouter(prefix="/api/imports", dependencies=[with_token])


@router.post("/{kind}")
async def send(request: Request, kind: str, preview: bool = False) -> JSONResponse:
    """Begin an import of one kind of records."""
    wanted = kind_named(kind)
    if wanted is None:
        known = "、".join(f"{one.value}（{KIND_WORDS[one][0]}）" for one in Kind)
        return _error(404, f"没有“{kind[:20]}”这一种记录；可以导入：{known}")
    as_json = request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
    most = MOST_JSON_BYTES if as_json else MOST_BYTES
    try:
        body = await _body(request, most)
    except TimeoutError:
        return _error(408, "内容没有在规定时间内传完，请重新发送")
    if body is None:
        return _error(413, f"内容超过{most // 1024 // 1024}MB，请分批发送")
    name = f"接口导入的{KIND_WORDS[wanted][0]}"
    try:
        jobs = import_jobs_of(request)
        job = await asyncio.to_thread(jobs.submit, body, name, kind=wanted, preview=preview, as_json=as_json)
        forget_after(request, job)
    except TooManyImports:
        return _error(429, "正在导入的文件太多，请稍后再试", {"Retry-After": "30"})
    return JSONResponse(_told(job), status_code=202, headers={"Location": f"/api/imports/{job.id}"})


@router.get("/{job_id}")
async def ask(request: Request, job_id: str) -> JSONResponse:
    """How an import stands."""
    job = import_jobs_of(request).find(job_id)
    return _error(404, _NO_JOB) if job is None else JSONResponse(_told(job))


@router.post("/{job_id}/confirm")
async def confirm(request: Request, job_id: str) -> JSONResponse:
    """Write what was previewed."""
    jobs = import_jobs_of(request)
    job = jobs.find(job_id)
    if job is None:
        return _error(404, _NO_JOB)
    if not jobs.confirm(job):
        return _error(409, f"这个导入任务{job.word}，不是待确认")
    forget_after(request, job)
    return JSONResponse(_told(job), status_code=202)


async def _body(request: Request, most: int) -> BinaryIO | None:
    """The body in an unnamed file; None: larger than may be."""
    if int(request.headers.get("content-length") or 0) > most:
        return None
    file = tempfile.TemporaryFile()  # the job closes it
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                file.write(part)
                if file.tell() > most:
                    file.close()
                    return None
    except TimeoutError:
        file.close()
        raise
    return file


def _told(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "kind": job.kind.value if job.kind else None,
        "state": job.state.value,
        "word": job.word,
        "ended": job.ended,
        "checked": job.checked,
        "written": job.written,
        "summary": job.summary,
        "problems": [
            {"line": one.line, "column": one.column, "wrong": one.wrong, "remedy": one.remedy, "text": str(one)}
            for one in job.problems
        ],
    }


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": message}, status_code=status, headers=headers)
