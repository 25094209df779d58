"""Imports that run beside the pages: one at a time, with progress, a preview that waits for its confirmation.

With a folder they outlive a restart: what had not ended is checked again from what was sent, and goes on.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from campaign.duties.duties import CALLS_FOR_TASKS, raise_tasks
from campaign.imports.forms import KIND_WORDS, Kind
from campaign.imports.importing import prepare, store
from campaign.imports.job import Job, JobState, job_of
from campaign.imports.json_rows import read_json
from campaign.imports.kept_jobs import KeptBroken, KeptJobs
from campaign.imports.problems import ImportRefused, Problems
from campaign.imports.reading import read_sheet
from models import Database
from rules import TradingCalendar

MOST_WAITING = 8  # imports that wait for their turn
MOST_READY = 8  # previews that wait to be confirmed; one more, and the oldest is given up
MOST_KEPT = 50  # whose results can still be asked for
KEPT_SECONDS = 7 * 86_400.0  # for so long
CONFIRM_SECONDS = 1800.0  # a preview that nobody confirms is given up

log = logging.getLogger(__name__)

_NOT_KEPT = "服务器磁盘不能写入，未导入任何记录，请联系运维岗后重新发送。"
_BROKEN = "服务重启后读不出已发送的内容，未导入任何记录，请重新发送。"
_FAILED = "系统出错，未导入任何记录，请稍后再试；重复导入不会产生重复记录。"


class TooManyImports(Exception):
    """As many imports wait as may; try again when one of them has ended."""


class ImportJobs:
    """The imports of one server, kept in `folder` where there is one; files are closed when they have been read."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        calendar: TradingCalendar | None = None,
        folder: Path | None = None,
    ) -> None:
        self._database = database
        self._now = now
        self._calendar = calendar
        self._jobs: dict[str, Job] = {}
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import")
        self._kept = _kept(folder)
        if self._kept is not None:
            self._take_up(self._kept)

    def submit(
        self, file: BinaryIO, name: str, *, kind: Kind | None = None, preview: bool = False, as_json: bool = False
    ) -> Job:
        """Begin an import, blocking until it is kept; with `preview` it stops before anything is written.

        Raises TooManyImports.
        """
        job = Job(secrets.token_urlsafe(12), name, kind, preview=preview, as_json=as_json)
        with self._guard:
            self._forget()
            if sum(one.state is JobState.WAITING for one in self._jobs.values()) >= MOST_WAITING:
                file.close()
                raise TooManyImports
            self._jobs[job.id] = job
        try:
            if self._kept is not None:
                self._kept.keep(job.id, file)
                self._kept.note(job.note())
        except OSError as error:
            _log_failure(job, error)
            file.close()
            job.summary, job.state = _NOT_KEPT, JobState.FAILED
            job.work.set_result(None)
            return job
        job.work = self._pool.submit(self._check, job, file)
        return job

    def all(self) -> Sequence[Job]:
        """Every import that is remembered, the latest first."""
        return sorted(self._jobs.values(), key=lambda job: job.asked_at, reverse=True)

    def find(self, job_id: str) -> Job | None:
        """A job by its id, as long as it is remembered."""
        return self._jobs.get(job_id)

    def confirm(self, job: Job) -> bool:
        """Write what was previewed; False: it does not wait for that, and stays as it is."""
        with self._guard:
            if job.state is not JobState.READY:
                return False
            job.state = JobState.WRITING
        self._note(job)
        job.work = self._pool.submit(self._guarded, job, self._write)
        return True

    def drop(self, job: Job) -> None:
        """Give a preview up."""
        with self._guard:
            if job.state is JobState.READY:
                self._close(job, JobState.DROPPED)

    def close(self) -> None:
        """End with the import that is under way; the waiting ones go on at the next start, or are given up."""
        self._pool.shutdown(cancel_futures=True)
        for job in self._jobs.values():
            if job.ended:
                continue
            if self._kept is None:
                self._close(job, JobState.DROPPED)
            elif job.prepared is not None:
                job.prepared.close()
        if self._kept is not None:
            self._kept.close()

    def _take_up(self, kept: KeptJobs) -> None:
        """Go on where the process before this one was."""
        kept.sweep()
        for note in kept.notes():
            job = self._jobs[note.id] = job_of(note)
            if job.ended:
                job.work.set_result(None)
                continue
            job.preview = job.preview and job.state is not JobState.WRITING  # it was confirmed
            job.state = JobState.WAITING
            job.work = self._pool.submit(self._check_again, job, kept)
        with self._guard:
            self._forget()

    def _check_again(self, job: Job, kept: KeptJobs) -> None:
        try:
            file = kept.sent(job.id)
        except KeptBroken as error:
            _log_failure(job, error)
            job.summary = _BROKEN
            self._close(job, JobState.FAILED)
        else:
            self._check(job, file)

    def _forget(self) -> None:
        now = time.time()
        ready = sorted(
            (one for one in self._jobs.values() if one.state is JobState.READY), key=lambda one: one.ready_at
        )
        for place, job in enumerate(reversed(ready)):
            if place >= MOST_READY or now > job.ready_at + CONFIRM_SECONDS:
                self._close(job, JobState.DROPPED)
        ended = sorted((job for job in self._jobs.values() if job.ended), key=lambda job: job.asked_at)
        too_many = max(0, len(self._jobs) - MOST_KEPT)
        for place, job in enumerate(ended):
            if place < too_many or now > job.asked_at + KEPT_SECONDS:
                del self._jobs[job.id]
                if self._kept is not None:
                    self._kept.forget(job.id)

    def _note(self, job: Job) -> None:
        """Keep how an import stands; a disk that refuses is told in the log, the import goes on."""
        if self._kept is None:
            return
        try:
            self._kept.note(job.note())
            if job.ended:
                self._kept.drop_sent(job.id)
        except OSError as error:
            _log_failure(job, error)

    def _close(self, job: Job, state: JobState) -> None:
        if job.prepared is not None:
            job.prepared.close()
        job.state = state
        self._note(job)

    def _check(self, job: Job, file: BinaryIO) -> None:
        def step(job: Job) -> None:
            job.state = JobState.CHECKING
            problems = Problems()
            sheet = read_json(file, problems) if job.as_json else read_sheet(file, problems)
            with self._database.read() as session:
                job.prepared = prepare(
                    session,
                    sheet,
                    problems,
                    now=self._now(),
                    kind=job.kind,
                    calendar=self._calendar,
                    progress=job.progress,
                )
            job.kind = job.prepared.kind
            if job.preview:
                job.summary, job.ready_at = job.prepared.summary(), job.ready_at or time.time()
                job.state = JobState.READY
                self._note(job)
            else:
                self._write(job)

        with file:
            self._guarded(job, step)

    def _write(self, job: Job) -> None:
        if job.prepared is None:
            raise TypeError("a job is prepared before it is written")
        job.state = JobState.WRITING
        self._note(job)
        with self._database.write_long() as session:
            job.result = store(session, job.prepared, now=self._now(), progress=job.progress)
        job.summary = job.result.summary()
        if job.kind in CALLS_FOR_TASKS:
            job.summary += self._what_follows(job)
        self._close(job, JobState.DONE)

    def _what_follows(self, job: Job) -> str:
        """The tasks that the imported events call for; the import stands, whatever becomes of them."""
        try:
            with self._database.write_long() as session:
                return raise_tasks(session, self._now(), calendar=self._calendar).summary()
        except Exception as error:
            _log_failure(job, error)
            return "回访任务尚未生成，请在“回访义务”页面重新处理。"

    def _guarded(self, job: Job, step: Callable[[Job], None]) -> None:
        """Whatever goes wrong becomes the job's own end."""
        try:
            step(job)
        except ImportRefused as refused:
            job.problems, job.summary = refused.problems, "未导入任何记录。"
            self._close(job, JobState.REFUSED)
        except Exception as error:
            _log_failure(job, error)
            job.summary = _FAILED
            self._close(job, JobState.FAILED)


def _log_failure(job: Job, error: Exception) -> None:
    """Only its kind and place: its message could hold rows."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error("import %s failed: %s at %s:%s", job.id, type(error).__name__, place.filename, place.lineno)


def _kept(folder: Path | None) -> KeptJobs | None:
    if folder is None:
        return None
    kept = KeptJobs(folder)
    if kept.alone():
        return kept
    kept.close()
    log.warning("another process keeps its imports in %s: those of this one end with it", folder)
    return None


def kind_named(word: str) -> Kind | None:
    """A kind by its code or its Chinese name; None: there is no such kind."""
    return next((kind for kind in Kind if word in (kind.value, KIND_WORDS[kind][0])), None)
