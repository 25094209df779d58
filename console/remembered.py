"""Answers of slow questions, kept for a moment, so that a page of a million tasks opens at once.

A quick answer is not kept at all: it is always true to the database. A slow one is good for a while that grows with
what it cost; after that the next reader still gets it at once while it is asked anew behind, and one that is too old
is waited for: nobody is shown figures of more than a minute ago, whatever was changed at other hosts meanwhile. What
every morning asks for, and somebody wanted within the last hours, is asked anew in time, so that nobody has to wait.
A page that can be shown without an answer waits for it a moment only, and asks again from the browser.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from sqlalchemy.orm import Session

from campaign.imports.job import Job
from console.desk import desk_of

T = TypeVar("T")

QUICK_SECONDS = 0.03  # such an answer is not worth keeping
TIMES_ITS_COST = 20  # for so many times what it cost an answer is good: at most a twentieth of the time is spent on it
LONGEST_SECONDS = 30.0
TOO_OLD_SECONDS = 60.0  # nobody is shown an older answer to what costs less than two seconds
FRESH_SECONDS = 40.0  # after which it is asked anew though nobody wants it just now
WANTED_SECONDS = 4 * 3600.0  # since it was wanted last
PATIENCE_SECONDS = 0.25  # that a page is held up by an answer which it can be shown without
MOST = 300  # answers kept


@dataclass(slots=True)
class _Kept:
    answer: Any
    at: float
    cost: float
    ask: Callable[[], Any]
    wanted_at: float
    keep_fresh: bool = False

    def good_for(self) -> float:
        return min(LONGEST_SECONDS, TIMES_ITS_COST * self.cost)

    def shown_for(self) -> float:
        """Seconds; what costs more than its twentieth of a minute is shown until it may be asked again."""
        return max(TOO_OLD_SECONDS, 1.5 * TIMES_ITS_COST * self.cost)


class Remembered:
    """Safe from several threads; one thread asks anew behind.

    A question may be asked again hours later: it must take the time from the clock itself, when it is asked.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, patience: float = PATIENCE_SECONDS) -> None:
        self._clock, self._patience = clock, patience
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._asking: dict[Hashable, Future[Any]] = {}  # behind
        self._lock = threading.Lock()
        self._behind = ThreadPoolExecutor(max_workers=1, thread_name_prefix="remembered")
        self._over = threading.Event()
        self._refreshing = False
        self._changes = 0  # an answer to a question that was put before the latest of them is not kept

    def get(self, key: Hashable, ask: Callable[[], T], *, keep_fresh: bool = False) -> T:
        """The answer to a question; `key` names the question with all that it depends on.

        `keep_fresh`: it is asked anew though nobody wants it just now; for the few that do not depend on what is typed.
        """
        with self._lock:
            if (kept := self._shown(key, ask, keep_fresh)) is not None:
                answer: T = kept.answer
                return answer
        return self._asked(key, ask, keep_fresh=keep_fresh)

    def soon(self, key: Hashable, ask: Callable[[], T], *, keep_fresh: bool = False) -> T | None:
        """The same, or None where it takes long: it is being asked behind, and whoever asks again will get it."""
        with self._lock:
            if (kept := self._shown(key, ask, keep_fresh)) is not None:
                answer: T = kept.answer
                return answer
            asking = None if self._over.is_set() else self._ask_soon(key, ask, keep_fresh)
        if asking is None:
            return self._asked(key, ask, keep_fresh=keep_fresh)
        wait((asking,), self._patience)
        return asking.result() if asking.done() and not asking.cancelled() else None

    def ahead(self, key: Hashable, ask: Callable[[], Any], *, keep_fresh: bool = False) -> None:
        """Ask behind what somebody will want."""
        with self._lock:
            if not self._over.is_set() and key not in self._kept:
                self._ask_soon(key, ask, keep_fresh)

    def _shown(self, key: Hashable, ask: Callable[[], Any], keep_fresh: bool) -> _Kept | None:
        """What is kept and not too old, asked anew behind if it is no longer good; under the lock."""
        kept = self._kept.get(key)
        if kept is None or (age := self._clock() - kept.at) > kept.shown_for():
            return None
        self._kept.move_to_end(key)
        kept.wanted_at, kept.ask = self._clock(), ask
        if age > kept.good_for() and not self._over.is_set():
            self._ask_soon(key, ask, keep_fresh)
        return kept

    def _ask_soon(self, key: Hashable, ask: Callable[[], T], keep_fresh: bool) -> Future[T]:
        """What is asked behind already, or else from now on; under the lock, and only while it is not over."""
        asking: Future[T] | None = self._asking.get(key)
        if asking is None:
            asking = self._behind.submit(self._ask_behind, key, ask, self._changes, keep_fresh)
            self._asking[key] = asking
        return asking

    def _ask_behind(self, key: Hashable, ask: Callable[[], T], changes: int, keep_fresh: bool) -> T:
        try:
            return self._asked(key, ask, behind=True, keep_fresh=keep_fresh)
        finally:
            with self._lock:
                if changes == self._changes:  # else another one is in its place, or none
                    self._asking.pop(key, None)

    def _asked(self, key: Hashable, ask: Callable[[], T], *, behind: bool = False, keep_fresh: bool) -> T:
        began, changes = self._clock(), self._changes
        answer = ask()
        now = self._clock()
        with self._lock:
            if changes != self._changes:
                return answer
            if now - began <= QUICK_SECONDS:
                self._kept.pop(key, None)
            else:
                before = self._kept.get(key)
                wanted_at = before.wanted_at if behind and before else now
                self._kept[key] = _Kept(answer, began, now - began, ask, wanted_at, keep_fresh)
                self._refresh_from_now_on()
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
        return answer

    def refresh(self) -> None:
        """Have asked anew behind what is to be kept fresh, no longer is and was wanted within the last hours."""
        with self._lock:
            if self._over.is_set():
                return
            now = self._clock()
            for key, kept in self._kept.items():
                stale = now - kept.at > max(FRESH_SECONDS, TIMES_ITS_COST * kept.cost)
                if kept.keep_fresh and stale and now - kept.wanted_at <= WANTED_SECONDS:
                    self._ask_soon(key, kept.ask, True)

    def _refresh_from_now_on(self) -> None:
        if not self._refreshing:
            self._refreshing = True
            over, me = self._over, weakref.ref(self)
            threading.Thread(target=_keep_fresh, args=(over, me), name="refreshing", daemon=True).start()

    def forget(self) -> None:
        """Ask everything anew: something was changed here."""
        with self._lock:
            self._changes += 1
            self._kept.clear()
            self._asking.clear()

    def close(self) -> None:
        """End the threads behind."""
        with self._lock:  # whoever asks behind has looked at it under the lock
            self._over.set()
        self._behind.shutdown(cancel_futures=True)


def _keep_fresh(over: threading.Event, whose: weakref.ref[Remembered]) -> None:
    while not over.wait(FRESH_SECONDS / 4):
        remembered = whose()
        if remembered is None:
            return
        remembered.refresh()
        del remembered


def remembered_of(where: Request | FastAPI) -> Remembered:
    """The answers that this server keeps."""
    state = (where if isinstance(where, FastAPI) else where.app).state
    if not hasattr(state, "remembered"):
        state.remembered = Remembered()
    kept: Remembered = state.remembered
    return kept


def forget_after(request: Request, job: Job) -> None:
    """Ask everything anew once an import is over."""
    kept = remembered_of(request)
    job.work.add_done_callback(lambda _: kept.forget())


class Asking:
    """Asks the database in a session of its own, or what is remembered of it."""

    def __init__(self, where: Request | FastAPI) -> None:
        self._remembered, self._database = remembered_of(where), desk_of(where).database

    def __call__(self, name: str, query: Callable[[Session], T], *depends_on: Hashable, keep_fresh: bool = False) -> T:
        """The answer to a query; what it gives must be good without its session: values, no rows."""
        return self._remembered.get((name, *depends_on), self._asked(query), keep_fresh=keep_fresh)

    def soon(
        self, name: str, query: Callable[[Session], T], *depends_on: Hashable, keep_fresh: bool = False
    ) -> T | None:
        """The same, or None while it is still being asked: the page says so and asks again."""
        return self._remembered.soon((name, *depends_on), self._asked(query), keep_fresh=keep_fresh)

    def ahead(self, name: str, query: Callable[[Session], Any], *, keep_fresh: bool = False) -> None:
        """Ask behind what somebody will want."""
        self._remembered.ahead((name,), self._asked(query), keep_fresh=keep_fresh)

    def _asked(self, query: Callable[[Session], T]) -> Callable[[], T]:
        def ask() -> T:
            with self._database.read() as session:
                return query(session)

        return ask
