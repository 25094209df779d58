"""Answers of slow questions: kept for a while, asked anew behind, never too old; quick ones are always asked."""

from __future__ import annotations

import threading

import pytest

from console.remembered import Remembered


class Slow:
    """A question that costs seconds on a clock of its own; each answer is the next number."""

    def __init__(self, seconds: float) -> None:
        self.now, self.seconds, self.asked = 0.0, seconds, 0
        self.answered = threading.Event()

    def clock(self) -> float:
        return self.now

    def ask(self) -> int:
        self.now += self.seconds
        self.asked += 1
        self.answered.set()
        return self.asked


def test_a_quick_answer_is_never_kept() -> None:
    slow = Slow(0.001)
    remembered = Remembered(slow.clock)
    assert [remembered.get("k", slow.ask) for _ in range(3)] == [1, 2, 3]


def test_a_slow_answer_is_given_at_once_while_it_is_asked_anew_behind() -> None:
    slow = Slow(0.5)
    remembered = Remembered(slow.clock)
    assert remembered.get("k", slow.ask) == 1
    slow.now += 9.0  # good for twenty times half a second
    assert remembered.get("k", slow.ask) == 1
    slow.now += 2.0
    slow.answered.clear()
    assert remembered.get("k", slow.ask) == 1
    assert slow.answered.wait(60)
    remembered.close()
    assert remembered.get("k", slow.ask) == 2
    assert slow.asked == 2


def test_who_asks_once_all_is_over_gets_what_is_kept() -> None:
    slow = Slow(0.5)
    remembered = Remembered(slow.clock)
    remembered.get("k", slow.ask)
    remembered.close()
    slow.now += 50.0
    remembered.refresh()
    assert remembered.get("k", slow.ask) == 1


def test_an_answer_of_yesterday_is_waited_for() -> None:
    slow = Slow(0.5)
    remembered = Remembered(slow.clock)
    remembered.get("k", slow.ask)
    slow.now += 1000.0
    assert remembered.get("k", slow.ask) == 2


def test_what_costs_seconds_is_shown_until_it_may_be_asked_again() -> None:
    slow = Slow(5.0)  # asked anew after twenty times that
    remembered = Remembered(slow.clock)
    remembered.get("k", slow.ask)
    remembered.close()
    slow.now += 110.0
    assert remembered.get("k", slow.ask) == 1
    slow.now += 60.0
    assert remembered.get("k", slow.ask) == 2


def test_a_change_forgets_everything() -> None:
    slow = Slow(0.5)
    remembered = Remembered(slow.clock)
    remembered.get("k", slow.ask)
    remembered.forget()
    assert remembered.get("k", slow.ask) == 2


def test_a_question_that_fails_is_asked_again() -> None:
    slow = Slow(0.5)
    remembered = Remembered(slow.clock)
    with pytest.raises(ZeroDivisionError):
        remembered.get("k", lambda: 1 // 0)
    assert remembered.get("k", slow.ask) == 1


def test_what_was_wanted_lately_is_asked_anew_before_it_is_too_old() -> None:
    slow = Slow(0.5)
    remembered = Remembered(slow.clock)
    remembered._refreshing = True  # by the test, not by a thread of its own
    typed = Slow(0.0)
    remembered.get("typed", lambda: (slow.ask(), typed.ask()))  # nobody keeps it fresh
    slow.asked = 0
    remembered.get("k", slow.ask, keep_fresh=True)
    for _ in range(3):
        slow.now += 70.0
        slow.answered.clear()
        remembered.refresh()
        assert slow.answered.wait(60)
        remembered._behind.submit(int).result(60)  # the answer is put down by now
    assert remembered.get("k", slow.ask) == 4
    remembered.refresh()  # it is fresh
    slow.now += 5 * 3600.0
    remembered.refresh()  # nobody wants it any more
    remembered.close()
    assert (slow.asked, typed.asked) == (4, 1)


def test_a_slow_question_is_not_put_more_often_than_it_may_cost() -> None:
    slow = Slow(5.0)
    remembered = Remembered(slow.clock)
    remembered.get("k", slow.ask, keep_fresh=True)
    slow.now += 90.0
    remembered.refresh()  # twenty times its cost are a hundred seconds
    remembered.close()
    assert slow.asked == 1


def test_an_answer_from_before_a_change_is_not_kept() -> None:
    slow = Slow(0.5)
    remembered = Remembered(slow.clock)

    def ask() -> int:
        answer = slow.ask()
        remembered.forget()
        return answer

    assert remembered.get("k", ask) == 1
    assert remembered.get("k", slow.ask) == 2


def test_nobody_is_shown_figures_of_more_than_a_minute_ago() -> None:
    slow = Slow(0.5)
    remembered = Remembered(slow.clock)
    remembered.get("k", slow.ask)
    slow.now = 60.1
    assert remembered.get("k", slow.ask) == 2


class Gate:
    """A question that is answered once it is let through."""

    def __init__(self) -> None:
        self.open, self.asked = threading.Event(), 0

    def ask(self) -> int:
        self.asked += 1
        assert self.open.wait(60)
        return self.asked


def test_a_page_that_can_do_without_an_answer_gets_it_when_it_asks_again() -> None:
    slow, gate = Slow(0.5), Gate()
    remembered = Remembered(slow.clock, patience=0.01)

    def ask() -> int:
        slow.now += 5.0
        return gate.ask()

    assert [remembered.soon("k", ask) for _ in range(3)] == [None, None, None]
    gate.open.set()
    remembered._behind.submit(int).result(60)  # the answer is put down by now
    assert remembered.soon("k", ask) == remembered.get("k", ask) == gate.asked == 1
    remembered.close()


def test_what_was_asked_before_a_change_is_asked_anew() -> None:
    gate, remembered = Gate(), Remembered(patience=0.01)
    assert remembered.soon("k", gate.ask) is None
    remembered.forget()
    gate.open.set()
    remembered._patience = 60.0
    assert remembered.soon("k", gate.ask) == 2
    remembered.close()


def test_what_is_asked_ahead_is_there_for_the_first_reader() -> None:
    slow = Slow(5.0)
    remembered = Remembered(slow.clock, patience=0.01)
    remembered.ahead("k", slow.ask, keep_fresh=True)
    remembered._behind.submit(int).result(60)
    assert (remembered.soon("k", slow.ask), slow.asked) == (1, 1)
    remembered.close()
    remembered.ahead("other", slow.ask)
    assert slow.asked == 1


def test_a_question_that_fails_behind_fails_for_who_asked() -> None:
    remembered = Remembered(patience=60)
    with pytest.raises(ZeroDivisionError):
        remembered.soon("k", lambda: 1 // 0)
    assert remembered.soon("k", lambda: 7) == 7
    remembered.close()
    assert remembered.soon("k", lambda: 8) == 8
