"""The dialogues of tests/dialogues/ go as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.moves import (
    AgentJoined,
    BargedIn,
    Facts,
    FellSilent,
    Flag,
    HungUp,
    MachineAnswered,
    Pressed,
    Transfer,
    TransferFailed,
)
from bot.nodes import Exit, Goodbye, Node, Script
from bot.script import load_script
from intents import Intent, Match, load_matcher
from rules.outcomes import Risk
from rules.witnesses import AnsweringMachine
from tests.bot.conversation import BEIJING, Conversation, facts_for

FOLDER = Path(__file__).parent.parent / "dialogues"
TURN_KEYS = {"client", "means", "risks", "asks", "goes", "says", "notes", "flags", "transfers"}
DIALOGUE_KEYS = {"turns", "ends", "resume_at", "callback_at", "number", "delivered", "callback_before", "dialled"}
MACHINES = dict(zip(("语音信箱", "智能助理", "网络提示音"), AnsweringMachine, strict=True))
Walked = set[tuple[str, str]]


class Exits(dict[str, Exit]):
    """The exits of a node; keeps which of them were taken."""

    def __init__(self, node: str, exits: Mapping[str, Exit], walked: Walked) -> None:
        super().__init__(exits)
        self._node, self._walked = node, walked

    def __getitem__(self, cue: str) -> Exit:
        self._walked.add((self._node, str(cue)))
        return super().__getitem__(cue)


def watched(script: Script, walked: Walked) -> Script:
    """The script with exits that keep which of them were taken."""

    def watch(node: Node) -> Node:
        return node if isinstance(node, Goodbye) else replace(node, exits=Exits(node.id, node.exits, walked))

    return replace(script, nodes={node_id: watch(node) for node_id, node in script.nodes.items()})


@cache
def loaded(name: str) -> Script:
    return load_script(name)


def dialogues() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in sorted(FOLDER.glob("*.yaml")):
        content = YAML(typ="base", pure=True).load(path.read_text(encoding="utf-8"))
        for name, dialogue in content["dialogues"].items():
            yield f"{path.stem}.yaml {name}", content["script"], dialogue


CASES = list(dialogues())


@pytest.mark.parametrize(("script", "dialogue"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_dialogue_goes_as_written(script: str, dialogue: dict[str, Any]) -> None:
    carry_out(loaded(script), dialogue)


def carry_out(script: Script, dialogue: dict[str, Any]) -> None:
    """Hold one written dialogue and compare turn by turn."""
    assert set(dialogue) <= DIALOGUE_KEYS, "misspelt key in a dialogue"
    talk = Conversation(script, facts_of(script, dialogue))
    turns = dialogue["turns"]
    for number, turn in enumerate(turns, 1):
        assert set(turn) <= TURN_KEYS, f"misspelt key in turn {number}"
        flagged = len(talk.flags)
        coming = str(turns[number]["client"]) if number < len(turns) else ""
        talk.holds_reminders = coming.startswith(("（听着说）", "（读到一半挂断）"))
        happen(talk, turn)
        compare(talk, turn, talk.flags[flagged:], f"turn {number} ({turn['client']})")
    compare_end(talk, dialogue)


def facts_of(script: Script, dialogue: dict[str, Any]) -> Facts:
    """What is known before the call, as the dialogue states it."""
    before = instant(dialogue["callback_before"]) if "callback_before" in dialogue else None
    facts = facts_for(script, dialogue.get("resume_at", ""))
    return replace(facts, callback_before=before, dialled=str(dialogue.get("dialled", "")))


def instant(text: object) -> datetime:
    return datetime.strptime(str(text), "%Y-%m-%d %H:%M").replace(tzinfo=BEIJING)


def happen(talk: Conversation, turn: dict[str, Any]) -> None:
    """What the client does in one turn."""
    client, means, risks = str(turn["client"]), turn.get("means"), frozenset(map(Risk, turn.get("risks", ())))
    note, words = re.fullmatch(r"(?:（(.*?)）)?(.*)", client).groups()  # type: ignore[union-attr]
    match note or "":
        case "":
            talk.mean(Intent(means), words, risks) if means else talk.say(words)
        case "沉默":
            talk.feed(FellSilent(talk.now_ms))
        case "挂断" | "读到一半挂断":
            talk.feed(HungUp(talk.now_ms))
        case "没有坐席":
            talk.feed(TransferFailed("none_free", talk.now_ms))
        case "坐席接听":
            talk.feed(AgentJoined("agent-1", talk.now_ms))
        case "语音信箱" | "智能助理" | "网络提示音":
            talk.feed(MachineAnswered(MACHINES[note], talk.now_ms))
        case "听着说":
            match = Match(Intent(means), risks) if means else load_matcher().match(talk.state.question, words)
            talk.feed(talk.heard(match, words, under_prompt=True))
            talk.end_reminders()
        case "抢话":
            talk.feed(BargedIn(talk.says[0].prompt, 200, talk.now_ms))
            talk.say(words)
        case keys if keys.startswith("按键"):
            talk.feed(Pressed(keys.removeprefix("按键"), talk.now_ms))
        case _:
            raise AssertionError(f"unknown note （{note}） in a dialogue")


def compare(talk: Conversation, turn: dict[str, Any], flags: list[Flag], where: str) -> None:
    expected_flags = sorted(turn.get("flags", []))
    assert sorted(flag.risk for flag in flags) == expected_flags, where
    assert turn.get("says", "") in talk.spoken, where
    if "asks" in turn:
        assert talk.state.question == turn["asks"], where
    if "goes" in turn:
        assert talk.state.node == turn["goes"], where
    for question, value in turn.get("notes", {}).items():
        assert talk.notes.get(question) == value, where
    transfers = any(isinstance(action, Transfer) for action in talk.latest)
    assert transfers == (turn.get("transfers") == "yes"), where


def compare_end(talk: Conversation, dialogue: dict[str, Any]) -> None:
    finish = talk.finish
    assert (finish.ending if finish else None) == dialogue.get("ends")
    if finish and "callback_at" in dialogue:
        assert finish.callback_at == instant(dialogue["callback_at"])
    if finish and "number" in dialogue:
        assert finish.new_number == str(dialogue["number"])
    if "delivered" in dialogue:
        assert [told.node for told in talk.state.delivered] == dialogue["delivered"]
