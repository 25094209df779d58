"""A conversation without audio: events in, prompts played to their end, everything that happened kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from bot.dialogue import advance, begin
from bot.moves import Action, Event, Facts, Finish, Flag, Heard, Note, PromptFinished, Say
from bot.nodes import Script
from bot.walk.state import State
from intents import Intent, Match, load_matcher
from rules.outcomes import Risk

BEIJING = timezone(timedelta(hours=8))
CALLED_AT = datetime(2026, 3, 4, 10, 0, tzinfo=BEIJING)  # a Wednesday
MS_PER_CHARACTER = 220


def facts_for(script: Script, resume_at: str = "") -> Facts:
    """Facts with the sample of every slot."""
    return Facts({slot.name: slot.sample for slot in script.slots.values()}, CALLED_AT, resume_at)


@dataclass
class Conversation:
    """Feeds events and finishes each prompt; `log` has every event and action in order."""

    script: Script
    facts: Facts
    state: State = field(init=False)
    log: list[Event | Action] = field(default_factory=list)
    latest: list[Action] = field(default_factory=list)
    now_ms: int = 0
    holds_reminders: bool = False  # leave must-hear prompts unfinished until `end_reminders`

    def __post_init__(self) -> None:
        self.state, actions = begin(self.script, self.facts)
        self._did(actions)
        self._play(actions)

    def feed(self, event: Event, *, play: bool = True) -> list[Action]:
        """Take one event; with `play`, every prompt that follows is heard to its end."""
        self.latest = []
        self._advance(event, play=play)
        return self.latest

    def say(self, words: str, *, under_prompt: bool = False, play: bool = True) -> list[Action]:
        """The client says something; the real matcher says what it means."""
        return self.feed(self.heard(load_matcher().match(self.state.question, words), words, under_prompt), play=play)

    def mean(self, intent: Intent, words: str = "…", risks: frozenset[Risk] = frozenset()) -> list[Action]:
        """The client says something of this meaning."""
        return self.feed(self.heard(Match(intent, risks), words))

    def heard(self, match: Match, words: str, under_prompt: bool = False) -> Heard:
        """The event of something said now."""
        start_ms, self.now_ms = self.now_ms + 300, self.now_ms + 1300
        return Heard(words, match, start_ms, self.now_ms, 1.0, under_prompt)

    def _advance(self, event: Event, *, play: bool) -> None:
        self.log.append(event)
        self.state, actions = advance(self.script, self.state, event)
        self._did(actions)
        if play:
            self._play(actions)

    def _did(self, actions: tuple[Action, ...]) -> None:
        self.log += actions
        self.latest += actions

    def _play(self, actions: tuple[Action, ...]) -> None:
        for say in [action for action in actions if isinstance(action, Say)]:
            if say.must_hear and self.holds_reminders:
                continue
            played_ms = MS_PER_CHARACTER * len(say.text)
            self.now_ms += played_ms
            self._advance(PromptFinished(say.prompt, played_ms, True, self.now_ms), play=True)

    def end_reminders(self) -> None:
        """The must-hear prompts left unfinished are heard to their end."""
        self.holds_reminders = False
        for say in [move for move in self.log if isinstance(move, Say) and move.prompt in self.state.owed]:
            self._play((say,))

    @property
    def says(self) -> list[Say]:
        """What the bot said since the last event."""
        return [action for action in self.latest if isinstance(action, Say)]

    @property
    def spoken(self) -> str:
        """The words of all that the bot said since the last event."""
        return "".join(say.text for say in self.says)

    @property
    def notes(self) -> dict[str, str]:
        """Every answer stored so far, the last one of each question."""
        return {move.question: move.value for move in self.log if isinstance(move, Note)}

    @property
    def flags(self) -> list[Flag]:
        """Every flag so far."""
        return [move for move in self.log if isinstance(move, Flag)]

    @property
    def finish(self) -> Finish | None:
        """How the bot ended the call, if it did."""
        return next((move for move in self.log if isinstance(move, Finish)), None)
