"""Asterisk: ARI places the call and tells how it goes, a media channel joined to it by a bridge carries the audio.

The bridge and the media channel stand before the number is dialled, so audio before the answer comes through.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import aiohttp

from telephony.errors import WireError
from telephony.gateways.ari import json_object, parse_event
from telephony.gateways.audiosocket import Kind, SocketWay, read_frame
from telephony.gateways.board import Call
from telephony.gateways.chan_websocket import WebSocketWay, parse_control
from telephony.gateways.exchanges import Asterisk
from telephony.gateways.keeping import Kept
from telephony.gateways.line import MESSAGE_BYTES
from telephony.gateways.outbox import Outbox

_ASK = aiohttp.ClientTimeout(total=10)
_CLOSE = aiohttp.ClientWSTimeout(ws_close=1.0)
_MOVE_SECONDS = 5.0  # for the media channel to say MEDIA_START, or to connect
_ANSWER_BYTES = 1_000_000

log = logging.getLogger(__name__)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def open_asterisk(settings: Asterisk) -> AsteriskPlacer:
    """Listen for AudioSockets where they are wanted and connect; raises `OSError` when it cannot listen."""
    placer = AsteriskPlacer(settings)
    await placer.begin()
    return placer


class AsteriskPlacer:
    """A `Placer` over ARI."""

    def __init__(self, settings: Asterisk) -> None:
        self._settings = settings
        self._base = f"{settings.host}:{settings.port}"
        self._sockets: dict[str, asyncio.Future[Streams]] = {}  # AudioSockets that calls wait for
        self._creating: dict[str, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None

    async def begin(self) -> None:
        settings = self._settings
        if settings.media == "audiosocket":
            self._server = await asyncio.start_server(self._welcome, settings.listen_host, settings.listen_port)
        known = {"Authorization": aiohttp.encode_basic_auth(settings.user, settings.password, "utf-8")}
        self._session = aiohttp.ClientSession(headers=known, timeout=_ASK)
        self._kept = Kept(f"Asterisk at {self._base}", self._follow)
        await self._kept.begin()

    async def close(self) -> None:
        await self._kept.close()
        if self._server is not None:
            self._server.close()
        await self._session.close()

    # Signalling

    async def _follow(self, standing: Callable[[], None]) -> None:
        secure = "s" if self._settings.tls else ""
        url = f"ws{secure}://{self._base}/ari/events"
        try:
            async with self._session.ws_connect(
                url, params={"app": self._settings.app}, heartbeat=20, max_msg_size=_ANSWER_BYTES, timeout=_CLOSE
            ) as events:
                standing()
                async for message in events:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        self._hear(message.data)
        except aiohttp.WSServerHandshakeError as error:
            raise WireError(_refusal(error.status)) from error

    def _hear(self, text: str) -> None:
        try:
            told = parse_event(text)
        except WireError as error:
            log.warning("Asterisk sent %s", error)
            return
        call = self._kept.calls.get(told.channel)
        if call is not None and told.event is not None:
            call.line.hear(told.event)

    async def _ask(self, method: str, path: str, **query: str) -> dict[str, Any]:
        secure = "s" if self._settings.tls else ""
        url = f"http{secure}://{self._base}/ari{path}"
        try:
            async with self._session.request(method, url, params=query) as answer:
                if answer.status >= 400:
                    raise WireError(_refusal(answer.status))
                text = await answer.text()
                return json_object(text) if text else {}
        except (aiohttp.ClientError, TimeoutError) as error:
            raise WireError(f"Asterisk does not answer ({type(error).__name__})") from error

    # A call

    async def carry(self, call: Call) -> str:
        self._kept.require()
        self._kept.calls[call.name] = call
        settings = self._settings
        creating = self._creating[call.name] = asyncio.ensure_future(self._create(call))
        await asyncio.shield(creating)
        await self._ask("POST", "/bridges", type="mixing", bridgeId=_bridge(call))
        if settings.media == "audiosocket":
            await self._by_socket(call)
        else:
            await self._by_websocket(call)
        return "Asterisk closed the call's audio"

    async def _create(self, call: Call) -> None:
        """Make the channel; a request that is under way is not broken off, lest the channel stay."""
        endpoint = self._settings.route.replace("{number}", call.number)
        await self._ask(
            "POST", "/channels/create", endpoint=endpoint, app=self._settings.app, channelId=call.name, formats="alaw"
        )

    async def _dial(self, call: Call) -> None:
        """Join both channels and ring."""
        if self._settings.number:
            await self._ask(
                "POST", f"/channels/{call.name}/variable", variable="CONNECTEDLINE(num,i)", value=self._settings.number
            )
        await self._ask("POST", f"/bridges/{_bridge(call)}/addChannel", channel=f"{call.name},{_media(call)}")
        await self._ask("POST", f"/channels/{call.name}/dial", timeout=str(int(call.ring_seconds) + 5))

    async def _external(self, call: Call, **query: str) -> dict[str, Any]:
        return await self._ask(
            "POST", "/channels/externalMedia", app=self._settings.app, channelId=_media(call), **query
        )

    async def _by_websocket(self, call: Call) -> None:
        made = await self._external(
            call, external_host="INCOMING", transport="websocket", encapsulation="none",
            connection_type="server", format="alaw",
        )  # fmt: skip
        variables = made.get("channelvars")
        name = variables.get("MEDIA_WEBSOCKET_CONNECTION_ID") if isinstance(variables, dict) else None
        if not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
            raise WireError("Asterisk names no media connection: chan_websocket is missing")
        url = f"ws{'s' if self._settings.tls else ''}://{self._base}/media/{name}"
        try:
            async with self._session.ws_connect(
                url, protocols=("media",), heartbeat=20, max_msg_size=MESSAGE_BYTES, timeout=_CLOSE
            ) as media:
                await self._converse(call, media)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise WireError(f"the media connection to Asterisk failed ({type(error).__name__})") from error

    async def _converse(self, call: Call, media: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async with asyncio.timeout(_MOVE_SECONDS):
                started = parse_control(await media.receive_str())
        except TypeError as error:  # anything but text
            raise WireError("a media connection of Asterisk that does not begin with MEDIA_START") from error
        outbox = Outbox()
        way = WebSocketWay(started, outbox)
        call.line.join(way)

        async def send(message: str | bytes) -> None:
            await (media.send_str(message) if isinstance(message, str) else media.send_bytes(message))

        async with outbox.writing(send):
            await self._dial(call)
            async for message in media:
                if message.type is aiohttp.WSMsgType.BINARY:
                    call.line.listen(message.data)
                elif message.type is aiohttp.WSMsgType.TEXT:
                    way.hear(parse_control(message.data))
                else:
                    raise WireError("a media message that breaks the protocol or is too long")

    async def _by_socket(self, call: Call) -> None:
        if self._server is None:
            raise WireError("nothing listens for AudioSockets")
        port = self._server.sockets[0].getsockname()[1]
        coming = self._sockets[call.name] = asyncio.get_running_loop().create_future()
        try:
            await self._external(
                call, external_host=f"{self._settings.public_host}:{port}", transport="tcp",
                encapsulation="audiosocket", format="slin", data=call.name,
            )  # fmt: skip
            async with asyncio.timeout(_MOVE_SECONDS):
                reader, writer = await coming
        except TimeoutError as error:
            raise WireError("Asterisk did not open the AudioSocket in time: check public_host") from error
        finally:
            del self._sockets[call.name]
        try:
            await self._converse_by_socket(call, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return  # lost; what became of the call, the signalling may tell
        finally:
            writer.close()

    async def _converse_by_socket(self, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        outbox = Outbox()
        call.line.join(SocketWay(outbox))

        async def send(message: str | bytes) -> None:
            writer.write(message if isinstance(message, bytes) else message.encode())
            await writer.drain()

        async with outbox.writing(send):
            await self._dial(call)
            while (frame := await read_frame(reader)).kind is not Kind.HANG_UP:
                if frame.kind is Kind.SLIN:
                    call.line.listen(frame.payload)
                elif frame.kind is Kind.ERROR:
                    raise WireError("Asterisk reports an AudioSocket error")

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection came: it belongs to the call that it names, or to nobody."""
        try:
            async with asyncio.timeout(_MOVE_SECONDS):
                waiting = self._sockets.get((await read_frame(reader)).call)
        except (WireError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            log.warning("an AudioSocket connection was refused: %s", error or "it said nothing")
            waiting = None
        if waiting is None or waiting.done():
            writer.close()
        else:
            waiting.set_result((reader, writer))

    async def hang_up(self, call: Call) -> None:
        if self._kept.calls.pop(call.name, None) is None:
            return
        if creating := self._creating.pop(call.name, None):
            await asyncio.wait({creating})
            creating.exception()
        failure: WireError | None = None
        for path in (f"/channels/{call.name}", f"/channels/{_media(call)}", f"/bridges/{_bridge(call)}"):
            try:
                await self._ask("DELETE", path)
            except WireError as error:
                failure = failure if str(error) == _refusal(404) else error
        if failure is not None:
            raise failure


def _bridge(call: Call) -> str:
    return f"bridge-{call.name}"


def _media(call: Call) -> str:
    return f"media-{call.name}"


def _refusal(status: int) -> str:
    if status in (401, 403):
        return "Asterisk refuses user and password: mend them in the file of trunks, or its ari.conf"
    return f"Asterisk refused with status {status}"
