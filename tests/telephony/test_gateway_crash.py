"""A process killed in mid-call loses a second of its recording at most."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from websockets.asyncio.client import connect

from telephony.recording import RecordingStore
from tests.telephony.farend import KEY, WAIT, FarEnd
from tests.telephony.sounds import line, sine

VICTIM = """
import asyncio, sys
from pathlib import Path
from telephony import Gateway, RecordingStore

async def main():
    async with Gateway("127.0.0.1", 0, RecordingStore(Path(sys.argv[1]), bytes(range(32)))) as gateway:
        print(gateway.port, flush=True)
        await gateway.wait_for_trunk(60)
        leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
        leg.play(b"\\x10\\x20" * 8000 * 60, "long")
        async for _ in leg.events():
            pass

asyncio.run(main())
"""


async def test_kill_9_in_mid_call(tmp_path: Path) -> None:
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", VICTIM, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert victim.stdout is not None
    port = int(await asyncio.wait_for(victim.stdout.readline(), 2 * WAIT))
    async with connect(f"ws://127.0.0.1:{port}/exchange", compression=None) as control:
        far = FarEnd(port, control)
        media = await far.take()
        await media.say("answered")
        speaking = asyncio.create_task(media.speak(line(sine(700, 2400))))
        await media.hear(2.2)
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
        speaking.cancel()
        await far.close()
    store = RecordingStore(tmp_path, KEY)
    (sealed,) = store.recover()
    heard_ms = len(media.heard) // 16
    assert heard_ms - 1000 <= sealed.duration_ms <= heard_ms + 1000
    assert sealed.duration_ms % 20 == 0
    store.verify("12-1")
    assert store.read_pcm("12-1", 1000, 1020)[2:4] == b"\x10\x20"  # the bot, in the right channel
