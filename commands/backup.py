"""The commands by which an installation is backed up and brought back."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from campaign.keeping.backup import Premises, back_up, write_key
from campaign.keeping.restore import Place, restore
from installation import InstallationError, alone_in, archive_of
from models import load_seal
from settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add `huifang backup` and `huifang restore`."""
    take = commands.add_parser("backup", help="back up the database and the recordings that are not archived yet")
    take.add_argument("target", type=Path, metavar="FOLDER_OR_FILE", help="a new folder, or a new file (.tar)")
    take.add_argument("--all-recordings", action="store_true", help="also those that are in the archive")
    take.add_argument("--key", type=Path, metavar="FILE", help="write the key there; keep it apart from the backup")
    take.set_defaults(command=_backup)
    back = commands.add_parser("restore", help="bring a backup back into an empty installation")
    back.add_argument("source", type=Path, metavar="FOLDER_OR_FILE")
    back.add_argument("--key", type=Path, metavar="FILE", help="the key of the backup, where it is not in place yet")
    back.set_defaults(command=_restore)


def _backup(chosen: argparse.Namespace, settings: Settings) -> int:
    premises = Premises(
        settings.database,
        settings.recordings,
        _key_to_back_up(settings),
        archive_of(settings),
        tuple(sorted(f"HUIFANG_{name.upper()}" for name in settings.model_fields_set)),
    )
    if chosen.key is not None:
        write_key(premises, chosen.key, chosen.target)
    made = back_up(premises, chosen.target, datetime.now(UTC), everything=chosen.all_recordings)
    print(f"已备份到 {chosen.target}：数据库、{made.recordings} 个录音，共 {made.size / 1e6:,.1f} MB。")
    if made.archived > 0:
        print(f"另有 {made.archived} 个录音在归档存储中，不在备份里（--all-recordings 会一并备份）。")
    if made.missing:
        named = "、".join(Path(path).stem for path in made.missing[:10])
        print(f"注意：{len(made.missing)} 个录音在本机和归档中都找不到：{named}", file=sys.stderr)
    where = chosen.key or ("HUIFANG_SECRET_KEY" if settings.secret_key else settings.data_dir / "secret.key")
    print(
        f"注意：密钥（{where}）不在备份里。没有它，备份里的姓名、电话和录音都无法读出；"
        "请另行保管，不要和备份放在一起。",
        file=sys.stderr,
    )
    return 0


def _restore(chosen: argparse.Namespace, settings: Settings) -> int:
    key_file = settings.data_dir / "secret.key"
    place = Place(
        settings.database,
        settings.recordings,
        None if settings.secret_key else key_file,
        _key_to_restore(chosen, settings, key_file),
    )
    with alone_in(settings.data_dir) if settings.database.startswith("sqlite") else nullcontext():
        done = restore(chosen.source, place)
    print(f"已恢复 {done.manifest.made_at} 的备份：数据库、{done.recordings} 个录音。")
    if done.manifest.archive:
        print(f"其余录音在归档存储 {done.manifest.archive}：请确认 HUIFANG_ARCHIVE 指向它。")
    if done.manifest.settings:
        print(f"备份时设置过：{'、'.join(done.manifest.settings)}。这些设置不在备份里，请核对。")
    print("备份之后拨打的电话、发出的告知不在其中，可能会再次拨打和发送：启动前请核对。", file=sys.stderr)
    return 0


def _key_to_back_up(settings: Settings) -> bytes:
    file = settings.data_dir / "secret.key"
    if not settings.secret_key and not file.exists():
        raise InstallationError(f"找不到密钥 {file}：请检查 HUIFANG_DATA_DIR，或设置 HUIFANG_SECRET_KEY")
    return load_seal(settings.secret_key, file).key


def _key_to_restore(chosen: argparse.Namespace, settings: Settings, key_file: Path) -> bytes | None:
    """The key that was named, that of the settings, or the one in place; None: there is none."""
    if chosen.key is not None and not chosen.key.is_file():
        raise InstallationError(f"找不到密钥 {chosen.key}：请检查路径")
    named = load_seal("", chosen.key).key if chosen.key is not None else None
    if settings.secret_key:
        own = load_seal(settings.secret_key, key_file).key
        if named not in (None, own):
            raise InstallationError(f"HUIFANG_SECRET_KEY 与 {chosen.key} 是两个密钥：请只留备份时的那一个")
        return own
    if named is None and key_file.exists():
        return load_seal("", key_file).key
    return named
