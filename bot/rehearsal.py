"""A conversation by typing: what the client does in one line each, and everything that follows from it.

Nothing is audio here: prompts are heard to their end at once, except that a text that must be heard is still on the
line while the next line is typed, so that one can speak under it or hang up in the middle of it. A step can be taken
back, and the whole becomes a case of `tests/dialogues/`. Reads no clock.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ruamel.yaml import YAML

from bot.dialogue import advance, begin
from bot.errors import LineNotUnderstood
from bot.moves import (
    Action,
    AgentJoined,
    BargedIn,
    Event,
    Facts,
    FellSilent,
    Finish,
    Flag,
    Heard,
    HungUp,
    Note,
    Pressed,
    PromptFinished,
    Say,
    Transfer,
    TransferFailed,
)
from bot.nodes import Capture, Question, Script
from bot.walk.state import Stage, State
from intents.values import Match

MS_PER_CHARACTER, ANSWER_MS, PAUSE_MS = 220, 1000, 300  # how long things take in a conversation without audio
CUT_MS = 200  # into a prompt when the client cuts in
SILENCE, HANG_UP, CUT_OFF, NO_AGENT, AGENT = "沉默", "挂断", "读到一半挂断", "没有坐席", "坐席接听"
UNDER, CUT_IN, KEYS = "听着说", "抢话", "按键"
LINE = re.compile(r"(?:（(?P<note>[^（）]*)）)?(?P<words>.*)", re.DOTALL)
SHORT_KEYS = re.compile(r"(?:#|按键?)\s*([0-9*#]+)")
ALONE, WITH_WORDS = (SILENCE, HANG_UP, CUT_OFF, NO_AGENT, AGENT), (UNDER, CUT_IN)
KNOWN = "（沉默）、（按键1）、（挂断）、（没有坐席）、（坐席接听）、（听着说）好的、（抢话）没有、（读到一半挂断）"


class Understanding(Protocol):
    """Says what a text means at a question; intents.Matcher is one."""

    def match(self, question: str, text: str) -> Match: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the client and what followed: every event and action in order, and where the conversation stood.

    `line` is as in tests/dialogues, "" for the beginning; `awaiting` are the must-hear prompts still on the line.
    """

    line: str
    moves: tuple[Event | Action, ...]
    state: State
    now_ms: int
    awaiting: tuple[Say, ...] = ()

    def of(self, kind: type[Any]) -> list[Any]:
        """The moves of one kind, in order."""
        return [move for move in self.moves if isinstance(move, kind)]


class Rehearsal:
    """One conversation; `steps` are all of it, the first being what the bot opens with.

    Raises SlotsMissing where `facts` lack what the script speaks.
    """

    def __init__(self, script: Script, facts: Facts, understanding: Understanding) -> None:
        self.script = script
        self._understanding = understanding
        state, actions = begin(script, facts)
        self.steps = [_Scene(script, state).played(actions).step("")]

    @property
    def state(self) -> State:
        """Where the conversation stands."""
        return self.steps[-1].state

    @property
    def over(self) -> bool:
        """Whether nothing more can happen: the bot has said its last words, or a person has taken over."""
        return self.state.stage in (Stage.OVER, Stage.WITH_AGENT)

    def take(self, line: str) -> Step:
        """Take one line of the client; raises LineNotUnderstood for a note in brackets that means nothing."""
        note, words = read_line(line, handing_over=self.state.stage is Stage.HANDING_OVER)
        last = self.steps[-1]
        scene = _Scene(self.script, last.state, last.now_ms, last.awaiting)
        self._happen(scene, note, words)
        self.steps.append(scene.step(f"（{note}）{words}" if note else words))
        return self.steps[-1]

    def hang_up(self) -> Step:
        """The client hangs up; where the bot has said its last words already, it hears that nothing follows."""
        return self.take(f"（{HANG_UP}）")

    def undo(self) -> bool:
        """Take the last line back; False where there is none."""
        if len(self.steps) == 1:
            return False
        self.steps.pop()
        return True

    def moves(self, kind: type[Any]) -> list[Any]:
        """Everything of one kind that happened, in order."""
        return [move for step in self.steps for move in step.of(kind)]

    def _happen(self, scene: _Scene, note: str, words: str) -> None:
        if note not in (UNDER, CUT_OFF):
            scene.hear_out()
        event = self._event(scene, note, words)
        if note == CUT_OFF:
            scene.cut_off()
        if note == CUT_IN and (cut := next(iter(self.steps[-1].of(Say)), None)):
            scene.feed(BargedIn(cut.prompt, CUT_MS, scene.now_ms))
        scene.feed(event)
        if note == UNDER:
            scene.hear_out()

    def _event(self, scene: _Scene, note: str, words: str) -> Event:
        match note:
            case "沉默":
                return FellSilent(scene.now_ms)
            case "挂断" | "读到一半挂断":
                return HungUp(scene.now_ms)
            case "没有坐席":
                return TransferFailed("none_free", scene.now_ms)
            case "坐席接听":
                return AgentJoined("agent", scene.now_ms)
            case keys if keys.startswith(KEYS):
                return Pressed(keys.removeprefix(KEYS), scene.now_ms)
            case _:
                start_ms = scene.now_ms + PAUSE_MS
                scene.now_ms = start_ms + ANSWER_MS
                match = self._understanding.match(scene.state.question, words)
                return Heard(words, match, start_ms, scene.now_ms, 1.0, under_prompt=note == UNDER and scene.listening)


class _Scene:
    """A step in the making."""

    def __init__(self, script: Script, state: State, now_ms: int = 0, awaiting: tuple[Say, ...] = ()) -> None:
        self.script, self.state, self.now_ms = script, state, now_ms
        self._awaiting = list(awaiting)
        self._moves: list[Event | Action] = []

    @property
    def listening(self) -> bool:
        """Whether a text that must be heard is on the line."""
        return bool(self._awaiting)

    def feed(self, event: Event) -> None:
        """Let something happen."""
        self._moves.append(event)
        self.state, actions = advance(self.script, self.state, event)
        self.played(actions)

    def played(self, actions: Sequence[Action]) -> _Scene:
        """Carry actions out: prompts are heard to their end, those that must be heard wait for it."""
        self._moves += actions
        for say in [action for action in actions if isinstance(action, Say)]:
            if say.must_hear:
                self._awaiting.append(say)
            else:
                self._finish(say, complete=True)
        return self

    def hear_out(self) -> None:
        """What must be heard has been heard to its end."""
        self._end_awaited(complete=True)

    def cut_off(self) -> None:
        """The line goes in the middle of what must be heard."""
        self._end_awaited(complete=False)

    def step(self, line: str) -> Step:
        """What has happened, as a value."""
        return Step(line, tuple(self._moves), self.state, self.now_ms, tuple(self._awaiting))

    def _end_awaited(self, *, complete: bool) -> None:
        awaited, self._awaiting = self._awaiting, []
        for say in awaited:
            self._finish(say, complete=complete)

    def _finish(self, say: Say, *, complete: bool) -> None:
        played_ms = MS_PER_CHARACTER * len(say.text) // (1 if complete else 2)
        self.now_ms += played_ms
        self.feed(PromptFinished(say.prompt, played_ms, complete, self.now_ms))


def read_line(line: str, *, handing_over: bool = False) -> tuple[str, str]:
    """A typed line as (note, words), as tests/dialogues write them; raises LineNotUnderstood.

    An empty line is silence, or that no agent is free while one is being fetched; #1, 按1 and （按键1） are keys.
    """
    text = line.strip().replace("(", "（").replace(")", "）")
    if not text:
        return (NO_AGENT if handing_over else SILENCE), ""
    if keys := SHORT_KEYS.fullmatch(text):
        return f"{KEYS}{keys[1]}", ""
    found = LINE.fullmatch(text)
    note, words = (found["note"] or "", found["words"].strip()) if found else ("", text)
    if keys := SHORT_KEYS.fullmatch(note):
        note = f"{KEYS}{keys[1]}"
    known = not note or (note in WITH_WORDS if words else note in ALONE or keys)
    if not known:
        raise LineNotUnderstood(line, KNOWN)
    return note, words


def as_dialogue(rehearsal: Rehearsal, name: str) -> str:
    """The conversation as a file of tests/dialogues: what the client did, and what came of it as it is today.

    A time that was agreed is left out: it depends on when the conversation was held.
    """
    dialogue: dict[str, Any] = {"turns": [_turn(rehearsal.script, step) for step in rehearsal.steps[1:]]}
    if rehearsal.state.ending is not None:
        dialogue["ends"] = rehearsal.state.ending.value
    if numbers := [finish.new_number for finish in rehearsal.moves(Finish) if finish.new_number]:
        dialogue["number"] = numbers[-1]
    if rehearsal.state.delivered:
        dialogue["delivered"] = [told.node for told in rehearsal.state.delivered]
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 4096
    out = io.StringIO()
    yaml.dump({"script": rehearsal.script.name, "dialogues": {name: dialogue}}, out)
    return out.getvalue()


def _turn(script: Script, step: Step) -> dict[str, Any]:
    turn: dict[str, Any] = {"client": step.line}
    if step.state.question:
        turn["asks"] = step.state.question
    notes = {note.question: note.value for note in step.of(Note) if not _is_time(script, note.question)}
    if notes:
        turn["notes"] = notes
    if flags := [flag.risk.value for flag in step.of(Flag)]:
        turn["flags"] = flags
    if step.of(Transfer):
        turn["transfers"] = "yes"
    return turn


def _is_time(script: Script, question: str) -> bool:
    node = script.nodes[question]
    return isinstance(node, Question) and node.capture is Capture.TIME
