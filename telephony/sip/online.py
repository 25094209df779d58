"""A call that is on the line: its leg, its way, and what may be asked of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from telephony.errors import NotNow
from telephony.legs import Places
from telephony.medialeg import MediaLeg
from telephony.rtp.quality import CallQuality
from telephony.sip.hop import Hop
from telephony.sip.road import Road
from telephony.sip.session import Session
from telephony.sip.sipleg import Control
from telephony.sip.sipline import SipLine


class Signalling(Protocol):
    """The call behind it, ours or theirs."""

    session: Session | None

    def hang_up(self, now: float) -> None: ...


@dataclass(slots=True, eq=False)
class OnLine:
    """A call with its deadlines and what has been tried for it; a `Control`, on the media loop."""

    leg: MediaLeg
    caller: asyncio.AbstractEventLoop  # who reads its events
    number: str
    ring_seconds: float
    places: Places | None = None  # whose word it needs before it goes out; None: nobody's
    tried: dict[Road, set[Hop]] = field(default_factory=dict)  # machines of the roads
    given_up: set[Road] = field(default_factory=set)  # roads that are not tried again for this call
    road: Road | None = None
    line: SipLine | None = None
    call: Signalling | None = None
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def carry(self, road: Road, line: SipLine, call: Signalling) -> None:
        """Be carried by this call from now on."""
        self.road, self.line, self.call = road, line, call
        line.hang_up = lambda: road.act(call.hang_up)

    def press(self, keys: str) -> bool:
        return self.line is not None and self.line.stream.press(keys)

    def hold(self, on: bool) -> None:
        road, session = self._answered()
        session.hold(on, time.monotonic())
        road.flush()

    def refer(self, target: str, replaced: Control | None, told: Callable[[int], None]) -> None:
        road, session = self._answered()
        if self.line is not None:
            self.line.referred = told
        other = replaced._answered()[1].dialog if isinstance(replaced, OnLine) else None
        session.refer(target, other, time.monotonic())
        road.flush()

    def quality(self) -> CallQuality | None:
        return self.line.stream.quality() if self.line is not None else None

    def _answered(self) -> tuple[Road, Session]:
        session = self.call.session if self.call is not None else None
        if self.road is None or session is None:
            raise NotNow("the call is not answered, or over")
        return self.road, session
