"""Taking a time or number from the client: kept, read back to be confirmed, or asked for again; bounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from bot.nodes import Capture, Node, Question
from bot.walk.captures import Captured, Found, Known, Piece, Rejected, find
from bot.walk.records import note
from bot.walk.said import Said
from bot.walk.state import Tries, Turn
from bot.walk.steps import ask, await_answer, enter, leave
from intents.values import Intent

MOST_PIECES = 12  # that a number is dictated in


def find_value(turn: Turn, node: Node, said: Said) -> Found | None:
    """What the client gave of the time or number that `node` asks for or reads back."""
    state = turn.state
    known = Known(state.facts, state.digits, state.new_number, state.callback_at, state.callback_words)
    return find(turn.script, node, said, known)


def begins_number(turn: Turn, said: Said) -> bool:
    """Whether digits of a number were said where a yes leads to the question for it."""
    way = turn.node.exits.get(Intent.YES)
    target = turn.script.nodes.get(way.go) if way else None
    if not isinstance(target, Question) or target.capture is not Capture.NUMBER:
        return False
    return isinstance(find_value(turn, target, said), Captured | Piece)


def take_value(turn: Turn, said: Said, found: Found) -> Turn:
    """Act on what was found; the conversation then stands at the question for it or at the one that confirms it."""
    question = turn.script.nodes[found.question]
    if question.private and not turn.state.identity_confirmed:
        return enter(turn, question.id)
    if turn.state.node != question.id:
        turn = turn.having(node=question.id, tries=Tries(), put=True, digits="", dictated=())
    match found:
        case Captured():
            return _keep(turn, said, found)
        case Piece():
            return _grow(turn, said, found)
        case Rejected():
            return _reject(turn, said, found)
        case _:
            assert_never(found)


def _keep(turn: Turn, said: Said, captured: Captured) -> Turn:
    """Note the value and have it confirmed."""
    turn = turn.having(captures=turn.state.captures + 1)
    if _too_often(turn):
        return leave(turn, said)
    words = "，".join((*turn.state.dictated, said.words))
    turn = note(turn, replace(said, words=words), captured.value).having(**captured.remembered)
    if captured.why:
        turn = _say(turn, captured.why, captured.told)
    return enter(turn, captured.then)


def _grow(turn: Turn, said: Said, piece: Piece) -> Turn:
    """Keep the digits so far and ask for more."""
    pieces = turn.state.tries.pieces
    if pieces >= MOST_PIECES:
        return _reject(turn, said, Rejected(piece.question, "bad_number"))
    turn = turn.having(digits=piece.digits, dictated=(*turn.state.dictated, said.words)).tried(pieces=pieces + 1)
    return go_on(turn)


def go_on(turn: Turn) -> Turn:
    """Ask for the rest of a number."""
    return await_answer(turn.having(put=True).say("more_digits", turn.script.texts.more_digits))


def _reject(turn: Turn, said: Said, rejected: Rejected) -> Turn:
    """Say why a value cannot be used and ask for another; after too many, or where none can be, leave."""
    turn = turn.having(captures=turn.state.captures + 1, digits="", dictated=())
    if _too_often(turn):
        return leave(turn, said)
    turn = _say(turn, rejected.why, rejected.told)
    node = turn.node
    if rejected.final or not isinstance(node, Question):
        return leave(turn, said)
    return ask(turn, node, "rephrase")


def _say(turn: Turn, name: str, told: Mapping[str, str]) -> Turn:
    return turn.say(name, getattr(turn.script.texts, name), told=told)


def _too_often(turn: Turn) -> bool:
    return turn.state.captures > turn.script.limits.capture
