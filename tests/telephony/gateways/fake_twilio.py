"""Twilio as its documents describe it: the REST interface, status callbacks, and a bidirectional Media Stream."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from contextlib import suppress
from typing import Any

import aiohttp
from aiohttp import web
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from speech.g711 import ulaw_decode, ulaw_encode
from telephony.gateways.exchanges import Twilio
from tests.ports import free_port
from tests.telephony.farend import WAIT
from tests.telephony.gateways.standin import PASSWORD, FarCall, StandIn

STREAM = "MZ18ad3ab5a668481ce02b83e7395059f0"
_STATUS = {486: "busy", 480: "no-answer", 0: "completed"}


def signed(url: str, form: dict[str, str], token: str = PASSWORD) -> dict[str, str]:
    text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return {"X-Twilio-Signature": base64.b64encode(digest).decode()}


class TwilioCall(FarCall):
    def __init__(self, far: FakeTwilio, form: dict[str, str], sid: str) -> None:
        super().__init__(form["To"])
        self.far, self.form, self.sid = far, form, sid
        found = re.search(r'<Response><Connect><Stream url="(.*?)"', form["Twiml"])
        assert found is not None
        self.url = found[1]
        self.media: ClientConnection | None = None
        self.keeps_marks = False
        self.marks = 0
        self.unplayed = asyncio.Event()  # ten marks have come

    async def status(self, word: str, **more: str) -> int:
        form = {"CallSid": self.sid, "CallStatus": word, **more}
        url = self.form["StatusCallback"]
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=form, headers=signed(url, form)) as answer,
        ):
            return answer.status

    async def ring(self) -> None:
        assert await self.status("ringing") == 204

    async def answer(self) -> None:
        await self.status("in-progress")
        self.media = await connect(self.url, additional_headers=signed(self.url, {}), compression=None)
        self.far.reading.append(asyncio.create_task(self._read(self.media)))
        await self._say(event="connected", protocol="Call", version="1.0.0")
        start = {
            "streamSid": STREAM, "callSid": self.sid, "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}, "customParameters": {},
        }  # fmt: skip
        await self._say(event="start", sequenceNumber="1", streamSid=STREAM, start=start)

    async def hang_up(self, sip: int, q850: int) -> None:
        if self.media is not None:
            await self._say(event="stop", streamSid=STREAM, stop={"callSid": self.sid})
            await self.media.close()
        more = {"SipResponseCode": str(sip)} if sip not in _STATUS else {}
        await self.status(_STATUS.get(sip, "failed"), **more)

    async def press(self, key: str) -> None:
        await self._say(event="dtmf", streamSid=STREAM, dtmf={"track": "inbound_track", "digit": key})

    async def send(self, pcm: bytes) -> None:
        payload = base64.b64encode(ulaw_encode(pcm[: len(pcm) // 2 * 2])).decode()
        await self._say(event="media", streamSid=STREAM, media={"track": "inbound", "payload": payload})

    async def break_media(self) -> None:
        assert self.media is not None
        self.media.transport.abort()

    async def _say(self, **message: Any) -> None:
        assert self.media is not None
        await self.media.send(json.dumps(message))

    async def _read(self, media: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for text in media:
                message = json.loads(text)
                assert message["streamSid"] == STREAM
                if message["event"] == "media":
                    await self.take_heard(ulaw_decode(base64.b64decode(message["media"]["payload"])))
                elif message["event"] == "mark":
                    self.marks += 1
                    if self.marks == 10:
                        self.unplayed.set()
                    if not self.keeps_marks:
                        await self._say(event="mark", streamSid=STREAM, mark=message["mark"])
                elif message["event"] == "clear":
                    self.flushed.set()


class FakeTwilio(StandIn):
    has_early = False
    refuses = "refuses account and token"

    def __init__(self) -> None:
        super().__init__()
        self.reading: list[asyncio.Task[None]] = []
        self._calls: dict[str, TwilioCall] = {}
        self.error_code = 0
        app = web.Application()
        app.router.add_post("/2010-04-01/Accounts/AC1/Calls.json", self._create)
        app.router.add_post("/2010-04-01/Accounts/AC1/Calls/{sid}.json", self._change)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)

    def exchange(self, password: str = PASSWORD) -> Twilio:
        port = free_port()
        return Twilio(
            "AC1", password, "+861087654321", f"http://127.0.0.1:{port}", listen_port=port,
            api=f"http://127.0.0.1:{self.port}", calls_per_second=5,
        )  # fmt: skip

    async def open(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        for call in self._calls.values():
            if call.media is not None:
                await call.media.close()
        async with asyncio.timeout(WAIT):
            await asyncio.gather(*self.reading)
        await self._runner.cleanup()

    def _may(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == "Basic " + base64.b64encode(b"AC1:" + PASSWORD.encode()).decode()

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if not self._may(request):
            return web.json_response({"code": 20003, "message": "Authenticate"}, status=401)
        if self.error_code:
            return web.json_response({"code": self.error_code, "message": "no"}, status=400)
        if not self.takes_calls:
            await asyncio.Event().wait()
        form = await request.post()
        assert form.getall("StatusCallbackEvent") == ["initiated", "ringing", "answered", "completed"]
        sid = f"CA{len(self._calls):032x}"
        call = self._calls[sid] = TwilioCall(self, {name: str(value) for name, value in form.items()}, sid)
        self.coming.put_nowait(call)
        return web.json_response({"sid": sid, "status": "queued"}, status=201)

    async def _change(self, request: web.Request) -> web.StreamResponse:
        assert self._may(request) and (await request.post())["Status"] == "completed"
        call = self._calls[request.match_info["sid"]]
        call.dropped.set()
        return web.json_response({"sid": call.sid, "status": "completed"})
