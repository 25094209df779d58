"""What the log of a call says of the bot's own conduct: the automatic items of a scorecard. Pure.

It looks at what was put on the line and how much of it was played, and at the script for what a text is; it does not
ask the dialogue that said it, so that it finds what the dialogue did wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.moves import Facts, Heard, Pressed, PromptFinished, Say
from bot.nodes import Question, Script
from bot.replay import Move
from bot.walk.state import node_of
from bot.walk.whoever import says_to_be_another
from bot.writing.script_words import SAYS_AUTOMATED, SAYS_RECORDED
from intents.values import Intent
from rules.scorecards import Check, Mark

_INTRODUCES = ("券商", "部门", "工号")  # slots that the greeting must hold
_STRANGERS = (Intent.NOT_CLIENT, Intent.WRONG_NUMBER)
_LEAST = 2  # characters of a private value that can be told in a text


@dataclass(frozen=True, slots=True)
class Played:
    """One text as the client got it; `confirmed`: identity had been confirmed when it was put on the line."""

    node: str
    text: str
    must_hear: bool
    confirmed: bool
    complete: bool = False
    start_ms: int = 0
    end_ms: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What the log gives one item, and where: `words` and their place in the recording, where something is wrong."""

    mark: Mark
    words: str = ""
    at_ms: int = 0


def findings(script: Script, facts: Facts, log: Sequence[Move]) -> Mapping[Check, Finding]:
    """The mark of every automatic item; not applicable where the call gave no occasion."""
    played = _played(script, log)
    heard_out = any(isinstance(move, Heard | Pressed) for move in log)
    return {
        Check.GREETING: _greeting(facts, played, heard_out),
        Check.NOTICE: _notice(script, played, heard_out),
        Check.IDENTITY: _identity(script, facts, played),
        Check.DISCLOSURES: _disclosures(played),
    }


def _greeting(facts: Facts, played: Sequence[Played], heard_out: bool) -> Finding:
    """Who answers is told the firm, the department and the staff number before being asked anything else."""
    values = [facts.slots.get(slot, "") for slot in _INTRODUCES]
    first = next((one for one in played if all(value in one.text for value in values)), None)
    return _heard(first, played, heard_out)


def _notice(script: Script, played: Sequence[Played], heard_out: bool) -> Finding:
    """That a machine speaks and that the call is recorded is told before the review's first question."""
    before = _until_review(script, played)
    told = (one for one in before if SAYS_AUTOMATED.search(one.text) and SAYS_RECORDED.search(one.text))
    return _heard(next(told, None), played, heard_out)


def _heard(wanted: Played | None, played: Sequence[Played], heard_out: bool) -> Finding:
    if wanted is not None and wanted.complete:
        return Finding(Mark.FULL)
    if not heard_out:  # a call that ended before anybody spoke
        return Finding(Mark.NOT_APPLICABLE)
    first = wanted or (played[0] if played else None)
    return Finding(Mark.NONE, first.text, first.start_ms) if first else Finding(Mark.NONE)


def _until_review(script: Script, played: Sequence[Played]) -> list[Played]:
    found = []
    for one in played:
        node = script.nodes.get(one.node)
        if node is not None and node.review:
            break
        found.append(one)
    return found


def _identity(script: Script, facts: Facts, played: Sequence[Played]) -> Finding:
    """Nothing of the account, and no private value of the task, is said before identity is confirmed (003)."""
    if not played:
        return Finding(Mark.NOT_APPLICABLE)
    names = (slot.name for slot in script.slots.values() if slot.private)
    private = [value for name in names if len(value := facts.slots.get(name, "")) >= _LEAST]
    for one in played:
        node = script.nodes.get(one.node)
        tells = (node is not None and node.private) or any(value in one.text for value in private)
        if tells and not one.confirmed:
            return Finding(Mark.NONE, one.text, one.start_ms)
    return Finding(Mark.FULL)


def _disclosures(played: Sequence[Played]) -> Finding:
    """Every must-hear text that was begun was heard to its end, if not the first time then later."""
    owed = {one.node: one for one in played if one.must_hear and not one.complete}
    told = {one.node for one in played if one.must_hear and one.complete}
    if not owed and not told:
        return Finding(Mark.NOT_APPLICABLE)
    cut = next((one for node, one in owed.items() if node not in told), None)
    return Finding(Mark.NONE, cut.text, cut.start_ms) if cut else Finding(Mark.FULL)


def _played(script: Script, log: Iterable[Move]) -> list[Played]:
    """What was put on the line, in order, each with what became of it."""
    said: list[tuple[str, Played]] = []
    confirmed, node = False, script.entry
    before = (confirmed, node)
    for move in log:
        match move:
            case Say():
                node = node_of(move.prompt)
                said.append((move.prompt, Played(node, move.text, move.must_hear, confirmed)))
            case PromptFinished():
                _finish(said, move)
            case Heard():
                before = before if move.goes_on else (confirmed, node)
                confirmed = _confirmed(script, before[1], _cue(move), before[0])
            case Pressed():
                confirmed = _confirmed(script, node, _meaning(script, node, move.keys), confirmed)
            case _:
                pass
    return [one for _, one in said]


def _finish(said: list[tuple[str, Played]], finished: PromptFinished) -> None:
    for number, (prompt, one) in enumerate(said):
        if prompt == finished.prompt and not one.end_ms:
            start_ms = finished.at_ms - finished.played_ms
            done = replace(one, complete=finished.complete, start_ms=start_ms, end_ms=finished.at_ms)
            said[number] = (prompt, done)
            return


def _confirmed(script: Script, node: str, cue: str, before: bool) -> bool:
    asked = script.nodes.get(node)
    if isinstance(asked, Question) and any(way.confirms_identity for way in asked.exits.values()):
        return any(way.confirms_identity and cue == at for at, way in asked.exits.items())
    return before and cue not in _STRANGERS


def _cue(heard: Heard) -> Intent:
    """What was meant; a slip that sounds like a wrong number (搞错了) does not say that it is one."""
    intent = heard.match.intent
    slip = intent is Intent.WRONG_NUMBER and not says_to_be_another(heard.text)
    return Intent.UNCLEAR if slip else intent


def _meaning(script: Script, node: str, key: str) -> str:
    asked = script.nodes.get(node)
    own = asked.keypad.get(key) if isinstance(asked, Question) else None
    return own or str(script.keypad.get(key, ""))
