"""Bringing a backup back into an empty installation: everything is checked first, and nothing is written over.

The database comes last: a restore that was broken off is simply done again.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from campaign.keeping.package import (
    MANIFEST,
    KeepingError,
    Manifest,
    Opened,
    check_of,
    open_package,
    parse_manifest,
    pieces_of,
    sealed_with,
)
from models import Database, Seal, use_seal
from models.copying import FILES, faults_of_target, kind_of, known_revision, opens_with_key, put_database
from models.errors import ModelsError
from telephony.recording import ARCHIVE_NOTE

MOST_NAMED = 20  # damaged files that are told one by one
SPARE_BYTES = 100_000_000  # that must be left on the disk

_RECORDING = re.compile(r"recordings/[0-9a-f]{2}/[A-Za-z0-9._-]{1,60}\.rec")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a backup is brought back to."""

    database_url: str
    recordings: Path
    key_file: Path | None  # where the key is to be; None: it is in the settings
    key: bytes | None  # None: there is none


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back."""

    manifest: Manifest
    recordings: int


def restore(source: Path, place: Place) -> Restored:
    """Bring a backup back; raises KeepingError with everything that is in the way, ModelsError and OSError."""
    with open_package(source) as package:
        manifest, seal = _manifest(package, source)
        faults = [*_of_files(package, manifest), *_of_key(manifest, seal, place), *_of_place(package, manifest, place)]
        if faults or place.key is None:
            raise KeepingError("不能恢复，什么都没有改动：\n  " + "\n  ".join(faults))
        _put_key(place.key_file, place.key)
        place.recordings.mkdir(parents=True, exist_ok=True)
        names = [name for name in manifest.files if _RECORDING.fullmatch(name)]
        for name in names:
            _put_recording(package, name, place.recordings / name.removeprefix("recordings/"))
        (place.recordings / ARCHIVE_NOTE).unlink(missing_ok=True)  # the archive is asked for each of them
        _put_database(package, manifest, place)
    return Restored(manifest, len(names))


def _manifest(package: Opened, source: Path) -> tuple[Manifest, str]:
    try:
        with package.open(MANIFEST) as file:
            return parse_manifest(file.read())
    except (OSError, KeyError, tarfile.TarError) as error:
        raise KeepingError(f"{source} 里没有 {MANIFEST}：不是备份，或备份没有做完") from error


def _of_files(package: Opened, manifest: Manifest) -> Iterator[str]:
    faults = list(_damages(package, manifest))
    yield from faults[:MOST_NAMED]
    if len(faults) > MOST_NAMED:
        yield f"另有 {len(faults) - MOST_NAMED} 个文件有问题，没有列出"


def _damages(package: Opened, manifest: Manifest) -> Iterator[str]:
    there, wanted = package.names() - {MANIFEST}, FILES.get(manifest.database, "")
    if wanted not in manifest.files:
        yield "备份里没有数据库：请换一份备份"
    for name, packed in manifest.files.items():
        if name != wanted and not _RECORDING.fullmatch(name):
            yield f"{name[:80]}：不是备份里该有的文件"
        elif name not in there:
            yield f"{name}：缺少，请换一份备份"
        elif package.size(name) != packed.size or _digest(package, name) != packed.sha256:
            yield f"{name}：内容与备份时不同，请换一份备份"
    for name in sorted(there - manifest.files.keys()):
        yield f"{name[:80]}：不在备份的清单里，请移走"


def _digest(package: Opened, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with package.open(name) as file:
            for piece in pieces_of(file):
                digest.update(piece)
    except (OSError, tarfile.TarError):
        return ""
    return digest.hexdigest()


def _of_key(manifest: Manifest, seal: str, place: Place) -> Iterator[str]:
    if place.key is None:
        yield "没有密钥：请用 --key 指出密钥文件（备份里从不包含它），或设置 HUIFANG_SECRET_KEY"
    elif check_of(place.key) != manifest.key_check:
        yield "密钥不是这份备份的：请用 --key 指出备份时的密钥文件"
    elif not sealed_with(manifest, seal, place.key):
        yield f"{MANIFEST} 被改动过：请换一份备份"
    if place.key and place.key_file and place.key_file.exists() and not _same_key(place.key_file, place.key):
        yield f"{place.key_file} 是另一个密钥：恢复不会覆盖它，请先移走"


def _same_key(file: Path, key: bytes) -> bool:
    try:
        return base64.b64decode(file.read_text().strip(), validate=True) == key
    except ValueError:
        return False


def _of_place(package: Opened, manifest: Manifest, place: Place) -> Iterator[str]:
    kind = kind_of(place.database_url)
    if kind != manifest.database:
        yield f"备份的数据库是 {manifest.database}，这里设置的是 {kind}：请相应设置 HUIFANG_DATABASE_URL"
    else:
        yield from faults_of_target(place.database_url)
    if not known_revision(manifest.revision):
        yield f"备份来自更新的版本（数据库 {manifest.revision[:20]}）：请先升级本系统"
    for name in manifest.files:
        target = place.recordings / name.removeprefix("recordings/")
        if _RECORDING.fullmatch(name) and target.exists() and not _same(package, name, target):
            yield f"{target} 已经存在而内容不同：恢复不会覆盖它，请先移走"
    needed = sum(one.size for one in manifest.files.values()) + SPARE_BYTES
    free = shutil.disk_usage(_nearest(place.recordings)).free
    if free < needed:
        yield f"磁盘空间不足：需要 {needed // 1_000_000} MB，剩余 {free // 1_000_000} MB"


def _nearest(folder: Path) -> Path:
    return next(one for one in (folder.resolve(), *folder.resolve().parents) if one.is_dir())


def _same(package: Opened, name: str, target: Path) -> bool:
    if name not in package.names() or package.size(name) != target.stat().st_size:
        return False
    with package.open(name) as one, target.open("rb") as other:
        return all(piece == other.read(len(piece)) for piece in pieces_of(one))


def _put_key(file: Path | None, key: bytes) -> None:
    if file is None or file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write(base64.b64encode(key).decode() + "\n")


def _put_recording(package: Opened, name: str, target: Path) -> None:
    if target.exists():  # the same: that was checked
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(package, name, part := target.with_suffix(".restored"))
    part.rename(target)


def _write(package: Opened, name: str, target: Path) -> None:
    descriptor = os.open(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with package.open(name) as source, os.fdopen(descriptor, "wb") as out:
        out.writelines(pieces_of(source))
        out.flush()
        os.fsync(out.fileno())


def _put_database(package: Opened, manifest: Manifest, place: Place) -> None:
    name = FILES[manifest.database]
    copy = place.recordings / f"{name}.restored"
    _write(package, name, copy)
    try:
        put_database(place.database_url, copy)
    finally:
        copy.unlink(missing_ok=True)
    use_seal(Seal(place.key or b""))
    database = Database(place.database_url)
    try:
        with database.read() as session:
            opens_with_key(session)
    except ModelsError as error:
        raise KeepingError(f"恢复后的数据库读不出来：{error}") from error
    finally:
        database.close()
