"""The answered part of a call at the client's end: listen, think, speak. No sockets, no clocks: 20 ms ticks.

While the other side speaks, frames gather for the recogniser; after SENTENCE_MS of silence its final result is
taken, looked up among the known questions, and answered once the silence has lasted a little longer. If the
other side goes on speaking before that, what it says is added and looked up again. Silence is counted in received
frames, not by the clock: where the line or this process stalls, nobody has stopped speaking.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from telephony.legs import FRAME_MS, FRAME_SAMPLES
from telephony.simulator import audio, client
from telephony.simulator.client import HangUp, Mind, Person, Press, Reply, Say, Stay
from telephony.simulator.ear import Ear, Heard
from telephony.simulator.story import Heardline, Saidline, Story

SENTENCE_MS = 300  # silence after which the recogniser's final result is asked for
ANSWER_MS = (350, 600)  # silence before a question that was understood is answered
PATIENCE_MS = 1800  # silence before reacting to what was not understood
WAIT_MS = 12_000  # silence before asking whether anybody is there
HOLD_MS = 60_000  # the same after 请稍等
CHUNK_MS = 1000  # audio per visit to the recogniser: half the cost of 300 ms
ALERT_CHUNK_MS = 300  # the same for a persona that interrupts
_PREROLL = 5  # frames kept from before speech was noticed
_BEHIND = 600  # frames: where the recogniser falls further behind, only the last 12 s are heard
_AUDIBLE = 10 ** (-45 / 10)  # mean square of a frame in which somebody speaks: -45 dB full scale

Samples: TypeAlias = NDArray[np.int16]


@dataclass(frozen=True)
class Room:
    """What a client brings to the phone: mind, ears, voice (text, muffled → 16-bit samples) and line noise."""

    person: Person
    ear: Ear
    voice: Callable[[str, bool], bytes]
    noise: bytes  # 16-bit samples, used round and round


class Conversation:
    """One client on the phone, from picking up to hanging up.

    `press` sends a key. The shell hands frames to `receive`, calls `tick` every 20 ms, and lets a recogniser
    hear what `take_audio` gives whenever `wants_recogniser`.
    """

    def __init__(self, room: Room, story: Story, chance: Random, press: Callable[[str], None]) -> None:
        self.over = False  # the client has put the phone down
        self._room, self._story, self._chance, self._press = room, story, chance, press
        self._mind = Mind()
        self._ms = 0  # since dialling
        self._speech: list[bytes] = []  # frames still to be said, the next one last
        self._hangs_up_after = False
        self._quiet_ms = 0  # of silence received since the other side was last audible
        self._waited_ms = 0  # since this side last did something
        self._wait_limit_ms = WAIT_MS
        self._text = ""  # heard since the last reaction
        self._heard: Heard | None = None  # what it means, once a sentence was over
        self._react_ms = PATIENCE_MS
        self._chunk_frames = (ALERT_CHUNK_MS if room.person.persona.during else CHUNK_MS) // FRAME_MS
        self._unheard: list[bytes] = []  # frames for the recogniser
        self._sentence_open = False  # the recogniser has a sentence that is not finished
        self._spoke_until: float | None = None  # when the last frame of a reply left, until it is answered
        self._noise: Samples = np.frombuffer(room.noise, "<i2")
        self._noise_at = chance.randrange(len(self._noise) // FRAME_SAMPLES) * FRAME_SAMPLES

    def pick_up(self, ms: int, *, greets: bool = True) -> None:
        """Begin; whoever calls does not greet but lets the other side speak."""
        self._ms = ms
        if greets:
            self._act(client.greet(self._room.person, self._draw()))

    def tick(self, ms: int, now: float) -> bytes:
        """Live on for 20 ms; returns the frame to be sent."""
        self._ms = ms
        self._waited_ms += FRAME_MS
        if not self._speech:
            self._react()
        if not self._speech:
            return self._noise_frame().tobytes()
        frame = self._speech.pop()
        if not self._speech:
            self._finish_speaking(now)
        return frame

    def receive(self, frame: bytes, now: float) -> None:
        """A frame of the other side has arrived."""
        self._unheard.append(frame)
        self._quiet_ms += FRAME_MS
        if _is_audible(frame):
            self._quiet_ms = self._waited_ms = 0
            self._heard = None
            self._sentence_open = True
            if self._spoke_until is not None:
                self._story.latencies_ms.append(round((now - self._spoke_until) * 1000))
                self._spoke_until = None
        del self._unheard[: -_BEHIND if self._sentence_open else -_PREROLL]

    # -- the recogniser -------------------------------------------------------------------------------------

    @property
    def sentence_over(self) -> bool:
        """Whether the other side has stopped speaking and the final result of its sentence is wanted."""
        return self._sentence_open and self._quiet_ms >= SENTENCE_MS

    @property
    def wants_recogniser(self) -> bool:
        """Whether a visit to the recogniser is worth while."""
        return self.sentence_over or (self._sentence_open and len(self._unheard) >= self._chunk_frames)

    def take_audio(self) -> bytes:
        """16-bit samples for the recogniser."""
        pcm = b"".join(self._unheard)
        self._unheard.clear()
        return pcm

    def hear_partial(self, text: str) -> None:
        """What the recogniser has made of the sentence so far."""
        if text and self._room.person.persona.during and not self._speech:
            self._mind, reply = client.interrupt(self._room.person, self._mind, self._text + text, self._draw())
            if reply is not None:
                self._act(reply)

    def hear(self, text: str) -> None:
        """The recogniser's final result of a sentence."""
        self._sentence_open = self._quiet_ms < SENTENCE_MS  # the other side spoke on while it was computed
        self._text += text
        self._heard = self._room.ear.listen(self._text)
        known = self._heard.question is not None or bool(self._heard.keys)
        self._react_ms = self._chance.randint(*ANSWER_MS) if known else PATIENCE_MS

    # -- thinking and speaking ------------------------------------------------------------------------------

    def _react(self) -> None:
        # Whoever talked over the other side waits for it to go on before reacting to the fragment that was heard.
        if self._heard is not None and min(self._quiet_ms, self._waited_ms) >= self._react_ms:
            heard, text = self._heard, self._text
            self._heard, self._text = None, ""
            self._story.heard.append(Heardline.of(self._ms, heard, text))
            self._mind, reply = client.respond(self._room.person, self._mind, heard, text, self._draw())
            self._act(reply)
        elif not self._sentence_open and self._waited_ms >= self._wait_limit_ms:
            self._mind, reply = client.wait(self._room.person, self._mind, self._draw())
            self._act(reply)

    def _act(self, reply: Reply) -> None:
        self._waited_ms = 0
        self._wait_limit_ms = HOLD_MS if reply == Stay(long=True) else WAIT_MS
        match reply:
            case Say():
                self._say(reply)
            case Press(key):
                self._press(key)
                self._story.said.append(Saidline(self._ms, self._ms, key, "key"))
            case HangUp():
                self.over = True
            case Stay():
                pass

    def _say(self, reply: Say) -> None:
        frames = audio.frames_of(self._room.voice(reply.text, reply.muffled))
        noisy = (np.frombuffer(frame, "<i2").astype(np.int32) + self._noise_frame() for frame in frames)
        spoken = [np.clip(mix, -32768, 32767).astype("<i2").tobytes() for mix in noisy]
        self._speech = spoken[::-1]
        self._hangs_up_after = reply.hangs_up
        self._story.said.append(Saidline(self._ms, self._ms, reply.text, "murmur" if reply.muffled else "speech"))

    def _finish_speaking(self, now: float) -> None:
        talked_over = self._quiet_ms < SENTENCE_MS
        replied = bool(self._story.heard) and not talked_over  # else there is no pause to be measured
        self._spoke_until, self._waited_ms = now if replied else None, 0
        self._story.said[-1] = self._story.said[-1].until(self._ms)
        self.over = self._hangs_up_after

    def _noise_frame(self) -> Samples:
        frame: Samples = self._noise[self._noise_at : self._noise_at + FRAME_SAMPLES]
        self._noise_at = (self._noise_at + FRAME_SAMPLES) % len(self._noise)
        return frame

    def _draw(self) -> int:
        return self._chance.randrange(1 << 16)


def _is_audible(frame: bytes) -> bool:
    """Whether somebody speaks in a frame."""
    return bool((audio.signal_of(frame) ** 2).mean() > _AUDIBLE)
