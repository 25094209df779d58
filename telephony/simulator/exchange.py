"""The trunk: takes the gateway's orders to dial and carries all calls on one 20 ms clock."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from telephony.codecs import Codec
from telephony.errors import WireError
from telephony.pacing import Schedule
from telephony.simulator.call import FarEnd
from telephony.simulator.errors import GatewayUnreachable
from telephony.simulator.listening import Hearing, Listening
from telephony.simulator.socket import Socket, open_socket
from telephony.simulator.story import Story
from telephony.wire import Dial, Hangup, RejectedCall, Started, parse_command

log = logging.getLogger(__name__)

MOST_CALLS = 200  # at once; more are refused as congestion
_RETRY_SECONDS = 0.25
_DRAIN_SECONDS = 3.0


class CallShell:
    """One call on the wire: a far end, its media socket and its recogniser stream."""

    def __init__(self, far: FarEnd, codec: Codec, hearing: Hearing) -> None:
        self.far, self._codec = far, codec
        self.listening = Listening(far, hearing)
        self._socket: Socket | None = None

    async def run(self, base: str) -> None:
        """Open the media connection, listen until the call is over, close."""
        try:
            self._socket = await open_socket(base, f"/media/{self.far.story.call}", self)
        except GatewayUnreachable as error:
            log.warning("call %s has no media: %s", self.far.story.call, error)
            self.far.lose()
            return
        self._socket.send_text(Started(self._codec.format).serialise())
        try:
            await self.listening.run()
        finally:
            self._socket.close()

    def tick(self, now: float) -> None:
        """20 ms have passed."""
        frame = self.far.tick(now)
        if self._socket is not None:
            while self.far.outbox:
                self._socket.send_text(self.far.outbox.popleft().serialise())
            if frame is not None:
                self._socket.send_binary(frame)
                self.far.story.frames_sent += 1
        self.listening.wake()

    def on_text(self, text: str) -> None:
        try:
            if isinstance(parse_command(text), Hangup):
                self.far.hung_up()
        except WireError as error:
            log.error("call %s: %s", self.far.story.call, error)
            self.far.lose()
        self.listening.wake()

    def on_binary(self, data: bytes) -> None:
        if len(data) != self._codec.frame_bytes:
            log.error("call %s: a frame of %d bytes, not of 20 ms", self.far.story.call, len(data))
            self.far.lose()
        else:
            self.far.receive(data, time.monotonic())

    def on_closed(self) -> None:
        self.far.lose()
        self.listening.wake()


class Exchange:
    """The control connection and the calls placed over it.

    `connect_call` makes the far end of one dial command; `finished` gets the story of every call that is over.
    """

    def __init__(self, base: str, connect_call: Callable[[Dial], CallShell], finished: Callable[[Story], None]) -> None:
        self._base, self._connect_call, self._finished = base, connect_call, finished
        self._control: Socket | None = None
        self._calls: dict[str, CallShell] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, patience_seconds: float, stop: asyncio.Event, connected: Callable[[], None]) -> None:
        """Serve until `stop`; raises GatewayUnreachable when no gateway answers for `patience_seconds`."""
        clock = asyncio.create_task(self._clock())
        try:
            while not stop.is_set():
                self._control = await self._connect(patience_seconds, stop)
                if self._control is None:
                    return
                connected()
                await _first(stop.wait(), self._control.closed.wait())
        finally:
            for call in self._calls.values():
                call.far.shut_down()
            await self._drain()
            clock.cancel()
            if self._control is not None:
                self._control.close()
                await _first(self._control.closed.wait(), asyncio.sleep(_DRAIN_SECONDS))

    async def _drain(self) -> None:
        """Let the calls say goodbye, then end those that do not come to an end."""
        tasks = list(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=_DRAIN_SECONDS)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _connect(self, patience_seconds: float, stop: asyncio.Event) -> Socket | None:
        give_up_at = time.monotonic() + patience_seconds
        while not stop.is_set():
            try:
                return await open_socket(self._base, "/exchange", self)
            except GatewayUnreachable as error:
                if time.monotonic() >= give_up_at:
                    raise GatewayUnreachable(
                        f"no gateway at {self._base} for {patience_seconds:g} s ({error}): "
                        "start the server, or name its address with --gateway"
                    ) from error
            await _first(stop.wait(), asyncio.sleep(_RETRY_SECONDS))
        return None

    async def _clock(self) -> None:
        """Tick all calls every 20 ms; what was late is made up at once."""
        schedule = Schedule(time.monotonic())
        while True:
            now = time.monotonic()
            while schedule.is_due(now):
                schedule.advance()
                for call in list(self._calls.values()):
                    call.tick(now)
            await asyncio.sleep(max(0.0, schedule.next_at - time.monotonic()))

    def on_text(self, text: str) -> None:
        try:
            command = parse_command(text)
        except WireError as error:
            log.error("the gateway sent %s: ignored", error)
            return
        if isinstance(command, Dial):
            self._dial(command)

    def on_binary(self, data: bytes) -> None:
        log.error("the gateway sent audio on the control connection: ignored")

    def on_closed(self) -> None:
        log.info("the control connection to the gateway is closed")

    def _dial(self, dial: Dial) -> None:
        if dial.call in self._calls or len(self._calls) >= MOST_CALLS:
            log.error("call %s is refused: it is on the line already, or the network is full", dial.call)
            if self._control is not None:
                self._control.send_text(RejectedCall(dial.call, 503, 42).serialise())
            return
        call = self._calls[dial.call] = self._connect_call(dial)
        task = asyncio.create_task(call.run(self._base))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._settle(dial.call, call, done))

    def _settle(self, name: str, call: CallShell, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._calls.pop(name, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("call %s broke", name, exc_info=task.exception())
            call.far.lose()
        self._finished(call.far.story)


async def _first(*waits: object) -> None:
    """Wait for the first of several."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
