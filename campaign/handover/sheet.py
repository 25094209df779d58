"""The review as an agent goes on with it after the bot: the same questions as a form, begun where the bot stopped.

What the agent ticks goes into the call log as it is ticked, as if it had been said to the bot, marked as the agent's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from bot.form import READ, Filled, FormError, Given, checked, course, filled, options
from bot.moves import Attest, Facts, Note, PromptFinished
from bot.nodes import Capture, Question, Statement
from bot.replay import Move
from bot.script import Script
from bot.walk.certainty import Understanding
from bot.walk.choices import NONE, WORDS
from bot.walk.course import Standing
from bot.walk.state import node_of, part_of
from campaign.calls.call_form import EVIDENCE, CallForm, call_form

_SAID = "say"  # the prompt of a statement


@dataclass(slots=True)
class Sheet:
    """One call's form; `keep` takes down what an agent ticks, with its place in the recording."""

    script: Script
    facts: Facts
    matcher: Understanding
    keep: Callable[[Move, int], None] = lambda move, at_ms: None
    _standing: Standing = field(default_factory=Standing, init=False)  # of the bot's part
    _own: dict[str, Given] = field(default_factory=dict, init=False)  # what an agent gave

    def __post_init__(self) -> None:
        if self.facts.resume_at in self.script.nodes:  # an earlier call had come so far
            self.script = replace(self.script, review=self.facts.resume_at)

    def note(self, move: Move) -> None:
        """Follow the bot: what it was answered, and what it has read out."""
        self._standing = self._standing.after(move)

    @property
    def _given(self) -> dict[str, Given]:
        given: dict[str, Given] = {}
        for move in self._standing.moves:
            match move:
                case Note() if self._offers(move.question, move.value):
                    given[move.question] = Given(move.value, move.words, move.start_ms)
                case Attest(complete=True) if self._tells(move.node):
                    given[move.node] = Given(READ, "", move.at_ms)
                case PromptFinished(complete=True) if part_of(move.prompt) == _SAID and self._tells(
                    node_of(move.prompt)
                ):
                    given[node_of(move.prompt)] = Given(READ, "", move.at_ms)
                case _:
                    pass
        return given | self._own

    def _tells(self, node_id: str) -> bool:
        node = self.script.nodes.get(node_id)
        return isinstance(node, Statement) and node.review

    def _offers(self, node_id: str, value: str) -> bool:
        node = self.script.nodes.get(node_id)
        if not isinstance(node, Question) or not node.review:
            return False
        if node.capture is Capture.WORDS:
            return value in (WORDS, NONE)
        return value in {option.value for option in options(node)}

    def form(self) -> CallForm:
        """Where the review stands."""
        return call_form(self.script, self._given, self.facts.slots)

    @property
    def complete(self) -> bool:
        """Whether everything is answered."""
        return course(self.script, self._given).now is None

    def give(self, node: str, value: str, words: str, at_ms: int) -> None:
        """Keep an agent's tick; raises FormError for what the page does not offer."""
        walked = course(self.script, self._given)
        if node not in (*walked.answered, walked.now):
            raise FormError("页面已经变化：请按现在的问题登记")
        self._own[node] = checked(self.script, node, value, words, at_ms)
        left = self.left({node})
        moves: tuple[Move, ...] = (*left.notes, *left.flags, *left.attests)
        for move in moves:
            self.keep(move, at_ms)

    def left(self, nodes: Iterable[str] | None = None) -> Filled:
        """What the agents have ticked, at all of their nodes or at these."""
        wanted = self._own.keys() & set(nodes) if nodes is not None else self._own.keys()
        written = {node: one.words for node, one in self._own.items() if node in wanted and one.value == WORDS}
        risks = {node: self.matcher.match(node, words).risks for node, words in written.items()}
        everything = filled(self.script, self._given, risks, EVIDENCE)
        return Filled(
            tuple(one for one in everything.notes if one.question in wanted),
            tuple(one for one in everything.flags if one.node in wanted),
            tuple(one for one in everything.attests if one.node in wanted),
        )


def settled_notes(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The answers that count: an agent's takes the place of any before it to the same question."""
    kept: list[Note] = []
    for note in notes:
        if note.evidence == EVIDENCE:
            kept = [one for one in kept if one.question != note.question]
        kept.append(note)
    return tuple(kept)
