"""Which recordings are still to be archived: a small file each in `waiting/`, so that no kill forgets one.

The file is made before the recording gets its place, and goes when the archive holds it. It is empty, or says as JSON
what went wrong so far. Who archives a recording holds a lock on its file: several processes share a folder.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

_WAITING = "waiting"
_LONGEST_TROUBLE = 300  # characters


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a recording could not be archived; instants are seconds since 1970."""

    tries: int = 0
    what: str = ""
    next_try: float = 0.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A recording that is not archived yet."""

    call_id: str
    since: float  # seconds since 1970
    trouble: Trouble


class ArchiveQueue:
    """The recordings of a folder that wait; methods are safe from any thread and process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / _WAITING
        self._folder.mkdir(parents=True, exist_ok=True)

    def add(self, call_id: str) -> None:
        """Let a recording wait; one that waits already goes on waiting."""
        os.close(os.open(self._folder / call_id, os.O_CREAT | os.O_RDWR, 0o600))

    def ids(self) -> set[str]:
        """Which recordings wait."""
        return set(os.listdir(self._folder))

    def waiting(self) -> list[Waiting]:
        """What waits, the oldest first."""
        found = [self._look(path) for path in self._folder.iterdir()]
        return sorted((one for one in found if one is not None), key=lambda one: (one.since, one.call_id))

    def hurry(self) -> int:
        """Try everything again now that was put off; how much that is."""
        put_off = [one.call_id for one in self.waiting() if one.trouble.next_try]
        for call_id in put_off:
            with self.claimed(call_id) as taken:
                if taken is not None:
                    taken.put_off(Trouble())
        return len(put_off)

    @contextmanager
    def claimed(self, call_id: str) -> Iterator[Taken | None]:
        """A recording for this process alone until the block ends; None where another has it, or has archived it."""
        path = self._folder / call_id
        try:
            file = path.open("r+b", buffering=0)
        except FileNotFoundError:
            yield None
            return
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            yield Taken(path, file) if path.exists() else None

    def _look(self, path: Path) -> Waiting | None:
        try:
            known = path.stat()
            return Waiting(path.name, known.st_mtime, _trouble(path.read_bytes()) if known.st_size else Trouble())
        except FileNotFoundError:
            return None


class Taken:
    """A waiting recording in the hands of this process."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file

    @property
    def trouble(self) -> Trouble:
        """What went wrong so far."""
        return _trouble(self._path.read_bytes())

    def done(self) -> None:
        """It waits no longer."""
        self._path.unlink(missing_ok=True)

    def put_off(self, trouble: Trouble) -> None:
        """Note a failure; when it began to wait stays known."""
        times = self._path.stat()
        text = json.dumps(asdict(trouble) | {"what": trouble.what[:_LONGEST_TROUBLE]}) if trouble.tries else ""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(text.encode())
        os.utime(self._path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _trouble(data: bytes) -> Trouble:
    """As it was noted; a note that a kill cut off says nothing."""
    try:
        return Trouble(**json.loads(data)) if data else Trouble()
    except (ValueError, TypeError):
        return Trouble()
