"""The presence of agents, written down as it changes, off the event loop and in order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from datetime import UTC, datetime
from types import TracebackType

from sqlalchemy.exc import SQLAlchemyError

from campaign.handover.duty import Presence
from campaign.handover.talks import Agent
from campaign.to_the_end import called_off, to_the_end
from models import Database
from models.presence import be_present, close_presences

_MOST_WAITING = 5000  # changes that the database has not taken; then the oldest go
_AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


class PresenceLog:
    """Writes what `note` is told; while it is open, nobody of this process is left on duty by mistake."""

    def __init__(self, database: Database, worker: str) -> None:
        self._database, self._worker = database, worker
        self._waiting: deque[tuple[int, str, datetime]] = deque(maxlen=_MOST_WAITING)
        self._more = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def note(self, agent: Agent, presence: Presence | None) -> None:
        """Take a change down; None: off duty."""
        self._waiting.append((agent.staff_id, presence.value if presence else "", datetime.now(UTC)))
        self._more.set()

    async def __aenter__(self) -> PresenceLog:
        await asyncio.to_thread(self._close)
        self._task = asyncio.create_task(self._keep_writing(), name="presences")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            await called_off(self._task)
        try:
            await asyncio.to_thread(self._write)
            await asyncio.to_thread(self._close)
        except SQLAlchemyError as fault:
            log.error("the last presences could not be written (%s)", type(fault).__name__)

    async def _keep_writing(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            try:
                await to_the_end(asyncio.to_thread(self._write))
            except SQLAlchemyError as fault:
                log.error("presences cannot be written just now (%s); trying again", type(fault).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
                self._more.set()

    def _write(self) -> None:
        while self._waiting:
            staff_id, presence, at = self._waiting[0]
            with self._database.write() as session:
                be_present(session, staff_id, presence, self._worker, at)
            self._waiting.popleft()

    def _close(self) -> None:
        with self._database.write() as session:
            close_presences(session, self._worker, datetime.now(UTC))
