"""The walk from node to node: asking, following an exit, and the reactions that stay at a question.

Every reaction is bounded by the script's limits: what is over its limit becomes a clarification, and the
ladder of clarifications ends in `gave_up`.

    not understood   rephrase -> keys -> gave_up
    silence          ask again -> keys -> silent
    repeat, aside    so many times, then as not understood
    hold             so many times, then as busy
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import assert_never

from bot.captures import Captured, capture
from bot.moves import Collect, Finish, Listen, Pauses, Transfer
from bot.nodes import Capture, Goodbye, Ladder, Node, Question, Reaction, Reply, Statement
from bot.records import flag, note
from bot.said import Said
from bot.state import Stage, Tries, Turn
from intents import Intent, normalise
from rules.outcomes import Ending, Risk

_STRANGERS = (Intent.NOT_CLIENT, Intent.WRONG_NUMBER)
_MAY_HOLD_A_VALUE = (Intent.YES, Intent.NO, Intent.BUSY, Intent.UNSURE, Intent.UNCLEAR)


def enter(turn: Turn, node_id: str) -> Turn:
    """Go to a node and do what it says; a private one only once identity is confirmed, else from the start."""
    node = turn.script.nodes[node_id]
    if node.private and not turn.state.identity_confirmed:
        return enter(turn, turn.script.entry)
    turn = turn.having(node=node.id, question="", tries=Tries(), put=True, kept=())
    if node.review:
        turn = turn.having(resume_at=node.id)
    return present(_forget(turn, node))


def _forget(turn: Turn, node: Node) -> Turn:
    """Without the value that a question asks for anew."""
    match node:
        case Question(capture=Capture.TIME):
            return turn.having(callback_at=None, callback_words="")
        case Question(capture=Capture.NUMBER):
            return turn.having(new_number="")
        case _:
            return turn


def present(turn: Turn, *, guarded: bool = False, slower: bool = False) -> Turn:
    """Say what the node here says, in full; `guarded` keeps a question's lead from being interrupted."""
    node = turn.node
    match node:
        case Question():
            if node.before is not None:
                interruptible = node.before.interruptible and not guarded
                turn = turn.say("before", node.before.say, interruptible=interruptible, slower=slower)
            return ask(turn, node, slower=slower)
        case Statement():
            told = turn.say("say", node.say, interruptible=not node.must_hear, must_hear=node.must_hear, slower=slower)
            return _listen(told, turn.script.waits.after_reminder)
        case Goodbye():
            return _part(turn, node)
        case _:
            assert_never(node)


def ask(turn: Turn, node: Question, part: str = "ask", *, slower: bool = False) -> Turn:
    """Ask the question here in one of its wordings (ask, rephrase, keys) and wait for the answer."""
    wording = {"ask": node.ask, "rephrase": node.rephrase, "keys": node.keys}[part]
    return _listen(turn.having(put=True).say(part, wording, slower=slower))


def _listen(turn: Turn, wait_ms: int = 0) -> Turn:
    """Wait for the answer to the node here, as long as the script waits unless told otherwise."""
    node, waits = turn.node, turn.script.waits
    turn = turn.having(question=node.id)
    pauses = Pauses() if isinstance(node, Goodbye) else node.pauses
    if isinstance(node, Question) and node.capture is Capture.NUMBER:
        return turn.do(Collect(node.id, wait_ms or waits.number, pauses=pauses))
    return turn.do(Listen(node.id, wait_ms or waits.answer, pauses))


def _part(turn: Turn, node: Goodbye) -> Turn:
    """Say the last words and end the call."""
    state = turn.state
    match node.ending:
        case Ending.CALLBACK:
            finish = Finish(node.ending, state.callback_at, state.callback_words)
        case Ending.RELAYED:
            finish = Finish(node.ending, new_number=state.new_number)
        case _:
            finish = Finish(node.ending)
    resume_at = "" if node.ending is Ending.COMPLETED else state.resume_at
    turn = turn.say("say", node.say).having(stage=Stage.OVER, ending=node.ending, resume_at=resume_at)
    return turn.do(finish)


def put_again(turn: Turn, said: Said) -> Turn:
    """Ask again a question that was cut off or lies behind a pause: what was said cannot have answered it."""
    repeats = turn.state.tries.repeats
    if repeats >= turn.script.limits.repeat:
        return clarify(turn, said)
    return present(turn.tried(repeats=repeats + 1), guarded=True)


def leads_to(turn: Turn, said: Said) -> str:
    """The node or reaction that this cue leads to here."""
    return turn.node.exits[said.cue].go


def follow(turn: Turn, said: Said) -> Turn:
    """Go where the exit for this cue leads."""
    way = turn.node.exits[said.cue]
    if way.say:
        turn = turn.say(said.cue, way.say)
    if way.confirms_identity:
        turn = turn.having(identity_confirmed=True)
    if said.cue in _STRANGERS:
        turn = turn.having(identity_confirmed=False)
    if way.go in _REACTIONS:
        return _REACTIONS[way.go](turn, said)
    captured = find_value(turn, turn.script.nodes[way.go], said)
    return enter(turn, way.go) if captured is None else take_value(turn, said, captured)


def find_value(turn: Turn, node: Node, said: Said) -> Captured | None:
    """The time or number that `node` asks for, where the client gave one (不方便，明天下午三点吧)."""
    if not isinstance(node, Question) or said.cue not in _MAY_HOLD_A_VALUE:
        return None
    return capture(node, said.words, turn.state.facts.called_at)


def take_value(turn: Turn, said: Said, captured: Captured) -> Turn:
    """Keep a time or number and have it confirmed; after too many of them, give up."""
    turn = turn.having(node=captured.question, captures=turn.state.captures + 1)
    if turn.state.captures > turn.script.limits.capture:
        return give_up(turn, replace(said, cue=Ladder.GAVE_UP))
    turn = note(turn, said, captured.value)
    return enter(turn.having(**captured.remembered), captured.then)


def give_up(turn: Turn, said: Said) -> Turn:
    """Leave a node by `gave_up` or `silent`; an unanswered question of the review is flagged, one of a survey not."""
    node = turn.node
    mandatory = isinstance(node, Question) and node.review and not node.survey
    if mandatory and node.exits[said.cue].go != Reaction.HAND_OVER:
        turn = flag(turn, {Risk.UNCLARIFIED}, said)
    return follow(turn, said)


def clarify(turn: Turn, said: Said) -> Turn:
    """Rephrase, then offer the keys, then give up; a statement needs no clarification."""
    node, step = turn.node, turn.state.tries.clarified
    if not isinstance(node, Question):
        return follow(turn, replace(said, cue=Ladder.SILENT))
    if step >= turn.script.limits.clarify:
        return give_up(turn, replace(said, cue=Ladder.GAVE_UP))
    turn = turn.tried(clarified=step + 1)
    if said.cue is Intent.UNCLEAR:
        turn = turn.say("unclear", turn.script.texts.unclear)
    return ask(turn, node, "keys" if step else "rephrase")


def _repeat(turn: Turn, said: Said) -> Turn:
    """Say it again, the second time more slowly."""
    repeats = turn.state.tries.repeats
    if repeats >= turn.script.limits.repeat:
        return clarify(turn, said)
    turn = turn.tried(repeats=repeats + 1).say("repeat", turn.script.texts.repeat)
    return present(turn, slower=repeats > 0)


def _explain(turn: Turn, said: Said) -> Turn:
    node = turn.node
    own = node.explain if isinstance(node, Question) else ""
    text = _reply(turn, turn.script.questions, said.words) or own or turn.script.texts.explain
    return _aside(turn, "explain", text, said)


def _reassure(turn: Turn, said: Said) -> Turn:
    text = _reply(turn, turn.script.doubts, said.words) or turn.script.texts.reassure
    return _aside(turn, "reassure", text, said)


def _aside(turn: Turn, part: str, text: str, said: Said) -> Turn:
    """Answer what was asked back, then ask again; a statement is not told again."""
    node, asides = turn.node, turn.state.tries.asides
    if asides >= turn.script.limits.aside:
        return clarify(turn, said)
    turn = turn.tried(asides=asides + 1).say(part, text)
    return ask(turn, node) if isinstance(node, Question) else follow(turn, replace(said, cue=Ladder.SILENT))


def _reply(turn: Turn, replies: tuple[Reply, ...], words: str) -> str:
    """The first approved reply whose key words were said; a private one only to the client."""
    heard = normalise(words)
    for reply in replies:
        allowed = turn.state.identity_confirmed or not reply.private
        if allowed and any(normalise(word) in heard for word in reply.when):
            return reply.say
    return ""


def _wait(turn: Turn, said: Said) -> Turn:
    """Wait for a client who asked for it; too often is as good as having no time."""
    holds = turn.state.tries.holds
    if holds >= turn.script.limits.hold:
        return follow(turn, replace(said, cue=Intent.BUSY))
    turn = turn.tried(holds=holds + 1).having(put=False).say("hold", turn.script.texts.hold)
    return _listen(turn, turn.script.waits.hold)


def _hand_over_by_request(turn: Turn, said: Said) -> Turn:
    """Flag why a person is fetched, then fetch one."""
    reason = _REASONS.get(said.cue, Risk.UNCLARIFIED)
    return hand_over(flag(turn, {reason}, said), reason)


def hand_over(turn: Turn, reason: Risk) -> Turn:
    """Tell the client and fetch a human."""
    text = getattr(turn.script.texts, _BRIDGES.get(reason, "bridge_risk"))
    turn = turn.say("bridge", text).do(Transfer(reason))
    return turn.having(stage=Stage.HANDING_OVER, question="")


def take_care(turn: Turn, reason: Risk) -> Turn:
    """Part politely with a client who needs care and no more questions; a person follows up."""
    return enter(turn, turn.script.care[reason])


def _review(turn: Turn, said: Said) -> Turn:
    """Begin the review, or go on where an earlier attempt broke off."""
    resume_at = turn.state.facts.resume_at
    node = turn.script.nodes.get(resume_at)
    return enter(turn, resume_at if node is not None and node.review else turn.script.review)


_REASONS: Mapping[Intent | Ladder, Risk] = MappingProxyType(
    {Intent.HUMAN: Risk.ASKED_FOR_HUMAN, Intent.COMPLAINT: Risk.COMPLAINT}
)
_BRIDGES: Mapping[Risk, str] = MappingProxyType(
    {
        Risk.ASKED_FOR_HUMAN: "bridge_human",
        Risk.COMPLAINT: "bridge_complaint",
        Risk.UNCLARIFIED: "bridge_unclear",
    }
)
_REACTIONS: Mapping[str, Callable[[Turn, Said], Turn]] = MappingProxyType(
    {
        Reaction.CLARIFY: clarify,
        Reaction.REPEAT: _repeat,
        Reaction.EXPLAIN: _explain,
        Reaction.REASSURE: _reassure,
        Reaction.WAIT: _wait,
        Reaction.HAND_OVER: _hand_over_by_request,
        Reaction.REVIEW: _review,
    }
)
