"""A backup as files: in a folder, or in one .tar; what it holds is in its manifest, with size and SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

MANIFEST = "manifest.json"
FORMAT = 1
PIECE_BYTES = 1 << 20


class KeepingError(Exception):
    """A backup or a restore that cannot be done; the message names every reason with its remedy, in Chinese."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One file of a backup."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself; `key_check` tells its key from others, and gives nothing away."""

    made_at: str
    database: str  # sqlite or postgresql
    revision: str  # the migration it stands at
    key_check: str
    archive: str  # where the recordings are that are not in it; "": nowhere
    settings: tuple[str, ...]  # the names of those that were set
    files: Mapping[str, Packed]
    missing: tuple[str, ...] = ()  # recordings that calls name, and that were not found
    format: int = FORMAT

    def serialise(self, key: bytes) -> bytes:
        """The file, with a seal by which a change is noticed."""
        body = asdict(self)
        return json.dumps({"seal": _seal(body, key), "backup": body}, ensure_ascii=False, indent=1).encode()


def parse_manifest(data: bytes) -> tuple[Manifest, str]:
    """The manifest and its seal; raises KeepingError."""
    try:
        read = json.loads(data)
        body: dict[str, Any] = read["backup"]
        if body["format"] != FORMAT:
            raise KeepingError(f"备份的格式是 {body['format']}，本版本只能读 {FORMAT}：请用较新的版本恢复")
        files = {name: Packed(**one) for name, one in body["files"].items()}
        lists = {name: tuple(body[name]) for name in ("settings", "missing")}
        return Manifest(**(body | {"files": files} | lists)), str(read["seal"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise KeepingError(f"{MANIFEST} 读不懂：备份不完整或已损坏，请换一份备份") from error


def sealed_with(manifest: Manifest, seal: str, key: bytes) -> bool:
    """Whether the manifest is as it was written."""
    return hmac.compare_digest(seal, _seal(asdict(manifest), key))


def check_of(key: bytes) -> str:
    """By what a key is known again."""
    return hmac.digest(key, b"backup: key", "sha256").hex()[:16]


def _seal(body: Mapping[str, Any], key: bytes) -> str:
    text = json.dumps(body, ensure_ascii=False, sort_keys=True)
    return hmac.digest(key, b"backup: manifest" + text.encode(), "sha256").hex()


class Package(Protocol):
    """Where a backup is written."""

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        """Add a file of so many bytes."""

    def close(self) -> None:
        """It is complete."""


class FolderPackage:
    """A backup as a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700)

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        """Add a file."""
        path = self._folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.writelines(pieces)
        path.chmod(0o600)

    def close(self) -> None:
        """Nothing is left to do."""


class TarPackage:
    """A backup as one file."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._tar = tarfile.open(path, "w")

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        """Add a file."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        self._tar.addfile(entry, _Pieces(pieces))

    def close(self) -> None:
        """Write the end of the file."""
        self._tar.close()


class _Pieces(io.RawIOBase):
    """Pieces to read from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest = iter(pieces), b""

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._rest += piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


@dataclass(slots=True)
class Packing:
    """Fills a package and keeps its list of files; nothing has the target's name before everything is in it."""

    target: Path
    files: dict[str, Packed] = field(default_factory=dict)
    _package: Package = field(init=False)

    def __post_init__(self) -> None:
        if self.target.exists():
            raise KeepingError(f"{self.target} 已经存在：备份不会覆盖它，请换一个名字")
        self.target.parent.mkdir(parents=True, exist_ok=True)
        remove(self.part)  # of a backup that was broken off
        self._package = TarPackage(self.part) if self.target.suffix == ".tar" else FolderPackage(self.part)

    @property
    def part(self) -> Path:
        """The package while it is being filled."""
        return self.target.with_name(f"{self.target.name}.part")

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        """Add a file of so many bytes; raises KeepingError when there were more or fewer."""
        digest, count = hashlib.sha256(), 0

        def counted() -> Iterator[bytes]:
            nonlocal count
            for piece in pieces:
                digest.update(piece)
                count += len(piece)
                yield piece

        try:
            self._package.add(name, size, counted())
        except tarfile.TarError as error:
            raise KeepingError(f"{name} 写不进 {self.part}（{error}）") from error
        if count != size:
            raise KeepingError(f"{name} 在备份时变了：请重新备份")
        self.files[name] = Packed(size, digest.hexdigest())

    def finish(self, manifest: bytes) -> None:
        """Add the manifest, and give the package its name."""
        self._package.add(MANIFEST, len(manifest), [manifest])
        self._package.close()
        self.part.rename(self.target)

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._package.close()
        remove(self.part)


def remove(path: Path) -> None:
    """Remove a file or a folder; nothing happens where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Opened(Protocol):
    """A backup that is read."""

    def names(self) -> set[str]:
        """Its files."""

    def open(self, name: str) -> BinaryIO:
        """One of them; raises OSError or KeyError."""

    def size(self, name: str) -> int:
        """Bytes of one of them."""


class OpenedFolder:
    """A backup in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> set[str]:
        """Its files."""
        return {one.relative_to(self._folder).as_posix() for one in self._folder.rglob("*") if one.is_file()}

    def open(self, name: str) -> BinaryIO:
        """One of them."""
        return (self._folder / name).open("rb")

    def size(self, name: str) -> int:
        """Bytes of one of them."""
        return (self._folder / name).stat().st_size


class OpenedTar:
    """A backup in one file."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def names(self) -> set[str]:
        """Its files."""
        return {one.name for one in self._tar.getmembers() if one.isfile()}

    def open(self, name: str) -> BinaryIO:
        """One of them."""
        file = self._tar.extractfile(name)
        if file is None:
            raise KeyError(name)
        return file  # type: ignore[return-value]  # of bytes, to read and seek in

    def size(self, name: str) -> int:
        """Bytes of one of them."""
        return self._tar.getmember(name).size


@contextmanager
def open_package(path: Path) -> Iterator[Opened]:
    """The backup at a path, open until the block ends; raises KeepingError."""
    try:
        tar = None if path.is_dir() else tarfile.open(path, "r:")
    except (OSError, tarfile.TarError) as error:
        raise KeepingError(f"{path} 不是备份，或读不出来（{type(error).__name__}）：请换一份备份") from error
    with tar or nullcontext():
        yield OpenedTar(tar) if tar else OpenedFolder(path)


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """A file, a bounded piece at a time."""
    while piece := file.read(PIECE_BYTES):
        yield piece
