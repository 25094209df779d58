"""The events of a leg when nobody reads them."""

from __future__ import annotations

import asyncio

import pytest

from telephony.handle import EventQueue
from telephony.legs import Answered, AudioIn, Digit, HangupCause, HungUp

END = HungUp(HangupCause.NORMAL, None, None, 9999)


async def drained(queue: EventQueue) -> list[object]:
    events: list[object] = []
    while (event := await queue.get()) is not None:
        events.append(event)
    return events


async def test_the_oldest_audio_goes_first_and_all_else_stays() -> None:
    queue = EventQueue(limit=4)
    for event in (Answered(0), AudioIn(b"", 0), AudioIn(b"", 60), Digit("1", 100), AudioIn(b"", 120), END):
        queue.put(event)
    assert await drained(queue) == [Answered(0), Digit("1", 100), AudioIn(b"", 120), END]
    assert queue.dropped == 2


async def test_the_end_always_arrives_and_is_the_last() -> None:
    queue = EventQueue(limit=2)
    for event in (Answered(0), Digit("1", 1), Digit("2", 2), END, Digit("3", 3), END):
        queue.put(event)
    assert await drained(queue) == [Answered(0), Digit("1", 1), END]


async def test_a_reader_that_waits_is_woken_and_one_that_gives_up_loses_nothing() -> None:
    queue = EventQueue()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.get(), 0.01)
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.put(Answered(5))
    assert await waiting == Answered(5)
