"""One node of a script file, from its form to its value.

What a node leaves open about its exits is inherited: the shared `defaults`, over them the `exits` of its
file, over them `next`, over all the node's own `exits`.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.nodes import ANSWERS, CUES, Capture, Exit, Goodbye, Ladder, Lead, Node, Question, Statement
from bot.source import Form
from intents.values import Intent
from rules.outcomes import Ending, Risk

# What a client says to a statement is no answer: the conversation goes on.
GOES_ON = (Intent.YES, Intent.NO, Intent.UNSURE, Intent.UNCLEAR, Intent.HOLD, Intent.BUSY, Intent.REFUSE, *Ladder)


def read_node(name: str, form: Form, inherited: Mapping[str, Exit], *, review: bool) -> Node:
    """The node of one form; `review` says that it stands in the script's own file."""
    private = form.flag("private", default=review)
    if form.has("ending"):
        ending = form.choice("ending", Ending) or Ending.COMPLETED
        node: Node = Goodbye(name, form.text("say"), ending, private)
    elif form.has("ask"):
        node = _question(name, form, inherited, private=private, review=review)
    else:
        node = _statement(name, form, inherited, private=private, review=review)
    form.close()
    return node


def read_exits(form: Form) -> dict[str, Exit]:
    """A block of exits: the node or reaction that each cue leads to."""
    exits: dict[str, Exit] = {}
    for cue in form.keys():
        if cue not in CUES:
            form.report(cue, f"不认识客户回答“{cue}”；可以用的有：{'、'.join(CUES)}")
        exits[cue] = _exit(form, cue)
    return exits


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


def _statement(name: str, form: Form, inherited: Mapping[str, Exit], *, private: bool, review: bool) -> Statement:
    onward: dict[str, Exit] = dict.fromkeys(GOES_ON, Exit(form.text("next")))
    return Statement(
        id=name,
        say=form.text("say"),
        exits={**inherited, **onward, **read_exits(form.form("exits"))},
        must_hear=form.flag("must_hear"),
        private=private,
        review=review,
    )


def _question(name: str, form: Form, inherited: Mapping[str, Exit], *, private: bool, review: bool) -> Question:
    answers = _answers(form)
    onward: dict[str, Exit] = dict.fromkeys(ANSWERS, Exit(form.text("next"))) if answers else {}
    capture = form.choice("capture", Capture, needed=False)
    return Question(
        id=name,
        ask=form.text("ask"),
        rephrase=form.text("rephrase"),
        keys=form.text("keys"),
        exits={**inherited, **onward, **read_exits(form.form("exits"))},
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
