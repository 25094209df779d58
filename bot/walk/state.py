"""Where a conversation stands, and a turn of it in the making. Values only.

`State` is all that the dialogue remembers. A `Turn` is a state with the actions that led to it; every
function of the dialogue takes a turn and gives the next, so that nothing is done twice or half.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from bot.moves import Action, Facts, Heard, Say
from bot.nodes import CALLBACK_SLOT, NUMBER_SLOT, Node, Script, fill
from bot.walk.spoken import spoken_number, spoken_time
from rules.outcomes import Ending


class Stage(StrEnum):
    """Which part of the call this is; each heeds other events."""

    TALKING = "talking"  # the bot asks, the client answers
    HANDING_OVER = "handing_over"  # a human is being fetched
    WITH_AGENT = "with_agent"  # a human talks; the bot is silent
    OVER = "over"  # the last words are said or the line is gone


@dataclass(frozen=True, slots=True)
class Tries:
    """What was tried at this node so far."""

    clarified: int = 0
    silences: int = 0
    repeats: int = 0
    asides: int = 0
    holds: int = 0
    pieces: int = 0  # of a number


@dataclass(frozen=True, slots=True)
class Delivered:
    """A must-hear text that was played to its end; milliseconds as in the moves."""

    node: str
    played_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class State:
    """Where a conversation stands.

    `question` is the id being listened for, "" when no answer is awaited. `put` is False while speech has cut
    the question off or a pause has come between: what is said then answers nothing. `owed` are the prompts on
    the line that may not be interrupted; what the client says under them waits in `kept`. `digits` are those of a
    number that is being dictated so far, `dictated` the words that gave them.
    """

    facts: Facts
    node: str
    stage: Stage = Stage.TALKING
    question: str = ""
    identity_confirmed: bool = False
    doubted: bool = False  # was confirmed, then understood as a stranger; asked anew, what was answered is kept
    identified_ms: int = 0  # where whoever is there was last confirmed to be the client
    resume_before: str = ""  # `resume_at` as it was then
    tries: Tries = Tries()
    turns: int = 0
    captures: int = 0
    put: bool = True
    owed: tuple[str, ...] = ()
    kept: tuple[Heard, ...] = ()
    callback_at: datetime | None = None
    callback_words: str = ""
    new_number: str = ""
    digits: str = ""
    dictated: tuple[str, ...] = ()
    delivered: tuple[Delivered, ...] = ()
    resume_at: str = ""  # where a later attempt goes on; "" before the review and after its end
    ending: Ending | None = None

    @property
    def finished(self) -> bool:
        """Whether the bot has said its last words or lost the line."""
        return self.stage is Stage.OVER

    @property
    def slots(self) -> Mapping[str, str]:
        """The slots of the task and those that the client has filled."""
        slots = dict(self.facts.slots)
        if self.callback_at is not None:
            slots[CALLBACK_SLOT] = spoken_time(self.callback_at, self.facts.called_at)
        if self.new_number:
            slots[NUMBER_SLOT] = spoken_number(self.new_number)
        return slots


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn in the making: the state so far and the actions that led to it."""

    script: Script
    state: State
    actions: tuple[Action, ...] = ()

    @property
    def node(self) -> Node:
        """The node where the conversation stands."""
        return self.script.nodes[self.state.node]

    def do(self, *actions: Action) -> Turn:
        """The same turn with more actions."""
        return replace(self, actions=self.actions + actions)

    def having(self, **changes: Any) -> Turn:
        """The same turn with another state."""
        return replace(self, state=replace(self.state, **changes))

    def tried(self, **counts: int) -> Turn:
        """The same turn with counters of this node set."""
        return self.having(tries=replace(self.state.tries, **counts))

    def say(
        self,
        part: str,
        text: str,
        *,
        interruptible: bool = True,
        must_hear: bool = False,
        slower: bool = False,
        told: Mapping[str, str] = MappingProxyType({}),
    ) -> Turn:
        """Speak a text at this node; the prompt is named `node/part`, `told` fills slots of this text only."""
        prompt = f"{self.state.node}/{part}"
        turn = self if interruptible else self.having(owed=(*self.state.owed, prompt))
        return turn.do(Say(prompt, fill(text, {**self.state.slots, **told}), interruptible, must_hear, slower))


def node_of(prompt: str) -> str:
    """The node that a prompt belongs to."""
    return prompt.rpartition("/")[0]


def part_of(prompt: str) -> str:
    """Which text of its node a prompt is."""
    return prompt.rpartition("/")[2]
