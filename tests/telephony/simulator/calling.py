"""Calls to the simulated network by the real dialer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from speech.recogniser import Recogniser
from telephony.legs import Answered, AudioIn, Leg, LegEvent, Played
from telephony.recording import RecordingStore
from telephony.simulator.cast import Cast, load_cast
from telephony.simulator.network import Network
from telephony.simulator.sip_phones import SipPhones
from telephony.simulator.story import Story
from telephony.simulator.voices import Utterances
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk import Trunk
from tests.telephony.farend import WAIT

CAST = load_cast()
SECONDS = 300.0  # bound on any call of these tests
SILENCE_MS = 30_000  # a client whose ear is held up by other work answers late
KEY = bytes(32)


def only(*names: str) -> Cast:
    """The cast with these clients."""
    return Cast(tuple(client for client in CAST.clients if client.id in names), CAST.personas, CAST.questions)


@asynccontextmanager
async def phones_of(
    cast: Cast, utterances: Utterances, ears: Recogniser, folder: Path
) -> AsyncIterator[tuple[SipDialer, list[Story]]]:
    """A dialer whose only trunk is the network; the stories of its calls gather in the list."""
    stories: list[Story] = []
    network = Network(cast, utterances, ears)
    await asyncio.to_thread(network.prepare)
    stop = asyncio.Event()
    phones = SipPhones(0, stories.append)
    phones.serve(network)
    serving = asyncio.create_task(phones.run(stop))
    try:
        trunk = Trunk("network", "127.0.0.1", phones.port, number="95500")
        async with SipDialer((trunk,), RecordingStore(folder / "recordings", KEY)) as dialer:
            yield dialer, stories
    finally:
        stop.set()
        await asyncio.wait_for(serving, WAIT)


async def follow(leg: Leg, asks: list[bytes], hears: int = 1) -> list[LegEvent]:
    """Ask one thing after the other, each when the answer to the one before is over; hang up after the last."""
    events: list[LegEvent] = []
    waiting, loud, quiet = list(asks), 0, 0
    async with asyncio.timeout(SECONDS):
        async for event in leg.events():
            events.append(event)
            if isinstance(event, Answered | Played) or not isinstance(event, AudioIn):
                loud = quiet = 0
            if isinstance(event, Answered):
                leg.play(waiting.pop(0), "ask")
            elif isinstance(event, AudioIn) and isinstance(_last_mark(events), Played):
                speaking = (
                    max(
                        abs(int.from_bytes(event.pcm[at : at + 2], "little", signed=True))
                        for at in range(0, len(event.pcm), 16)
                    )
                    > 3000
                )
                loud, quiet = loud + speaking, 0 if speaking else quiet + len(event.pcm) // 16
                if loud and quiet > 900 or quiet > SILENCE_MS:
                    if not waiting:
                        await leg.hang_up()
                    else:
                        leg.play(waiting.pop(0), "ask")
                        events.append(Answered(event.at_ms))
    return events


def _last_mark(events: list[LegEvent]) -> LegEvent | None:
    return next((event for event in reversed(events) if isinstance(event, Answered | Played)), None)
