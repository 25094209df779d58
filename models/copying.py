"""A whole database as one file, and back: SQLite by its online backup, PostgreSQL by pg_dump and pg_restore.

Both copies are of one instant, taken while the installation goes on working.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, create_engine, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.database import BUSY_SECONDS, MIGRATIONS, Database, address_of
from models.errors import CopyFailed
from models.tables import Customer, Recording

FILES: Mapping[str, str] = {"sqlite": "database.sqlite", "postgresql": "database.dump"}  # by kind of database

_LONGEST_SECONDS = 6 * 3600.0


def kind_of(url: str) -> str:
    """`sqlite` or `postgresql`; raises DatabaseUnusable."""
    return address_of(url).get_backend_name()


def copy_database(url: str, target: Path) -> None:
    """Write the database into a new file; raises CopyFailed."""
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        _copy_sqlite(_file_of(address), target)
    else:
        _run("pg_dump", address, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def put_database(url: str, source: Path) -> None:
    """Bring a copied database back into an empty one; raises CopyFailed. A failure leaves it empty."""
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        target = _file_of(address)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        shutil.copyfile(source, part)
        part.chmod(0o600)
        part.rename(target)
    else:
        _run("pg_restore", address, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", source)


def faults_of_target(url: str) -> Iterator[str]:
    """Why a database cannot be brought back there."""
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        file = _file_of(address)
        if file.exists():
            yield f"数据库 {file} 已经存在：恢复不会覆盖它，请先移走，或另设 HUIFANG_DATABASE_URL"
        return
    if shutil.which("pg_restore") is None:
        yield "找不到 pg_restore：请安装 postgresql-client（版本不低于数据库服务器）"
    engine = create_engine(address, hide_parameters=True)
    try:
        tables = inspect(engine).get_table_names()
        if tables:
            yield f"目标数据库里已有 {len(tables)} 张表：恢复不会覆盖它们，请另建一个空的数据库"
    except DBAPIError as error:
        yield f"连不上目标数据库（{type(error.orig).__name__}）：请先建好空的数据库，并检查 HUIFANG_DATABASE_URL"
    finally:
        engine.dispose()


def revision_of(database: Database) -> str:
    """The migration that a database stands at; raises CopyFailed where it is none of ours."""
    try:
        with database.read() as session:
            return str(session.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    except DBAPIError as error:
        raise CopyFailed(f"数据库打不开，或不是本系统的数据库（{type(error.orig).__name__}）") from error


def known_revision(revision: str) -> bool:
    """Whether this program can go on from a migration."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return revision in {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}


def opens_with_key(session: Session) -> None:
    """Raise SealBroken where the database was encrypted with another key than the installed one."""
    session.scalars(select(Customer.name).limit(1)).first()


def recording_paths(session: Session) -> Iterator[str]:
    """Where the recordings lie that belong to calls, relative to their folder."""
    yield from session.scalars(select(Recording.path).order_by(Recording.id).execution_options(yield_per=1000))


def _file_of(address: URL) -> Path:
    if not address.database or address.database == ":memory:":
        raise CopyFailed("内存中的数据库不能备份：请在 HUIFANG_DATABASE_URL 里写上文件")
    return Path(address.database)


def _copy_sqlite(file: Path, target: Path) -> None:
    if not file.exists():
        raise CopyFailed(f"数据库 {file} 不存在：请检查 HUIFANG_DATA_DIR 和 HUIFANG_DATABASE_URL")
    try:
        with (
            closing(sqlite3.connect(file, timeout=BUSY_SECONDS)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy)  # in one step: a reader that no writer waits for
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise CopyFailed(f"数据库 {file} 不能复制（{error}）") from error
    if verdict != "ok":
        raise CopyFailed(f"数据库 {file} 已损坏（{verdict}）：请用上一份备份恢复")


def _run(program: str, address: URL, *arguments: str | Path) -> None:
    found = shutil.which(program)
    if found is None:
        raise CopyFailed(f"找不到 {program}：请安装 postgresql-client（版本不低于数据库服务器）")
    known = dict(address.get_dialect()().create_connect_args(address)[1])
    password = known.pop("password", None)
    command = [found, *map(str, arguments), f"--dbname={make_conninfo(**known)}"]
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    ran = subprocess.run(command, env=environment, capture_output=True, timeout=_LONGEST_SECONDS, check=False)  # noqa: S603
    if ran.returncode:
        lines = ran.stderr.decode(errors="replace").strip().splitlines()
        raise CopyFailed(f"{program} 失败：{lines[0] if lines else f'返回 {ran.returncode}'}")
