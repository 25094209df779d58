"""One import: how far it has come, and what came of it."""

from __future__ import annotations

import time
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field
from enum import StrEnum

from campaign.imports.forms import Kind
from campaign.imports.importing import Imported, Prepared
from campaign.imports.kept_jobs import Note
from campaign.imports.problems import Problem


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


@dataclass(slots=True)
class Job:
    """One import; what it says may be read at any time."""

    id: str
    name: str  # of the file
    kind: Kind | None  # None: what the header says
    preview: bool = False
    as_json: bool = False
    asked_at: float = field(default_factory=time.time)
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

    def note(self) -> Note:
        """What is kept of it."""
        return Note(
            id=self.id,
            name=self.name,
            kind=self.kind,
            as_json=self.as_json,
            preview=self.preview,
            asked_at=self.asked_at,
            state=self.state,
            ready_at=self.ready_at,
            checked=self.checked,
            written=self.written,
            summary=self.summary,
            problems=self.problems,
        )

    def wait(self, seconds: float) -> None:
        """Wait until its present step is over, at most so long."""
        wait_for([self.work], timeout=seconds)


def job_of(note: Note) -> Job:
    """An import as it was kept."""
    return Job(
        note.id,
        note.name,
        Kind(note.kind) if note.kind else None,
        preview=note.preview,
        as_json=note.as_json,
        asked_at=note.asked_at,
        state=JobState(note.state),
        checked=note.checked,
        written=note.written,
        summary=note.summary,
        problems=note.problems,
        ready_at=note.ready_at,
    )
