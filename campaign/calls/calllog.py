"""The call log: every event and action of a call is in the database a moment after it happened."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from types import TracebackType
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError

from campaign.masking import kind_and_place
from campaign.to_the_end import called_off, to_the_end
from models import Database
from models.queue import log_moves

FLUSH_SECONDS = 0.2  # what a killed process can lose of what was said
QUEUE_ROWS = 20_000

log = logging.getLogger(__name__)


class CallLog:
    """Collects rows on the event loop and writes them in batches, in order, off the loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: deque[dict[str, Any]] = deque()
        self._next_seq: dict[int, int] = {}
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> CallLog:
        self._task = asyncio.create_task(self._keep_flushing())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            await called_off(self._task)
        await self.flush()

    def append(self, attempt_id: int, kind: str, body: str, at_ms: int) -> None:
        """Add one move (JSON body) to the log of an attempt; the oldest rows go when nobody can write them."""
        seq = self._next_seq.get(attempt_id, 0)
        self._next_seq[attempt_id] = seq + 1
        if len(self._rows) >= QUEUE_ROWS:
            log.error("the call log cannot be written: %d rows wait, the oldest is dropped", QUEUE_ROWS)
            self._rows.popleft()
        self._rows.append({"attempt_id": attempt_id, "seq": seq, "at_ms": at_ms, "kind": kind, "body": body})

    def forget(self, attempt_id: int) -> None:
        """The attempt has ended: its numbering is no longer needed."""
        self._next_seq.pop(attempt_id, None)

    async def flush(self) -> None:
        """Write everything appended so far."""
        async with self._writing:
            await to_the_end(self._flush())

    async def _flush(self) -> None:
        batch, self._rows = self._rows, deque()
        if not batch:
            return
        try:
            await asyncio.to_thread(self._write_all, batch)
        finally:
            batch.extend(self._rows)
            self._rows = batch

    def _write_all(self, batch: deque[dict[str, Any]]) -> None:
        """Take from a batch what has been written; one that is refused is written call by call.

        Raises why rows were refused, which stay: those of one call keep no other's from being written.
        """
        try:
            self._write(list(batch))
        except (DataError, IntegrityError):
            self._write_by_call(batch)
        else:
            batch.clear()

    def _write_by_call(self, batch: deque[dict[str, Any]]) -> None:
        calls: dict[int, list[dict[str, Any]]] = {}
        for row in batch:
            calls.setdefault(row["attempt_id"], []).append(row)
        left, refused = list[dict[str, Any]](), None
        for rows in calls.values():
            try:
                self._write(rows)
            except (DataError, IntegrityError) as error:
                left, refused = [*left, *rows], error
        batch.clear()
        batch.extend(left)
        if refused is not None:
            raise refused

    def _write(self, batch: list[dict[str, Any]]) -> None:
        with self._database.write() as session:
            log_moves(session, batch)

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except Exception as error:
                log.error("the call log could not be written; trying again: %s", kind_and_place(error))
