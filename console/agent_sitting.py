"""An agent at a page: on duty from signing on until the page or its voice is gone for good.

What is defined for a bad line:

- A page that closes or loses its network while nothing goes on is off duty at once: a call that rang there goes to the
  next agent. It may come back within RESUME_SECONDS with the voice that is still connected.
- In a talk, the voice alone counts: the talk goes on without the page, which comes back by itself and is told where
  things stand. Nothing that was ticked is lost: it is kept as it is ticked. The wrap-up waits for the page, too, for
  as long as it lasts.
- A voice that is gone (a closed laptop, no network for ten seconds) ends the agent's part: the client is told and gets
  the next agent, or is called back (campaign.handover.roads). The page opens a new voice as soon as it can.
- In a call that the agent has dialled the client waits for the agent instead (campaign.other_ways.by_hand_onward): on
  duty anew, at this page or another one, the agent has the call again, or finds what is still to be written down.
- A second page of the same agent is refused, unless it wants to take the first one's place and no talk goes on there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import WebSocket

from campaign.handover.agents import Roster
from campaign.handover.duty import News, Presence, PresenceChanged, QueueChanged, Replaced, RosterError, TalkEnded
from campaign.handover.seats import Seat
from campaign.handover.talks import Agent
from campaign.other_ways.by_hand_onward import InHands
from campaign.to_the_end import called_off
from console.agent_messages import told
from telephony.browser import BrowserPhone

RESUME_SECONDS = 20.0
_WAITING = 200  # messages that a page has not taken


@dataclass(slots=True, eq=False)
class Sitting:
    """One agent's voice and the page that belongs to it; `token` is the page's own name."""

    roster: Roster
    agent: Agent
    phone: BrowserPhone
    token: str
    presence: Presence
    chosen: Presence = Presence.FREE  # by the agent, whatever has come since
    by_hand: InHands | None = None  # where a client may wait who was called from here
    seat: Seat | None = None  # None: off duty until the page is back
    ended: TalkEnded | None = None  # a talk that is still to be written down
    _outbox: asyncio.Queue[dict[str, Any]] = field(default_factory=lambda: asyncio.Queue(_WAITING))
    _page_moved: asyncio.Event = field(default_factory=asyncio.Event)  # the page came or went: for who serves it
    _seat_moved: asyncio.Event = field(default_factory=asyncio.Event)  # that, or the presence: for who keeps the seat
    _page: object | None = None  # that is connected
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def on_duty(self) -> Seat:
        """The seat; raises RosterError while there is none."""
        if self.seat is None:
            raise RosterError("您已经签退，请重新上线")
        return self.seat

    def sign_on(self, *, instead: bool = False) -> None:
        """Go on duty; raises RosterError for who is on duty elsewhere."""
        duty = self.by_hand or self.roster
        self.seat = duty.sign_on(self.agent, self.phone, self.post, self.presence, instead=instead)

    def post(self, news: News) -> None:
        """Tell the page; one that takes nothing is as good as closed, and is told anew when it is back."""
        if isinstance(news, PresenceChanged):
            self.presence = news.presence
            self._seat_moved.set()  # a seat without a page is left as soon as nothing goes on there
        if isinstance(news, TalkEnded):
            self.ended = news if news.wrap_seconds else None
        self.say(told(news))
        if isinstance(news, Replaced):
            self._over.set()

    def say(self, message: dict[str, Any]) -> None:
        """Send a message to the page."""
        if self._outbox.full():
            self._outbox.get_nowait()
        self._outbox.put_nowait(message)

    # The page

    async def serve(self, socket: WebSocket, *acts: Coroutine[Any, Any, None]) -> None:
        """Serve a page until it is gone, or this is over; raises RosterError where it cannot go on duty again.

        `acts` go on meanwhile.
        """
        me = self._page = object()
        self._page_moves()
        self._outbox = asyncio.Queue(_WAITING)
        try:
            if self.seat is None:
                self.presence = self.presence if self.presence is Presence.AWAY else self.chosen
                self.sign_on(instead=True)
            for message in self._picture():
                self.say(message)
            outbox = self._outbox
            await first(self._send(socket, outbox), *acts, self._over_or(me))
            while not outbox.empty():  # the last words
                await socket.send_json(outbox.get_nowait())
        finally:
            for act in acts:
                act.close()  # that were never begun
            if self._page is me:
                self._page = None
                self._page_moves()

    def _page_moves(self) -> None:
        self._page_moved.set()
        self._seat_moved.set()

    def _picture(self) -> Iterator[dict[str, Any]]:
        """Where things stand, for a page that has just come."""
        seat = self.on_duty
        yield told(PresenceChanged(seat.presence))
        yield told(QueueChanged(self.roster.waiting))
        if (began := seat.told_again()) is not None:
            yield told(began)
        ended = seat.ended_again() or (self.ended if seat.wrapping is not None else None)
        if ended is not None:
            yield told(ended)
        for consultation in (seat.asking, seat.asked):
            if consultation is not None:
                yield told(consultation)

    async def _send(self, socket: WebSocket, outbox: asyncio.Queue[dict[str, Any]]) -> None:
        while True:
            message = await outbox.get()
            await socket.send_json(message)
            if message["kind"] == "rings" and self.seat is not None and self.seat.ring == message["ring"]:
                self.seat.shown_at = asyncio.get_running_loop().time()

    async def _over_or(self, page: object) -> None:
        """Wait until this is over, or another connection of the same page has come."""
        while not self._over.is_set() and self._page is page:
            self._page_moved.clear()
            over, moved = asyncio.create_task(self._over.wait()), asyncio.create_task(self._page_moved.wait())
            await asyncio.wait({over, moved}, return_when=asyncio.FIRST_COMPLETED)
            over.cancel()
            moved.cancel()

    # The voice

    async def keep(self) -> None:
        """Look after the seat until the voice is gone or the page stays away; then the agent is off duty."""
        gone = asyncio.create_task(self.phone.gone())
        try:
            await self._watch(gone)
        finally:
            gone.cancel()
            self._leave()
            self._over.set()
            with contextlib.suppress(Exception):
                await self.phone.close()

    async def _watch(self, gone: asyncio.Task[None]) -> None:
        over = asyncio.create_task(self._over.wait())
        try:
            while not gone.done() and not over.done():
                if self._page is None and not self._busy():
                    self._leave()
                moved = asyncio.create_task(self._seat_moved.wait())
                watched: set[asyncio.Future[Any]] = {gone, over, moved}
                away = self._page is None and not self._busy()
                done, _ = await asyncio.wait(
                    watched, timeout=RESUME_SECONDS if away else None, return_when=asyncio.FIRST_COMPLETED
                )
                moved.cancel()
                self._seat_moved.clear()
                if away and not done:
                    return
            if gone.done():
                self.say({"kind": "lost"})
        finally:
            over.cancel()

    def _busy(self) -> bool:
        """Whether a talk goes on, or is still to be written down: the seat waits for the page."""
        return self.seat is not None and (self.seat.talking or self.seat.wrapping is not None)

    def _leave(self) -> None:
        if self.seat is not None:
            self.roster.sign_off(self.seat)
            if not self.seat.talking:
                self.seat = None

    def end(self) -> None:
        """The agent signs off, or a page of the same name takes this one's place."""
        self._over.set()


async def first(*acts: Coroutine[Any, Any, None]) -> None:
    """Run until the first of them ends, and end the others; raises what that one raised."""
    tasks = [asyncio.create_task(act) for act in acts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await called_off(*tasks)


class Sittings:
    """The pages on duty by their names; looks after each."""

    def __init__(self) -> None:
        self._by_token: dict[str, Sitting] = {}
        self._keeping: set[asyncio.Task[None]] = set()

    def find(self, token: str, staff_id: int) -> Sitting | None:
        """The sitting of a page that comes back, if it is this person's."""
        found = self._by_token.get(token)
        return found if found is not None and found.agent.staff_id == staff_id else None

    def enter(self, sitting: Sitting) -> None:
        """Look after a sitting until it is over."""
        if sitting.token:
            self._by_token[sitting.token] = sitting
        task = asyncio.create_task(self._keep(sitting), name="agent's sitting")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _keep(self, sitting: Sitting) -> None:
        try:
            await sitting.keep()
        finally:
            if self._by_token.get(sitting.token) is sitting:
                del self._by_token[sitting.token]
