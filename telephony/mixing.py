"""The sound of a call of several people: what each says goes to those who may hear it, mixed at each one's clock.

Frames pass between the legs' media threads directly. Everybody who comes or goes is taken in from the next frame on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np

from telephony.hearing import Part, hears
from telephony.hold_music import hold_music
from telephony.jitter import JitterBuffer

_BACKLOG_FRAMES = 100  # 2 s: what is said while the other leg is not yet on the line is heard, then caught up with
_SAMPLES: np.dtype[np.int16] = np.dtype("<i2")


class Strand:
    """One way between two legs: frames come at one's clock and go at the other's; safe for a thread at each end."""

    def __init__(self) -> None:
        self._buffer = JitterBuffer(ceiling=_BACKLOG_FRAMES)
        self._lock = threading.Lock()

    def put(self, pcm: bytes) -> None:
        """Take 20 ms."""
        with self._lock:
            self._buffer.put(pcm)

    def take(self) -> bytes | None:
        """Give 20 ms; None for silence."""
        with self._lock:
            return self._buffer.take()


class Place:
    """Somebody's place in a mix: what its leg is joined to."""

    def __init__(self, mix: Mix, part: Part) -> None:
        self.part = part
        self._mix = mix
        self.strands: dict[Place, Strand] = {}  # from everybody else; replaced as a whole, never changed

    def put(self, pcm: bytes) -> None:
        """What this leg's far end says."""
        self._mix.put(self, pcm)

    def take(self) -> bytes | None:
        """What this leg's far end shall hear."""
        return self._mix.take(self)


class Mix:
    """The places of one call; who is heard follows `telephony.hearing` and whether the client is held or muted to."""

    def __init__(self) -> None:
        self._places: tuple[Place, ...] = ()
        self._music: Iterator[bytes] | None = None  # while the client is held
        self.muted = False

    @property
    def held(self) -> bool:
        """Whether the client waits and hears music."""
        return self._music is not None

    def hold(self, on: bool) -> None:
        """Keep the client waiting with music, or no longer."""
        if on is not self.held:
            self._music = hold_music() if on else None

    def enter(self, part: Part) -> Place:
        """A place for one more."""
        new = Place(self, part)
        new.strands = {place: Strand() for place in self._places}
        for place in self._places:
            place.strands = place.strands | {new: Strand()}
        self._places = (*self._places, new)
        return new

    def leave(self, place: Place) -> None:
        """Somebody is gone."""
        self._places = tuple(one for one in self._places if one is not place)
        for other in self._places:
            other.strands = {one: strand for one, strand in other.strands.items() if one is not place}

    def put(self, speaker: Place, pcm: bytes) -> None:
        """Take 20 ms of one of them for all the others."""
        for place in self._places:
            strand = place.strands.get(speaker)
            if strand is not None:
                strand.put(pcm)

    def take(self, listener: Place) -> bytes | None:
        """Give one of them the 20 ms of its tick; what it may not hear is let pass, so that none of it comes later."""
        taken = [(speaker.part, strand.take()) for speaker, strand in listener.strands.items()]
        music = self._music
        if listener.part is Part.CLIENT and music is not None:
            return next(music)
        audible = [
            pcm
            for part, pcm in taken
            if pcm is not None and hears(listener.part, part, held=music is not None, muted=self.muted)
        ]
        return mixed(audible)


class ListeningIn:
    """What somebody hears who listens to a line without being on it: both sides of it; nobody hears them."""

    def __init__(self) -> None:
        self._client, self._other = Strand(), Strand()

    def overhear(self, heard: bytes, said: bytes) -> None:
        """Take 20 ms of the line: what its far end says, and what is said to it."""
        self._client.put(heard)
        self._other.put(said)

    def put(self, pcm: bytes) -> None:
        """What the listener says reaches nobody."""

    def take(self) -> bytes | None:
        """The 20 ms of the listener's tick."""
        return mixed([pcm for pcm in (self._client.take(), self._other.take()) if pcm is not None])


def mixed(frames: Sequence[bytes]) -> bytes | None:
    """The sum of frames of one length, clipped to 16 bits; None of none."""
    if len(frames) < 2:
        return frames[0] if frames else None
    total = np.sum([np.frombuffer(frame, _SAMPLES).astype(np.int32) for frame in frames], axis=0)
    return bytes(np.clip(total, -32768, 32767).astype(_SAMPLES).tobytes())
