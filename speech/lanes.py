"""A bounded thread pool with lanes: jobs of one lane run one after another, in order, on any thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition
from time import monotonic
from typing import Any, TypeVar

from speech.errors import Overloaded
from speech.load import Lately, Load

T = TypeVar("T")


class Workers:
    """`threads` threads shared by all lanes; at most `max_waiting` jobs are under way or wait."""

    def __init__(self, threads: int, max_waiting: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="ears")
        self._changed = Condition()
        self._max_waiting = max_waiting
        self._waiting = 0
        self._threads, self._running = threads, 0
        self._given_at: dict[Future[Any], float] = {}  # of what is under way or waits, the oldest first
        self._lately = Lately()

    def load(self) -> Load:
        """How much there is to do, now and lately."""
        with self._changed:
            now = monotonic()
            oldest = now - next(iter(self._given_at.values())) if self._given_at else 0.0
            share, longest = self._lately.seen(now, self._threads)
            waiting = self._waiting - self._running
            return Load(self._threads, self._running, waiting, share, max(oldest, longest))

    @property
    def busy(self) -> bool:
        """Whether a job is under way or waits."""
        return self._waiting > 0

    def lane(self) -> Lane:
        """A new lane."""
        return Lane(self)

    def _done(self, future: Future[Any], began: float) -> None:
        """A job has run; the lock is held."""
        now = monotonic()
        self._lately.note(now, now - began, now - self._given_at.pop(future))
        self._waiting -= 1
        self._running -= 1
        self._changed.notify_all()

    def close(self) -> None:
        """Run what was accepted, then stop the threads."""
        with self._changed:  # a lane asks for its next turn from inside its last one: the pool may not close before
            self._changed.wait_for(lambda: not self._waiting)
        self._executor.shutdown(wait=True)


class Lane:
    """A queue whose jobs never overlap; the next job takes its turn behind those of other lanes."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._jobs: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def submit(self, job: Callable[[], T], *, always: bool = False) -> Future[T]:
        """Queue a job; Overloaded when the pool's bound is reached (not asked for `always`: releasing things)."""
        workers, future = self._workers, Future[T]()
        with workers._changed:
            if workers._waiting >= workers._max_waiting and not always:
                raise Overloaded(
                    f"{workers._waiting} pieces of audio already wait for recognition: the machine cannot keep up; "
                    "place fewer calls at once or raise HUIFANG_ASR_THREADS"
                )
            workers._waiting += 1
            workers._given_at[future] = monotonic()
            self._jobs.append((future, job))
            if len(self._jobs) == 1:
                workers._executor.submit(self._turn)
        return future

    def _turn(self) -> None:
        """Run the oldest job; it leaves the queue only when done, so that at most one turn is ever asked for."""
        future, job = self._jobs[0]
        began = monotonic()
        with self._workers._changed:
            self._workers._running += 1
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(job())
            except BaseException as error:
                future.set_exception(error)
        with self._workers._changed:
            self._jobs.popleft()
            self._workers._done(future, began)
            if self._jobs:
                self._workers._executor.submit(self._turn)
