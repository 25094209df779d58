"""What a SIP call can do beyond every leg: keys, hold, transfer, quality; each also while the conversation goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol, TypeVar

from telephony.errors import NotNow
from telephony.handle import LegHandle
from telephony.rtp.quality import CallQuality

_TRANSFER_SECONDS = 90.0
_ACT_SECONDS = 5.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TransferResult:
    """How a transfer ended: the far end's status (below 300 it went through)."""

    status: int

    @property
    def done(self) -> bool:
        return self.status < 300


class Control(Protocol):
    """The call's side on the media loop."""

    def press(self, keys: str) -> bool: ...

    def hold(self, on: bool) -> None: ...

    def refer(self, target: str, replaced: Control | None, told: Callable[[int], None]) -> None:
        """Raises `NotNow`."""

    def quality(self) -> CallQuality | None: ...


class SipLeg(LegHandle):
    """A leg with `control`, which lives on `loop`; every method is for the loop that dialled."""

    control: Control
    loop: asyncio.AbstractEventLoop

    async def press(self, keys: str) -> bool:
        """Send keys 0-9 * # A-D; whether the far end takes them (RFC 4733)."""
        return await self._on_line(lambda control: control.press(keys))

    async def hold(self) -> None:
        """Put the far end on hold; raises `NotNow` before the answer."""
        await self._on_line(lambda control: control.hold(True))

    async def resume(self) -> None:
        """Take the far end back; raises `NotNow` before the answer."""
        await self._on_line(lambda control: control.hold(False))

    async def quality(self) -> CallQuality | None:
        """How the call can be heard, or could be; None when nothing was ever connected, or the dialer is closed."""
        try:
            return await self._on_line(lambda control: control.quality())
        except NotNow:
            return None

    async def transfer(self, target: str, replacing: SipLeg | None = None) -> TransferResult:
        """Have the far end call `target` (a sip: address); with `replacing` it takes that call over there.

        Waits a minute and a half at most; raises `NotNow` before the answer. The leg goes on: hang it up when the
        transfer is done.
        """
        ended: Future[int] = Future()

        def told(status: int) -> None:
            if status >= 200 and not ended.done():
                ended.set_result(status)

        def refer(control: Control) -> None:
            control.refer(target, replacing.control if replacing is not None else None, told)

        await self._on_line(refer)
        try:
            return TransferResult(await asyncio.wait_for(asyncio.wrap_future(ended), _TRANSFER_SECONDS))
        except TimeoutError:
            return TransferResult(408)

    async def _on_line(self, act: Callable[[Control], T]) -> T:
        """Act upon the call on its loop and bring what comes of it here."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(act(self.control))
            except NotNow as error:
                done.set_exception(error)

        try:
            self.loop.call_soon_threadsafe(run)
            return await asyncio.wait_for(asyncio.wrap_future(done), _ACT_SECONDS)
        except (RuntimeError, TimeoutError) as error:
            raise NotNow("the SIP dialer is closed, or does not answer") from error
