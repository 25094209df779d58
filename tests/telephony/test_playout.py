"""The play queue: order, marks, barge-in, bounds."""

from __future__ import annotations

import threading

import pytest

from telephony.errors import PlayQueueFull
from telephony.playout import Done, PlayQueue


def audio(ms: int, value: int = 1) -> bytes:
    return value.to_bytes(2, "little") * (8 * ms)


def test_prompts_are_played_in_order_and_then_silence() -> None:
    queue = PlayQueue()
    queue.add(audio(40, 1), "a")
    queue.add(audio(20, 2), "b")
    taken = [queue.take() for _ in range(4)]
    assert [frame.pcm for frame in taken] == [audio(20, 1), audio(20, 1), audio(20, 2), bytes(320)]
    assert [frame.done for frame in taken] == [(), (Done("a", 40, True),), (Done("b", 20, True),), ()]


def test_a_part_of_a_frame_is_filled_with_silence_and_its_length_is_told() -> None:
    queue = PlayQueue()
    queue.add(audio(25), "a")
    queue.take()
    last = queue.take()
    assert last.pcm == audio(5) + bytes(240)
    assert last.done == (Done("a", 25, True),)


def test_a_prompt_without_sound_is_done_at_once() -> None:
    queue = PlayQueue()
    queue.add(b"", "empty")
    queue.add(audio(20), "a")
    queue.add(b"", "last")
    assert queue.take().done == (Done("empty", 0, True), Done("a", 20, True), Done("last", 0, True))


def test_clear_tells_what_was_cut_and_how_far_it_came() -> None:
    queue = PlayQueue()
    queue.add(audio(100), "a")
    queue.add(audio(100), "b")
    queue.take()
    queue.take()
    assert queue.clear() == (Done("a", 40, False), Done("b", 0, False))
    assert queue.take().pcm == bytes(320)
    queue.add(audio(20), "c")
    assert queue.take().done == (Done("c", 20, True),)


def test_nothing_is_added_after_the_end() -> None:
    queue = PlayQueue()
    queue.add(audio(20), "a")
    assert queue.close() == (Done("a", 0, False),)
    assert queue.add(audio(20), "b") is False
    assert queue.take().pcm == bytes(320)


def test_the_bound_is_on_what_still_waits() -> None:
    queue = PlayQueue(seconds=1.0)
    queue.add(audio(980), "a")
    queue.add(audio(20), "b")
    with pytest.raises(PlayQueueFull, match="1 s"):
        queue.add(audio(20), "c")
    queue.take()
    queue.add(audio(20), "c")


def test_the_number_of_prompts_is_bounded_too() -> None:
    queue = PlayQueue()
    with pytest.raises(PlayQueueFull):
        for _ in range(2000):
            queue.add(b"", "empty")


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="16-bit"):
        PlayQueue().add(b"\0", "a")


def test_every_mark_comes_back_exactly_once_from_two_threads() -> None:
    queue, over = PlayQueue(), threading.Event()
    played: list[Done] = []

    def media() -> None:
        while not over.is_set():
            played.extend(queue.take().done)

    thread = threading.Thread(target=media)
    thread.start()
    cut: list[Done] = []
    for number in range(500):
        queue.add(audio(40), str(number))
        if number % 7 == 0:
            cut.extend(queue.clear())
    over.set()
    thread.join()
    cut.extend(queue.close())
    assert sorted(int(done.mark) for done in [*played, *cut]) == list(range(500))
