"""The page that a compliance officer reads names everything that a script may hold."""

from __future__ import annotations

import pytest

from bot.nodes import CUES, Goodbye, Reaction
from bot.script import load_script, script_names
from bot.writing.key_help import KEY_HELP
from bot.writing.script_schema import schemas
from rules import label_of
from rules.outcomes import Risk
from scripts_zh import FOLDER, LEADING_WORDS, LEDGER

README = (FOLDER / "README.md").read_text(encoding="utf-8")
# What stands only in the shared parts, which explain it where it stands.
OF_PARTS = {"entry", "questions", "doubts", "when"}


@pytest.mark.parametrize("name", script_names())
def test_every_script_is_listed_with_its_clause_its_types_and_its_slots(name: str) -> None:
    script = load_script(name)
    (row,) = [line for line in README.splitlines() if line.startswith(f"| `{name}.yaml`")]
    assert script.title in row
    assert all(label_of(review_type) in row for review_type in script.review_types)
    private = [slot.name for slot in script.slots.values() if slot.private and slot.name != "回访业务"]
    assert all(slot in row for slot in private) and (private or row.endswith("| 无 |"))


@pytest.mark.parametrize("name", script_names())
def test_every_question_is_listed(name: str) -> None:
    (row,) = [line for line in README.splitlines() if line.startswith("| `") and f"`{name}`" in line.split("|")[1]]
    for node in load_script(name).nodes.values():
        if node.review and not isinstance(node, Goodbye):
            assert f"`{node.id.partition('.')[2]}`" in row


def test_every_key_cue_reaction_and_risk_is_explained() -> None:
    words = {*KEY_HELP} - OF_PARTS | {*CUES} | {*Reaction}
    risks = {risk for schema in schemas().values() for risk in Risk if f'"{risk}"' in str(schema).replace("'", '"')}
    assert {word for word in words if word not in README} == set()
    used = {
        risk
        for name in script_names()
        for node in load_script(name).nodes.values()
        for risk in getattr(node, "answers", {}).values()
    } - {None}
    assert used <= risks
    assert {risk for risk in used if f"`{risk}`" not in README} == set()


def test_the_other_files_are_named() -> None:
    for file in (LEADING_WORDS, LEDGER, *(f"parts/{path.name}" for path in (FOLDER / "parts").glob("*.yaml"))):
        assert f"`{file}`" in README
