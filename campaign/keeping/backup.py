"""Making a backup while the installation works: the database of one instant, and the recordings that it needs.

The key is never inside: who has the backup alone can read neither names nor voices, and who lost the key neither.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from campaign.keeping.package import KeepingError, Manifest, Packing, check_of, pieces_of, remove
from models import Database, Seal, use_seal
from models.copying import FILES, copy_database, kind_of, opens_with_key, recording_paths, revision_of
from telephony.archive import PIECE_BYTES, Archive
from telephony.archive_queue import ArchiveQueue
from telephony.recording import ARCHIVE_NOTE


@dataclass(frozen=True, slots=True)
class Premises:
    """What an installation consists of."""

    database_url: str
    recordings: Path
    key: bytes
    archive: Archive | None
    settings: tuple[str, ...]  # the names of those that are set


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What is in a backup."""

    size: int
    recordings: int
    archived: int  # recordings that are in the archive alone
    missing: tuple[str, ...]  # recordings that calls name and that are nowhere


def back_up(premises: Premises, target: Path, now: datetime, *, everything: bool = False) -> BackedUp:
    """Write a backup to a new folder or .tar; raises KeepingError, ModelsError and OSError.

    The recordings that the archive has not got yet are in it, with `everything` all of them.
    """
    use_seal(Seal(premises.key))
    packing = Packing(target)
    try:
        kind, revision = _pack_database(premises, packing)
        named = _named(premises)
        local = _local(premises)
        wanted = sorted(named | local) if everything else sorted(_not_archived(premises, local))
        for path in wanted:
            _pack_recording(premises, packing, path)
        found = {name.removeprefix("recordings/") for name in packing.files}
        missing = () if premises.archive and not everything else tuple(sorted(named - local - found))
        manifest = Manifest(
            made_at=now.isoformat(timespec="seconds"),
            database=kind,
            revision=revision,
            key_check=check_of(premises.key),
            archive=premises.archive.place if premises.archive else "",
            settings=premises.settings,
            files=packing.files,
            missing=missing,
        )
        packing.finish(manifest.serialise(premises.key))
    except BaseException:
        packing.abandon()
        raise
    recordings = len(packing.files) - 1
    size = sum(one.size for one in packing.files.values())
    return BackedUp(size, recordings, len(named - found) - len(missing), missing)


def write_key(premises: Premises, file: Path, target: Path) -> None:
    """Write the key into a new file, outside of the backup."""
    if file.resolve().is_relative_to(target.resolve()):
        raise KeepingError(f"密钥不能放在备份 {target} 里面：拿到备份的人就能读出全部内容，请放在别处")
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise KeepingError(f"{file} 已经存在：不会覆盖，请换一个名字") from error
    with os.fdopen(descriptor, "w") as out:
        out.write(base64.b64encode(premises.key).decode() + "\n")


def _pack_database(premises: Premises, packing: Packing) -> tuple[str, str]:
    kind = kind_of(premises.database_url)
    copy = packing.target.with_name(f"{packing.target.name}.database.part")
    remove(copy)
    try:
        copy_database(premises.database_url, copy)
        database = Database(premises.database_url)
        try:
            revision = revision_of(database)
            with database.read() as session:
                opens_with_key(session)
        finally:
            database.close()
        with copy.open("rb") as file:
            packing.add(FILES[kind], copy.stat().st_size, pieces_of(file))
    finally:
        remove(copy)
    return kind, revision


def _named(premises: Premises) -> set[str]:
    """The recordings of calls; asked after the database was copied, so that none of the copy's is left out."""
    database = Database(premises.database_url)
    try:
        with database.read() as session:
            return set(recording_paths(session))
    finally:
        database.close()


def _local(premises: Premises) -> set[str]:
    found = premises.recordings.glob("[0-9a-f][0-9a-f]/*.rec")
    return {one.relative_to(premises.recordings).as_posix() for one in found}


def _not_archived(premises: Premises, local: set[str]) -> set[str]:
    """Those that the archive was not seen to hold: what waits, or all where no stock was taken for this archive."""
    note = premises.recordings / ARCHIVE_NOTE
    if premises.archive is None or not note.exists() or note.read_text() != premises.archive.place:
        return local
    waiting = ArchiveQueue(premises.recordings).ids()
    return {path for path in local if Path(path).stem in waiting}


def _pack_recording(premises: Premises, packing: Packing, path: str) -> None:
    """Add a recording from its folder, else from the archive; one that is nowhere is left out."""
    try:
        with (premises.recordings / path).open("rb") as file:
            packing.add(f"recordings/{path}", os.fstat(file.fileno()).st_size, pieces_of(file))
            return
    except FileNotFoundError:
        size = premises.archive.size_of(path) if premises.archive else None
    if size is not None and premises.archive is not None:
        packing.add(f"recordings/{path}", size, _archived(premises.archive, path, size))


def _archived(archive: Archive, path: str, size: int) -> Iterator[bytes]:
    for start in range(0, size, PIECE_BYTES):
        yield archive.read(path, start, min(start + PIECE_BYTES, size))
