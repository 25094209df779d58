"""A supervisor (管理岗) on somebody else's call: listens in, whispers to the agent, barges in, takes it over."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from campaign.handover.agents import Roster
from campaign.handover.duty import Presence, RosterError, Supervised, Supervising
from campaign.handover.roads import LiveLines, OnLine
from campaign.handover.seats import Seat
from telephony.bridge import Bridge, BridgeEnd, Joinable
from telephony.hearing import Part
from telephony.mixing import ListeningIn


class Mode(StrEnum):
    """What a supervisor does on a call."""

    LISTEN = "listen"  # 监听: both sides are heard, nobody hears the supervisor
    WHISPER = "whisper"  # 耳语: the agent alone hears the supervisor
    BARGE = "barge"  # 强插: everybody does
    TAKE_OVER = "take_over"  # 接管: the supervisor is the agent from now on


_PARTS = {Mode.WHISPER: Part.WHISPERER, Mode.BARGE: Part.BARGER}


@dataclass(slots=True, eq=False)
class _Watch:
    """One supervisor on one call."""

    seat: Seat
    way: OnLine
    leg: Joinable
    ear: ListeningIn
    mode: Mode = Mode.LISTEN
    bridge: Bridge | None = None  # that the supervisor speaks on
    agent: Seat | None = None  # who hears it
    course: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Supervisors:
    """The supervisors on duty and the calls that they are on; one call each."""

    roster: Roster
    lines: LiveLines
    _watches: dict[str, _Watch] = field(default_factory=dict)
    _serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def listen(self, seat: Seat, call_id: str) -> None:
        """Listen to a call; from a call that the supervisor already is on, only the speaking ends. Raises RosterError.

        Nobody on the line is told.
        """
        watch = self._watches.get(seat.agent.number)
        if watch is not None and watch.way.client.call_id == call_id:
            self._hush(watch)
        else:
            await self.stop(seat)
            watch = await self._open(seat, self._way(seat, call_id))
        self._set(watch, Mode.LISTEN)

    async def speak(self, seat: Seat, call_id: str, mode: Mode) -> None:
        """Whisper to the agent of a call, or barge in; raises RosterError while the bot talks."""
        self._talk_on(call_id)
        watch = self._watches.get(seat.agent.number)
        if watch is None or watch.way.client.call_id != call_id:
            await self.stop(seat)
            watch = await self._open(seat, self._way(seat, call_id))
            self._set(watch, Mode.LISTEN)
        agent, bridge, talk = self._talk_on(call_id)  # it may have ended meanwhile, or is somebody else's
        watch.way.client.overhear(watch.ear, False)
        if watch.bridge is not bridge:
            talk.add_done_callback(lambda _: self._talk_is_over(watch, bridge))
        watch.bridge, watch.agent = bridge, agent
        bridge.admit(watch.leg, _PARTS[mode])
        agent.tell(Supervised(mode.value))
        self._set(watch, mode)

    async def take_over(self, seat: Seat, call_id: str) -> None:
        """Be the agent of a call from now on, in place of the bot or of the agent; raises RosterError."""
        way, agent = self._way(seat, call_id), self._agent_on(call_id)
        if agent is None and way.waiting:
            raise RosterError("客户正在等候坐席：可以请坐席接听，或稍后再接管")
        await self.stop(seat)
        if agent is not None:
            self.roster.pass_on(agent, seat.agent.number, at_once=True)
        elif not way.take_over(seat.agent.number):
            raise RosterError("现在不能接管：通话还没有接通，或者正在结束")

    async def stop(self, seat: Seat, why: str = "") -> None:
        """Leave the call, which goes on; nothing happens where the supervisor is on none."""
        watch = self._watches.pop(seat.agent.number, None)
        if watch is None:
            return
        self._hush(watch)
        watch.way.client.overhear(watch.ear, False)
        if watch.course is not None and watch.course is not asyncio.current_task():
            watch.course.cancel()
        await watch.leg.hang_up()
        seat.tell(Supervising("", why=why))

    def _way(self, seat: Seat, call_id: str) -> OnLine:
        way = self.lines.find(call_id)
        if way is None:
            raise RosterError("这通电话已经结束")
        if {seat.agent.number, seat.agent.name} & way.barred:
            raise RosterError("您与这位客户有利益关系，不能参与这通电话（§6.3）")
        if seat.ring or seat.talking or seat.wrapping is not None or seat.presence is Presence.FREE:
            raise RosterError("请先转为忙碌、小休或督导，并结束手上的通话")
        return way

    async def _open(self, seat: Seat, way: OnLine) -> _Watch:
        """Open the supervisor's audio onto a call; raises RosterError."""
        leg = await seat.open_audio(f"{way.client.call_id}-s{next(self._serial)}")
        if leg is None:
            raise RosterError("您的语音没有接通，请重新上线")
        watch = self._watches[seat.agent.number] = _Watch(seat, way, leg, ListeningIn())
        leg.join(watch.ear)
        way.client.overhear(watch.ear)
        watch.course = asyncio.create_task(self._follow(watch), name="supervisor")
        return watch

    async def _follow(self, watch: _Watch) -> None:
        """Leave with the client, or with the supervisor's own line."""
        client = asyncio.create_task(watch.way.client.ended())
        own = asyncio.create_task(watch.leg.ended())
        try:
            watched: set[asyncio.Future[Any]] = {client, own}
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            await self.stop(watch.seat, "通话已经结束" if client.done() else "您的语音已经断开")
        finally:
            client.cancel()
            own.cancel()

    def _talk_is_over(self, watch: _Watch, bridge: Bridge) -> None:
        """The talk that a supervisor spoke on is over; whoever comes next, the supervisor listens."""
        if watch.bridge is bridge and self._watches.get(watch.seat.agent.number) is watch:
            self._hush(watch)
            self._set(watch, Mode.LISTEN)

    def _hush(self, watch: _Watch) -> None:
        """Speak no more, and listen from outside."""
        if watch.bridge is not None:
            watch.bridge.dismiss(watch.leg)
        if watch.agent is not None:
            watch.agent.tell(Supervised(""))
        watch.bridge = watch.agent = None
        watch.leg.join(watch.ear)
        watch.way.client.overhear(watch.ear)

    def _set(self, watch: _Watch, mode: Mode) -> None:
        watch.mode = mode
        watch.seat.tell(Supervising(watch.way.client.call_id, mode.value))

    def _talk_on(self, call_id: str) -> tuple[Seat, Bridge, asyncio.Task[BridgeEnd]]:
        """The talk of an agent that goes on in a call; raises RosterError where there is none."""
        agent = self._agent_on(call_id)
        if agent is None or agent.bridge is None or agent.talk is None:
            raise RosterError("现在是机器人在通话，或者坐席刚刚离开：可以监听或接管")
        return agent, agent.bridge, agent.talk

    def _agent_on(self, call_id: str) -> Seat | None:
        """Who talks on a call."""
        on_duty = self.roster.on_duty()
        return next((one for one in on_duty if one.bridge and one.bridge.client.call_id == call_id), None)
