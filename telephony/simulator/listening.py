"""How a called person hears: the recogniser takes what has gathered, off the clock that ticks all calls."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from speech.errors import SpeechError
from speech.transcript import Transcript
from telephony.simulator.call import FarEnd, Stage
from telephony.simulator.conversation import Conversation

log = logging.getLogger(__name__)


class Hearing(Protocol):
    """One recogniser stream (speech.recogniser.Stream)."""

    async def accept(self, pcm: bytes) -> str: ...

    async def finish(self) -> Transcript: ...

    def close(self) -> None: ...


class Listening:
    """The ears of one far end; `wake` after every tick or message that may have brought something to do."""

    def __init__(self, far: FarEnd, hearing: Hearing) -> None:
        self._far, self._hearing = far, hearing
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Look once more whether there is something to hear, or the call is over."""
        if self._far.stage is Stage.OVER or (self._far.talk is not None and self._far.talk.wants_recogniser):
            self._awake.set()

    async def run(self) -> None:
        """Listen until the call is over."""
        try:
            while self._far.stage is not Stage.OVER:
                await self._awake.wait()
                self._awake.clear()
                await self._listen()
        finally:
            self.close()

    def close(self) -> None:
        """Give the recogniser's stream back."""
        self._hearing.close()

    async def _listen(self) -> None:
        try:
            if self._far.talk is not None and self._far.talk.wants_recogniser:
                await self._hear(self._far.talk)
        except SpeechError as error:
            self._far.story.deaf += 1
            if self._far.story.deaf == 1:
                log.error("call %s: its client could not hear: %s", self._far.story.call, error)

    async def _hear(self, talk: Conversation) -> None:
        talk.hear_partial(await self._hearing.accept(talk.take_audio()))
        if talk.sentence_over:
            talk.hear((await self._hearing.finish()).text)
