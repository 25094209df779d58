"""Databases to import into."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from models import Base, Database, Product, Seal, use_seal
from tests.campaign.importers import CLIENTS, take


@pytest.fixture
def database(either_database: Database) -> Database:
    """An empty, migrated database, once on SQLite and once on PostgreSQL."""
    return either_database


@pytest.fixture
def session() -> Iterator[Session]:
    use_seal(Seal(bytes(range(32))))
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def stocked(session: Session) -> Session:
    """With two clients and a product, so that tasks can be imported."""
    take(session, CLIENTS + "C1,王小明,先生,13800001111,,,\nC2,单丽,女士,010-12345678,,,\n")
    session.add(Product(code="P5", name="某某私募", risk_level="R5"))
    session.flush()
    return session
