"""The SIP dialer's inside, on the media loop: trunks in order of preference, calls, failover between them."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Literal

from telephony.errors import NotNow, SipError, TrunkUnavailable
from telephony.floor import Floor
from telephony.legs import HangupCause, Places
from telephony.medialeg import MediaLeg, Phase
from telephony.rtp.srtp import KEY_BYTES
from telephony.sip.alarms import Intervals
from telephony.sip.caps import Verdict
from telephony.sip.events import CallEvent, Ender, Listener, Over
from telephony.sip.failover import is_trunk_failure
from telephony.sip.hop import Hop
from telephony.sip.incoming import Incoming
from telephony.sip.mediaport import MediaPort
from telephony.sip.offers import Ours
from telephony.sip.online import OnLine
from telephony.sip.outgoing import Placing
from telephony.sip.road import Road, open_road
from telephony.sip.sipline import Failed, SipLine
from telephony.sip.trunk import Trunk

log = logging.getLogger(__name__)

_GOODBYE_STEPS, _GOODBYE_STEP_SECONDS = 100, 0.02  # for BYEs to be answered when the dialer closes


class Board:
    """Every method runs on the media loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, roads: list[Road]) -> None:
        self._loop = loop
        self.roads = roads
        self.floor = Floor(loop, self._left)
        self._calls: dict[MediaLeg, OnLine] = {}

    # Calls that we place

    def place(self, call: OnLine) -> None:
        """Place a call on the first trunk that takes it."""
        self._calls[call.leg] = call
        self.floor.enter(call.leg, call.caller)
        call.timers.append(self._loop.call_later(call.ring_seconds, self._expect_answer, call))
        self._try_next(call)

    def _try_next(self, call: OnLine) -> None:
        if call.leg.phase is Phase.OVER:
            return
        now, waits = time.monotonic(), []
        for road in self._preferred():
            if road in call.given_up:
                continue
            admission = road.caps.admit(now)
            if admission.verdict is Verdict.GO:
                if call.places is None:
                    self._start(call, road, now)
                else:
                    self._ask(call, road, call.places)
                return
            if admission.verdict is Verdict.WAIT and admission.at is not None:
                waits.append(admission.at)
        if waits:
            call.timers.append(self._loop.call_later(max(0.0, min(waits) - now), self._try_next, call))
        else:
            call.leg.fail("no trunk takes the call: each is full, paused or has failed it")

    def _ask(self, call: OnLine, road: Road, places: Places) -> None:
        """Start the call on a road when whoever shares its caps agrees."""

        def told(answer: Future[bool]) -> None:
            agreed = not answer.cancelled() and answer.exception() is None and answer.result()
            with suppress(RuntimeError):  # the media loop has closed meanwhile
                self._loop.call_soon_threadsafe(self._told, call, road, agreed and places.fresh)

        asked = places.take(road.trunk.name)
        try:
            asyncio.run_coroutine_threadsafe(asked, call.caller).add_done_callback(told)
        except RuntimeError:  # whoever dialled is gone
            asked.close()
            call.leg.fail("nobody is there any more to make the call for")

    def _told(self, call: OnLine, road: Road, fresh: Callable[[], bool] | Literal[False]) -> None:
        if call.leg.phase is Phase.OVER:
            return
        now = time.monotonic()
        if not fresh:
            call.given_up.add(road)
        elif fresh() and road.caps.admit(now).verdict is Verdict.GO:
            self._start(call, road, now)
            return
        self._try_next(call)

    def _preferred(self) -> list[Road]:
        """The trunks that are alive; all of them when none seems to be."""
        return [road for road in self.roads if road.alive] or self.roads

    def _start(self, call: OnLine, road: Road, now: float) -> None:
        tried = call.tried.setdefault(road, set())
        hop = road.machines.pick(now, tried) or road.machines.current(now)
        tried.add(hop)
        made = self._line(call, road, lambda over: self._fail_over(call, road, hop, over))
        if made is None:
            return
        line, ours = made
        road.caps.start(now)
        trunk = road.trunk
        placing = Placing(trunk.address_of(call.number), hop, trunk.caller, ours, name=call.leg.call_id)
        call.carry(road, line, road.agent.place(road.authenticator, placing, _counted(road, line), now))
        road.flush()

    def _fail_over(self, call: OnLine, road: Road, hop: Hop, over: Over) -> bool:
        """Another machine of the trunk takes over (RFC 3263 §4.3), or another trunk; whether one is left to try."""
        if not is_trunk_failure(over):
            return False
        now = time.monotonic()
        silent = over.status == 503 or (over.ender is Ender.FAULT and over.status is None)
        if silent:
            road.machines.fail(hop, now)
        if not silent or road.machines.pick(now, call.tried[road]) is None:
            call.given_up.add(road)
        if len(call.given_up) >= len(self.roads) or call.line is None:
            return False
        log.warning("trunk %s failed call %s: %s; the next one tries", road.trunk.name, call.leg.call_id, over.reason)
        call.line.abandon()
        self._loop.call_soon(self._try_next, call)
        return True

    def _expect_answer(self, call: OnLine) -> None:
        if call.leg.phase < Phase.ANSWERED:
            call.leg.end(HangupCause.TIMED_OUT)

    # Calls that come

    def accept(self, incoming: Incoming, road: Road, call: OnLine) -> None:
        """Answer a call that came."""
        self._calls[call.leg] = call
        self.floor.enter(call.leg, call.caller)
        made = self._line(call, road, lambda _: False)
        if made is None:
            road.act(lambda now: incoming.refuse(503, now))
            return
        line, ours = made
        call.carry(road, line, incoming)
        now = time.monotonic()
        road.caps.start(now)
        incoming.tell = _counted(road, line)
        try:
            incoming.answer(ours, now)
        except NotNow:  # its caller gave up
            road.caps.end(False, now)
            call.leg.end(HangupCause.NO_ANSWER)
        except SipError as error:
            call.leg.fail(str(error))
        road.flush()

    # Both

    def _line(self, call: OnLine, road: Road, failed: Failed) -> tuple[SipLine, Ours] | None:
        """Ports and a stream for a call; None (and the leg has ended) where there are none."""
        try:
            port = MediaPort(self._loop, road.host)
        except TrunkUnavailable as error:
            call.leg.fail(str(error))
            return None
        line = SipLine(call.leg, port, road.address, failed)
        call.leg.connect(line)
        self.floor.start_clock()
        ours = Ours(
            road.agent.local.host, port.port, session_id=int(time.monotonic() * 1000),
            key=secrets.token_bytes(KEY_BYTES), secure=road.trunk.srtp,
        )  # fmt: skip
        return line, ours

    def _left(self, leg: MediaLeg) -> None:
        if call := self._calls.pop(leg, None):
            for timer in call.timers:
                timer.cancel()

    async def close(self) -> None:
        """End every call, wait a moment for the far ends, leave."""
        await self.floor.end_all()
        for road in self.roads:
            road.leave()
        for _ in range(_GOODBYE_STEPS):
            if not any(road.agent.layer.asking for road in self.roads):
                break
            await asyncio.sleep(_GOODBYE_STEP_SECONDS)
        for road in self.roads:
            road.close()
        self.floor.close()


def _counted(road: Road, line: SipLine) -> Listener:
    """The listener of a call that its trunk counts."""

    def hear(event: CallEvent, now: float) -> None:
        if isinstance(event, Over) and road.caps.end(is_trunk_failure(event), now):
            road.paused_why = event.reason
            log.warning("trunk %s is paused: too many of its calls fail (%s)", road.trunk.name, event.reason)
        line.hear(event, now)

    return hear


async def open_board(trunks: tuple[Trunk, ...], intervals: Intervals) -> Board:
    """Listen for every trunk; raises `TrunkUnavailable`."""
    loop = asyncio.get_running_loop()
    roads: list[Road] = []
    try:
        for trunk in trunks:
            roads.append(await open_road(loop, trunk, intervals))
    except (OSError, TrunkUnavailable) as error:
        for road in roads:
            road.close()
        if isinstance(error, TrunkUnavailable):
            raise
        raise TrunkUnavailable(f"trunk {trunk.name} cannot be reached ({error}): check its host name") from error
    return Board(loop, roads)
