"""How the processes of one database stand: each says it of itself every few seconds, and every page shows them all."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType

from pydantic import TypeAdapter

from campaign.masking import kind_and_place
from campaign.to_the_end import called_off, to_the_end
from models import Database, WorkerLost
from models.live import Said, ask_archive_retry, conditions_elsewhere, is_shared, say_condition
from models.workers import database_now
from speech.load import Load
from speech.recogniser import Recogniser
from telephony.archiving import ArchiveCondition, Archiving
from telephony.errors import TelephonyError
from telephony.legs import Dialer
from telephony.sip.dialer import SipDialer, TrunkCondition

SAY_SECONDS = 2.0
COUNT_SECONDS = 8.0  # between counts of what waits to be archived
MOST_NAMED = 10  # recordings that make trouble

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProcessCondition:
    """How one process stands; what is empty or None it has not."""

    trunks: tuple[TrunkCondition, ...] = ()
    archive: ArchiveCondition | None = None
    ears: Load | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another process, as pages name it, and how it stands."""

    name: str
    condition: ProcessCondition


_BODY: TypeAdapter[ProcessCondition] = TypeAdapter(ProcessCondition)


@dataclass(slots=True)
class Neighbours:
    """This process among the others of its database, from entering on; `others` is what they said last.

    A process that is alone on its database (SQLite) says nothing.
    """

    database: Database
    worker: str
    dialer: Dialer
    archiving: Archiving | None = None
    ears: Recogniser | None = None
    others: tuple[Neighbour, ...] = ()
    _retried_at: datetime | None = field(default=None, init=False)
    _counted: ArchiveCondition | None = field(default=None, init=False)
    _counted_at: float = field(default=float("-inf"), init=False)

    _task: asyncio.Task[None] | None = field(default=None, init=False)

    async def __aenter__(self) -> Neighbours:
        if is_shared(self.database):
            self._task = asyncio.create_task(self._keep_saying(), name="neighbours")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            await called_off(self._task)

    async def _keep_saying(self) -> None:
        """Say and hear until cancelled; a worker that was given up only hears."""
        while True:
            try:
                await to_the_end(asyncio.to_thread(self.exchange))
            except Exception as error:
                log.error("how this process stands cannot be made known: %s; trying again", kind_and_place(error))
            await asyncio.sleep(SAY_SECONDS)

    def exchange(self) -> None:
        """Say how this process stands, hear how the others do, and do what they wish; blocks."""
        body, wished = _BODY.dump_python(self.own(), mode="json"), self._retried_at
        with suppress(WorkerLost), self.database.write() as session:
            wished = say_condition(session, self.worker, body, database_now(session))
        self._retry_archive(wished)
        with self.database.read() as session:
            self.others = tuple(_heard(conditions_elsewhere(session, self.worker)))

    def ask_archive_retry(self) -> None:
        """Wish that the others archive at once what was put off: they do within SAY_SECONDS; blocks."""
        if is_shared(self.database):
            with self.database.write() as session:
                ask_archive_retry(session, database_now(session))

    def own(self) -> ProcessCondition:
        """How this process stands; blocks where recordings wait to be archived."""
        trunks: tuple[TrunkCondition, ...] = ()
        if isinstance(self.dialer, SipDialer):
            with suppress(TelephonyError):  # it is being closed
                trunks = self.dialer.conditions()
        return ProcessCondition(trunks, self._archive(), self.ears.load() if self.ears else None)

    def _archive(self) -> ArchiveCondition | None:
        """How archiving stands; what waits is counted less often, for it may be many files."""
        if self.archiving is not None and time.monotonic() - self._counted_at > COUNT_SECONDS:
            self._counted_at, self._counted = time.monotonic(), self.archiving.condition().brief(MOST_NAMED)
        return self._counted

    def _retry_archive(self, wished: datetime | None) -> None:
        if wished is not None and wished != self._retried_at and self.archiving is not None:
            self.archiving.hurry()
            self._counted_at = float("-inf")
        self._retried_at = wished


def _heard(said: Sequence[Said]) -> list[Neighbour]:
    """The others; one that says it in another way (another version of the program) is left out."""
    found = []
    for one in said:
        with suppress(ValueError):
            found.append(Neighbour(one.worker.label, _BODY.validate_python(one.condition.body)))
    return found
