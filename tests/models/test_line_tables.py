"""What migration 0003 makes of numbers learnt before it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from models import Database, Seal
from models.database import MIGRATIONS

SQL = (
    "INSERT INTO campaign (id, name, created_at, state) VALUES (1, '年度回访', '2026-01-01 00:00:00', 'running')",
    "INSERT INTO customer (id, number, name, name_digest, gender, phone, phone_digest, email, branch, do_not_call)"
    " VALUES (1, 'C1', :sealed, 'n', '', :sealed, 'p', :sealed, '', 0)",
    "INSERT INTO review_task (id, number, campaign_id, customer_id, review_type, script, slots, created_at, status,"
    " final, with_human, resume_at, attempts_made, trouble, next_phone) VALUES (7, 'T7', 1, 1, 'suitability',"
    " 'suitability', '{}', '2026-01-01 00:00:00', '待回访', 0, 0, '', 1, '', :sealed)",
)
NUMBER = "13900002222"


def test_a_number_learnt_before_is_found_afterwards_and_the_way_back_is_open(tmp_path: Path, seal: Seal) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for statement in SQL:
            values = {"sealed": seal.close(NUMBER)} if ":sealed" in statement else {}
            connection.execute(text(statement), values)
        command.upgrade(config, "0003")
        digest = connection.execute(text("SELECT next_phone_digest FROM review_task")).scalar_one()
        assert digest == seal.digest(NUMBER)
        command.downgrade(config, "0002")
        assert connection.execute(text("SELECT count(*) FROM review_task")).scalar_one() == 1
    database.close()
