"""The commands about scripts: `huifang scripts --help`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bot.script import load_script, script_names
from settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add `scripts` and what can be done with scripts to the commands of `huifang`."""
    scripts = commands.add_parser("scripts", help="the scripts").add_subparsers(required=True, metavar="COMMAND")
    _add_check(scripts)


def _add_check(scripts: Commands) -> None:
    check = scripts.add_parser("check", help="every problem of every script at once")
    check.set_defaults(command=_check)


def _check(_chosen: argparse.Namespace, _settings: Settings) -> int:
    for script in map(load_script, script_names()):
        print(f"{script.name}  {script.title}  {script.hash[:12]}  正常")
    return 0
