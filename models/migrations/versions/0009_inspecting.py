"""inspectors' queues, scorecards, comments

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create(
        "call_comment",
        _number("attempt_id"),
        _number("at_ms"),
        _number("staff_id"),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        _instant("made_at"),
        refers={"attempt_id": "attempt", "staff_id": "staff"},
        indexed=("attempt_id",),
    )
    _create(
        "inspection_rule",
        _text("reason", 20),
        _text("percent", 8),
        _number("days"),
        _number("staff_id"),
        _instant("changed_at"),
        refers={"staff_id": "staff"},
    )
    op.create_table(
        "call_index",
        _number("attempt_id"),
        sa.Column("heard", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_call_index_attempt_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_call_index")),
    )
    _create(
        "scorecard",
        _text("name", 80),
        _number("version"),
        _number("pass_mark"),
        sa.Column("items", sa.JSON(), nullable=False),
        _number("staff_id", nullable=True),
        _instant("made_at"),
        _flag("retired"),
        sa.UniqueConstraint("name", "version", name=op.f("uq_scorecard_name_version")),
        refers={"staff_id": "staff"},
    )
    _create(
        "calibration",
        _text("name", 80),
        _number("scorecard_id"),
        _number("staff_id"),
        _instant("made_at"),
        refers={"scorecard_id": "scorecard", "staff_id": "staff"},
    )
    _create_inspections()
    _create_scores()


def _create_inspections() -> None:
    _create(
        "inspection",
        _number("attempt_id"),
        _text("round", 12),
        sa.Column("reasons", sa.JSON(), nullable=False),
        _text("lead", 20),
        _instant("made_at"),
        _instant("due_at"),
        _number("not_by_id", nullable=True),
        _number("taken_by_id", nullable=True),
        _instant("taken_at", nullable=True),
        _instant("done_at", nullable=True),
        _number("calibration_id", nullable=True),
        refers={
            "attempt_id": "attempt",
            "not_by_id": "staff",
            "taken_by_id": "staff",
            "calibration_id": "calibration",
        },
        indexed=("attempt_id", "taken_by_id", "calibration_id"),
    )
    first, waiting = sa.text("round = 'first'"), sa.text("done_at IS NULL")
    op.create_index(
        "ix_inspection_first", "inspection", ["attempt_id"], unique=True, sqlite_where=first, postgresql_where=first
    )
    op.create_index(
        "ix_inspection_open", "inspection", ["due_at", "id"], sqlite_where=waiting, postgresql_where=waiting
    )


def _create_scores() -> None:
    _create(
        "score",
        _number("inspection_id"),
        _number("attempt_id"),
        _number("scorecard_id"),
        _number("staff_id"),
        _number("agent_id", nullable=True),
        _text("script", 40),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("notes", sa.LargeBinary(), nullable=False),
        _number("tenths"),
        _flag("fatal"),
        _flag("passed"),
        _flag("counts"),
        _instant("scored_at"),
        sa.UniqueConstraint("inspection_id", name=op.f("uq_score_inspection_id")),
        refers={
            "inspection_id": "inspection",
            "attempt_id": "attempt",
            "scorecard_id": "scorecard",
            "staff_id": "staff",
            "agent_id": "staff",
        },
        indexed=("attempt_id", "agent_id", "scored_at"),
    )
    _create(
        "appeal",
        _number("score_id"),
        _number("staff_id"),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        _instant("made_at"),
        _number("answered_by_id", nullable=True),
        _instant("answered_at", nullable=True),
        sa.Column("upheld", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("score_id", name=op.f("uq_appeal_score_id")),
        refers={"score_id": "score", "staff_id": "staff", "answered_by_id": "staff"},
    )


def _create(name: str, *columns: Any, refers: dict[str, str], indexed: tuple[str, ...] = ()) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        *columns,
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_{name}_{column}"))
            for column, table in refers.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    for column in indexed:
        op.create_index(op.f(f"ix_{name}_{column}"), name, [column])


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def downgrade() -> None:
    for table in ("appeal", "score", "inspection", "calibration"):
        op.drop_table(table)
    for table in ("scorecard", "call_index", "inspection_rule", "call_comment"):
        op.drop_table(table)
