"""Answers of slow questions, kept for a moment, so that a page of a million tasks opens at once.

A quick answer is not kept at all: it is always true to the database. A slow one is good for a while that grows with
what it cost; after that the next reader still gets it at once while it is asked anew behind, and one that is too old
is waited for.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from sqlalchemy.orm import Session

from console.desk import desk_of

T = TypeVar("T")

QUICK_SECONDS = 0.03  # such an answer is not worth keeping
TIMES_ITS_COST = 20  # for so many times what it cost an answer is good: at most a twentieth of the time is spent on it
LONGEST_SECONDS = 30.0
TOO_OLD_SECONDS = 120.0  # nobody is shown an answer of before the night
MOST = 300  # answers kept


@dataclass(slots=True)
class _Kept:
    answer: Any
    at: float
    cost: float

    def good_for(self) -> float:
        return min(LONGEST_SECONDS, TIMES_ITS_COST * self.cost)


class Remembered:
    """Safe from several threads; one thread asks anew behind."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._asking: set[Hashable] = set()
        self._lock = threading.Lock()
        self._behind = ThreadPoolExecutor(max_workers=1, thread_name_prefix="remembered")

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        """The answer to a question; `key` names the question with all that it depends on."""
        with self._lock:
            kept = self._kept.get(key)
            age = self._clock() - kept.at if kept else 0.0
            if kept is not None and age <= TOO_OLD_SECONDS:
                self._kept.move_to_end(key)
                if age > kept.good_for() and key not in self._asking:
                    self._asking.add(key)
                    self._behind.submit(self._ask_behind, key, ask)
                answer: T = kept.answer
                return answer
        return self._asked(key, ask)

    def _ask_behind(self, key: Hashable, ask: Callable[[], Any]) -> None:
        try:
            self._asked(key, ask)
        finally:
            with self._lock:
                self._asking.discard(key)

    def _asked(self, key: Hashable, ask: Callable[[], T]) -> T:
        began = self._clock()
        answer = ask()
        now = self._clock()
        with self._lock:
            self._kept.pop(key, None)
            if now - began > QUICK_SECONDS:
                self._kept[key] = _Kept(answer, now, now - began)
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
        return answer

    def forget(self) -> None:
        """Ask everything anew: something was changed here."""
        with self._lock:
            self._kept.clear()

    def close(self) -> None:
        """End the thread behind."""
        self._behind.shutdown(cancel_futures=True)


def remembered_of(request: Request) -> Remembered:
    """The answers that this server keeps."""
    state = request.app.state
    if not hasattr(state, "remembered"):
        state.remembered = Remembered()
    kept: Remembered = state.remembered
    return kept


class Asking:
    """Asks the database in a session of its own, or what is remembered of it."""

    def __init__(self, request: Request) -> None:
        self._remembered, self._database = remembered_of(request), desk_of(request).database

    def __call__(self, name: str, query: Callable[[Session], T], *depends_on: Hashable) -> T:
        """The answer to a query; what it gives must be good without its session: values, no rows."""

        def ask() -> T:
            with self._database.read() as session:
                return query(session)

        return self._remembered.get((name, *depends_on), ask)
