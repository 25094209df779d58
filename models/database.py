"""Opening the database: one address, SQLite in WAL mode or PostgreSQL, always at the newest migration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Engine, create_engine, event, func, select
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError
from sqlalchemy.orm import Session

from models.errors import DatabaseUnusable

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 15.0  # how long a writer of another process is waited for
MIGRATION_LOCK = 0x68756966  # advisory: of workers that start together one migrates, the others wait
START_LOCK = 0x68756971  # advisory: what every process does once when it starts
STILL_SECONDS = 60  # a write that does nothing for so long is lost with the rows that it keeps from others (PostgreSQL)
LONG_STILL_SECONDS = 900  # one that may compute for long between two statements
RESTED_SECONDS = 1.0  # unused, after which a connection may have died unnoticed
CONNECTIONS = 20  # of one process at once, on PostgreSQL


class Database:
    """All access goes through `read()` and `write()`; a write is one transaction, committed at the end.

    `durable`: what was committed outlasts a power cut, so that no call is made a second time for want of its row.
    PostgreSQL always is; SQLite waits for the disk at every commit (some milliseconds).
    """

    def __init__(self, url: str, *, durable: bool = False) -> None:
        self.url = url
        self.engine = _engine(url, durable=durable)
        self._writer = self.engine.execution_options(huifang_write=True)
        self._long_writer = self.engine.execution_options(huifang_write=True, huifang_still=LONG_STILL_SECONDS)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for queries; nothing that it changes is kept."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session
            session.expunge_all()  # else everything that was read would be marked as stale, one by one
            session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when the block ends well and rolls back when it does not."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def write_long(self) -> Iterator[Session]:
        """A write in which minutes may pass between two statements: a whole file, a whole population."""
        with Session(self._long_writer, expire_on_commit=False) as session, session.begin():
            yield session

    def upgrade(self) -> None:
        """Bring the schema to the newest migration; raises `DatabaseUnusable` with the remedy."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self._connected() as connection:
            config.attributes["connection"] = connection
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            command.upgrade(config, "head")
            connection.commit()

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Processes that start together go through the block one after the other (PostgreSQL; SQLite has one)."""
        if self.engine.dialect.name == "sqlite":
            yield
            return
        with self._connected() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(START_LOCK)))
            yield

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._long_writer.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise DatabaseUnusable(
                f"cannot open the database {make_url(self.url).render_as_string(hide_password=True)}: "
                f"{error.orig}. Check HUIFANG_DATABASE_URL and the rights on its folder."
            ) from error

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def address_of(url: str) -> URL:
    """The address with the driver that we use: psycopg 3, however PostgreSQL was named; raises DatabaseUnusable."""
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnusable("HUIFANG_DATABASE_URL is no address: give postgresql://… or sqlite:///…") from error
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    if address.drivername not in ("postgresql+psycopg", "sqlite"):
        raise DatabaseUnusable(
            f"HUIFANG_DATABASE_URL names {address.drivername}: only sqlite and postgresql (15 or later) are supported"
        )
    return address


def _engine(url: str, *, durable: bool) -> Engine:
    address = address_of(url)
    if address.get_backend_name() != "sqlite":
        engine = create_engine(address, hide_parameters=True, pool_size=CONNECTIONS // 2, max_overflow=CONNECTIONS // 2)
        _ping_rested(engine)
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    database = address.database
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", partial(_prepare_sqlite, "FULL" if durable else "NORMAL"))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _ping_rested(engine: Engine) -> None:
    """Try connections that have rested before they are used again; to try every one costs each transaction a trip."""

    def rest(_connection: Any, record: Any) -> None:
        record.info["rests_since"] = monotonic()

    def ping(connection: Any, record: Any, _proxy: Any) -> None:
        if monotonic() - record.info.get("rests_since", monotonic()) < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error  # the pool goes on with new connections

    event.listen(engine, "checkin", rest)
    event.listen(engine, "checkout", ping)


def _begin_postgresql(connection: Connection) -> None:
    # Processes stand still: a stopped machine, a suspended container. What they had locked would stop all others.
    options = connection.get_execution_options()
    if options.get("huifang_write"):
        seconds = options.get("huifang_still", STILL_SECONDS)
        connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{seconds}s'")


def _prepare_sqlite(synchronous: str, connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we emit BEGIN ourselves: see _begin_sqlite
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads and then writes fails at once when another writer came between;
    # an immediate one waits its turn.
    write = connection.get_execution_options().get("huifang_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
