"""Whether recognition keeps up: threads at work, what waits for one, and how it went in the last ten seconds."""

from __future__ import annotations

from threading import Event

from speech.lanes import Workers
from speech.load import Lately, Load

SECONDS = 60.0  # for anything to happen


def test_what_is_under_way_and_what_waits_for_it() -> None:
    workers, began, go_on = Workers(1, 10), Event(), Event()

    def work() -> None:
        began.set()
        assert go_on.wait(SECONDS)

    assert workers.load() == Load(1, 0, 0, 0.0, 0.0)
    under_way = workers.lane().submit(work)
    waiting = workers.lane().submit(lambda: None)
    assert began.wait(SECONDS)
    load = workers.load()
    assert (load.threads, load.busy, load.waiting) == (1, 1, 1)
    assert load.lag_seconds > 0
    go_on.set()
    under_way.result(SECONDS)
    waiting.result(SECONDS)
    workers.close()
    after = workers.load()
    assert (after.busy, after.waiting) == (0, 0)


def test_ten_seconds_count() -> None:
    lately = Lately()
    lately.note(100.2, 1.0, 0.3)
    lately.note(100.9, 2.0, 1.5)
    lately.note(104.0, 1.0, 0.2)
    assert lately.seen(105.0, 2) == (4.0 / 20, 1.5)
    assert lately.seen(110.1, 2) == (1.0 / 20, 0.2)
    assert lately.seen(200.0, 2) == (0.0, 0.0)
    lately.note(300.0, 50.0, 0.1)
    assert lately.seen(300.0, 2) == (1.0, 0.1)
