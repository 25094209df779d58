"""An agent on duty (坐席): the page that is told, the telephone, and what goes on there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from campaign.handover.duty import (
    Asked,
    Asking,
    FormChanged,
    News,
    Presence,
    Rings,
    RosterError,
    TalkBegan,
    TalkEnded,
    WrapUpEnded,
)
from campaign.handover.talks import Afterwards, Agent, Wanted
from campaign.handover.wrapping import WrapUp
from telephony.bridge import Bridge, BridgeEnd, Joinable
from telephony.errors import BrowserRefused
from telephony.legs import Answered, HungUp

_OPEN_SECONDS = 2.0  # for an agent's audio to open


class AgentPhone(Protocol):
    """What an agent hears and speaks with; kept connected for as long as the agent is on duty."""

    def call(self, call_id: str) -> Joinable:
        """Open the audio for a call."""


async def _answered(leg: Joinable) -> bool:
    async for event in leg.events():
        if isinstance(event, Answered | HungUp):
            return isinstance(event, Answered)
    return False


@dataclass(slots=True, eq=False)
class Seat:
    """An agent on duty; `wanted` is the client who rings here, is talked with or was talked with last."""

    agent: Agent
    phone: AgentPhone
    tell: Callable[[News], None]
    presence: Presence = Presence.FREE
    rest: Presence = Presence.FREE  # what the agent is again after a talk: a supervisor is offered nothing
    ring: str = ""  # of the call that rings here or is talked
    wanted: Wanted | None = None
    bridge: Bridge | None = None
    talk: asyncio.Task[BridgeEnd] | None = None
    after: Afterwards = field(default_factory=Afterwards)
    wrapping: asyncio.TimerHandle | None = None  # until when the talk is written down
    dials: str = ""  # the client's call that the agent has placed by hand
    began: TalkBegan | None = None  # of a call by hand, as it stands
    ended: TalkEnded | None = None  # of a call by hand that is still to be written down
    write_by: float = 0.0  # until when that is, by the loop's clock
    lost: bool = False  # the voice was lost in a call by hand: the agent may come back anywhere
    asking: Asking | None = None  # somebody about the client
    asked: Asked | None = None  # by a colleague, and talking with them
    shown_at: float = 0.0  # when what rings came onto the screen, by the loop's clock
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # off duty

    @property
    def talking(self) -> bool:
        """Whether the agent talks with a client, or is about to."""
        return self.talk is not None or bool(self.dials) or self.asked is not None

    def show(self, rings: Rings) -> None:
        """Let it ring, with what the agent has to know."""
        self.shown_at = asyncio.get_running_loop().time()  # at the earliest: the page says when it really came
        self.tell(rings)

    async def look(self, seconds: float) -> None:
        """Wait until what rings has been on the screen for that long."""
        await asyncio.sleep(max(0.0, self.shown_at + seconds - asyncio.get_running_loop().time()))

    async def open_audio(self, call_id: str) -> Joinable | None:
        """Open this agent's audio for a call; None where that fails, or the agent is off duty meanwhile."""
        leg: Joinable | None = None
        with contextlib.suppress(TimeoutError, BrowserRefused):
            async with asyncio.timeout(_OPEN_SECONDS):
                leg = self.phone.call(call_id)
                if await _answered(leg) and not self.gone.is_set():
                    return leg
        if leg is not None:
            await leg.hang_up()
        return None

    def close_wrap_up(self, wrap: WrapUp | None) -> None:
        """Write down what came of the last talk; nothing happens where that was done."""
        if self.wrapping is not None:
            self.wrapping.cancel()
            self.wrapping = None
            ring, self.ring = self.ring, ""
            self.tell(WrapUpEnded(ring))
        if self.after.wrapped is not None and not self.after.wrapped.done():
            self.after.wrapped.set_result(wrap)

    def told_again(self) -> TalkBegan | None:
        """What a page that comes back must know of the talk; None: there is none."""
        wanted, bridge = self.wanted, self.bridge
        if self.began is not None:
            held, muted = (bridge.held, bridge.muted) if bridge is not None else (False, False)
            return replace(self.began, held=held, muted=muted)
        if wanted is None or bridge is None:
            return None
        return TalkBegan(
            self.ring,
            wanted.client.call_id,
            wanted.notebook.client if wanted.notebook else wanted.briefing.client,
            wanted.phone,
            wanted.sheet.form() if wanted.sheet else None,
            wanted.notebook.briefing() if wanted.notebook else wanted.briefing,
            bridge.muted,
            bridge.held,
        )

    def ended_again(self) -> TalkEnded | None:
        """What a page that comes back must know of a call by hand that is still to be written down."""
        left = max(0.0, self.write_by - asyncio.get_running_loop().time())
        return replace(self.ended, wrap_seconds=left) if self.ended is not None else None

    def give(self, node: str, value: str, words: str) -> None:
        """Keep an answer of the client whom this agent talks or has just talked with.

        Raises RosterError where there is no form, FormError for what the form does not offer.
        """
        sheet = self.wanted.sheet if self.wanted is not None else None
        if self.wanted is None or sheet is None or not (self.talking or self.wrapping):
            raise RosterError("现在没有可以登记的回访")
        sheet.give(node, value, words, self.wanted.client.position_ms)
        self.tell(FormChanged(sheet.form()))

    # In a talk; nothing happens where there is none

    def hang_up(self) -> None:
        """End the talk from the agent's side."""
        if self.bridge is not None:
            self.bridge.leave()

    def mute(self, on: bool) -> None:
        """Whether the client does not hear the agent."""
        if self.bridge is not None:
            self.bridge.mute(on)

    def hold(self, on: bool) -> None:
        """Whether the client hears music, and neither hears the other; while somebody is asked, the client waits."""
        if self.bridge is not None and self.asking is None:
            self.bridge.hold(on)
