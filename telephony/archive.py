"""Where sealed recordings are archived: what an archive is, a folder as one, and which one an address names.

    (empty)                            none: recordings stay in their folder
    /mnt/archive                       a folder, usually of another machine
    s3://bucket/prefix                 Amazon S3
    s3+https://host:port/bucket/prefix any S3-compatible storage; s3+http:// where the network itself is trusted

A recording is archived as it lies in its folder: encrypted, under the same name. What an archive holds is never
written over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from telephony.errors import ArchiveAway, ArchiveConflict, ArchiveDamaged

PIECE_BYTES = 4 * 1024 * 1024  # read back at once


class Archive(Protocol):
    """Methods are safe from any thread, and blocking; each raises `ArchiveAway` when the archive does not answer."""

    @property
    def place(self) -> str:
        """Its address as people may read it."""

    def keep(self, name: str, path: Path) -> None:
        """Take a file in and make sure that it is there, byte for byte; one that is there already is left alone.

        Raises `ArchiveConflict` where something else has the name, `ArchiveDamaged` where other bytes arrived.
        """

    def size_of(self, name: str) -> int | None:
        """Bytes of what is archived under a name, None where nothing is."""

    def read(self, name: str, start: int, end: int) -> bytes:
        """Bytes `start` up to (not including) `end`, which lie inside of it."""


def holds(archive: Archive, name: str, path: Path) -> bool:
    """Whether the archive holds exactly the bytes of a file: all of them are read back."""
    size = path.stat().st_size
    if archive.size_of(name) != size:
        return False
    with path.open("rb") as file:
        for start in range(0, size, PIECE_BYTES):
            end = min(start + PIECE_BYTES, size)
            if archive.read(name, start, end) != file.read(end - start):
                return False
    return True


class FolderArchive:
    """A folder, usually of another machine, that is mounted here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._folder)

    def keep(self, name: str, path: Path) -> None:
        """Copy, compare, and only then give the copy its name."""
        target = self._folder / name
        with self._asked():
            if not self._folder.is_dir():  # a mount that is away must not fill the disk below it
                raise ArchiveAway(f"归档文件夹 {self._folder} 不存在：请挂载或创建它")
            if target.exists():
                if holds(self, name, path):
                    return
                raise conflict_of(self.place, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            _copy(path, part)
            if not holds(self, part.relative_to(self._folder).as_posix(), path):
                raise damage_of(self.place, name)
            part.rename(target)

    def size_of(self, name: str) -> int | None:
        """By the file's size."""
        with self._asked():
            try:
                return (self._folder / name).stat().st_size
            except FileNotFoundError:
                return None

    def read(self, name: str, start: int, end: int) -> bytes:
        """A stretch of the file."""
        with self._asked(), (self._folder / name).open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ArchiveAway(
                f"归档文件夹 {self._folder} 出错（{error.strerror or type(error).__name__}）：请检查磁盘、挂载和权限"
            ) from error


def _copy(path: Path, part: Path) -> None:
    descriptor = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with path.open("rb") as source, os.fdopen(descriptor, "wb") as copy:
        while piece := source.read(PIECE_BYTES):
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())


def conflict_of(place: str, name: str) -> ArchiveConflict:
    """Something else has the name."""
    return ArchiveConflict(f"{place} 里的 {name} 是另一个录音，不会覆盖：请查明它从哪里来")


def damage_of(place: str, name: str) -> ArchiveDamaged:
    """Other bytes arrived than were sent."""
    return ArchiveDamaged(f"{place} 收到的 {name} 与发出的不同，将重新发送")
