"""The database of the installation, for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from installation import open_database
from settings import Settings


@contextmanager
def writing(settings: Settings) -> Iterator[Session]:
    """One transaction on the migrated database, committed when the block ends well; raises ModelsError, ScriptError."""
    database = open_database(settings)
    try:
        with database.write() as session:
            yield session
    finally:
        database.close()
