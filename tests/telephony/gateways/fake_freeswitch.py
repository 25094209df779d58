"""FreeSWITCH as its documents describe it: the event socket and mod_audio_stream with raw playback."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from telephony.gateways.exchanges import FreeSwitch
from tests.ports import free_port
from tests.telephony.gateways.standin import PASSWORD, FarCall, StandIn

_ORIGINATE = re.compile(r"\{(.*)\}sofia/gateway/trunk/(\S+) &park\(\)")


class FreeSwitchCall(FarCall):
    def __init__(self, far: FakeFreeSwitch, uuid: str, number: str) -> None:
        super().__init__(number)
        self.far, self.uuid = far, uuid
        self.media: ClientConnection | None = None
        self.streaming = asyncio.Event()

    async def ring(self) -> None:
        self.far.tell("CHANNEL_PROGRESS", self.uuid)

    async def early(self) -> None:
        self.far.tell("CHANNEL_PROGRESS_MEDIA", self.uuid)
        await self.streaming.wait()

    async def answer(self) -> None:
        self.far.tell("CHANNEL_ANSWER", self.uuid)
        await self.streaming.wait()

    async def hang_up(self, sip: int, q850: int) -> None:
        if self.media is not None:
            await self.media.close()  # the module leaves before the event comes
        codes = {"variable_sip_term_status": str(sip)} if sip else {}
        self.far.tell("CHANNEL_HANGUP_COMPLETE", self.uuid, variable_hangup_cause_q850=str(q850), **codes)

    async def press(self, key: str) -> None:
        self.far.tell("DTMF", self.uuid, **{"DTMF-Digit": key, "DTMF-Duration": "2000"})

    async def send(self, pcm: bytes) -> None:
        assert self.media is not None
        await self.media.send(pcm)

    async def break_media(self) -> None:
        assert self.media is not None
        self.media.transport.abort()


class FakeFreeSwitch(StandIn):
    refuses = "refuses the password"

    def __init__(self) -> None:
        super().__init__()
        self._writer: asyncio.StreamWriter | None = None
        self._calls: dict[str, FreeSwitchCall] = {}
        self._reading: list[asyncio.Task[None]] = []

    def exchange(self, password: str = PASSWORD) -> FreeSwitch:
        return FreeSwitch(
            "127.0.0.1", password, "sofia/gateway/trunk/{number}", port=self.port, listen_port=free_port()
        )

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
        for call in self._calls.values():
            if call.media is not None:
                await call.media.close()

    async def lose_signalling(self) -> None:
        assert self._writer is not None
        self._writer.transport.abort()

    def tell(self, name: str, uuid: str, **fields: str) -> None:
        lines = {"Event-Name": name, "Unique-ID": uuid, **fields}
        self._event("".join(f"{key}: {quote(value)}\n" for key, value in lines.items()) + "\n")

    def _event(self, body: str) -> None:
        if self._writer is not None:
            self._writer.write(f"Content-Length: {len(body)}\nContent-Type: text/event-plain\n\n{body}".encode())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Content-Type: auth/request\n\n")
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                command = (await reader.readuntil(b"\n\n")).decode().strip()
                if command.startswith("auth "):
                    good = command == f"auth {PASSWORD}"
                    writer.write(f"Content-Type: command/reply\nReply-Text: {_verdict(good)}\n\n".encode())
                    if not good:
                        notice = "Disconnected, goodbye.\n"
                        writer.write(
                            f"Content-Type: text/disconnect-notice\nContent-Length: {len(notice)}\n\n{notice}".encode()
                        )
                        break
                elif command.startswith("event plain"):
                    self._writer = writer
                    writer.write(b"Content-Type: command/reply\nReply-Text: +OK event listener enabled plain\n\n")
                elif command.startswith("bgapi "):
                    writer.write(b"Content-Type: command/reply\nReply-Text: +OK Job-UUID: x\nJob-UUID: x\n\n")
                    line, _, job = command.removeprefix("bgapi ").partition("\nJob-UUID: ")
                    await self._run(line, job)
        writer.close()

    async def _run(self, command: str, job: str) -> None:
        name, _, rest = command.partition(" ")
        if name == "originate" and self.takes_calls:
            found = _ORIGINATE.fullmatch(rest)
            assert found is not None, rest
            variables = dict(pair.split("=") for pair in found[1].split(","))
            assert variables["STREAM_PLAYBACK"] == "true" and variables["STREAM_SAMPLE_RATE"] == "8000"
            call = FreeSwitchCall(self, variables["origination_uuid"], found[2])
            self._calls[call.uuid] = call
            self.coming.put_nowait(call)
        elif name == "originate":
            body = f"Event-Name: BACKGROUND_JOB\nJob-UUID: {job}\nContent-Length: 21\n\n-ERR INVALID_GATEWAY\n"
            self._event(body)
        elif name == "uuid_audio_stream":
            uuid, action, url, mix, rate = rest.split(" ")
            assert (action, mix, rate) == ("start", "mono", "8k")
            self._reading.append(asyncio.create_task(self._carry(self._calls[uuid], url)))
        elif name == "uuid_break":
            assert rest.split(" ")[1] == "all"
            self._calls[rest.split(" ")[0]].flushed.set()
        elif name == "uuid_kill" and rest in self._calls:
            self._calls[rest].dropped.set()

    async def _carry(self, call: FreeSwitchCall, url: str) -> None:
        async with connect(url, compression=None) as media:
            call.media = media
            call.streaming.set()
            with suppress(ConnectionClosed):
                async for message in media:
                    assert isinstance(message, bytes)
                    await call.take_heard(message)


def _verdict(good: bool) -> str:
    return "+OK accepted" if good else "-ERR invalid"
