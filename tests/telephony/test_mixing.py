"""Who hears whom, and what is mixed for whom; without legs."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from telephony.codecs import SILENCE
from telephony.hearing import Part, hears
from telephony.hold_music import hold_music
from telephony.legs import FRAME_SAMPLES, SAMPLE_RATE
from telephony.mixing import ListeningIn, Mix, Place, Strand, mixed

C, A, M, W, B = Part.CLIENT, Part.AGENT, Part.COLLEAGUE, Part.WHISPERER, Part.BARGER


def tone(value: int) -> bytes:
    return np.full(FRAME_SAMPLES, value, "<i2").tobytes()


@pytest.mark.parametrize(
    ("listener", "normal", "held", "muted"),
    [
        (C, {A, B}, set(), {B}),
        (A, {C, M, W, B}, {M, W, B}, {C, M, W, B}),
        (M, {A}, {A}, {A}),
        (W, {C, A, B}, {C, A, B}, {C, A, B}),
        (B, {C, A, W}, {C, A, W}, {C, A, W}),
    ],
)
def test_whom_each_hears(listener: Part, normal: set[Part], held: set[Part], muted: set[Part]) -> None:
    """A whisper reaches the agent alone; a held client hears no one; a muted agent still confers with a supervisor."""
    others = set(Part) - {listener}
    assert {one for one in others if hears(listener, one)} == normal
    assert {one for one in others if hears(listener, one, held=True)} == held
    assert {one for one in others if hears(listener, one, muted=True)} == muted


def heard(mix: Mix, says: dict[Place, int], by: Place) -> int:
    """What one hears when each says a steady value."""
    for _ in range(3):  # the jitter buffers start
        for place, value in says.items():
            mix.put(place, tone(value))
        frames = [mix.take(place) for place in says if place is by]
    frame = frames[0]
    return int(np.frombuffer(frame, "<i2")[0]) if frame is not None else 0


def test_a_whisper_is_mixed_into_what_the_agent_hears_and_into_nothing_else() -> None:
    mix = Mix()
    client, agent = mix.enter(C), mix.enter(A)
    whisperer = mix.enter(W)
    says = {client: 100, agent: 1000, whisperer: 10}
    assert heard(mix, says, agent) == 110
    assert heard(mix, says, client) == 1000
    assert heard(mix, says, whisperer) == 1100
    whisperer.part = B
    assert heard(mix, says, client) == 1010
    mix.leave(whisperer)
    assert heard(mix, says, agent) == 100


def test_what_was_said_on_hold_is_not_heard_afterwards() -> None:
    mix = Mix()
    client, agent = mix.enter(C), mix.enter(A)
    mix.hold(True)
    music = list(islice(hold_music(), 3))
    for frame in music:
        mix.put(client, tone(5))
        mix.put(agent, tone(7))
        assert (mix.take(client), mix.take(agent)) == (frame, None)
    mix.hold(False)
    assert heard(mix, {client: 100, agent: 1000}, client) == 1000


def test_the_hold_music_is_never_silent_for_long() -> None:
    samples = np.frombuffer(b"".join(islice(hold_music(), 50 * 16)), "<i2").astype(float)
    level = np.sqrt(np.mean(samples.reshape(-1, SAMPLE_RATE // 2) ** 2, axis=1))
    assert level.min() > 300 and np.abs(samples).max() < 16_000


def test_a_listener_hears_both_sides_and_says_nothing() -> None:
    ear = ListeningIn()
    for _ in range(3):
        ear.overhear(tone(100), tone(1000))
        ear.put(tone(9))
        frame = ear.take()
    assert frame == tone(1100)


def test_loud_voices_are_clipped_and_nothing_is_silence() -> None:
    assert mixed([tone(30_000), tone(30_000)]) == tone(32_767)
    assert mixed([]) is None


def test_a_strand_is_bounded_and_gives_the_newest() -> None:
    strand = Strand()
    loud = tone(9000)
    for _ in range(1000):
        strand.put(SILENCE)
    strand.put(loud)
    given = [strand.take() for _ in range(150)]
    assert loud in given
    assert given[-1] is None
