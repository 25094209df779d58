"""One node of a script file, from its form to its value.

What a node leaves open about its exits is inherited: the shared `defaults`, over them the `exits` of its
file, over them `next`, over all the node's own `exits`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.moves import Pauses
from bot.nodes import ANSWERS, CUES, FILLED_BY, Capture, Exit, Goodbye, Ladder, Lead, Node, Question, Statement
from bot.writing.answer_forms import read_answers, read_choices, read_keypad
from bot.writing.source import Form, Place
from intents.values import Intent
from rules.outcomes import Ending

# What a client says to a statement is no answer: the conversation goes on.
GOES_ON = (Intent.YES, Intent.NO, Intent.UNSURE, Intent.UNCLEAR, Intent.HOLD, Intent.BUSY, Intent.REFUSE, *Ladder)


@dataclass(frozen=True, slots=True)
class Way:
    """An exit and the line that states it."""

    exit: Exit
    place: Place


@dataclass(frozen=True, slots=True)
class Context:
    """What a node takes from around it; `review`: it stands in the script's own file."""

    inherited: Mapping[str, Way]
    pauses: Pauses
    review: bool


def read_node(name: str, form: Form, context: Context) -> tuple[Node, dict[str, Place]]:
    """The node of one form and the line of each of its fields and cues."""
    private = form.flag("private", default=context.review)
    ways: dict[str, Way] = {}
    if form.has("ending"):
        ending = form.choice("ending", Ending) or Ending.COMPLETED
        node: Node = Goodbye(name, form.text("say"), ending, private, context.review)
    elif form.has("ask"):
        ways = _ways(form, context.inherited, _answered_by(form))
        node = _question(name, form, ways, context, private=private)
    else:
        ways = _ways(form, context.inherited, GOES_ON)
        node = _statement(name, form, ways, context, private=private)
    form.close()
    return node, {cue: way.place for cue, way in ways.items()} | form.places()


def read_pauses(form: Form, usual: Pauses) -> Pauses:
    """How much silence ends a turn: seconds in the file, milliseconds in the value; `usual` where it says nothing."""
    if not form.has("pauses"):
        return usual
    block = form.form("pauses")
    read = {
        name: round(1000 * block.number(name, 0.2, 3)) if block.has(name) else getattr(usual, f"{name}_ms")
        for name in ("closed", "open", "unfinished")
    }
    block.close()
    return Pauses(read["closed"], read["open"], read["unfinished"])


def read_ways(form: Form) -> dict[str, Way]:
    """A block of exits: the node or reaction that each cue leads to."""
    ways: dict[str, Way] = {}
    for cue in form.names(CUES, "客户回答"):
        ways[cue] = Way(_exit(form, cue), form.where(cue))
    return ways


def _ways(form: Form, inherited: Mapping[str, Way], going_on: Iterable[str]) -> dict[str, Way]:
    """All ways out of a node; the cues in `going_on` lead where `next` says."""
    onward = {cue: Way(Exit(form.text("next")), form.where("next")) for cue in going_on}
    return {**inherited, **onward, **read_ways(form.form("exits"))}


def _exits(ways: Mapping[str, Way]) -> dict[str, Exit]:
    return {cue: way.exit for cue, way in ways.items()}


def _exit(form: Form, cue: str) -> Exit:
    if not form.is_branch(cue):
        return Exit(form.text(cue))
    branch = form.form(cue)
    identity = branch.pick("identity", ("confirmed",), needed=False)
    way = Exit(branch.text("go"), branch.text("say", needed=False), confirms_identity=bool(identity))
    branch.close()
    return way


def _answered_by(form: Form) -> tuple[str, ...]:
    """The cues that lead to `next`; a survey also goes on when it was given up."""
    survey = form.has("survey") and form.text("survey") == "yes"
    return (*(ANSWERS if survey or form.has("answers") else ()), *((Ladder.GAVE_UP,) if survey else ()))


def _statement(name: str, form: Form, ways: Mapping[str, Way], context: Context, *, private: bool) -> Statement:
    return Statement(
        id=name,
        say=form.text("say"),
        exits=_exits(ways),
        must_hear=form.flag("must_hear"),
        topic=form.text("topic", needed=False) or name,
        for_agent=form.texts("for_agent"),
        pauses=read_pauses(form, context.pauses),
        private=private,
        review=context.review,
    )


def _question(name: str, form: Form, ways: Mapping[str, Way], context: Context, *, private: bool) -> Question:
    capture, survey = form.choice("capture", Capture, needed=False), form.flag("survey")
    choices = read_choices(form, capture)
    return Question(
        id=name,
        ask=form.text("ask"),
        rephrase=form.text("rephrase"),
        keys=form.text("keys"),
        exits=_exits(ways),
        explain=form.text("explain", needed=False),
        incoming=form.text("incoming", needed=False),
        before=_lead(form.form("before")) if form.has("before") else None,
        answers=read_answers(form, choices, survey=survey),
        capture=capture,
        captured=form.text("captured") if capture in FILLED_BY.values() else "",
        choices=choices,
        keypad=read_keypad(form, choices),
        survey=survey,
        topic=form.text("topic", needed=False) or name,
        for_agent=form.texts("for_agent"),
        pauses=read_pauses(form, context.pauses),
        phrases=form.texts("phrases"),
        private=private,
        review=context.review,
    )


def _lead(form: Form) -> Lead:
    lead = Lead(form.text("say"), form.flag("interruptible", default=True))
    form.close()
    return lead
