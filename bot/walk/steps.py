"""The steps of the walk: going to a node, saying what it says, waiting for the answer, parting, fetching a person."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from bot.moves import Collect, Finish, Listen, Pauses, Transfer
from bot.nodes import Capture, Goodbye, Ladder, Node, Question, Reaction, Statement
from bot.walk.records import flag
from bot.walk.said import Said
from bot.walk.state import Stage, Tries, Turn
from rules.outcomes import Ending, Risk


def enter(turn: Turn, node_id: str) -> Turn:
    """Go to a node and do what it says; a private one only once identity is confirmed, else from the start."""
    return present(_stand(turn, node_id))


def come_back(turn: Turn, node_id: str) -> Turn:
    """Return to the question for a time or number that was not right: in other words, without its lead."""
    turn = _stand(turn, node_id)
    node = turn.node
    if not isinstance(node, Question):
        return present(turn)
    if node.capture is Capture.NUMBER:
        turn = turn.say("number_anew", turn.script.texts.number_anew)
    return ask(turn, node, "rephrase")


def _stand(turn: Turn, node_id: str) -> Turn:
    """At a node, nothing tried there yet; at the start where the node is private and identity is not confirmed."""
    node = turn.script.nodes[node_id]
    if node.private and not turn.state.identity_confirmed:
        return _stand(turn, turn.script.entry)
    turn = turn.having(node=node.id, question="", tries=Tries(), put=True, kept=())
    if node.review:
        turn = turn.having(resume_at=node.id)
    return _forget(turn, node)


def _forget(turn: Turn, node: Node) -> Turn:
    """Without the value that a question asks for anew."""
    match node:
        case Question(capture=Capture.TIME):
            return turn.having(callback_at=None, callback_words="")
        case Question(capture=Capture.NUMBER):
            return turn.having(new_number="", digits="", dictated=())
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
            return await_answer(told, turn.script.waits.after_reminder)
        case Goodbye():
            return _part(turn, node)
        case _:
            assert_never(node)


def ask(turn: Turn, node: Question, part: str = "ask", *, slower: bool = False) -> Turn:
    """Ask the question here in one of its wordings (ask, rephrase, keys) and wait for the answer."""
    opening = node.incoming if turn.state.facts.incoming and node.incoming else node.ask
    wording = {"ask": opening, "rephrase": node.rephrase, "keys": node.keys}[part]
    return await_answer(turn.having(put=True).say(part, wording, slower=slower))


def await_answer(turn: Turn, wait_ms: int = 0) -> Turn:
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


def hand_over(turn: Turn, reason: Risk) -> Turn:
    """Tell the client and fetch a human."""
    text = getattr(turn.script.texts, _BRIDGES.get(reason, "bridge_risk"))
    turn = turn.say("bridge", text).do(Transfer(reason))
    return turn.having(stage=Stage.HANDING_OVER, question="")


def leave(turn: Turn, said: Said) -> Turn:
    """Leave a question that was given up: to a node, or to a person."""
    go = turn.node.exits[Ladder.GAVE_UP].go
    if go != Reaction.HAND_OVER:
        return enter(turn, go)
    return hand_over(flag(turn, {Risk.UNCLARIFIED}, said), Risk.UNCLARIFIED)


def take_care(turn: Turn, reason: Risk) -> Turn:
    """Part politely with a client who needs care and no more questions; a person follows up."""
    return enter(turn, turn.script.care[reason])


_BRIDGES: Mapping[Risk, str] = MappingProxyType(
    {
        Risk.ASKED_FOR_HUMAN: "bridge_human",
        Risk.COMPLAINT: "bridge_complaint",
        Risk.UNCLARIFIED: "bridge_unclear",
    }
)
