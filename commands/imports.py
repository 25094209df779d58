"""The commands by which a firm's records come in: import, preview, templates, and what follows."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from campaign.duties.duties import CALLS_FOR_TASKS, raise_tasks
from campaign.imports.forms import Kind
from campaign.imports.importing import Prepared, prepare, store
from campaign.imports.problems import ImportRefused, Problems
from campaign.imports.reading import read_sheet
from campaign.imports.templates import template
from firm_rules import trading_calendar
from installation import InstallationError, open_database
from models import Database
from settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_TOLD_EVERY = 50_000  # rows


def add_to(commands: Commands) -> None:
    """Add `huifang import` and `huifang duties`."""
    take = commands.add_parser("import", help="import clients, staff, products, business events or review tasks")
    take.add_argument("file", type=Path, nargs="?", help="a CSV file or a workbook (.xlsx)")
    take.add_argument("--kind", type=Kind, choices=list(Kind), help="what it must hold (default: what its header says)")
    take.add_argument("--preview", action="store_true", help="say what would change, and change nothing")
    take.add_argument("--template", type=Kind, choices=list(Kind), help="write the template of a kind of file instead")
    take.add_argument("--excel", action="store_true", help="with --template: a workbook that explains the columns")
    take.set_defaults(command=_import)
    duties = commands.add_parser("duties", help="make the review tasks that the open business events call for")
    duties.set_defaults(command=_duties)


def _import(chosen: argparse.Namespace, settings: Settings) -> int:
    if chosen.template is not None:
        name, data = template(chosen.template, excel=chosen.excel)
        file = chosen.file or Path(name)
        file.write_bytes(data)
        print(f"已写入 {file}")
        return 0
    if chosen.file is None:
        raise InstallationError("huifang import: name the file to import, or a kind with --template")
    database = open_database(settings)
    try:
        with _prepared(database, chosen, settings) as prepared:
            if chosen.preview:
                _show(prepared)
                return 0
            with database.write_long() as session:
                print(store(session, prepared, now=datetime.now(UTC), progress=_tell).summary())
            if prepared.kind in CALLS_FOR_TASKS:
                with database.write_long() as session:
                    print(raise_tasks(session, datetime.now(UTC), calendar=trading_calendar(settings)).summary())
    except ImportRefused as refused:
        print(f"{chosen.file}：{len(refused.problems)} 处问题，未导入任何记录", file=sys.stderr)
        for problem in refused.problems:
            print(f"  {problem}", file=sys.stderr)
        return 1
    finally:
        database.close()
    return 0


def _duties(_chosen: argparse.Namespace, settings: Settings) -> int:
    """Also for a timer: an event that could not be dealt with is tried again."""
    database = open_database(settings)
    try:
        with database.write_long() as session:
            print(
                raise_tasks(session, datetime.now(UTC), calendar=trading_calendar(settings)).summary()
                or "没有待处理的业务事件。"
            )
    finally:
        database.close()
    return 0


def _prepared(database: Database, chosen: argparse.Namespace, settings: Settings) -> Prepared:
    problems = Problems()
    with chosen.file.open("rb") as data, database.read() as session:
        sheet = read_sheet(data, problems)
        return prepare(
            session,
            sheet,
            problems,
            now=datetime.now(UTC),
            kind=chosen.kind,
            calendar=trading_calendar(settings),
            progress=_tell,
        )


def _show(prepared: Prepared) -> None:
    print(prepared.summary())
    for line, number, columns in prepared.examples:
        print(f"  第{line}行 {number}：" + (f"更新{'、'.join(columns)}" if columns else "新增"))


def _tell(doing: str, rows: int) -> None:
    if rows % _TOLD_EVERY == 0:
        print(f"{doing} {rows:,} 行", file=sys.stderr)
