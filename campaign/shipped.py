"""Taking in the scripts that a release brings, as far as their approval ledger covers them."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from bot.script import load_sources, script_sources
from bot.writing.ledger import Approval, read_ledger
from campaign.script_life import take_in
from models import Database
from models.scripts import known_hashes, published_hashes
from scripts_zh import FOLDER, LEDGER

log = logging.getLogger(__name__)


def take_in_shipped(database: Database, now: datetime, folder: Path = FOLDER) -> list[str]:
    """Put into use what the ledger approves and the database does not have yet; returns the names.

    A script whose file is not what was approved stays out, and is logged as long as no version of it is published.
    What the firm has published stays.
    """
    with database.read() as session:
        known, published = known_hashes(session), published_hashes(session)
    fresh = [one for one in read_ledger(folder / LEDGER).values() if (one.name, one.hash) not in known]
    return [one.name for one in fresh if _take_in(database, one, now, folder, published)]


def _take_in(database: Database, approval: Approval, now: datetime, folder: Path, published: Collection[str]) -> bool:
    sources = script_sources(folder / f"{approval.name}.yaml")
    script = load_sources(approval.name, sources)
    if script.hash != approval.hash:
        if approval.name not in published:
            log.error(
                "script %s is not what the shipped ledger approved and is not published: submit and approve it "
                "(huifang scripts submit), or renew the ledger (python -m bot.writing.ledger)",
                approval.name,
            )
        return False
    with database.write() as session:
        if (approval.name, approval.hash) in known_hashes(session):
            return False  # another process of the same installation was quicker
        return take_in(session, script, sources, approval, now) is not None
