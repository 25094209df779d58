"""Load a review script: read the files, resolve the nodes, check everything, name the content by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from bot.errors import Problem, ScriptInvalid, ScriptMissing
from bot.nodes import Script
from bot.writing.drafting import Draft, draft, file_of, part_file, part_names
from bot.writing.script_check import check
from bot.writing.source import read_text
from scripts_zh import FOLDER, NOT_SCRIPTS

__all__ = ["Script", "load_script", "load_sources", "script_names", "script_sources"]


def script_names(folder: Path = FOLDER) -> tuple[str, ...]:
    """The names of all scripts in a folder."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml") if path.name not in NOT_SCRIPTS))


def load_script(name: str | Path) -> Script:
    """A script by its name in `scripts_zh/` or by the path of its file.

    Raises ScriptMissing, or ScriptInvalid with every problem at once.
    """
    return load_sources(_path_of(name).stem, script_sources(name))


def script_sources(name: str | Path) -> dict[str, str]:
    """The text of a script's own file and of the parts that it names, by file name as in `scripts_zh/`.

    A part that is not there is left out: loading reports it. Raises ScriptMissing and, for a file that cannot be
    read, ScriptInvalid.
    """
    path = _path_of(name)
    if not path.is_file():
        raise ScriptMissing(str(name), script_names(path.parent))
    problems: list[Problem] = []
    sources = {file_of(path.stem): read_text(path, path.name, problems)}
    for part in part_names(sources[file_of(path.stem)] or ""):
        if (path.parent / part_file(part)).is_file():
            sources[part_file(part)] = read_text(path.parent / part_file(part), part_file(part), problems)
    if problems:
        raise ScriptInvalid(path.stem, problems)
    return {file: text for file, text in sources.items() if text is not None}


def _path_of(name: str | Path) -> Path:
    return name if isinstance(name, Path) else FOLDER / file_of(name)


def load_sources(name: str, sources: Mapping[str, str]) -> Script:
    """A script from the texts of its files (see script_sources); raises ScriptMissing and ScriptInvalid."""
    if file_of(name) not in sources:
        raise ScriptMissing(name, ())
    problems: list[Problem] = []
    drafted: Draft | None = draft(name, sources, problems)
    if drafted is not None:
        problems += check(drafted.script, drafted.places)
    if drafted is None or problems:
        raise ScriptInvalid(name, problems)
    return replace(drafted.script, hash=content_hash(drafted.script))


def content_hash(script: Script) -> str:
    """SHA-256 over everything that a conversation depends on, in hex; comments and file layout do not count."""
    canonical = json.dumps(_content(replace(script, hash="")), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _content(value: Any) -> Any:
    """A value as JSON; a field that has its default is left out, so that a new optional field changes no hash."""
    if is_dataclass(value):
        stated = ((one.name, getattr(value, one.name)) for one in fields(value) if not _is_default(value, one))
        return {"is": type(value).__name__} | {name: _content(of) for name, of in stated}
    if isinstance(value, Mapping):
        return [[str(key), _content(of)] for key, of in value.items()]  # among choices the first counts
    if isinstance(value, list | tuple):
        return [_content(each) for each in value]
    return value


def _is_default(value: Any, one: Any) -> bool:
    default = one.default_factory() if one.default_factory is not MISSING else one.default
    return bool(getattr(value, one.name) == default)
