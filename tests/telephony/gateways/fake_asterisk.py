"""Asterisk as its documents describe it: ARI, its events, chan_websocket and AudioSocket."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from typing import Any

import aiohttp
from aiohttp import web

from speech.g711 import alaw_decode, alaw_encode
from telephony.gateways.exchanges import Asterisk
from tests.telephony.gateways.standin import PASSWORD, FarCall, StandIn


class AsteriskCall(FarCall):
    def __init__(self, far: FakeAsterisk, channel: str, endpoint: str) -> None:
        super().__init__(endpoint.removeprefix("PJSIP/").removesuffix("@trunk"))
        self.far, self.channel = far, channel
        self.media: web.WebSocketResponse | None = None
        self.socket: asyncio.StreamWriter | None = None
        self.bridged: list[str] = []

    async def ring(self) -> None:
        await self.far.tell(type="Dial", dialstatus="RINGING", peer={"id": self.channel, "state": "Ringing"})

    async def early(self) -> None:
        await self.far.tell(type="Dial", dialstatus="PROGRESS", peer={"id": self.channel, "state": "Down"})

    async def answer(self) -> None:
        await self.far.tell(type="ChannelStateChange", channel={"id": self.channel, "state": "Up"})
        await self.far.tell(type="Dial", dialstatus="ANSWER", peer={"id": self.channel, "state": "Up"})

    async def hang_up(self, sip: int, q850: int) -> None:
        await self.far.tell(type="ChannelDestroyed", cause=q850, cause_txt="x", channel={"id": self.channel})

    async def press(self, key: str) -> None:
        await self.far.tell(
            type="ChannelDtmfReceived", digit=key, duration_ms=80, channel={"id": self.channel, "state": "Up"}
        )

    async def send(self, pcm: bytes) -> None:
        if self.media is not None:
            await self.media.send_bytes(alaw_encode(pcm[: len(pcm) // 2 * 2]))
        if self.socket is not None:
            for at in range(0, max(1, len(pcm)), 65_534):
                part = pcm[at : at + 65_534]
                self.socket.write(b"\x10" + len(part).to_bytes(2, "big") + part)
            await self.socket.drain()

    async def break_media(self) -> None:
        if self.media is not None and self.media._req is not None and self.media._req.transport is not None:
            self.media._req.transport.abort()
        if self.socket is not None:
            self.socket.transport.abort()


class FakeAsterisk(StandIn):
    refuses = "refuses user and password"

    def __init__(self, media: str = "websocket", *, plain: bool = False) -> None:
        super().__init__()
        self._media, self._plain = media, plain
        self._calls: dict[str, AsteriskCall] = {}
        self._events: list[web.WebSocketResponse] = []
        self._reading: list[asyncio.Task[None]] = []
        self.gone: list[str] = []  # what was deleted
        app = web.Application(middlewares=[self._check])
        app.router.add_get("/ari/events", self._follow)
        app.router.add_post("/ari/channels/create", self._create)
        app.router.add_post("/ari/channels/externalMedia", self._external)
        app.router.add_post("/ari/channels/{id}/dial", self._dial)
        app.router.add_post("/ari/bridges", self._bridge)
        app.router.add_post("/ari/bridges/{id}/addChannel", self._add)
        app.router.add_delete("/ari/{kind}/{id}", self._delete)
        app.router.add_get("/media/{id}", self._carry)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)

    def exchange(self, password: str = PASSWORD) -> Asterisk:
        return Asterisk("127.0.0.1", "huifang", password, "PJSIP/{number}@trunk", port=self.port, media=self._media)

    async def open(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
        await self._runner.cleanup()

    async def tell(self, **event: Any) -> None:
        for events in self._events:
            await events.send_str(json.dumps(event))

    @web.middleware
    async def _check(self, request: web.Request, handler: Any) -> web.StreamResponse:
        wanted = "Basic " + base64.b64encode(b"huifang:" + PASSWORD.encode()).decode()
        if request.headers.get("Authorization") != wanted:
            return web.json_response({"message": "Unauthorized"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        assert request.query["app"] == "huifang"
        events = web.WebSocketResponse()
        await events.prepare(request)
        self._events.append(events)
        async for _ in events:
            pass
        self._events.remove(events)
        return events

    async def lose_signalling(self) -> None:
        for events in list(self._events):
            await events.close()

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if not self.takes_calls:
            await asyncio.Event().wait()
        query = request.query
        self._calls[query["channelId"]] = AsteriskCall(self, query["channelId"], query["endpoint"])
        return web.json_response({"id": query["channelId"], "state": "Down"})

    async def _bridge(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"id": request.query["bridgeId"], "bridge_type": request.query["type"]})

    async def _external(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        call = self._calls[query["channelId"].removeprefix("media-")]
        answer: dict[str, Any] = {"id": query["channelId"], "state": "Up"}
        if query["encapsulation"] == "audiosocket":
            assert (query["transport"], query["format"]) == ("tcp", "slin")
            host, _, port = query["external_host"].partition(":")
            reader, call.socket = await asyncio.open_connection(host, int(port))
            call.socket.write(b"\x01\x00\x10" + uuid.UUID(query["data"]).bytes)
            self._reading.append(asyncio.create_task(self._read_socket(call, reader)))
        else:
            assert (query["external_host"], query["transport"], query["format"]) == ("INCOMING", "websocket", "alaw")
            answer["channelvars"] = {"MEDIA_WEBSOCKET_CONNECTION_ID": call.channel}
        return web.json_response(answer)

    async def _add(self, request: web.Request) -> web.StreamResponse:
        for call in self._calls.values():
            if call.channel in request.query["channel"]:
                call.bridged = request.query["channel"].split(",")
        return web.Response(status=204)

    async def _dial(self, request: web.Request) -> web.StreamResponse:
        call = self._calls[request.match_info["id"]]
        assert call.bridged == [call.channel, f"media-{call.channel}"]
        self.coming.put_nowait(call)
        return web.Response(status=204)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["id"]
        self.gone.append(name)
        if name in self._calls:
            self._calls[name].dropped.set()
        return web.Response(status=204)

    async def _carry(self, request: web.Request) -> web.StreamResponse:
        call = self._calls[request.match_info["id"]]
        media = call.media = web.WebSocketResponse(protocols=("media",))
        await media.prepare(request)
        assert media.ws_protocol == "media"
        start: dict[str, Any] = {
            "connection_id": call.channel,
            "format": "alaw",
            "optimal_frame_size": 160,
            "ptime": 20,
        }
        if self._plain:
            await media.send_str("MEDIA_START " + " ".join(f"{name}:{value}" for name, value in start.items()))
        else:
            await media.send_str(json.dumps({"event": "MEDIA_START", **start, "channel_variables": {}}))
        async for message in media:
            if message.type is aiohttp.WSMsgType.BINARY:
                await call.take_heard(alaw_decode(message.data))
            elif message.data == ("FLUSH_MEDIA" if self._plain else '{"command": "FLUSH_MEDIA"}'):
                call.flushed.set()
        return media

    async def _read_socket(self, call: AsteriskCall, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                head = await reader.readexactly(3)
                body = await reader.readexactly(int.from_bytes(head[1:], "big"))
                assert head[0] == 0x10 and len(body) == 320
                await call.take_heard(body)
        except (asyncio.IncompleteReadError, OSError):
            return
