"""baresip as a phone: picks up by itself, speaks a WAV file, records what it hears, does what it is told."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.ports import free_port
from tests.telephony.farend import WAIT

CONFIG = """
poll_method epoll
sip_listen 127.0.0.1:{port}
net_interface 127.0.0.1
audio_player aubridge,x
audio_alert aubridge,alert
audio_source aufile,{folder}/says.wav
call_local_timeout 30
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module sndfile.so
module aubridge.so
module srtp.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {folder}
"""


@dataclass(slots=True)
class Phone:
    """A running baresip."""

    port: int
    folder: Path
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def tell(self, command: str, parameters: str = "") -> None:
        """Have it do something, as typed at its keyboard."""
        text = json.dumps({"command": command, "params": parameters, "token": "t"})
        self.writer.write(f"{len(text)}:{text},".encode())
        await self.writer.drain()

    async def event(self, kind: str) -> dict[str, object]:
        """Wait for an event of a type, e.g. CALL_ESTABLISHED."""
        async with asyncio.timeout(WAIT):
            while True:
                size = int((await self.reader.readuntil(b":"))[:-1])
                message: dict[str, object] = json.loads(await self.reader.readexactly(size))
                await self.reader.readexactly(1)
                if message.get("type") == kind:
                    return message

    async def logged(self, text: str) -> None:
        """Wait until a message with this text went to or fro."""
        async with asyncio.timeout(WAIT):
            while text not in (self.folder / "baresip.log").read_text(errors="replace"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def heard(self) -> np.ndarray:
        """What it has recorded of the far end, once it has ended the call."""
        (path,) = self.folder.glob("dump-*-dec.wav")
        with wave.open(str(path)) as sound:
            return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(int)


@asynccontextmanager
async def baresip(folder: Path, says: bytes, number: str, *, account: str = "") -> AsyncIterator[Phone]:
    """Run it as `number`; `says` is 8 kHz audio, whose end ends the call."""
    port, control = free_port(), free_port()
    (folder / "config").write_text(CONFIG.format(port=port, control=control, folder=folder))
    (folder / "accounts").write_text(
        f"<sip:{number}@127.0.0.1;transport=udp>;regint=0;answermode=auto;audio_codecs=pcma,pcmu{account}\n"
    )
    (folder / "contacts").touch()
    with wave.open(str(folder / "says.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(says)
    with (folder / "baresip.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "baresip", "-f", str(folder), "-s", stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        reader, writer = await _control(control, process, folder)
        yield Phone(port, folder, reader, writer)
        writer.close()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _control(
    port: int, process: asyncio.subprocess.Process, folder: Path
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(WAIT):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                assert process.returncode is None, (folder / "baresip.log").read_text()[-2000:]
                await asyncio.sleep(0.02)
