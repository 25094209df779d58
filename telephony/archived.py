"""Recordings that are read where they are archived, without being fetched as a whole."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

from telephony.archive import Archive

MOST_KNOWN = 256  # files whose size and beginning are remembered: an archived file never changes


class ArchivedFiles:
    """Opens the files of an archive; a file's size and its first `head_bytes` are asked for once."""

    def __init__(self, archive: Archive, head_bytes: int) -> None:
        self._archive, self._head_bytes = archive, head_bytes
        self._known: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._guard = threading.Lock()

    def open(self, name: str) -> ArchivedFile | None:
        """A file to read and seek in, None where there is none; raises `ArchiveAway`."""
        known = self._known.get(name)
        if known is None:
            size = self._archive.size_of(name)
            if size is None:
                return None
            known = size, self._archive.read(name, 0, min(size, self._head_bytes))
            with self._guard:
                self._known[name] = known
                while len(self._known) > MOST_KNOWN:
                    self._known.popitem(last=False)
        return ArchivedFile(self._archive, name, *known)


class ArchivedFile:
    """An archived file: each read that its `head` does not answer is one request."""

    def __init__(self, archive: Archive, name: str, size: int, head: bytes) -> None:
        self._archive, self._key, self._size, self._head = archive, name, size, head
        self._at = 0

    @property
    def name(self) -> str:
        """Where it lies."""
        return f"{self._archive.place}/{self._key}"

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to `offset` from the beginning (SEEK_SET) or from the end (SEEK_END); where that is."""
        self._at = max(0, offset + (self._size if whence == os.SEEK_END else 0))
        return self._at

    def read(self, size: int) -> bytes:
        """As many bytes as there are, `size` at most; raises `ArchiveAway`."""
        start = min(self._at, self._size)
        end = self._at = min(start + size, self._size)
        if start >= end:
            return b""
        return self._head[start:end] if end <= len(self._head) else self._archive.read(self._key, start, end)

    def close(self) -> None:
        """Nothing is kept open between requests."""
