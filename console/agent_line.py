"""What an agent's page and the server say to each other over one WebSocket, as JSON; and the seat behind it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from campaign.handover.agents import Roster, Seat
from campaign.handover.duty import (
    News,
    Presence,
    PresenceChanged,
    QueueChanged,
    RingEnded,
    Rings,
    RosterError,
    TalkEnded,
)
from campaign.handover.talks import Agent
from console.access import posts, signed_in
from console.desk import AgentLines, Desk
from rules import Post
from telephony.browser import BrowserPhone
from telephony.errors import BrowserRefused

log = logging.getLogger(__name__)

_WAITING = 100  # messages that a page has not taken
_MESSAGE_CHARACTERS = 80_000
_SIGN_ON_SECONDS = 30.0

router = APIRouter()


class SignOn(BaseModel):
    """The first message: the browser's offer; who it is says the session."""

    kind: Literal["sign_on"]
    sdp: str


class Choose(BaseModel):
    """空闲, 忙碌 or 小休."""

    kind: Literal["presence"]
    presence: Presence


class Reply(BaseModel):
    """To a call that rings."""

    kind: Literal["accept", "decline"]
    ring: str


class HangUp(BaseModel):
    """End the talk."""

    kind: Literal["hang_up"]


class Switch(BaseModel):
    """Mute the microphone towards the client, or hold the call."""

    kind: Literal["mute", "hold"]
    on: bool


Act: TypeAlias = Annotated[Choose | Reply | HangUp | Switch, Field(discriminator="kind")]
_ACT: TypeAdapter[Choose | Reply | HangUp | Switch] = TypeAdapter(Act)


def told(news: News) -> dict[str, Any]:
    """The message for a page."""
    match news:
        case Rings():
            return {"kind": "rings", "ring": news.ring, "seconds": news.seconds, "briefing": asdict(news.briefing)}
        case RingEnded():
            return {"kind": "ring_ended", "ring": news.ring, "why": news.why.value}
        case TalkEnded():
            return {"kind": "talk_ended", "ring": news.ring, "why": news.why}
        case PresenceChanged():
            return {"kind": "presence", "presence": news.presence.value}
        case QueueChanged():
            return {"kind": "queue", "waiting": news.waiting}


@router.websocket("/agent/line", dependencies=[posts(Post.AGENT)])
async def line(socket: WebSocket) -> None:
    """One agent's page, from signing on to closing it."""
    desk: Desk = socket.app.state.desk
    if desk.agents is None:
        await socket.close(1008)
        return
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        await _serve(socket, desk.agents)


async def _serve(socket: WebSocket, lines: AgentLines) -> None:
    agent, phone = None, None
    try:
        async with asyncio.timeout(_SIGN_ON_SECONDS):
            agent, phone = await _sign_on(socket, lines)
        if phone is not None and agent is not None:
            await _sit(socket, lines.roster, agent, phone)
    except TimeoutError:
        await _refuse(socket, "浏览器没有及时连上语音服务，请刷新页面再试")
    finally:
        if phone is not None:
            await phone.close()


async def _sign_on(socket: WebSocket, lines: AgentLines) -> tuple[Agent | None, BrowserPhone | None]:
    """The agent with a connected phone; (None, None) where the page was refused and told why."""
    try:
        wish = SignOn.model_validate_json(await _receive(socket))
    except ValidationError:
        return await _refuse(socket, "登录信息不完整，请刷新页面再试")
    me = signed_in(socket)
    agent = Agent(me.staff_id, me.number, me.name)
    try:
        phone, answer = await lines.browsers.answer(wish.sdp)
    except BrowserRefused as error:
        log.warning("agent %s's browser was refused: %s", agent.number, error)
        return await _refuse(socket, "浏览器的语音不能使用：请用新版浏览器，并允许使用麦克风")
    await socket.send_json({"kind": "answer", "sdp": answer, "name": agent.name})
    if not await phone.connected():
        return await _refuse(socket, "语音连接没有接通：请检查本机网络和防火墙（UDP）")
    return agent, phone


async def _refuse(socket: WebSocket, why: str) -> tuple[None, None]:
    await socket.send_json({"kind": "refused", "why": why})
    await socket.close(1000)
    return None, None


async def _sit(socket: WebSocket, roster: Roster, agent: Agent, phone: BrowserPhone) -> None:
    """On duty until the page or its audio is gone; a talk goes on while the audio lives."""
    outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_WAITING)
    try:
        seat = roster.sign_on(agent, phone, _posting(outbox))
    except RosterError as error:
        await _refuse(socket, str(error))
        return
    outbox.put_nowait(told(PresenceChanged(seat.presence)))
    outbox.put_nowait(told(QueueChanged(roster.waiting)))
    gone = asyncio.create_task(phone.gone())
    try:
        await _first(_send(socket, outbox), _obey(socket, roster, seat, outbox), _wait(gone))
        with contextlib.suppress(RuntimeError):  # the page is gone too
            await _refuse(socket, "语音连接已经断开，请重新上线")
    finally:
        roster.sign_off(seat)
        if seat.talk is not None:
            await asyncio.wait({seat.talk, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()


def _posting(outbox: asyncio.Queue[dict[str, Any]]) -> Callable[[News], None]:
    def post(news: News) -> None:
        if outbox.full():  # a page that takes nothing is as good as closed: its pings will tell
            outbox.get_nowait()
        outbox.put_nowait(told(news))

    return post


async def _first(*acts: Coroutine[Any, Any, None]) -> None:
    """Run until the first of them ends, and end the others; raises what that one raised."""
    tasks = [asyncio.create_task(act) for act in acts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _wait(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)


async def _send(socket: WebSocket, outbox: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        await socket.send_json(await outbox.get())


async def _receive(socket: WebSocket) -> str:
    text = await socket.receive_text()
    if len(text) > _MESSAGE_CHARACTERS:
        raise WebSocketDisconnect(1009)
    return text


async def _obey(socket: WebSocket, roster: Roster, seat: Seat, outbox: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        try:
            _act(roster, seat, _ACT.validate_json(await _receive(socket)))
        except RosterError as error:
            outbox.put_nowait({"kind": "error", "why": str(error)})
        except ValidationError:
            outbox.put_nowait({"kind": "error", "why": "页面和服务器版本不一致，请刷新页面"})


def _act(roster: Roster, seat: Seat, act: Choose | Reply | HangUp | Switch) -> None:
    match act:
        case Choose():
            roster.set_presence(seat, act.presence)
        case Reply(kind="accept"):
            roster.accept(seat, act.ring)
        case Reply():
            roster.decline(seat, act.ring)
        case HangUp():
            roster.hang_up(seat)
        case Switch(kind="mute"):
            roster.mute(seat, act.on)
        case Switch():
            roster.hold(seat, act.on)
