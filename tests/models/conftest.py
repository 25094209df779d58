"""Everything that the queries promise holds on both databases."""

from __future__ import annotations

import pytest

from models import Database


@pytest.fixture
def database(either_database: Database) -> Database:
    """An empty, migrated database, once on SQLite and once on PostgreSQL."""
    return either_database
