"""What a client hears from us on the way to a person: the ringing, approved words, and why nobody comes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.nodes import Script, fill
from telephony.bridge import Joinable
from telephony.legs import SAMPLE_RATE
from telephony.ringback import RINGBACK_SECONDS, ringback

TONES_BETWEEN_WORDS = 3  # 15 s: the client has just been told that a person is fetched, so a tone comes first
_LEAD_SECONDS = 1.0  # for the bot's words about it to be on their way, before which no tone may sound
_TAIL_SECONDS = 0.3  # after the last words, before the line is closed


class Voiced(Protocol):
    """Where approved texts come from as audio."""

    async def fetch(self, text: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Asides:
    """The script's words outside the dialogue, 16-bit at 8 kHz; empty where the script has none.

    `waiting` is said at intervals while nobody has come yet, `lost` when the person's line is lost in mid-talk,
    `farewell` before hanging up when nobody else is there.
    """

    waiting: bytes = b""
    lost: bytes = b""
    farewell: bytes = b""


async def asides_of(script: Script, slots: Mapping[str, str], voice: Voiced) -> Asides:
    """The asides of a script for one client."""
    texts = script.texts
    said = [await voice.fetch(fill(text, slots)) if text else b"" for text in (texts.agent_wait, texts.agent_lost)]
    return Asides(said[0], said[1], await voice.fetch(fill(texts.no_agent, slots)))


async def keep_company(client: Joinable, waiting: bytes, tone_seconds: float = RINGBACK_SECONDS) -> None:
    """Sound the ringing, and the waiting words at intervals, until cancelled; one piece at a time is queued.

    `tone_seconds` lie between the beginnings of two tones.
    """
    await asyncio.sleep(_LEAD_SECONDS)
    for no in itertools.count(1):
        client.play(ringback(), f"ringback {no}")
        await asyncio.sleep(tone_seconds)
        if waiting and no % TONES_BETWEEN_WORDS == 0:
            await say(client, waiting, f"agent_wait {no // TONES_BETWEEN_WORDS}")


async def say(client: Joinable, pcm: bytes, mark: str) -> None:
    """Say something and wait until it has been heard."""
    if pcm:
        client.play(pcm, mark)
        await asyncio.sleep(len(pcm) / (2 * SAMPLE_RATE))


async def take_leave(client: Joinable, farewell: bytes) -> None:
    """Say at once why nobody comes, as long as the client listens, and hang up."""
    if farewell:
        client.clear()
        client.play(farewell, "farewell")
        seconds = len(farewell) / (2 * SAMPLE_RATE) + _TAIL_SECONDS
        gone = asyncio.create_task(client.ended())
        await asyncio.wait({gone}, timeout=seconds)
        gone.cancel()
    await client.hang_up()
