"""Talk with a script here and now, with the browser for a telephone (在浏览器里试一试)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Literal

from fastapi import APIRouter, Request, Response, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field, ValidationError

from bot.errors import ConversationError, ScriptError
from bot.moves import Action, Event, Heard, Pressed, Say
from campaign.calls.trying import TooManyTrials
from campaign.masking import kind_and_place
from campaign.to_the_end import called_off
from console.access import everybody
from console.desk import Desk, TryLines, desk_of
from console.render import page
from speech.errors import SpeechError
from telephony.browser import BrowserPhone
from telephony.errors import BrowserRefused

log = logging.getLogger(__name__)

_BEGIN_SECONDS = 30.0
_WAITING = 200  # lines that the page has not taken

router = APIRouter()


class Begin(BaseModel):
    """The only message of the page: which script, and the browser's offer."""

    kind: Literal["try"]
    script: str = Field(max_length=60)
    sdp: str = Field(max_length=80_000)


@router.get("/try", dependencies=[everybody])
def show(request: Request) -> Response:
    """The scripts in use, and a button."""
    trial = desk_of(request).trial
    return page(request, "try.html", scripts=trial.trials.scripts() if trial is not None else {})


@router.websocket("/try/line", dependencies=[everybody])
async def line(socket: WebSocket) -> None:
    """One conversation; closing the socket hangs up."""
    desk: Desk = socket.app.state.desk
    if desk.trial is None:
        await socket.close(1008)
        return
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the page is closed
        await _end(socket, await _converse(socket, desk.trial))


async def _end(socket: WebSocket, why: str) -> None:
    await socket.send_json({"kind": "ended", "why": why})
    await socket.close(1000)


async def _converse(socket: WebSocket, lines: TryLines) -> str:
    """Hold the conversation; why it ended, for the page."""
    try:
        async with asyncio.timeout(_BEGIN_SECONDS):
            wish = Begin.model_validate_json(await socket.receive_text())
            phone, answer = await lines.browsers.answer(wish.sdp)
    except (ValidationError, TimeoutError):
        return "页面和服务器版本不一致，请刷新页面"
    except BrowserRefused:
        return "浏览器的语音不能使用：请用新版浏览器，并允许使用麦克风"
    try:
        await socket.send_json({"kind": "answer", "sdp": answer})
        if not await phone.connected():
            return "语音连接没有接通：请检查本机网络和防火墙（UDP）"
        return await _talk(socket, lines, phone, wish.script)
    finally:
        await phone.close()


async def _talk(socket: WebSocket, lines: TryLines, phone: BrowserPhone, name: str) -> str:
    outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_WAITING)

    def note(move: Event | Action, _at_ms: int) -> None:
        if (told := _told(move)) and not outbox.full():
            outbox.put_nowait(told)

    leg = phone.call("try")
    talking = asyncio.create_task(lines.trials.hold(leg, name, note), name="trial")
    sending = asyncio.create_task(_send(socket, outbox))
    closing = asyncio.create_task(socket.receive())
    try:
        await asyncio.wait({talking, closing}, return_when=asyncio.FIRST_COMPLETED)
        if not talking.done():
            await leg.hang_up()
        return await _outcome(talking)
    finally:
        await called_off(talking, sending, closing)
        await leg.hang_up()


async def _outcome(talking: asyncio.Task[None]) -> str:
    try:
        await talking
    except TooManyTrials:
        return "正在试用的人太多，请稍后再试"
    except ScriptError as error:
        return str(error)
    except (SpeechError, ConversationError) as error:
        log.error("a trial broke off: %s", kind_and_place(error))
        return "通话中断，请稍后再试"
    return "通话已结束"


async def _send(socket: WebSocket, outbox: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        await socket.send_json(await outbox.get())


def _told(move: Event | Action) -> dict[str, Any] | None:
    match move:
        case Say():
            return {"kind": "line", "speaker": "机器人", "text": move.text}
        case Heard():
            return {"kind": "line", "speaker": "客户", "text": move.text or "（听不清）"}
        case Pressed():
            return {"kind": "line", "speaker": "客户", "text": f"（按键 {move.keys}）"}
        case _:
            return None
