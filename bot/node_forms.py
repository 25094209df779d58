"""One node of a script file, from its form to its value.

What a node leaves open about its exits is inherited: the shared `defaults`, over them the `exits` of its
file, over them `next`, over all the node's own `exits`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.nodes import ANSWERS, CUES, Capture, Exit, Goodbye, Ladder, Lead, Node, Question, Statement
from bot.source import Form, Place
from intents.values import Intent
from rules.outcomes import Ending, Risk

# What a client says to a statement is no answer: the conversation goes on.
GOES_ON = (Intent.YES, Intent.NO, Intent.UNSURE, Intent.UNCLEAR, Intent.HOLD, Intent.BUSY, Intent.REFUSE, *Ladder)


@dataclass(frozen=True, slots=True)
class Way:
    """An exit and the line that states it."""

    exit: Exit
    place: Place


def read_node(name: str, form: Form, inherited: Mapping[str, Way], *, review: bool) -> tuple[Node, dict[str, Place]]:
    """The node of one form and the line of each of its fields and cues; `review`: of the script's own file."""
    private = form.flag("private", default=review)
    ways: dict[str, Way] = {}
    if form.has("ending"):
        ending = form.choice("ending", Ending) or Ending.COMPLETED
        node: Node = Goodbye(name, form.text("say"), ending, private, review)
    elif form.has("ask"):
        answers = _answers(form)
        ways = _ways(form, inherited, ANSWERS if answers else ())
        node = _question(name, form, ways, answers, private=private, review=review)
    else:
        ways = _ways(form, inherited, GOES_ON)
        node = _statement(name, form, ways, private=private, review=review)
    form.close()
    return node, {cue: way.place for cue, way in ways.items()} | form.places()


def read_ways(form: Form) -> dict[str, Way]:
    """A block of exits: the node or reaction that each cue leads to."""
    ways: dict[str, Way] = {}
    for cue in form.keys():
        if cue not in CUES:
            form.report(cue, f"不认识客户回答“{cue}”；可以用的有：{'、'.join(CUES)}")
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
    identity = branch.text("identity", needed=False)
    if identity not in ("", "confirmed"):
        branch.report("identity", "“identity”只能是 confirmed")
    way = Exit(branch.text("go"), branch.text("say", needed=False), confirms_identity=bool(identity))
    branch.close()
    return way


def _statement(name: str, form: Form, ways: Mapping[str, Way], *, private: bool, review: bool) -> Statement:
    must_hear = form.flag("must_hear")
    return Statement(name, form.text("say"), _exits(ways), must_hear, private, review)


def _question(
    name: str, form: Form, ways: Mapping[str, Way], answers: Mapping[str, Risk | None], *, private: bool, review: bool
) -> Question:
    capture = form.choice("capture", Capture, needed=False)
    return Question(
        id=name,
        ask=form.text("ask"),
        rephrase=form.text("rephrase"),
        keys=form.text("keys"),
        exits=_exits(ways),
        explain=form.text("explain", needed=False),
        before=_lead(form.form("before")) if form.has("before") else None,
        answers=answers,
        capture=capture,
        captured=form.text("captured") if capture else "",
        phrases=form.texts("phrases"),
        private=private,
        review=review,
    )


def _lead(form: Form) -> Lead:
    lead = Lead(form.text("say"), form.flag("interruptible", default=True))
    form.close()
    return lead


def _answers(form: Form) -> dict[str, Risk | None]:
    """What each answer means: `safe`, or the risk it shows; empty for a question that only finds the way."""
    if not form.has("answers"):
        return {}
    block = form.form("answers")
    named = {answer: block.text(answer) for answer in ANSWERS}
    block.close()
    return {a: None if risk in ("safe", "") else block.one_of(a, risk, Risk) for a, risk in named.items()}
