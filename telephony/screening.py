"""An answered leg whose first seconds are listened to for a machine, without holding anything up.

The conversation reads the leg as ever; beside it a recogniser hears the far end. Once a machine is certain,
`MachineMet` comes among the events.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from rules.witnesses import AnsweringMachine
from speech.recogniser import Recogniser
from telephony.answered import SCREENED_MS, AfterAnswer, AnsweredDetector
from telephony.legs import FRAME_BYTES, FRAME_MS, AudioIn, HungUp, LegEvent
from telephony.progress import Hearer

log = logging.getLogger(__name__)

_PIECE_BYTES = 3 * FRAME_BYTES  # 60 ms, as early media comes
_MOST_WAITING = 256  # pieces
_LAST_WORDS_SECONDS = 1.5  # after the end of the line


@dataclass(frozen=True, slots=True)
class MachineMet:
    """A machine has answered, not a person; the last of its kind on a leg."""

    machine: AnsweringMachine
    at_ms: int


class Answering(Protocol):
    """What screening needs of an answered leg."""

    @property
    def call_id(self) -> str: ...

    def events(self) -> AsyncIterator[LegEvent]: ...

    def play(self, pcm: bytes, mark: str) -> None: ...

    def clear(self) -> None: ...

    async def hang_up(self) -> None: ...


class ScreenedLeg:
    """A leg as the conversation sees it; `found` is what its first seconds came to.

    Screening ends with certainty, with a person, after SCREENED_MS, or when the recogniser cannot keep up.
    """

    def __init__(self, leg: Answering, ears: Recogniser) -> None:
        self._leg = leg
        self.call_id = leg.call_id
        self.play, self.clear = leg.play, leg.clear
        self.detector = AnsweredDetector()
        self._hearer = Hearer(leg.call_id, ears.stream(), self.detector)
        self._pieces: asyncio.Queue[AudioIn | None] = asyncio.Queue(_MOST_WAITING)
        self._heard = bytearray()
        self._began_ms: int | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._open = True
        self._told = False
        self.found = AfterAnswer()

    async def events(self) -> AsyncIterator[LegEvent | MachineMet]:
        """The leg's events, and MachineMet before the one during which it became certain."""
        events = self._leg.events()
        try:
            async for event in events:
                if isinstance(event, AudioIn):
                    self._take(event)
                elif isinstance(event, HungUp):
                    await self._hear_last_words()
                if self.found.machine is not None and not self._told:
                    self._told = True
                    yield MachineMet(self.found.machine, self.found.at_ms)
                yield event
        finally:
            await self._stop()
            if isinstance(events, AsyncGenerator):
                await events.aclose()

    async def hang_up(self) -> None:
        """End the call and the screening."""
        await self._stop()
        await self._leg.hang_up()

    def _take(self, audio: AudioIn) -> None:
        if not self._open:
            return
        if self._began_ms is None:
            self._began_ms = audio.at_ms
            self._hearing = asyncio.create_task(self._hear(), name=f"screening {self.call_id}")
        start_ms = audio.at_ms - len(self._heard) * FRAME_MS // FRAME_BYTES
        self._heard += audio.pcm
        for offset in range(0, len(self._heard) - _PIECE_BYTES + 1, _PIECE_BYTES):
            piece = bytes(self._heard[offset : offset + _PIECE_BYTES])
            self._put(AudioIn(piece, start_ms + offset * FRAME_MS // FRAME_BYTES))
        del self._heard[: len(self._heard) // _PIECE_BYTES * _PIECE_BYTES]
        self._open = self._open and audio.at_ms - self._began_ms < SCREENED_MS
        if not self._open:
            self._put(None)

    def _put(self, piece: AudioIn | None) -> None:
        try:
            self._pieces.put_nowait(piece)
        except asyncio.QueueFull:
            self._open = False
            log.warning("call %s: the recogniser is too slow to tell machines from people", self.call_id)

    async def _hear(self) -> None:
        """Decode what has come until there is nothing more to be learnt."""
        while (piece := await self._pieces.get()) is not None:
            if await self._hearer.hear(piece) or self.detector.person or self._hearer.deaf:
                break
        self._open = False
        self.found = self.detector.found()

    async def _hear_last_words(self) -> None:
        """What was said just before the end still counts: a network often hangs up behind its announcement."""
        if self._hearing is None or self._hearing.done():
            return
        self._open = False
        self._put(None)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await asyncio.shield(self._hearing)
                await self._hearer.finish()
        self.found = self.detector.found(at_the_end=True)

    async def _stop(self) -> None:
        self._open = False
        if self._hearing is not None:
            self._hearing.cancel()
            await asyncio.wait([self._hearing])
        self._hearer.stream.close()
