"""FreeSWITCH: the event socket places the call and tells how it goes, mod_audio_stream brings the audio to us.

The module's streaming of raw binary audio towards the channel is used (its versions from 1.0.3): 16-bit samples at
8 kHz both ways. The stream begins with the first audio before the answer, else with the answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import aiohttp
from aiohttp import web

from telephony.codecs import CODECS, Codec, Format
from telephony.errors import WireError
from telephony.gateways.board import Call
from telephony.gateways.esl import EVENTS, Block, JobEnded, parse_event, read_block
from telephony.gateways.exchanges import FreeSwitch
from telephony.gateways.keeping import Kept
from telephony.gateways.listener import Listener, accepted
from telephony.gateways.outbox import Outbox
from telephony.wire import MediaBegan, PickedUp

_MOVE_SECONDS = 5.0  # for the event socket to let us in
_ALIVE_SECONDS = 20.0  # between signs of life that we ask for

log = logging.getLogger(__name__)


async def open_freeswitch(settings: FreeSwitch) -> FreeSwitchPlacer:
    """Listen for media and connect; raises `OSError` when it cannot listen."""
    placer = FreeSwitchPlacer(settings)
    await placer.begin()
    return placer


class RawWay:
    """The audio's way through mod_audio_stream; `stop` breaks off what FreeSWITCH plays."""

    fills_silence = True
    held = False
    codec: Codec = CODECS[Format.SLIN]

    def __init__(self, outbox: Outbox, stop: Callable[[], None]) -> None:
        self._outbox, self._stop = outbox, stop

    @property
    def stuck(self) -> str:
        return self._outbox.stuck

    def send(self, frame: bytes) -> None:
        self._outbox.put(frame, audio=True)

    def flush(self) -> None:
        self._outbox.drop_audio()
        self._stop()


class FreeSwitchPlacer:
    """A `Placer` over the event socket."""

    def __init__(self, settings: FreeSwitch) -> None:
        self._settings = settings
        self._name = f"FreeSWITCH at {settings.host}:{settings.port}"
        handlers = {("GET", "/media/{call}"): self._welcome}
        self._listener = Listener(settings.listen_host, settings.listen_port, handlers)
        self._writer: asyncio.StreamWriter | None = None
        self._ended: dict[str, asyncio.Future[str]] = {}  # calls to why they cannot go on
        self._streams: set[str] = set()  # calls whose audio was asked for

    async def begin(self) -> None:
        await self._listener.open()
        self._kept = Kept(self._name, self._follow)
        await self._kept.begin()

    async def close(self) -> None:
        await self._kept.close()
        await self._listener.close()

    # The event socket

    async def _follow(self, standing: Callable[[], None]) -> None:
        async with asyncio.timeout(_MOVE_SECONDS):
            reader, writer = await asyncio.open_connection(self._settings.host, self._settings.port)
        try:
            async with asyncio.timeout(_MOVE_SECONDS):
                await self._log_in(reader, writer)
            self._writer = writer
            standing()
            await self._read(reader)
        finally:
            self._writer = None
            writer.close()

    async def _log_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await read_block(reader)).kind != "auth/request":
            raise WireError(f"{self._name} speaks no event socket, or its access list keeps us out")
        for command, refusal in (
            (f"auth {self._settings.password}", "refuses the password: mend it in the file of trunks"),
            (f"event plain {EVENTS}", "refuses to tell events"),
        ):
            writer.write(f"{command}\n\n".encode())
            if not (await _reply(reader)).reply.startswith("+OK"):
                raise WireError(f"{self._name} {refusal}")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        asked = False
        while True:
            try:
                async with asyncio.timeout(_ALIVE_SECONDS):
                    block = await read_block(reader)
            except TimeoutError as error:
                if asked:
                    raise WireError(f"{self._name} is silent") from error
                asked = True
                self._command("api status")
                continue
            asked = False
            if block.kind == "text/event-plain":
                self._hear(block.body)
            elif block.kind == "text/disconnect-notice":
                return

    def _hear(self, body: str) -> None:
        try:
            told = parse_event(body)
        except WireError as error:
            log.warning("FreeSWITCH sent %s", error)
            return
        if isinstance(told, JobEnded):
            waiting = self._ended.get(told.job)
            if told.refusal and waiting is not None and not waiting.done():
                waiting.set_result(f"FreeSWITCH says {told.refusal}")
            return
        call = self._kept.calls.get(told.uuid)
        if call is None or told.event is None:
            return
        call.line.hear(told.event)
        if isinstance(told.event, MediaBegan | PickedUp):
            self._stream(call)

    def _command(self, text: str) -> None:
        if self._writer is not None:
            self._writer.write(f"{text}\n\n".encode())

    def _job(self, command: str, name: str) -> None:
        """A command in the background, whose end is known by `name`."""
        self._command(f"bgapi {command}\nJob-UUID: {name}")

    # A call

    async def carry(self, call: Call) -> str:
        self._kept.require()
        self._kept.calls[call.name] = call
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._ended[call.name] = ended
        route = self._settings.route.replace("{number}", call.number)
        variables = {
            "origination_uuid": call.name, "originate_timeout": int(call.ring_seconds) + 5,
            "ignore_early_media": "false",
            "STREAM_PLAYBACK": "true", "STREAM_SAMPLE_RATE": 8000,
        }  # fmt: skip
        if self._settings.number:
            variables["origination_caller_id_number"] = self._settings.number
        named = ",".join(f"{name}={value}" for name, value in variables.items())
        self._job(f"originate {{{named}}}{route} &park()", call.name)
        return await ended

    def _stream(self, call: Call) -> None:
        """Have the audio brought, once a call."""
        if call.name not in self._streams:
            self._streams.add(call.name)
            self._job(f"uuid_audio_stream {call.name} start {self._media_url(call)} mono 8k", call.name)

    def _media_url(self, call: Call) -> str:
        own = f"ws://{self._settings.listen_host}:{self._listener.port}"
        return f"{self._settings.public_url.rstrip('/') or own}/media/{call.name}"

    async def _welcome(self, request: web.Request) -> web.StreamResponse:
        call = self._kept.calls.get(request.match_info["call"])
        if call is None or call.line.has_media:
            return web.Response(status=404)
        outbox = Outbox()
        async with accepted(request, call.line.over) as media:
            call.line.join(RawWay(outbox, lambda: self._command(f"bgapi uuid_break {call.name} all")))
            async with outbox.writing(lambda message: _send(media, message)):
                reason = await self._listen(call, media)
        waiting = self._ended.get(call.name)
        if waiting is not None and not waiting.done():
            waiting.set_result(reason)
        return media

    async def _listen(self, call: Call, media: web.WebSocketResponse) -> str:
        """Audio until the connection ends; text is metadata, which is not needed. Returns why it ended."""
        async for message in media:
            if message.type is aiohttp.WSMsgType.BINARY:
                call.line.listen(message.data)
            elif message.type is aiohttp.WSMsgType.ERROR:
                call.line.fail("a media message that breaks the protocol or is too long")
        return "FreeSWITCH closed the call's audio"

    async def hang_up(self, call: Call) -> None:
        self._kept.calls.pop(call.name, None)
        self._ended.pop(call.name, None)
        self._streams.discard(call.name)
        self._command(f"bgapi uuid_kill {call.name}")


async def _reply(reader: asyncio.StreamReader) -> Block:
    """The answer to a command."""
    while (block := await read_block(reader)).kind != "command/reply":
        if block.kind == "text/disconnect-notice":
            break
    return block


async def _send(media: web.WebSocketResponse, message: str | bytes) -> None:
    await (media.send_str(message) if isinstance(message, str) else media.send_bytes(message))
