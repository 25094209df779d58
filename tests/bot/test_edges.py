"""Every way out of every node of every script is taken once and leads where the script says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.dialogue import advance, begin
from bot.moves import Event, FellSilent, Heard
from bot.nodes import Capture, Exit, Goodbye, Ladder, Node, Question, Reaction, Script, Statement
from bot.script import load_script, script_names
from bot.walk.choices import usual_choice
from bot.walk.state import Stage, State
from bot.writing.script_check import reachable
from intents import Intent, Match
from rules.outcomes import Severity
from rules.risks import CARE, severity_of
from tests.bot.conversation import facts_for

VALUES = {Capture.TIME: "明天下午三点", Capture.NUMBER: "幺三八零零零零幺二三四", Capture.WORDS: "软件老是卡"}
OPEN = (Intent.YES, Intent.NO, Intent.UNSURE)  # without words to keep, an open question stays open
# In mid-review only outright words are those of a stranger.
OUTRIGHT = {Intent.NOT_CLIENT: "我不是本人", Intent.WRONG_NUMBER: "你打错电话了"}


def heard(intent: Intent, words: str = "") -> Heard:
    return Heard(words or OUTRIGHT.get(intent, "…"), Match(intent), 0, 1)


def visits(script: Script) -> dict[str, State]:
    """For each node the first state in which a conversation stands there, found by answering in every way."""
    state, _ = begin(script, facts_for(script))
    found = {state.node: state}
    waiting = [state]
    while waiting:
        state = waiting.pop(0)
        for event in ways_on(script.nodes[state.node]):
            after, _ = advance(script, state, event)
            if after.node not in found:
                found[after.node] = after
                waiting.append(after)
    return found


def ways_on(node: Node) -> Iterator[Event]:
    yield from map(heard, Intent)
    yield FellSilent(0)
    yield from (Heard("…", Match(Intent.UNCLEAR, frozenset({risk})), 0, 1) for risk in CARE)
    if isinstance(node, Question) and node.capture in VALUES:
        yield heard(Intent.YES, VALUES[node.capture])


@pytest.mark.parametrize("name", script_names())
def test_every_node_is_visited(name: str) -> None:
    script = load_script(name)
    by_exhaustion = {way.go for node in script.nodes.values() for way in ladder_exits(node)}
    assert reachable(script) - set(visits(script)) <= by_exhaustion


@pytest.mark.parametrize("name", script_names())
def test_every_meaning_leads_where_the_script_says(name: str) -> None:
    script = load_script(name)
    for state in visits(script).values():
        node = script.nodes[state.node]
        if isinstance(node, Goodbye):
            assert state.finished
            continue
        for intent in Intent:
            after, actions = advance(script, state, heard(intent))
            assert actions, f"{node.id} {intent}: the bot does nothing"
            assert landed(script, node, intent, after), f"{node.id} {intent} led to {after.node}, {after.stage}"


@pytest.mark.parametrize("name", script_names())
@pytest.mark.parametrize("cue", list(Ladder))
def test_every_ladder_ends_where_the_script_says(name: str, cue: Ladder) -> None:
    script = load_script(name)
    event = FellSilent(0) if cue is Ladder.SILENT else heard(Intent.UNCLEAR)
    for state in visits(script).values():
        node = script.nodes[state.node]
        if not isinstance(node, Question):
            continue
        for _ in range(2):
            state, actions = advance(script, state, event)
            assert (state.node, state.stage) == (node.id, Stage.TALKING)
            assert actions[-1].question == node.id  # type: ignore[union-attr]
        state, _ = advance(script, state, event)
        assert arrives(script, node.exits[cue].go, node, state)


def ladder_exits(node: Node) -> Iterator[Exit]:
    if not isinstance(node, Goodbye):
        yield from (node.exits[cue] for cue in Ladder)


def landed(script: Script, node: Question | Statement, intent: Intent, after: State) -> bool:
    if isinstance(node, Question) and node.review:
        if node.capture is Capture.WORDS and intent in OPEN:
            return after.node == node.id and after.stage is Stage.TALKING
        usual = usual_choice(node.choices, intent)
        if intent is Intent.UNSURE and (usual is None or usual.words):  # asked in other words first
            return after.node == node.id and after.stage is Stage.TALKING
        risk = node.answers.get(intent)
        if risk is not None and severity_of(risk) is Severity.HIGH:
            return after.stage is Stage.HANDING_OVER
    if isinstance(node, Statement) and node.exits[intent].go in (Reaction.EXPLAIN, Reaction.REASSURE):
        return after.node == node.exits[Ladder.SILENT].go
    return arrives(script, node.exits[intent].go, node, after)


def arrives(script: Script, go: str, node: Node, after: State) -> bool:
    match go:
        case Reaction.HAND_OVER:
            return after.stage is Stage.HANDING_OVER
        case Reaction.REVIEW:
            return after.node == (script.review if after.identity_confirmed else script.entry)
        case _ if go in tuple(Reaction):
            return after.node == node.id and after.stage is Stage.TALKING
        case _:
            return after.node == go
