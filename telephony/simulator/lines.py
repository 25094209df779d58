"""What happens on a line before anybody speaks, laid out tick by tick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from telephony.legs import FRAME_MS, SAMPLE_RATE
from telephony.simulator import audio
from telephony.simulator.personas import LineKind, Sound
from telephony.wire import Ended, MediaBegan, MediaEvent, PickedUp, Rang

NETWORK_SNR_DB = 30.0
_GAP_SECONDS = 0.8  # between two rounds of an announcement
Speaker = Callable[[str], audio.Signal]  # an announcement's text to its sound


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a call before answer: an event, then `ticks` of 20 ms with audio (or without: no media yet)."""

    event: MediaEvent | None
    ticks: int
    frames: tuple[bytes, ...] = ()


def lay_out(line: LineKind, announce: Speaker) -> tuple[Stretch, ...]:
    """The stretches of one kind of line; the last one is the answer or the end."""
    stretches = []
    if line.rings:
        stretches.append(Stretch(Rang(), round(line.rings * 1000 / FRAME_MS)))
    for place, sound in enumerate(line.early):
        frames = tuple(audio.frames_of(audio.pcm_of(_render(sound, announce))))
        stretches.append(Stretch(None if place else MediaBegan(), len(frames), frames))
    stretches.append(Stretch(PickedUp() if line.answers else Ended(line.sip, line.q850), 0))
    return tuple(stretches)


def rung_longer(line: LineKind, seconds: float) -> LineKind:
    """The same line answered that much later: what is heard last goes on."""
    if not seconds:
        return line
    if not line.early:
        return replace(line, rings=line.rings + seconds)
    *before, last = line.early
    if last.kind == "announce":
        return replace(line, early=(*line.early, Sound("tone", "ringback", seconds)))
    return replace(line, early=(*before, replace(last, seconds=length_of(last) + seconds)))


def announcements(line: LineKind) -> list[str]:
    """The texts that the network speaks on this line."""
    return [sound.what for sound in line.early if sound.kind == "announce"]


def length_of(sound: Sound) -> float:
    """The seconds of a tone or of music."""
    return sound.seconds or (5.0 if sound.kind == "tone" else 8.0)


def _render(sound: Sound, announce: Speaker) -> audio.Signal:
    match sound.kind:
        case "tone":
            signal = audio.tone(sound.what, length_of(sound))
        case "music":
            signal = audio.music(sound.what, length_of(sound))
        case _:
            signal = _rounds(announce(sound.what), sound.times)
    level = audio.speech_rms(signal) * 10 ** (-NETWORK_SNR_DB / 20)
    return signal + audio.noise(len(signal), len(sound.what)) * level


def _rounds(signal: audio.Signal, times: int) -> audio.Signal:
    return np.tile(np.concatenate([np.zeros(round(_GAP_SECONDS * SAMPLE_RATE)), signal]), max(1, times))
