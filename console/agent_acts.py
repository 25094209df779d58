"""What the person at an agent's page does there: with a call, with a colleague, as a supervisor."""

from __future__ import annotations

import asyncio

from campaign.calls.feed import LiveCall
from campaign.handover.colleagues import Consultations
from campaign.handover.consulting import extension_of
from campaign.handover.duty import CHOSEN, Presence, RosterError
from campaign.handover.seats import Seat
from campaign.handover.supervising import Mode
from console.access import SignedIn
from console.agent_messages import (
    Answer,
    AnyAct,
    Choose,
    Consult,
    Dial,
    PassOn,
    Plain,
    Reply,
    Supervise,
    Switch,
    Write,
)
from console.agent_sitting import Sitting
from console.desk import AgentLines, Desk
from models import audit
from rules import Post


class PageActs:
    """What the person at one page may do."""

    def __init__(self, desk: Desk, lines: AgentLines, sitting: Sitting, me: SignedIn) -> None:
        self._desk, self._lines, self._sitting, self._me = desk, lines, sitting, me

    @property
    def _seat(self) -> Seat:
        return self._sitting.on_duty

    async def act(self, act: AnyAct) -> None:
        """Do what the page says; raises RosterError, FormError, EndRefused, PeopleError, TelephonyError."""
        seat = self._seat
        match act:
            case Choose():
                self._choose(act.presence)
            case Reply():
                self._reply(act)
            case Switch(kind="mute"):
                seat.mute(act.on)
            case Switch():
                seat.hold(act.on)
            case Answer():
                await self._answer(act)
            case Write():
                await self._write(act)
            case _:
                await self._act_on_others(act)

    async def _act_on_others(self, act: Plain | PassOn | Consult | Dial | Supervise) -> None:
        match act:
            case Plain(kind="hang_up"):
                await self._hang_up()
            case Plain(kind="colleagues"):
                self._sitting.say({"kind": "colleagues", "colleagues": self._colleagues()})
            case Plain(kind="consult_back"):
                self._consultations.back(self._seat)
            case Plain(kind="consult_leave"):
                self._consultations.leave(self._seat)
            case Plain():
                self._sitting.end()
            case Consult():
                self._consultations.ask(self._seat, act.number)
            case PassOn():
                self._pass_on(act.number)
            case Dial():
                await self._dial(act)
            case Supervise():
                await self._supervise(act)

    def _pass_on(self, number: str) -> None:
        asked = self._lines.consultations
        if asked is not None and number in asked.extensions:
            asked.ask(self._seat, number, through=True)
            return
        if self._seat.dials:
            raise RosterError("自己拨打的通话请先咨询，再转给对方")
        self._lines.roster.pass_on(self._seat, number)

    def _choose(self, presence: Presence) -> None:
        allowed = CHOSEN if self._me.holds(Post.AGENT) else ()
        watching = (Presence.WATCHING,) if self._me.holds(Post.MANAGER) else ()
        if presence not in (*allowed, *watching):
            raise RosterError("不能选择这个状态")
        self._lines.roster.set_presence(self._seat, presence)
        self._sitting.chosen = presence

    @property
    def _consultations(self) -> Consultations:
        if self._lines.consultations is None:
            raise RosterError("本机构没有启用咨询")
        return self._lines.consultations

    def _reply(self, act: Reply) -> None:
        seat, roster, taken = self._seat, self._lines.roster, act.kind == "accept"
        if taken and seat.ring != act.ring:
            raise RosterError("这个来电已由其他坐席接听，或者已经结束")
        asked = self._lines.consultations
        if asked is not None and asked.reply(seat, act.ring, accept=taken):
            return
        reply = roster.accept if taken else roster.decline
        reply(seat, act.ring)

    async def _hang_up(self) -> None:
        """End the call; of who consults or is consulted the consultation alone: the client's call goes on."""
        asked = self._lines.consultations
        if asked is not None and (asked.back(self._seat) or asked.hang_up(self._seat)):
            return
        if self._lines.by_hand is not None:
            await self._lines.by_hand.hang_up(self._seat)
        else:
            self._seat.hang_up()

    def _colleagues(self) -> list[dict[str, str]]:
        others = (seat for seat in self._lines.roster.on_duty() if seat is not self._seat)
        found = [{"number": one.agent.number, "name": one.agent.name, "presence": one.presence.value} for one in others]
        extensions = self._lines.consultations.extensions if self._lines.consultations is not None else ()
        return found + [{"number": each, "name": f"分机 {extension_of(each)}", "presence": ""} for each in extensions]

    async def _answer(self, act: Answer) -> None:
        if self._lines.by_hand is not None and self._lines.by_hand.has(self._seat):
            await self._lines.by_hand.give(self._seat, act.node, act.value, act.words)
        else:
            self._seat.give(act.node, act.value, act.words)

    async def _write(self, act: Write) -> None:
        wrap = act.wrapped()
        if self._lines.by_hand is not None and self._lines.by_hand.has(self._seat):
            await self._lines.by_hand.record(self._seat, wrap)
            return
        sheet = self._seat.wanted.sheet if self._seat.wanted is not None else None
        wrap.check(complete=sheet is not None and sheet.complete, now=self._desk.clock.now())
        self._lines.roster.wrap_up(self._seat, wrap)

    async def _dial(self, act: Dial) -> None:
        if self._lines.by_hand is None or not self._me.holds(Post.AGENT):
            raise RosterError("本机构没有启用网页拨号")
        await self._lines.by_hand.dial(self._seat, act.task, consent=act.consent)

    async def _supervise(self, act: Supervise) -> None:
        """The audit log first: nobody listens unseen."""
        supervisors = self._lines.supervisors
        if supervisors is None or not self._me.holds(Post.MANAGER):
            raise RosterError("只有管理岗可以监听、耳语、强插和接管")
        if act.mode == "stop":
            await supervisors.stop(self._seat)
            return
        if (carried := self._desk.feed.elsewhere(act.call_id)) is not None:
            raise RosterError(_carried_elsewhere(carried))
        await asyncio.to_thread(self._log, act)
        match act.mode:
            case Mode.LISTEN:
                await supervisors.listen(self._seat, act.call_id)
            case Mode.TAKE_OVER:
                await supervisors.take_over(self._seat, act.call_id)
            case mode:
                await supervisors.speak(self._seat, act.call_id, mode)

    def _log(self, act: Supervise) -> None:
        with self._desk.database.write() as session:
            audit.note(session, self._me.staff_id, audit.Act(f"supervised_{act.mode}"), act.call_id)


def _carried_elsewhere(call: LiveCall) -> str:
    """Why a call of another process cannot be supervised here, and where it can."""
    where = f"请到它的控制台 {call.console} 监听或接管" if call.console else "它没有公布控制台地址，不能监听或接管"
    return f"这通电话由 {call.process} 承载，{where}"
