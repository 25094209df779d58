"""A PostgreSQL cluster of one's own: made in a temporary folder, reached by a Unix socket, gone at the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

PROGRAMS = Path("/usr/lib/postgresql")  # Debian keeps one folder per version
OWNER = "huifang"
START_SECONDS = 60


@dataclass(slots=True)
class Cluster:
    """A running server; databases are made and dropped by name."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    durable: bool = True
    settings: tuple[str, ...] = ()  # of the server, name=value

    def url(self, database: str) -> str:
        """The address of one of its databases, as settings take it."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}"

    def create(self, database: str, template: str = "template0") -> str:
        """Make a database, perhaps as a copy of another one, and return its address."""
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self._order(copy.format(sql.Identifier(database), sql.Identifier(template)))
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected."""
        self._order(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = ["-k", str(self.folder), "-c", "listen_addresses=", "-c", "max_connections=200"]
        if not self.durable:
            options += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        for setting in self.settings:
            options += ["-c", setting]
        self.process = subprocess.Popen(
            [_program("postgres"), "-D", str(self.folder / "data"), *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=_user(), group=_user(), cwd="/",
        )  # fmt: skip
        self._order(sql.SQL("SELECT 1"))

    def kill(self) -> None:
        """End the server at once, as a power cut would; its shared memory goes with its children."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)  # immediate shutdown: no checkpoint, recovery at the next start
            self.process.wait(timeout=START_SECONDS)

    def _order(self, command: sql.SQL | sql.Composed) -> None:
        for left in range(10 * START_SECONDS, -1, -1):
            try:
                with psycopg.connect(host=str(self.folder), user=OWNER, dbname="postgres", autocommit=True) as session:
                    session.execute(command)
                return
            except psycopg.OperationalError:
                if not left or self.process is None or self.process.poll() is not None:
                    raise
                time.sleep(0.1)


@contextmanager
def cluster(*, durable: bool = True, settings: tuple[str, ...] = ()) -> Iterator[Cluster]:
    """A cluster for as long as the block lasts; `durable=False` trades safety against power cuts for speed."""
    folder = Path(tempfile.mkdtemp(prefix="hf-pg-"))
    made = Cluster(folder, durable=durable, settings=settings)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        subprocess.run(
            [_program("initdb"), "-D", str(folder / "data"), "-U", OWNER, "--auth=trust", "--no-sync",
             "--encoding=UTF8", "--locale=C.UTF-8"],
            check=True, stdout=subprocess.DEVNULL, timeout=120, user=_user(), group=_user(), cwd="/",
        )  # fmt: skip
        made.start()
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    versions = sorted(PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: int(path.parent.parent.name))
    if not versions:
        raise FileNotFoundError(f"{name} is not installed: apt-get install postgresql")
    return str(versions[-1])


def _user() -> str | None:
    """The server refuses to run as root: then it runs as the user that its package made."""
    return "postgres" if os.geteuid() == 0 else None
