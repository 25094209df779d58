"""What a call still has to play: prompts in order, cut into frames, with their marks.

The conversation's thread adds and clears, the media thread takes one frame a tick: every method is safe for both.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from telephony.codecs import SILENCE
from telephony.errors import PlayQueueFull
from telephony.legs import FRAME_BYTES, FRAME_MS, SAMPLE_RATE

_PROMPTS = 1000  # prompts waiting at once, however short


@dataclass(slots=True)
class _Prompt:
    mark: str
    pcm: bytes  # whole frames
    length_ms: int
    sent: int = 0  # bytes

    @property
    def played_ms(self) -> int:
        return min(self.length_ms, self.sent // FRAME_BYTES * FRAME_MS)


@dataclass(frozen=True, slots=True)
class Done:
    """A prompt is over: it was played whole, or cleared after `played_ms`."""

    mark: str
    played_ms: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The frame of a tick (silence when nothing waits) and the prompts that end with it."""

    pcm: bytes
    done: tuple[Done, ...] = ()


NOTHING = Outgoing(SILENCE)


class PlayQueue:
    """A bounded queue of prompts; `seconds` is the most audio that it holds."""

    def __init__(self, seconds: float = 120.0) -> None:
        self._limit = int(seconds * SAMPLE_RATE) * 2
        self._waiting = 0  # bytes
        self._prompts: deque[_Prompt] = deque()
        self._closed = False
        self._lock = threading.Lock()

    def add(self, pcm: bytes, mark: str) -> bool:
        """Queue a prompt of 16-bit samples, filled up to whole frames; False when the call is over."""
        if len(pcm) % 2:
            raise ValueError("audio to play must be whole 16-bit samples")
        padded = pcm + bytes(-len(pcm) % FRAME_BYTES)
        with self._lock:
            if self._closed:
                return False
            if self._waiting + len(padded) > self._limit or len(self._prompts) >= _PROMPTS:
                raise PlayQueueFull(
                    f"the play queue holds {self._limit // 2 // SAMPLE_RATE} s of audio or {_PROMPTS} prompts: "
                    "wait for Played before queueing more"
                )
            self._waiting += len(padded)
            self._prompts.append(_Prompt(mark, padded, len(pcm) * 1000 // (2 * SAMPLE_RATE)))
            return True

    def take(self) -> Outgoing:
        """The frame of this tick."""
        if not self._prompts:
            return NOTHING
        with self._lock:
            done = self._ended()  # prompts without any sound
            if not self._prompts:
                return Outgoing(SILENCE, done)
            prompt = self._prompts[0]
            frame = prompt.pcm[prompt.sent : prompt.sent + FRAME_BYTES]
            prompt.sent += FRAME_BYTES
            self._waiting -= FRAME_BYTES
            return Outgoing(frame, done + self._ended())

    def clear(self) -> tuple[Done, ...]:
        """Drop everything that has not been taken; returns what was cut."""
        with self._lock:
            cut = tuple(Done(prompt.mark, prompt.played_ms, False) for prompt in self._prompts)
            self._prompts.clear()
            self._waiting = 0
            return cut

    def close(self) -> tuple[Done, ...]:
        """Clear, and take nothing from now on."""
        with self._lock:
            self._closed = True
        return self.clear()

    def _ended(self) -> tuple[Done, ...]:
        done: list[Done] = []
        while self._prompts and self._prompts[0].sent >= len(self._prompts[0].pcm):
            prompt = self._prompts.popleft()
            done.append(Done(prompt.mark, prompt.length_ms, True))
        return tuple(done)
