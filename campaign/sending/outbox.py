"""Sending what waits in the outbox: notices to clients (table F.1), events to the firm's own system.

Every process of an installation may run one; a posting is claimed in the database before it is sent, and what became
of it is written after. A task closes in the transaction that notes that its client was told.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType

from campaign.clock import Clock
from campaign.masking import kind_and_place
from campaign.sending.channel_file import EVENTS, Channels
from campaign.sending.channels import Channel, Letter, Sent
from campaign.sending.events import told
from campaign.to_the_end import called_off
from models import Database, Event, Notice
from models.outbox import BY_HAND, claim_due, note_try, settle_abandoned, take_from_people, unsent_count
from rules.postings import CLAIM, PostingState, Sending

LOOK_SECONDS = 1.0
AT_ONCE = 20  # letters under way at a time

_SUBJECTS = {"review_sms": "客户回访告知", "update_contact": "请更新您的联系方式", "questionnaire": "客户回访问卷"}

log = logging.getLogger(__name__)


class Outbox:
    """Sends in the background for as long as it is entered."""

    def __init__(self, database: Database, channels: Channels, clock: Clock, sender: str) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._sender = sender
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Outbox:
        self._task = asyncio.create_task(self._keep_sending())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What is under way is finished: a letter that breaks off may have arrived or not."""
        self._ending.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=CLAIM.total_seconds())
            await called_off(self._task)

    async def emptied(self, seconds: float) -> bool:
        """Wait until nothing is left that can be sent; False when it took longer."""
        until = time.monotonic() + seconds
        while await asyncio.to_thread(self._unsent):
            if time.monotonic() > until:
                return False
            await self.send_due()
            await asyncio.sleep(LOOK_SECONDS / 4)  # a letter may be another process's
        return True

    async def send_due(self) -> int:
        """Send what is due now; how many letters there were."""
        sent = 0
        for table in (Notice, Event):
            await asyncio.to_thread(self._settle_abandoned, table)
            while not self._ending.is_set() and (claimed := await asyncio.to_thread(self._claim, table)):
                await asyncio.gather(*(self._send(posting) for posting in claimed))
                sent += len(claimed)
        return sent

    async def _keep_sending(self) -> None:
        while not self._ending.is_set():
            try:
                await self.send_due()
            except Exception as error:
                log.error("the outbox could not be worked on, trying again: %s", kind_and_place(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), LOOK_SECONDS)

    def _unsent(self) -> int:
        with self._database.read() as session:
            return unsent_count(session)

    def _settle_abandoned(self, table: type[Notice] | type[Event]) -> None:
        with self._database.write() as session:
            count = settle_abandoned(session, table, self._clock.now(), datetime.now(UTC), self._repeatable)
        if count:
            log.warning("%d letters were under way when their process ended", count)

    def _repeatable(self, posting: Notice | Event) -> bool:
        return self._channel(posting).repeatable

    def _claim(self, table: type[Notice] | type[Event]) -> Sequence[Notice | Event]:
        with self._database.write() as session:
            if table is Notice and self._channels.im:
                take_from_people(session, self._clock.now())
            until = datetime.now(UTC) + CLAIM
            return claim_due(session, table, self._sender, self._clock.now(), until, AT_ONCE)

    def _channel(self, posting: Notice | Event) -> Channel:
        if isinstance(posting, Event):
            return self._channels.of(EVENTS)
        return self._channels.of("im" if posting.channel == BY_HAND else posting.channel)

    async def _send(self, posting: Notice | Event) -> None:
        channel = self._channel(posting)
        try:
            sent = await channel.send(_letter(posting))
        except Exception as error:
            # The message of an unknown error may quote the letter.
            log.error("a letter could not be sent: %s", kind_and_place(error))
            sent = Sent(Sending.UNKNOWN, "发送程序出错")
        await asyncio.to_thread(self._note, posting, sent, channel.repeatable)

    def _note(self, posting: Notice | Event, sent: Sent, repeatable: bool) -> None:
        with self._database.write() as session:
            posted = note_try(
                session, posting, sent.sending, self._clock.now(), repeatable=repeatable, trouble=sent.trouble
            )
        if posted.state is not PostingState.SENT:
            name = type(posting).__name__.lower()
            log.warning("%s %d is %s after try %d: %s", name, posting.id, posted.state, posting.tries, sent.trouble)


def _letter(posting: Notice | Event) -> Letter:
    client = posting.task.customer
    if isinstance(posting, Event):
        return Letter(posting.key, posting.created_at, posting.kind, client.number, body=told(posting))
    return Letter(
        key=f"notice-{posting.id}",
        at=posting.created_at,
        kind=posting.kind,
        client=client.number,
        phone=client.phone,
        email=client.email,
        subject=_SUBJECTS[posting.kind],
        text=posting.text,
    )
