"""Bringing sealed recordings into the archive, and letting local copies go when it holds them.

One thread does both, beside the event loop and the media. What is to be done is read from the folder (archive_queue):
a kill loses nothing, and what it broke off is done again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from telephony.archive import Archive, holds
from telephony.archive_queue import ArchiveQueue, Trouble
from telephony.errors import ArchiveAway, ArchiveConflict, RecordingError, RecordingUnreadable
from telephony.recording import ARCHIVE_NOTE, RecordingStore

LOOK_SECONDS = 2.0
AWAY_SECONDS = (2.0, 5.0, 15.0, 60.0, 300.0)  # between tries while the archive does not answer, the last from then on
WAITS = (60.0, 600.0, 3600.0, 21600.0)  # between tries of a recording that makes trouble by itself, likewise
TIDY_SECONDS = 3600.0  # between looks for local copies that may go
ENDING_SECONDS = 10.0  # for what is under way when the process ends

_DAY_SECONDS = 86_400.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ArchiveCondition:
    """How archiving stands; `trouble` is why the archive cannot be used now, `stuck` what makes trouble by itself."""

    place: str
    waiting: int
    oldest_at: datetime | None
    stuck: tuple[tuple[str, str], ...]  # call id, what is wrong
    trouble: str
    last_at: datetime | None  # when this process archived something last
    more_stuck: int = 0  # make trouble too, and are not named

    def brief(self, named: int) -> ArchiveCondition:
        """The same, with no more than so many recordings named."""
        return replace(self, stuck=self.stuck[:named], more_stuck=self.more_stuck + max(0, len(self.stuck) - named))


class Archiving:
    """Archives what is sealed in `store` for as long as it is entered; `local_days` None: local copies stay."""

    def __init__(self, store: RecordingStore, archive: Archive, local_days: int | None = None) -> None:
        self._store, self._archive, self._local_days = store, archive, local_days
        self._queue = ArchiveQueue(store.folder)
        self._ending, self._hurrying = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble = ""
        self._last_at: datetime | None = None

    async def __aenter__(self) -> Archiving:
        # A daemon: an upload that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="archiving", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._hurrying.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, ENDING_SECONDS)

    def hurry(self) -> None:
        """Try at once what was put off."""
        self._queue.hurry()
        self._hurrying.set()

    def condition(self) -> ArchiveCondition:
        """How it stands now; blocks, a look at each file that waits."""
        waiting = self._queue.waiting()
        return ArchiveCondition(
            self._archive.place,
            len(waiting),
            datetime.fromtimestamp(waiting[0].since, UTC) if waiting else None,
            tuple((one.call_id, one.trouble.what) for one in waiting if one.trouble.tries),
            self._trouble,
            self._last_at,
        )

    def archive_waiting(self) -> int:
        """Archive what is due, one recording after the other; how many. Raises `ArchiveAway`."""
        now = time.time()
        due = [one.call_id for one in self._queue.waiting() if one.trouble.next_try <= now]
        count = 0
        for call_id in due:
            if self._ending.is_set():
                break
            count += self._archive_one(call_id)
        return count

    def stock_take(self) -> None:
        """Let every local recording wait that this archive has never been asked to hold."""
        note = self._store.folder / ARCHIVE_NOTE
        if note.exists() and note.read_text() == self._archive.place:
            return
        for path in self._shelved():
            self._queue.add(path.stem)
        note.write_text(self._archive.place)

    def let_go(self, now: float) -> int:
        """Remove the local copies that are old enough, each after its archived one was read back; how many.

        What the archive does not hold any more is archived again. Raises `ArchiveAway`.
        """
        if self._local_days is None:
            return 0
        waiting, gone = self._queue.ids(), 0
        for path in self._shelved():
            if self._ending.is_set():
                break
            if path.stem in waiting:
                continue
            with suppress(FileNotFoundError):  # another process lets go of it too
                gone += self._let_go(path, now - self._local_days * _DAY_SECONDS)
        return gone

    def _let_go(self, path: Path, sealed_before: float) -> bool:
        if path.stat().st_mtime > sealed_before:
            return False
        if holds(self._archive, self._name(path), path):
            path.unlink()
            return True
        log.warning("call %s: what was archived is not what it was, it is archived again", path.stem)
        self._queue.add(path.stem)
        return False

    def _run(self) -> None:
        away, tidied = 0, 0.0
        while not self._ending.is_set():
            try:
                self.stock_take()
                self.archive_waiting()
                if time.time() - tidied > TIDY_SECONDS:
                    self.let_go(time.time())
                    tidied = time.time()
                away, self._trouble = 0, ""
            except (ArchiveAway, OSError) as error:
                if str(error) != self._trouble:
                    log.error("recordings are not archived: %s", error)
                away, self._trouble = away + 1, str(error)
            except Exception as error:  # the thread must live, whatever a library raises
                log.exception("recordings are not archived")
                away, self._trouble = away + 1, f"程序出错（{type(error).__name__}），请查看日志"
            self._hurrying.wait(AWAY_SECONDS[min(away, len(AWAY_SECONDS)) - 1] if away else LOOK_SECONDS)
            self._hurrying.clear()

    def _archive_one(self, call_id: str) -> bool:
        with self._queue.claimed(call_id) as taken:
            if taken is None:
                return False
            path = self._store.sealed_path(call_id)
            if not path.exists():
                if not self._store.is_open(call_id):  # else it is about to be sealed
                    taken.done()
                return False
            try:
                self._keep_peaks(call_id)
                self._archive.keep(self._name(path), path)
            except ArchiveAway:
                raise
            except RecordingError as error:
                tries = taken.trouble.tries + 1
                log.error("call %s: %s", call_id, error)
                wait = WAITS[-1] if isinstance(error, ArchiveConflict) else WAITS[min(tries, len(WAITS)) - 1]
                taken.put_off(Trouble(tries, str(error), time.time() + wait))
                return False
            taken.done()
        self._last_at = datetime.now(UTC)
        return True

    def _keep_peaks(self, call_id: str) -> None:
        """Archive the peaks too, so that no other host has to fetch an hour to draw it."""
        with suppress(RecordingUnreadable):  # that is told where it is listened to: it is archived as it is
            self._store.waveform(call_id)
        path = self._store.peaks_path(call_id)
        if path.exists() and self._archive.size_of(self._name(path)) is None:
            self._archive.keep(self._name(path), path)

    def _shelved(self) -> Iterator[Path]:
        return self._store.folder.glob("[0-9a-f][0-9a-f]/*.rec")

    def _name(self, path: Path) -> str:
        return path.relative_to(self._store.folder).as_posix()
