"""The commands by which a script goes from draft into use: submit, approve, publish, roll back, and their trail."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from bot.script import script_sources
from bot.writing.ledger import approved_contents, read_ledger
from campaign import script_life
from campaign.script_life import Actor
from commands.opening import writing
from models import Database, ScriptVersion
from models.scripts import approved_hashes, published_version, versions_of
from rules.hours import SHANGHAI
from rules.script_life import ACT_WORDS, STATE_WORDS, LifeRefused, ScriptAct, VersionState
from settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_FILE_WIDTH = 140  # columns where the table goes to a file or a pipe
_SHORT = 12  # characters of a hash that are shown


def add_to(scripts: Commands) -> None:
    """Add the life of a script to the commands of `huifang scripts`."""
    submit = _acting(scripts, "submit", "submit a script as it stands on disk for approval", _submit, why=False)
    submit.add_argument("--author", default="", help="who wrote it, if somebody else")
    submit.add_argument("--note", dest="why", default="", help="what was changed")
    for name, about, command in (
        ("approve", "approve a submitted version; never one's own", _approve),
        ("reject", "send a submitted version back", _reject),
        ("withdraw", "take back a version that is not in use yet", _withdraw),
        ("publish", "put an approved version into use", _publish),
    ):
        chosen = _acting(scripts, name, about, command)
        chosen.add_argument("--number", type=int, help="which version, where several wait")
    rollback = _acting(scripts, "rollback", "put an earlier version back into use", _roll_back)
    rollback.add_argument("--to", type=int, metavar="NUMBER", help="which version (default: the one used before)")

    history = scripts.add_parser("history", help="all versions of a script and what was done with them")
    history.add_argument("name", metavar="NAME")
    history.set_defaults(command=_history)

    diff = scripts.add_parser("diff", help="what differs between two versions of a script")
    diff.add_argument("name", metavar="NAME")
    diff.add_argument("one", type=int, nargs="?", metavar="A", help="a version (default: the one in use)")
    diff.add_argument("other", type=int, nargs="?", metavar="B", help="another version (default: the files on disk)")
    diff.set_defaults(command=_diff)


def approved_by_anybody(settings: Settings) -> set[tuple[str, str]]:
    """Name and hash of every content that the shipped ledger or this firm's own people have approved."""
    approved = approved_contents(read_ledger())
    file = Path(settings.database.removeprefix("sqlite:///"))
    if settings.database.startswith("sqlite:///") and not file.exists():
        return approved
    database = Database(settings.database)
    try:
        if inspect(database.engine).has_table(ScriptVersion.__tablename__):
            with database.read() as session:
                approved |= approved_hashes(session)
    finally:
        database.close()
    return approved


Command = Callable[[argparse.Namespace, Settings], int]


def _acting(scripts: Commands, name: str, about: str, command: Command, *, why: bool = True) -> argparse.ArgumentParser:
    parser = scripts.add_parser(name, help=about)
    parser.add_argument("names", nargs="+", metavar="NAME", help="scripts; a change of a shared part concerns several")
    parser.add_argument("--by", required=True, metavar="WHO", help="who does it: staff number or name")
    if why:
        parser.add_argument("--why", default="", help="the reason")
    parser.set_defaults(command=command)
    return parser


def _actor(chosen: argparse.Namespace) -> Actor:
    return Actor(chosen.by, datetime.now(UTC), chosen.why)


def _each(chosen: argparse.Namespace, settings: Settings, act: Callable[[Session, str], str]) -> int:
    """Act on every script that was named, or on none, and tell what was done."""
    with writing(settings) as session:
        told = [act(session, name) for name in chosen.names]
    print("\n".join(told))
    return 0


def _submit(chosen: argparse.Namespace, settings: Settings) -> int:
    def act(session: Session, given: str) -> str:
        path = Path(given)
        sources = script_sources(path if path.suffix == ".yaml" else given)
        version = script_life.submit(session, path.stem, sources, _actor(chosen), author=chosen.author)
        return f"{_named(version)}已提交，等待另一人审核：huifang scripts approve {path.stem} --by …"

    return _each(chosen, settings, act)


def _approve(chosen: argparse.Namespace, settings: Settings) -> int:
    def act(session: Session, name: str) -> str:
        version = script_life.approve(session, name, _actor(chosen), chosen.number)
        return f"{_named(version)}已审核通过，可以发布：huifang scripts publish {name} --by …"

    return _each(chosen, settings, act)


def _reject(chosen: argparse.Namespace, settings: Settings) -> int:
    def act(session: Session, name: str) -> str:
        version = script_life.reject(session, name, _actor(chosen), chosen.number)
        return f"{_named(version)}已退回，原因：{chosen.why}"

    return _each(chosen, settings, act)


def _withdraw(chosen: argparse.Namespace, settings: Settings) -> int:
    def act(session: Session, name: str) -> str:
        return f"{_named(script_life.withdraw(session, name, _actor(chosen), chosen.number))}已撤销"

    return _each(chosen, settings, act)


def _publish(chosen: argparse.Namespace, settings: Settings) -> int:
    def act(session: Session, name: str) -> str:
        version = script_life.publish(session, name, _actor(chosen), chosen.number)
        return f"{_named(version)}已发布，从下一通电话开始使用"

    return _each(chosen, settings, act)


def _roll_back(chosen: argparse.Namespace, settings: Settings) -> int:
    def act(session: Session, name: str) -> str:
        version = script_life.roll_back(session, name, _actor(chosen), chosen.to)
        return f"{_named(version)}已恢复使用，从下一通电话开始；原因：{chosen.why}"

    return _each(chosen, settings, act)


def _named(version: ScriptVersion) -> str:
    return f"话术“{version.name}”第{version.number}版（{version.hash[:_SHORT]}）"


def _history(chosen: argparse.Namespace, settings: Settings) -> int:
    table = Table(title=f"话术“{chosen.name}”")
    for heading in ("版本", "内容", "状态", "时间", "做了什么", "谁"):
        table.add_column(heading, no_wrap=True)
    table.add_column("说明", overflow="fold")
    with writing(settings) as session:
        versions = versions_of(session, chosen.name)
        for version in versions:
            first = (f"第{version.number}版", version.hash[:_SHORT], STATE_WORDS[VersionState(version.state)])
            for place, acted in enumerate(version.acts):
                at = f"{acted.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
                act = ACT_WORDS[ScriptAct(acted.act)]
                table.add_row(*(("", "", "") if place else first), at, act, acted.by, acted.why)
    if not versions:
        raise LifeRefused(f"话术“{chosen.name}”还没有提交过任何版本；请先用 submit 提交")
    Console(highlight=False, width=None if sys.stdout.isatty() else _FILE_WIDTH).print(table)
    return 0


def _diff(chosen: argparse.Namespace, settings: Settings) -> int:
    with writing(settings) as session:
        one, first = _sources(session, chosen.name, chosen.one)
        if chosen.other is None:
            other, second = _draft(chosen.name)
        else:
            other, second = _sources(session, chosen.name, chosen.other)
    found = script_life.difference(one, other, (first, second))
    print(found or f"{first}和{second}内容相同", end="" if found else "\n")
    return 0


def _draft(name: str) -> tuple[Mapping[str, str], str]:
    return script_sources(name), "草稿"


def _sources(session: Session, name: str, number: int | None) -> tuple[Mapping[str, str], str]:
    if number is not None:
        return script_life.sources_of(session, name, number), f"第{number}版"
    version = published_version(session, name)
    if version is None:
        raise LifeRefused(f"话术“{name}”没有使用中的版本；请写明两个版本号，例如 diff {name} 1 2")
    return version.sources, f"第{version.number}版"
