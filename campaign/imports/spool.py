"""Rows that wait between being checked and being written: on disk, so that a large file needs little memory."""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is to be written: `values` by column of its table, personal ones already encrypted."""

    line: int
    number: str
    values: Mapping[str, Any]


class Spool:
    """An unnamed temporary file of changes, a chunk at a time; gone when `close` is called or the process ends."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()
        self.close = weakref.finalize(self, self._file.close)  # at the latest when nobody knows it any more

    def append(self, changes: Sequence[Change]) -> None:
        """Add a chunk."""
        rows = [(one.line, one.number, dict(one.values)) for one in changes]
        pickle.dump(rows, self._file, protocol=pickle.HIGHEST_PROTOCOL)

    def chunks(self) -> Iterator[list[Change]]:
        """Yield the chunks from the first one on, as often as you like."""
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            # Nobody else can write into this file: it has no name.
            yield [Change(*row) for row in pickle.load(self._file)]  # noqa: S301
