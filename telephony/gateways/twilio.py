"""Twilio: its REST interface places the call, status callbacks tell how it goes, a Media Stream carries the audio.

There is no audio before the answer: Twilio connects the stream when somebody picked up. Whatever comes without
Twilio's signature is refused.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections import deque

import aiohttp
from aiohttp import web

from telephony.codecs import CODECS, Codec, Format
from telephony.errors import WireError
from telephony.gateways.ari import json_object
from telephony.gateways.board import Call
from telephony.gateways.exchanges import Twilio
from telephony.gateways.listener import Listener, accepted
from telephony.gateways.outbox import Outbox
from telephony.gateways.twilio_messages import (
    Mark,
    Media,
    Stopped,
    StreamStarted,
    clear,
    mark,
    media,
    parse_message,
    signature,
    status_event,
    twiml,
)
from telephony.wire import Ended, KeyPressed, PickedUp

_ASK = aiohttp.ClientTimeout(total=10)
_MARK_FRAMES = 10  # between marks
_UNPLAYED_MARKS = 10  # two seconds that Twilio has not played: prompts wait
_NO_SUCH_NUMBER = frozenset((13224, 21211, 21214, 21217, 21421))  # Twilio's error codes about the number to call

log = logging.getLogger(__name__)


async def open_twilio(settings: Twilio) -> TwilioPlacer:
    """Listen for Twilio; raises `OSError` when it cannot listen."""
    placer = TwilioPlacer(settings)
    try:
        await placer.listen()
    except OSError:
        await placer.close()
        raise
    return placer


class StreamWay:
    """The audio's way through a Media Stream; marks that come back tell how much of it was played."""

    fills_silence = True
    codec: Codec = CODECS[Format.ULAW]

    def __init__(self, stream: str, outbox: Outbox) -> None:
        self._stream, self._outbox = stream, outbox
        self._frames = 0
        self._marks: deque[str] = deque()  # sent and not come back

    @property
    def held(self) -> bool:
        return len(self._marks) >= _UNPLAYED_MARKS

    @property
    def stuck(self) -> str:
        return self._outbox.stuck

    def send(self, frame: bytes) -> None:
        self._outbox.put(media(self._stream, frame), audio=True)
        self._frames += 1
        if self._frames % _MARK_FRAMES == 0:
            name = str(self._frames)
            self._marks.append(name)
            self._outbox.put(mark(self._stream, name))

    def played(self, name: str) -> None:
        """A mark came back: it and those before it are done."""
        if name in self._marks:
            while self._marks.popleft() != name:
                pass

    def flush(self) -> None:
        self._outbox.drop_audio()
        self._outbox.put(clear(self._stream))


class TwilioPlacer:
    """A `Placer` over the REST interface."""

    def __init__(self, settings: Twilio) -> None:
        self._settings = settings
        known = {"Authorization": aiohttp.encode_basic_auth(settings.account, settings.token, "utf-8")}
        self._session = aiohttp.ClientSession(headers=known, timeout=_ASK)
        self._calls: dict[str, Call] = {}
        self._asked: dict[str, asyncio.Task[str]] = {}  # calls to their SIDs
        self._lost: dict[str, asyncio.Future[str]] = {}  # calls to why their audio ended
        self._listener = Listener(
            settings.listen_host, settings.listen_port,
            {("GET", "/media/{call}"): self._welcome, ("POST", "/status/{call}"): self._hear_status},
        )  # fmt: skip

    async def listen(self) -> None:
        await self._listener.open()

    async def close(self) -> None:
        await self._listener.close()
        await self._session.close()

    # A call

    async def carry(self, call: Call) -> str:
        self._calls[call.name] = call
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._lost[call.name] = lost
        self._asked[call.name] = asyncio.ensure_future(self._create(call))
        await asyncio.shield(self._asked[call.name])
        return await lost

    async def _create(self, call: Call) -> str:
        public = self._settings.public_url.rstrip("/")
        made = await self._post("Calls.json", {
            "To": call.number, "From": self._settings.number,
            "Twiml": twiml(f"{_stream_url(public)}/media/{call.name}"),
            "Timeout": str(min(600, int(call.ring_seconds) + 5)),
            "StatusCallback": f"{public}/status/{call.name}", "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        }, call)  # fmt: skip
        sid = made.get("sid")
        if not isinstance(sid, str) or not sid.isalnum():
            raise WireError("Twilio took the call without naming it")
        return sid

    async def _post(self, path: str, form: dict[str, str | list[str]], call: Call) -> dict[str, object]:
        url = f"{self._settings.api}/2010-04-01/Accounts/{self._settings.account}/{path}"
        pairs = [
            (name, each) for name, value in form.items() for each in (value if isinstance(value, list) else [value])
        ]
        try:
            async with self._session.post(url, data=pairs) as answer:
                text = await answer.text()
                if answer.status < 400:
                    return json_object(text)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise WireError(f"Twilio does not answer ({type(error).__name__})") from error
        if answer.status in (401, 403):
            raise WireError("Twilio refuses account and token: mend them in the file of trunks")
        code = json_object(text).get("code") if text.startswith("{") else None
        if code in _NO_SUCH_NUMBER:
            call.line.hear(Ended(404))
        raise WireError(f"Twilio refused with status {answer.status}, code {code}")

    async def hang_up(self, call: Call) -> None:
        """End the call at Twilio, also one that was asked for just now."""
        self._calls.pop(call.name, None)
        self._lost.pop(call.name, None)
        asked = self._asked.pop(call.name, None)
        if asked is None:
            return
        await asyncio.wait({asked})
        if asked.exception() is None:
            await self._post(f"Calls/{asked.result()}.json", {"Status": "completed"}, call)

    # What Twilio says

    async def _hear_status(self, request: web.Request) -> web.StreamResponse:
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        if not self._is_signed(request, self._settings.public_url.rstrip("/") + request.path, form):
            return web.Response(status=403)
        call, event = self._calls.get(request.match_info["call"]), status_event(form)
        if call is not None and event is not None:
            call.line.hear(event)
        return web.Response(status=204)

    async def _welcome(self, request: web.Request) -> web.StreamResponse:
        public = _stream_url(self._settings.public_url.rstrip("/"))
        if not self._is_signed(request, public + request.path, {}):
            return web.Response(status=403)
        call = self._calls.get(request.match_info["call"])
        if call is None or call.line.has_media:
            return web.Response(status=404)
        async with accepted(request, call.line.over) as stream:
            try:
                reason = await self._listen(call, stream)
            except WireError as error:
                reason = str(error)
                call.line.fail(reason)
        lost = self._lost.get(call.name)
        if lost is not None and not lost.done():
            lost.set_result(reason)
        return stream

    def _is_signed(self, request: web.Request, url: str, form: dict[str, str]) -> bool:
        given = request.headers.get("X-Twilio-Signature", "").encode("utf-8", "replace")
        signed = hmac.compare_digest(signature(self._settings.token, url, form).encode(), given)
        if not signed:
            log.warning("a request without Twilio's signature was refused: check token and public_url")
        return signed

    async def _listen(self, call: Call, stream: web.WebSocketResponse) -> str:
        """Audio and news until the connection ends; returns why it did."""
        outbox = Outbox()

        async def send(message: str | bytes) -> None:
            await stream.send_str(message if isinstance(message, str) else message.decode())

        way: StreamWay | None = None
        async with outbox.writing(send):
            async for message in stream:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise WireError("a media message that breaks the protocol or is too long")
                match parse_message(message.data):
                    case StreamStarted(stream=name):
                        way = StreamWay(name, outbox)
                        call.line.join(way)
                        call.line.hear(PickedUp())
                    case Media(audio=audio):
                        call.line.listen(audio)
                    case Mark(name=name) if way is not None:
                        way.played(name)
                    case KeyPressed() as pressed:
                        call.line.hear(pressed)
                    case Stopped():
                        call.line.hear(Ended())
        return "Twilio closed the call's audio"


def _stream_url(public: str) -> str:
    return "wss" + public.removeprefix("https") if public.startswith("https") else "ws" + public.removeprefix("http")
