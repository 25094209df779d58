"""Every way out of every node of every script is walked by an answer written in tests/dialogues/answers/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.nodes import CUES, Capture, Goodbye, Ladder, Node, Question, Script, Statement
from bot.script import script_names
from tests.bot.test_dialogues import FOLDER, Walked, carry_out, loaded, watched

Dialogue = Mapping[str, Any]
SHARED_ROOMS = ("opening", "relay")  # the parts that every script walks through before its own questions
FIRST_WORDS = ("是我", "方便")  # what leads to the question at which a review goes on


@cache
def sheet(name: str) -> Dialogue:
    """One file of answers."""
    path = FOLDER / "answers" / f"{name}.yaml"
    content: Dialogue = YAML(typ="base", pure=True).load(path.read_text(encoding="utf-8"))
    return content


def answers_at(script: Script, node_id: str) -> Iterator[tuple[str, Dialogue]]:
    """Every written dialogue at one node, by name, with the words that lead there."""
    room = node_id.partition(".")[0]
    if room in SHARED_ROOMS:
        written = sheet(room)
        words = written["reached_by"][node_id] or ()
        for name, dialogue in (written["shared"] | written["questions"][node_id]).items():
            yield name, placed(script, node_id, dialogue, words)
        return
    written = everywhere(script.nodes[node_id])
    own = sheet(script.name).get("questions", {}).get(node_id, {})
    for name, dialogue in (written | own).items():
        yield name, placed(script, node_id, dialogue, FIRST_WORDS) | {"resume_at": node_id}


def everywhere(node: Node) -> dict[str, Dialogue]:
    """What is written for every node of this sort."""
    written: Mapping[str, dict[str, Dialogue]] = sheet("anywhere")
    match node:
        case Question(capture=Capture.WORDS):
            return written["questions"] | written["open"]
        case Question(survey=True):
            return written["questions"] | written["surveys"]
        case Question():
            return written["questions"]
        case _:
            return written["statements"]


def placed(script: Script, node_id: str, dialogue: Dialogue, words: tuple[str, ...]) -> dict[str, Any]:
    """A dialogue that begins at the first word of the call, with the places that it names filled in."""
    node = script.nodes[node_id]
    names = {"原问题": node_id, "原地": node_id, "回访": script.review}
    if not isinstance(node, Goodbye):
        names["下一步"] = node.exits[Ladder.SILENT if isinstance(node, Statement) else Ladder.GAVE_UP].go
    turns = [
        turn | {key: names.get(turn[key], turn[key]) for key in ("asks", "goes") if key in turn}
        for turn in dialogue["turns"]
    ]
    landed = script.nodes.get(turns[-1].get("goes", ""))
    ends = {"ends": landed.ending.value} if isinstance(landed, Goodbye) else {}
    return ends | {**dialogue, "turns": [*({"client": each} for each in words), *turns]}


def asked_or_told(script: Script) -> list[str]:
    """The nodes at which a client may say something."""
    return [node.id for node in script.nodes.values() if not isinstance(node, Goodbye)]


@cache
def walked_at(name: str, node_id: str) -> Walked:
    """The ways out that the dialogues written for one node take; raises where one goes otherwise."""
    script, walked = loaded(name), set[tuple[str, str]]()
    for title, dialogue in answers_at(script, node_id):
        try:
            carry_out(watched(script, walked), dict(dialogue))
        except AssertionError as error:
            raise AssertionError(f"{name} {node_id} {title}: {error}") from error
    return walked


CASES = [(name, node_id) for name in script_names() for node_id in asked_or_told(loaded(name))]


@pytest.mark.parametrize(("name", "node_id"), CASES)
def test_every_answer_leads_where_it_is_written(name: str, node_id: str) -> None:
    assert walked_at(name, node_id)


@pytest.mark.parametrize("name", script_names())
def test_no_way_out_is_left_unwalked(name: str) -> None:
    script = loaded(name)
    walked = set().union(*(walked_at(name, node_id) for node_id in asked_or_told(script)))
    assert sorted(ways_out(script) - walked) == []


def ways_out(script: Script) -> Walked:
    """Every node with every cue; a statement is never given up, because nothing is asked there."""
    return {
        (node_id, str(cue))
        for node_id in asked_or_told(script)
        for cue in CUES
        if isinstance(script.nodes[node_id], Question) or cue is not Ladder.GAVE_UP
    }


def test_no_answers_are_written_for_what_is_not_there() -> None:
    written = {
        (path.stem, node_id)
        for path in (FOLDER / "answers").glob("*.yaml")
        if path.stem in script_names()
        for node_id in sheet(path.stem)["questions"]
    }
    assert written <= set(CASES)
    assert {path.stem for path in (FOLDER / "answers").glob("*.yaml")} <= {*script_names(), *SHARED_ROOMS, "anywhere"}
