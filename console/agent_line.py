"""The WebSocket of an agent's page: signing on, coming back, and the messages each way."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from bot.form import FormError
from campaign.calls.call_ends import EndRefused
from campaign.handover.duty import CHOSEN, Presence, RosterError
from campaign.handover.talks import Agent
from campaign.other_ways.people import PeopleError
from console.access import SignedIn, posts, signed_in
from console.agent_acts import PageActs
from console.agent_messages import ACT, FIRST, SignOn
from console.agent_sitting import Sitting
from console.desk import AgentLines, Desk
from rules import Post
from telephony.browser import BrowserPhone
from telephony.errors import BrowserRefused, TelephonyError

log = logging.getLogger(__name__)

_MESSAGE_CHARACTERS = 80_000
_SIGN_ON_SECONDS = 30.0

router = APIRouter()


@router.websocket("/agent/line", dependencies=[posts(Post.AGENT, Post.MANAGER)])
async def line(socket: WebSocket) -> None:
    """One agent's or supervisor's page, from signing on to closing it."""
    desk: Desk = socket.app.state.desk
    if desk.agents is None:
        await socket.close(1008)
        return
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        await _serve(socket, desk, desk.agents)


async def _serve(socket: WebSocket, desk: Desk, lines: AgentLines) -> None:
    me = signed_in(socket)
    try:
        async with asyncio.timeout(_SIGN_ON_SECONDS):
            sitting = await _begin(socket, lines, me)
    except TimeoutError:
        await _refuse(socket, "浏览器没有及时连上语音服务，请刷新页面再试")
        return
    if sitting is None:
        return
    try:
        await sitting.serve(socket, _obey(socket, desk, lines, sitting, me), _tell_calls(desk, sitting, me))
    except RosterError as error:
        await _refuse(socket, str(error), elsewhere=True)
    else:
        with contextlib.suppress(RuntimeError):  # the page is gone too
            await socket.close(1000)


async def _begin(socket: WebSocket, lines: AgentLines, me: SignedIn) -> Sitting | None:
    """The sitting of a page that comes or comes back; None where it was refused and told why."""
    while True:
        try:
            wish = FIRST.validate_json(await _receive(socket))
        except ValidationError:
            await _refuse(socket, "登录信息不完整，请刷新页面再试")
            return None
        if isinstance(wish, SignOn):
            return await _sign_on(socket, lines, me, wish)
        found = lines.sittings.find(wish.token, me.staff_id)
        if found is not None:
            return found
        await socket.send_json({"kind": "renew"})  # the voice is gone: the page makes a new offer


async def _sign_on(socket: WebSocket, lines: AgentLines, me: SignedIn, wish: SignOn) -> Sitting | None:
    before = lines.sittings.find(wish.token, me.staff_id)
    if before is not None:  # the same page, with a new voice: the old one is dead, whatever we know of it
        before.end()
        await before.phone.close()
    try:
        phone, answer = await lines.browsers.answer(wish.sdp)
    except BrowserRefused as error:
        log.warning("agent %s's browser was refused: %s", me.number, error)
        await _refuse(socket, "浏览器的语音不能使用：请用新版浏览器，并允许使用麦克风")
        return None
    try:
        await socket.send_json({"kind": "answer", "sdp": answer, "name": me.name})
        if not await phone.connected():
            await _refuse(socket, "语音连接没有接通：请检查本机网络和防火墙（UDP）")
            return None
        return await _seated(socket, lines, me, phone, wish)
    except BaseException:
        await phone.close()
        raise


async def _seated(
    socket: WebSocket, lines: AgentLines, me: SignedIn, phone: BrowserPhone, wish: SignOn
) -> Sitting | None:
    presence = _presence(me, wish.presence)
    agent = Agent(me.staff_id, me.number, me.name)
    sitting = Sitting(lines.roster, agent, phone, wish.token, presence, presence, by_hand=lines.by_hand)
    try:
        sitting.sign_on(instead=wish.instead)
    except RosterError as error:
        await phone.close()
        await _refuse(socket, str(error), elsewhere=True)
        return None
    lines.sittings.enter(sitting)
    return sitting


def _presence(me: SignedIn, wanted: Presence | None) -> Presence:
    """What somebody is who goes on duty; who is no agent only watches."""
    if not me.holds(Post.AGENT):
        return Presence.WATCHING
    return wanted if wanted in CHOSEN else Presence.FREE


async def _refuse(socket: WebSocket, why: str, *, elsewhere: bool = False) -> None:
    with contextlib.suppress(RuntimeError):  # the page is gone too
        await socket.send_json({"kind": "refused", "why": why, "elsewhere": elsewhere})
        await socket.close(1000)


async def _receive(socket: WebSocket) -> str:
    text = await socket.receive_text()
    if len(text) > _MESSAGE_CHARACTERS:
        raise WebSocketDisconnect(1009)
    return text


async def _tell_calls(desk: Desk, sitting: Sitting, me: SignedIn) -> None:
    """Tell a supervisor of the calls on the line as they change."""
    if me.holds(Post.MANAGER):
        async with contextlib.aclosing(desk.feed.watch_for_pages()) as news:
            async for one in news:
                sitting.say(one | {"kind": "live"})
    await asyncio.Event().wait()


async def _obey(socket: WebSocket, desk: Desk, lines: AgentLines, sitting: Sitting, me: SignedIn) -> None:
    page = PageActs(desk, lines, sitting, me)
    while True:
        try:
            await page.act(ACT.validate_json(await _receive(socket)))
        except (RosterError, FormError, EndRefused, PeopleError) as error:
            sitting.say({"kind": "error", "why": str(error)})
        except TelephonyError as error:
            log.warning("agent %s could not dial: %s", me.number, error)
            sitting.say({"kind": "error", "why": "线路暂时不能拨出，请稍后再试"})
        except ValidationError:
            sitting.say({"kind": "error", "why": "页面和服务器版本不一致，请刷新页面"})
