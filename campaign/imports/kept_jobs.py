"""Imports that outlive a restart: what was sent, encrypted, and how far it has come, as files of a folder.

<job>.data   what was sent, until the import has ended: pieces, each encrypted, after its length in four bytes
<job>.job    how it stands, encrypted
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from campaign.imports.problems import Problem
from models import SealBroken, current_seal

PIECE_BYTES = 1 << 20

_LENGTH = struct.Struct("<I")

log = logging.getLogger(__name__)


class KeptBroken(Exception):
    """What was sent cannot be read again: it has to be sent once more."""


@dataclass(frozen=True, slots=True)
class Note:
    """How an import stands; instants are seconds since 1970."""

    id: str
    name: str
    kind: str | None
    as_json: bool
    preview: bool
    asked_at: float
    state: str
    ready_at: float = 0.0
    checked: int = 0
    written: int = 0
    summary: str = ""
    problems: tuple[Problem, ...] = ()


class KeptJobs:
    """The folder, for one process alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("w")

    def alone(self) -> bool:
        """Whether no other process keeps its imports here."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Leave the folder to others."""
        self._lock.close()

    def keep(self, job_id: str, file: BinaryIO) -> None:
        """Keep what was sent; `file` stands at its beginning afterwards. Raises OSError."""
        seal = current_seal()
        file.seek(0)
        with _written(self._data(job_id)) as out:
            while piece := file.read(PIECE_BYTES):
                token = seal.close_bytes(piece)
                out.write(_LENGTH.pack(len(token)) + token)
        file.seek(0)

    def sent(self, job_id: str) -> BinaryIO:
        """What was sent, in an unnamed file that the caller closes; raises KeptBroken."""
        file = tempfile.TemporaryFile()
        try:
            with self._data(job_id).open("rb") as kept:
                while head := kept.read(_LENGTH.size):
                    file.write(current_seal().open_bytes(kept.read(*_LENGTH.unpack(head))))
        except (OSError, SealBroken, struct.error) as error:
            file.close()
            raise KeptBroken from error
        file.seek(0)
        return file

    def note(self, note: Note) -> None:
        """Write how an import stands; raises OSError."""
        text = json.dumps(asdict(note), ensure_ascii=False)
        with _written(self._note(note.id)) as out:
            out.write(current_seal().close_bytes(text.encode()))

    def notes(self) -> list[Note]:
        """Every import, the oldest first; one that cannot be read is left out and told in the log."""
        found = [note for path in self._folder.glob("*.job") if (note := self._read(path)) is not None]
        return sorted(found, key=lambda note: (note.asked_at, note.id))

    def drop_sent(self, job_id: str) -> None:
        """What was sent is not needed any more."""
        self._data(job_id).unlink(missing_ok=True)

    def forget(self, job_id: str) -> None:
        """Keep nothing of an import."""
        self.drop_sent(job_id)
        self._note(job_id).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what was cut off before it had a note."""
        for path in self._folder.iterdir():
            if path.suffix == ".part" or (path.suffix == ".data" and not path.with_suffix(".job").exists()):
                path.unlink(missing_ok=True)

    def _read(self, path: Path) -> Note | None:
        try:
            body = json.loads(current_seal().open_bytes(path.read_bytes()))
            problems = tuple(Problem(**one) for one in body.pop("problems"))
            return Note(**body, problems=problems)
        except (OSError, SealBroken, ValueError, TypeError, KeyError) as error:
            log.error("the import noted in %s cannot be read: %s", path.name, type(error).__name__)
            return None

    def _data(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.data"

    def _note(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.job"


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """A file that has its name only when it is whole, on the disk."""
    part = path.with_name(f"{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
