"""What the stand-ins of all exchanges share: real sockets on loopback that speak what the documents say."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from telephony.gateways.exchanges import Exchange
from tests.telephony.farend import WAIT

PASSWORD = "right"


class FarCall(ABC):
    """One call as the exchange sees it."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.heard = bytearray()  # PCM
        self._more = asyncio.Condition()
        self.flushed = asyncio.Event()
        self.dropped = asyncio.Event()  # we hung up

    @abstractmethod
    async def ring(self) -> None: ...

    @abstractmethod
    async def answer(self) -> None: ...

    @abstractmethod
    async def hang_up(self, sip: int, q850: int) -> None: ...

    @abstractmethod
    async def press(self, key: str) -> None: ...

    @abstractmethod
    async def send(self, pcm: bytes) -> None:
        """One media message of any length."""

    @abstractmethod
    async def break_media(self) -> None:
        """Lose the media connection without a word."""

    async def early(self) -> None:
        """Audio before the answer."""
        raise NotImplementedError

    async def speak(self, pcm: bytes, step: int = 320) -> None:
        """Audio at real pace in messages of `step` bytes of PCM."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for at in range(0, len(pcm), step):
            await asyncio.sleep(start + at / 16000 - loop.time())
            await self.send(pcm[at : at + step])

    async def take_heard(self, pcm: bytes) -> None:
        self.heard += pcm
        async with self._more:
            self._more.notify_all()

    async def hear(self, seconds: float) -> bytes:
        """Wait until that much was heard in all, and return it."""
        wanted = int(seconds * 16000)
        async with asyncio.timeout(WAIT), self._more:
            await self._more.wait_for(lambda: len(self.heard) >= wanted)
        return bytes(self.heard)


class StandIn(ABC):
    """An exchange on loopback; `has_early` tells whether it has audio before the answer."""

    has_early: ClassVar[bool] = True
    refuses: ClassVar[str]  # what is said of a wrong password

    def __init__(self) -> None:
        self.coming: asyncio.Queue[FarCall] = asyncio.Queue()
        self.takes_calls = True

    async def call(self) -> FarCall:
        """The next call that was dialled."""
        return await asyncio.wait_for(self.coming.get(), WAIT)

    @abstractmethod
    def exchange(self, password: str = PASSWORD) -> Exchange: ...

    @abstractmethod
    async def open(self) -> None: ...

    @abstractmethod
    async def close(self) -> None: ...


MakeStandIn = Callable[[], StandIn]
