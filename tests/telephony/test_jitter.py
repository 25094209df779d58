"""The jitter buffer: order kept, gaps silent, delay small, nothing of a word lost."""

from __future__ import annotations

import pytest

from telephony.jitter import JitterBuffer
from tests.telephony.sounds import line, noisy, silence, sine

LOUD = line(sine(300, 20, -15))


def frame(number: int, *, loud: bool = True) -> bytes:
    """A frame that can be told from others."""
    return (LOUD if loud else bytes(320))[:-2] + number.to_bytes(2, "little")


def numbers(frames: list[bytes | None]) -> list[int]:
    return [int.from_bytes(taken[-2:], "little") for taken in frames if taken is not None]


def test_a_steady_far_end_comes_through_whole_and_soon() -> None:
    buffer, taken = JitterBuffer(), []
    for number in range(500):
        buffer.put(frame(number))
        taken.append(buffer.take())
    assert numbers(taken) == list(range(499))
    assert taken.count(None) == 1  # one frame of delay


def test_nothing_comes_before_the_first_frame() -> None:
    buffer = JitterBuffer()
    assert [buffer.take() for _ in range(5)] == [None] * 5


def test_a_single_frame_is_not_kept_forever() -> None:
    buffer = JitterBuffer()
    buffer.put(frame(7))
    assert numbers([buffer.take() for _ in range(3)]) == [7]


def test_jitter_of_two_frames_costs_no_frame() -> None:
    buffer, taken = JitterBuffer(), []
    for number in range(0, 600, 3):  # three at once, every third tick
        for one in range(number, number + 3):
            buffer.put(frame(one))
        taken += [buffer.take() for _ in range(3)]
    assert numbers(taken) == list(range(600 - len(buffer)))
    assert taken.count(None) <= 3


def test_a_stall_becomes_silence_and_its_words_follow() -> None:
    buffer, taken = JitterBuffer(), []
    for number in range(50):
        buffer.put(frame(number))
        taken.append(buffer.take())
    taken += [buffer.take() for _ in range(25)]  # half a second without anything
    for number in range(50, 75):
        buffer.put(frame(number))  # then all of it
    for number in range(75, 100):
        buffer.put(frame(number))
        taken.append(buffer.take())
    heard = numbers(taken)
    assert heard == list(range(len(heard)))
    assert taken.count(None) >= 24


def test_the_delay_of_a_stall_is_shed_in_the_next_pause() -> None:
    buffer = JitterBuffer()
    for number in range(30):
        buffer.put(frame(number))
    loud: list[bytes | None] = []
    for number in range(30, 80):
        buffer.put(frame(number))
        loud.append(buffer.take())
    assert numbers(loud) == list(range(50))  # words in full, though late
    for number in range(80, 280):
        buffer.put(frame(number, loud=False))
        buffer.take()
    assert len(buffer) <= 2


@pytest.mark.parametrize("loud", [True, False])
def test_a_fast_clock_is_followed_with_bounded_delay(loud: bool) -> None:
    buffer, taken, number = JitterBuffer(), [], 0
    for tick in range(20_000):
        buffer.put(frame(number % 60_000, loud=loud))
        number += 1
        if tick % 400 == 0:  # 0.25% fast: far more than any clock
            buffer.put(frame(number % 60_000, loud=loud))
            number += 1
        taken.append(buffer.take())
        assert len(buffer) <= 4
    assert number - len(numbers(taken)) <= 55


def test_a_slow_clock_becomes_single_silent_frames() -> None:
    buffer, taken = JitterBuffer(), []
    for tick in range(5000):
        if tick % 500 != 499:
            buffer.put(frame(tick))
        taken.append(buffer.take())
    assert taken.count(None) <= 11
    assert len(buffer) <= 1


def test_a_flood_is_bounded_and_counted() -> None:
    buffer = JitterBuffer(ceiling=100)
    for number in range(1000):
        buffer.put(frame(number))
    assert len(buffer) == 100
    assert buffer.overflowed == 900
    assert numbers([buffer.take()]) == [900]


def test_line_noise_counts_as_quiet_and_speech_does_not() -> None:
    noise = line(noisy(silence(20), -40))
    for quiet, left in ((noise, 2), (LOUD, 20)):
        buffer = JitterBuffer(window=10)
        for _ in range(30):
            buffer.put(quiet)
        for _ in range(21):
            buffer.put(quiet)
            buffer.take()
        assert (len(buffer) <= left) is (quiet is noise)
