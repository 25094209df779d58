"""Importing a large file of clients: how long it takes, how much memory, and the same file once more."""

from __future__ import annotations

import argparse
import csv
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import resident_mib
from campaign.imports.importing import import_file, prepare, store
from campaign.imports.problems import Problems
from campaign.imports.reading import read_sheet
from models import Database, Seal, use_seal

ROWS = 100_000
NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Import `--rows` clients into an empty SQLite database, then the same file again."""
    rows = chosen.rows or ROWS
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clients.csv"
        _write_clients(file, rows)
        use_seal(Seal(bytes(range(32))))
        database = Database(f"sqlite:///{folder}/import.db")
        database.upgrade()
        try:
            return {"rows": rows, "megabytes": round(file.stat().st_size / 1e6, 1)} | _imported(database, file)
        finally:
            database.close()


def _imported(database: Database, file: Path) -> dict[str, Any]:
    began, before = time.monotonic(), resident_mib()
    with file.open("rb") as data, database.read() as session:
        problems = Problems()
        prepared = prepare(session, read_sheet(data, problems), problems, now=NOW)
    checked = time.monotonic()
    with prepared, database.write() as session:
        done = store(session, prepared, now=NOW)
    written = time.monotonic()
    with file.open("rb") as data, database.write() as session:
        again = import_file(session, data, now=NOW)
    return {
        "added": done.added,
        "check_seconds": round(checked - began, 1),
        "write_seconds": round(written - checked, 1),
        "again_seconds": round(time.monotonic() - written, 1),
        "again_changed": again.added + again.updated,
        "mib_before": round(before),
        "mib_at_most": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _write_clients(file: Path, rows: int) -> None:
    header = [
        "客户号",
        "姓名",
        "称谓",
        "手机号",
        "邮箱",
        "营业部",
        "客户经理工号",
        "开户日期",
        "账户状态",
        "投资者类型",
    ]
    with file.open("w", encoding="gb18030", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        for number in range(rows):
            name = SURNAMES[number % 20] + GIVEN[number // 20 % 20] + GIVEN[number // 400 % 20]
            writer.writerow(
                [
                    f"{10_000_000 + number}",
                    name,
                    ("先生", "女士")[number % 2],
                    f"13{number:09d}",
                    f"c{number}@example.com" if number % 3 == 0 else "",
                    f"第{number % 80}营业部",
                    f"{6000 + number % 500}",
                    f"20{10 + number % 15}-{1 + number % 12}-{1 + number % 28}",
                    "休眠" if number % 50 == 0 else "正常",
                    "普通",
                ]
            )
