"""The schemas for editors: current, true of every shipped file, and as strict as the loader about keys and values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from bot.script import script_names
from bot.writing.script_schema import SCHEMA_FOLDER, schemas, written
from scripts_zh import FOLDER

FILES = sorted([FOLDER / f"{name}.yaml" for name in script_names()] + list((FOLDER / "parts").glob("*.yaml")))


def content(text: str) -> Any:
    """What an editor sees: YAML 1.2, where yes is a text and 010 a number."""
    return YAML(typ="safe", pure=True).load(text)


def validator(kind: str) -> Draft7Validator:
    return Draft7Validator(json.loads((SCHEMA_FOLDER / f"{kind}.json").read_text(encoding="utf-8")))


def kind_of(path: Path) -> str:
    return "part" if path.parent.name == "parts" else "script"


@pytest.mark.parametrize("name", ["script.json", "part.json"])
def test_the_files_are_those_of_the_loader(name: str) -> None:
    """Run python -m bot.writing.script_schema after a change of the format."""
    assert (SCHEMA_FOLDER / name).read_text(encoding="utf-8") == written(schemas()[name])
    Draft7Validator.check_schema(schemas()[name])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_shipped_file_fits_and_names_its_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [error.message for error in validator(kind_of(path)).iter_errors(content(text))] == []
    folder = "../schema" if kind_of(path) == "part" else "schema"
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={folder}/{kind_of(path)}.json"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("new_account.yaml", "clause:", "claus:", "'claus' was unexpected"),
        ("new_account.yaml", "title: 新开户回访\n", "", "'title' is a required property"),
        ("new_account.yaml", "no: unread\n", "no: unreadable\n", "'unreadable' is not one of"),
        ("new_account.yaml", "  - new_account\n", "  - new_acount\n", "'new_acount' is not one of"),
        ("new_account.yaml", "must_hear: yes", "must_hear: ja", "'ja' is not one of"),
        ("new_account.yaml", "    keys: 已经阅读并理解请按1，没有请按2。\n", "", "'keys' is a required property"),
        ("satisfaction.yaml", "capture: choice", "capture: choise", "'choise' is not one of"),
        ("satisfaction.yaml", "      不满意: no\n", "      不满意: bad\n", "is not valid under any of"),
        ("settled.yaml", "    sample: 佣金费率\n", "", "'sample' is a required property"),
        ("parts/relay.yaml", "exits:\n  busy:", "exits:\n  bussy:", "'bussy' was unexpected"),
        ("parts/relay.yaml", "capture: number", "capture: nummer", "'nummer' is not one of"),
        ("parts/opening.yaml", "identity: confirmed", "identity: yes", "is not valid under any of"),
        ("parts/closing.yaml", "ending: refused", "ending: refuse", "'refuse' is not one of"),
        ("parts/fallbacks.yaml", "clarify: 2", "clarify: 20", "20 is greater than the maximum of 5"),
        ("parts/fallbacks.yaml", "turns: 60", "turns: 很多", "'很多' is not of type 'number'"),
        ("parts/fallbacks.yaml", '"0": human', "A: human", "'A' was unexpected"),
    ],
)
def test_what_the_loader_refuses_the_editor_marks(file: str, old: str, new: str, says: str) -> None:
    text = (FOLDER / file).read_text(encoding="utf-8")
    assert old in text
    errors = list(validator(kind_of(FOLDER / file)).iter_errors(content(text.replace(old, new, 1))))
    assert any(says in error.message for error in errors), [error.message for error in errors]


def test_every_key_is_explained() -> None:
    unexplained: set[str] = set()
    for schema in schemas().values():
        collect(schema, unexplained)
    assert unexplained <= KNOWN_BY_NAME


# Bounds, waits, common texts and risks are named by what they are; a key of the telephone is itself.
KNOWN_BY_NAME = (
    {*"0123456789*#", "answer", "number", "hold", "after_reminder"}
    | {"clarify", "silence", "repeat", "aside", "capture", "turns", "deceased", "distress", "intoxicated", "minor"}
    | {"reassure", "still_there", "bridge_human", "bridge_complaint", "bridge_risk", "bridge_unclear", "no_agent"}
    | {"outside_hours", "closed_day", "past_time", "too_late", "more_digits", "bad_number", "dialled_number"}
    | {"turned_away"}
    | {"number_anew", "agent_wait", "agent_lost"}
)


def collect(schema: Any, unexplained: set[str]) -> None:
    """The keys below a schema that carry no description."""
    if isinstance(schema, list):
        for each in schema:
            collect(each, unexplained)
    if not isinstance(schema, dict):
        return
    unexplained |= {key for key, one in schema.get("properties", {}).items() if "description" not in one}
    for each in schema.values():
        collect(each, unexplained)
