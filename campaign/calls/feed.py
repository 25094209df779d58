"""What happens right now, for whoever is watching: pages and the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

WATCHER_QUEUE = 256  # a watcher that falls further behind gets one full picture instead of the news
PAGE_SECONDS = 0.2  # between two pieces of news for a page


class Stage(StrEnum):
    """Where a call is."""

    DIALLING = "拨号中"
    INCOMING = "客户来电"
    RINGING = "振铃中"
    TALKING = "通话中"
    FETCHING = "转人工中"
    WITH_AGENT = "坐席通话中"
    AGENT_LOST = "坐席断线"  # the client waits for the agent who dialled to be back
    WRAP_UP = "话后处理"  # the line is down, the agent still writes down what came of it
    ENDED = "已结束"


@dataclass(frozen=True, slots=True)
class LiveCall:
    """One call on the line, without anything that names the client."""

    call_id: str
    attempt_id: int
    task_number: str
    client: str  # masked
    title: str  # of the review
    stage: Stage
    question: str = ""
    outcome: str = ""
    process: str = ""  # another one that carries it, as pages name it; "": this one
    console: str = ""  # the address of that process's pages; "": it has none


class Feed:
    """The calls on the line, of this process and of others, and news for watchers; all on one event loop."""

    def __init__(self) -> None:
        self._calls: dict[str, LiveCall] = {}
        self._elsewhere: dict[str, LiveCall] = {}
        self._watchers: set[asyncio.Queue[dict[str, Any] | None]] = set()  # None: there will be no more news
        self._closed = False
        self.moved = asyncio.Event()  # a call of this process is new, has changed or is over

    def calls(self) -> tuple[LiveCall, ...]:
        """The calls on the line now, those of this process first; from any thread."""
        own = dict(self._calls)
        return (*own.values(), *(call for call_id, call in self._elsewhere.items() if call_id not in own))

    def own(self) -> Mapping[str, LiveCall]:
        """The calls of this process now, by their ids."""
        return dict(self._calls)

    def elsewhere(self, call_id: str) -> LiveCall | None:
        """A call that another process carries."""
        return self._elsewhere.get(call_id) if call_id not in self._calls else None

    def picture(self) -> dict[str, Any]:
        """Everything a watcher who has just come needs."""
        return {"kind": "picture", "calls": [asdict(call) for call in self.calls()]}

    def show(self, call: LiveCall) -> None:
        """A call is new or has changed."""
        if call.stage is Stage.ENDED:
            self._calls.pop(call.call_id, None)
        else:
            self._calls[call.call_id] = call
        self.moved.set()
        self._tell_of(call)

    def show_elsewhere(self, calls: Iterable[LiveCall]) -> None:
        """These are the calls that other processes carry now; watchers hear what is new, has changed or is over."""
        before, self._elsewhere = self._elsewhere, {call.call_id: call for call in calls}
        for call_id in before.keys() - self._elsewhere.keys() - self._calls.keys():
            self._tell_of(replace(before[call_id], stage=Stage.ENDED))
        for call_id, call in self._elsewhere.items():
            if call != before.get(call_id) and call_id not in self._calls:
                self._tell_of(call)

    def change(self, call_id: str, **changes: Any) -> None:
        """Change fields of a call on the line; a call that is gone is ignored."""
        call = self._calls.get(call_id)
        if call is not None:
            self.show(replace(call, **changes))

    def drop(self, call_id: str) -> None:
        """A call that ended without saying how leaves the picture."""
        call = self._calls.get(call_id)
        if call is not None:
            self.show(replace(call, stage=Stage.ENDED))

    def close(self) -> None:
        """The process ends: whoever watches, or comes to, gets no more news."""
        self._closed = True
        for watcher in self._watchers:
            _emptied(watcher).put_nowait(None)

    def _tell_of(self, call: LiveCall) -> None:
        news = {"kind": "call", "call": asdict(call)}
        for watcher in () if self._closed else self._watchers:
            if watcher.full():
                _emptied(watcher).put_nowait(self.picture())
            else:
                watcher.put_nowait(news)

    async def watch(self) -> AsyncGenerator[dict[str, Any], None]:
        """The picture first, then the news as it happens, until the feed is closed."""
        with self._watched() as queue:
            while (news := await queue.get()) is not None:
                yield news

    async def watch_for_pages(self) -> AsyncGenerator[dict[str, Any], None]:
        """The picture first, then what has changed: at once after a rest, else every `PAGE_SECONDS`.

        Fifty pages cannot be told of each of several hundred changes a second, nor could anybody read them.
        """
        with self._watched() as queue:
            while (first := await queue.get()) is not None:
                news = [first]
                while not queue.empty() and (more := queue.get_nowait()) is not None:
                    news.append(more)
                for one in _together(news):
                    yield one
                if self._closed:
                    return
                await asyncio.sleep(PAGE_SECONDS)

    @contextmanager
    def _watched(self) -> Iterator[asyncio.Queue[dict[str, Any] | None]]:
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(WATCHER_QUEUE)
        queue.put_nowait(None if self._closed else self.picture())
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)


def _emptied(watcher: asyncio.Queue[dict[str, Any] | None]) -> asyncio.Queue[dict[str, Any] | None]:
    while not watcher.empty():
        watcher.get_nowait()
    return watcher


def _together(news: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The latest picture, where there is one, and how the calls stand that have changed since, each once."""
    pictures = [place for place, one in enumerate(news) if one["kind"] == "picture"]
    since = pictures[-1] + 1 if pictures else 0
    if pictures:
        yield dict(news[since - 1])
    changed = {one["call"]["call_id"]: one["call"] for one in news[since:]}
    if changed:
        yield {"kind": "changes", "changed": list(changed.values())}
