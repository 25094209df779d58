"""One call as the far end lives it. No sockets, no clocks: 20 ms ticks.

    DIALLED ──delay──▶ PROGRESS ──answered──▶ TALKING ──▶ OVER
       │                  └────end of the line, either side hangs up───▲
       └─────────── a client who calls back is taken ──▲

Events for the line gather in `outbox`.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from random import Random

from telephony.legs import FRAME_MS
from telephony.simulator.conversation import Conversation, Room
from telephony.simulator.lines import Stretch
from telephony.simulator.story import Story
from telephony.wire import Ended, KeyPressed, MediaEvent

LONGEST_MS = 10 * 60_000  # any call ends here
_LONGEST_RINGING_MS = 60_000  # before a client who calls back gives up
_POST_DIAL_MS = (100, 500)
_NORMAL_CLEARING = Ended(None, 16)
_NETWORK_DOWN = Ended(503, 41)


class Stage(StrEnum):
    """Where a call stands."""

    DIALLED = "dialled"  # nothing from the network yet
    PROGRESS = "progress"  # ringing or early media
    TALKING = "talking"  # answered
    OVER = "over"  # either side hung up, or the network gave up


class FarEnd:
    """The client's side of one call; `room` is the client's, None on a line that nobody answers.

    Without `stretches` it is the client who calls, until `taken`.
    """

    def __init__(self, story: Story, stretches: tuple[Stretch, ...], room: Room | None, chance: Random) -> None:
        self.story = story
        self.stage = Stage.DIALLED
        self.outbox: deque[MediaEvent] = deque()
        self.talk: Conversation | None = None  # from the answer on
        self._calls = not stretches
        self._stretches = deque(stretches)
        self._delay_ms = chance.randint(*_POST_DIAL_MS)
        self._ms = 0
        self._stretch = Stretch(None, 0)
        self._played = 0  # ticks of the stretch
        self._room, self._chance = room, chance

    def tick(self, now: float) -> bytes | None:
        """Live on for 20 ms; returns the frame to be sent, None where the line carries nothing."""
        self._ms += FRAME_MS
        if self.stage in (Stage.DIALLED, Stage.PROGRESS):
            if self._calls:
                self._give_up_in_time()
                return None
            return self._progress() if self._ms > self._delay_ms else None
        if self.talk is None or self.stage is Stage.OVER:
            return None
        frame = self.talk.tick(self._ms, now)
        if self.talk.over or self._ms >= LONGEST_MS:
            self._end("client", _NORMAL_CLEARING)
        return frame

    def receive(self, frame: bytes, now: float) -> None:
        """A frame of the other side has arrived."""
        self.story.frames_received += 1
        if self.talk is not None and self.stage is Stage.TALKING:
            self.talk.receive(frame, now)

    def taken(self) -> None:
        """The call of a client who calls back was answered; the client lets the other side speak first."""
        if self.stage in (Stage.DIALLED, Stage.PROGRESS):
            self._pick_up(greets=False)

    def refused(self, sip: int | None, q850: int | None) -> None:
        """The call of a client who calls back was not answered."""
        self._end("bot", None)
        self.story.sip, self.story.q850 = sip, q850

    def hung_up(self) -> None:
        """The other side has ended the call."""
        self._end("bot", None)

    def lose(self) -> None:
        """The signalling or the machinery behind this call has failed."""
        self._end("lost", None)

    def shut_down(self) -> None:
        """The network goes out of service."""
        self._end("network", _NETWORK_DOWN)

    def _progress(self) -> bytes | None:
        self.stage = Stage.PROGRESS
        while self._played >= self._stretch.ticks:
            self._stretch, self._played = self._stretches.popleft(), 0
            if isinstance(self._stretch.event, Ended):
                self._end("network", self._stretch.event)
                return None
            if self._stretch.event is not None:
                self.outbox.append(self._stretch.event)
            if not self._stretches:
                self._pick_up()
                return None
        self._played += 1
        return self._stretch.frames[self._played - 1] if self._stretch.frames else None

    def _give_up_in_time(self) -> None:
        self.stage = Stage.PROGRESS
        if self._ms >= _LONGEST_RINGING_MS:
            self._end("client", _NORMAL_CLEARING)

    def _pick_up(self, *, greets: bool = True) -> None:
        if self._room is None:
            self._end("network", _NETWORK_DOWN)
            return
        self.stage = Stage.TALKING
        self.story.answered_ms = self._ms
        self.talk = Conversation(self._room, self.story, self._chance, self._press)
        self.talk.pick_up(self._ms, greets=greets)

    def _press(self, key: str) -> None:
        self.outbox.append(KeyPressed(key))

    def _end(self, side: str, event: Ended | None) -> None:
        if self.stage is Stage.OVER:
            return
        self.stage = Stage.OVER
        if event is not None:
            self.outbox.append(event)
        self.story.end(self._ms, side, event.sip if event else None, event.q850 if event else None)
