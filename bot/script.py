"""Load a review script: read the files, resolve the nodes, check everything, name the content by its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

from bot.drafting import draft
from bot.errors import Problem, ScriptInvalid, ScriptMissing
from bot.nodes import Script
from bot.script_check import check
from scripts_zh import FOLDER

__all__ = ["Script", "load_script", "script_names"]


def script_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """The names of all scripts in a folder."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def load_script(name: str | Path) -> Script:
    """A script by its name in `scripts_zh/` or by the path of its file.

    Raises ScriptMissing, or ScriptInvalid with every problem at once.
    """
    path = name if isinstance(name, Path) else FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise ScriptMissing(str(name), script_names(path.parent))
    problems: list[Problem] = []
    drafted = draft(path, problems)
    if drafted is not None:
        problems += check(drafted.script, drafted.places)
    if drafted is None or problems:
        raise ScriptInvalid(path.stem, problems)
    return replace(drafted.script, hash=content_hash(drafted.script))


def content_hash(script: Script) -> str:
    """SHA-256 over everything that a conversation depends on, in hex; comments and file layout do not count."""
    content = asdict(replace(script, hash=""))
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
