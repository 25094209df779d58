"""Imports that run beside the pages: one at a time, with progress, a preview that waits for its confirmation."""

from __future__ import annotations

import logging
import secrets
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO

from campaign.duties.duties import CALLS_FOR_TASKS, raise_tasks
from campaign.imports.forms import KIND_WORDS, Kind
from campaign.imports.importing import Imported, Prepared, prepare, store
from campaign.imports.json_rows import read_json
from campaign.imports.problems import ImportRefused, Problem, Problems
from campaign.imports.reading import read_sheet
from models import Database
from rules import TradingCalendar

MOST_WAITING = 8  # imports that wait for their turn
MOST_KEPT = 50  # whose results can still be asked for
CONFIRM_SECONDS = 1800.0  # a preview that nobody confirms is given up

log = logging.getLogger(__name__)


class JobState(StrEnum):
    """How far an import has come."""

    WAITING = "waiting"  # 排队
    CHECKING = "checking"  # 核对中
    READY = "ready"  # 待确认
    WRITING = "writing"  # 写入中
    DONE = "done"  # 已导入
    REFUSED = "refused"  # 未通过，未导入任何记录
    FAILED = "failed"  # 出错，未导入任何记录
    DROPPED = "dropped"  # 已放弃


STATE_WORDS = {
    JobState.WAITING: "排队",
    JobState.CHECKING: "核对中",
    JobState.READY: "待确认",
    JobState.WRITING: "写入中",
    JobState.DONE: "已导入",
    JobState.REFUSED: "未通过",
    JobState.FAILED: "出错",
    JobState.DROPPED: "已放弃",
}
ENDED = frozenset({JobState.DONE, JobState.REFUSED, JobState.FAILED, JobState.DROPPED})
_FAILED = "系统出错，未导入任何记录，请稍后再试；重复导入不会产生重复记录。"


class TooManyImports(Exception):
    """As many imports wait as may; try again when one of them has ended."""


@dataclass(slots=True)
class Job:
    """One import; what it says may be read at any time."""

    id: str
    name: str  # of the file
    kind: Kind | None  # None: what the header says
    state: JobState = JobState.WAITING
    checked: int = 0  # rows
    written: int = 0
    summary: str = ""
    problems: tuple[Problem, ...] = ()
    prepared: Prepared | None = None
    result: Imported | None = None
    ready_at: float = 0.0
    work: Future[None] = field(default_factory=Future)

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ENDED

    @property
    def word(self) -> str:
        """Its state in Chinese."""
        return STATE_WORDS[self.state]

    def progress(self, doing: str, rows: int) -> None:
        """Note how far it has come."""
        if doing == "核对":
            self.checked = rows
        else:
            self.written = rows

    def wait(self, seconds: float) -> None:
        """Wait until its present step is over, at most so long."""
        wait_for([self.work], timeout=seconds)


class ImportJobs:
    """The imports of one server; files are closed when they have been read."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], calendar: TradingCalendar | None = None
    ) -> None:
        self._database = database
        self._now = now
        self._calendar = calendar
        self._jobs: dict[str, Job] = {}
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import")

    def submit(
        self, file: BinaryIO, name: str, *, kind: Kind | None = None, preview: bool = False, as_json: bool = False
    ) -> Job:
        """Begin an import; with `preview` it stops before anything is written. Raises TooManyImports."""
        job = Job(secrets.token_urlsafe(12), name, kind)
        with self._guard:
            self._forget()
            if sum(one.state is JobState.WAITING for one in self._jobs.values()) >= MOST_WAITING:
                file.close()
                raise TooManyImports
            self._jobs[job.id] = job
        job.work = self._pool.submit(self._check, job, file, as_json, preview)
        return job

    def find(self, job_id: str) -> Job | None:
        """A job by its id, as long as it is remembered."""
        return self._jobs.get(job_id)

    def confirm(self, job: Job) -> None:
        """Write what was previewed; a job that does not wait for it stays as it is."""
        with self._guard:
            if job.state is not JobState.READY:
                return
            job.state = JobState.WRITING
        job.work = self._pool.submit(self._guarded, job, self._write)

    def drop(self, job: Job) -> None:
        """Give a preview up."""
        with self._guard:
            if job.state is JobState.READY:
                _close(job, JobState.DROPPED)

    def close(self) -> None:
        """End with the import that is under way; the waiting ones are given up."""
        self._pool.shutdown(cancel_futures=True)
        for job in self._jobs.values():
            if not job.ended:
                _close(job, JobState.DROPPED)

    def _forget(self) -> None:
        for job in self._jobs.values():
            if job.state is JobState.READY and time.monotonic() > job.ready_at + CONFIRM_SECONDS:
                _close(job, JobState.DROPPED)
        ended = [job.id for job in self._jobs.values() if job.ended]
        for job_id in ended[: max(0, len(self._jobs) - MOST_KEPT)]:
            del self._jobs[job_id]

    def _check(self, job: Job, file: BinaryIO, as_json: bool, preview: bool) -> None:
        def step(job: Job) -> None:
            job.state = JobState.CHECKING
            problems = Problems()
            sheet = read_json(file, problems) if as_json else read_sheet(file, problems)
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
            if preview:
                job.summary, job.ready_at, job.state = job.prepared.summary(), time.monotonic(), JobState.READY
            else:
                self._write(job)

        with file:
            self._guarded(job, step)

    def _write(self, job: Job) -> None:
        if job.prepared is None:
            raise TypeError("a job is prepared before it is written")
        job.state = JobState.WRITING
        with self._database.write() as session:
            job.result = store(session, job.prepared, now=self._now(), progress=job.progress)
        job.summary = job.result.summary()
        if job.kind in CALLS_FOR_TASKS:
            job.summary += self._what_follows(job)
        _close(job, JobState.DONE)

    def _what_follows(self, job: Job) -> str:
        """The tasks that the imported events call for; the import stands, whatever becomes of them."""
        try:
            with self._database.write() as session:
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
            _close(job, JobState.REFUSED)
        except Exception as error:
            _log_failure(job, error)
            job.summary = _FAILED
            _close(job, JobState.FAILED)


def _log_failure(job: Job, error: Exception) -> None:
    """Only its kind and place: its message could hold rows."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error("import %s failed: %s at %s:%s", job.id, type(error).__name__, place.filename, place.lineno)


def _close(job: Job, state: JobState) -> None:
    if job.prepared is not None:
        job.prepared.close()
    job.state = state


def kind_named(word: str) -> Kind | None:
    """A kind by its code or its Chinese name; None: there is no such kind."""
    return next((kind for kind in Kind if word in (kind.value, KIND_WORDS[kind][0])), None)
