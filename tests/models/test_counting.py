"""Tallies of scripts: what was not understood, whatever key its digests were made with."""

from __future__ import annotations

from datetime import date

from models import Database
from models.counting import SpokenIn, tally_of
from models.counting_tables import ScriptUnknown


def test_the_same_words_of_two_keys_add_up(database: Database) -> None:
    day = date(2026, 6, 1)
    with database.write() as session:
        for digest, times in (("a" * 64, 2), ("b" * 64, 3)):
            session.add(
                ScriptUnknown(script="s", script_hash="f", day=day, node="n", digest=digest, words="哦哦", times=times)
            )
    with database.read() as session:
        assert tally_of(session, SpokenIn("s", "f", day, day), 10).unknown == {("n", "哦哦"): 5}
