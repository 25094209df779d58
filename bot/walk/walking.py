"""The walk from node to node: asking, following an exit, and the reactions that stay at a question.

Every reaction is bounded by the script's limits: what is over its limit becomes a clarification, and the
ladder of clarifications ends in `gave_up`.

    not understood   rephrase -> keys -> gave_up
    silence          ask again -> keys -> silent
    repeat, aside    so many times, then as not understood
    hold             so many times, then as busy
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.nodes import ANSWERS, Ladder, Question, Reaction, Reply
from bot.walk.captures import asked_by
from bot.walk.records import flag
from bot.walk.said import Said
from bot.walk.state import Tries, Turn
from bot.walk.steps import ask, await_answer, come_back, enter, hand_over, present
from bot.walk.taking import find_value, take_value
from bot.walk.whoever import STRANGERS, may_be_the_client
from intents import Intent, normalise
from rules.outcomes import Risk

_SIDE_QUESTION = re.compile("(?:吗|呢|么|(?:什么|啥|多少|多久|多长|几|怎么|哪|谁|为什么).{0,6})$")


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
    if may_be_the_client(turn, said):
        return _doubt(turn, said)
    way = turn.node.exits[said.cue]
    if way.say:
        turn = turn.say(said.cue, way.say)
    if way.confirms_identity:
        turn = _identify(turn, said)
    if said.cue in STRANGERS and turn.node.private and way.go in _REACTIONS:
        return enter(turn, turn.script.entry)
    if way.go in _REACTIONS:
        return _REACTIONS[way.go](turn, said)
    target = turn.script.nodes[way.go]
    found = find_value(turn, target, said)
    if found is not None:
        return take_value(turn, said, found)
    reads_back = target is not turn.node and asked_by(turn.script, turn.node) is target
    return come_back(turn, way.go) if reads_back else enter(turn, way.go)


def _identify(turn: Turn, said: Said) -> Turn:
    """Whoever is there is the client; after a doubt the same as before it, whose answers began earlier."""
    state = turn.state
    if not state.doubted:
        turn = turn.having(identified_ms=said.start_ms, resume_before=state.resume_at)
    return turn.having(identity_confirmed=True, doubted=False)


def _doubt(turn: Turn, said: Said) -> Turn:
    """Of a wrong number in mid-review nothing is believed yet; who sounds like another is asked who is speaking."""
    if said.cue is Intent.WRONG_NUMBER:
        return clarify(turn, replace(said, cue=Intent.UNCLEAR))
    return begin_again(turn.having(doubted=True), said)


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
    return await_answer(turn, turn.script.waits.hold)


def await_another(turn: Turn, said: Said) -> Turn:
    """Wait for whoever is being called to the telephone: a person who has yet to say who they are."""
    turn = turn.having(node=turn.script.entry, identity_confirmed=False, tries=Tries(holds=turn.state.tries.holds))
    turn = turn.having(doubted=False, digits="", dictated=())
    return _wait(turn, replace(said, cue=Intent.HOLD))


def begin_again(turn: Turn, said: Said) -> Turn:
    """Ask anew who is speaking."""
    return enter(turn.having(identity_confirmed=False), turn.script.entry)


def answer_aside(turn: Turn, said: Said) -> Turn:
    """Give the approved reply to a question along with an answer (是的，要多久啊), where there is one."""
    if said.cue not in ANSWERS or not _SIDE_QUESTION.search(normalise(said.words)):
        return turn
    text = _reply(turn, (*turn.script.questions, *turn.script.doubts), said.words)
    return turn.say("aside", text) if text else turn


def asked_for(said: Said) -> frozenset[Risk]:
    """Why a person is wanted, where one is."""
    return frozenset({_REASONS[said.cue]}) if said.cue in _REASONS else frozenset()


def _hand_over_by_request(turn: Turn, said: Said) -> Turn:
    """Flag why a person is fetched, then fetch one."""
    reason = _REASONS.get(said.cue, Risk.UNCLARIFIED)
    return hand_over(flag(turn, {reason}, said), reason)


def _review(turn: Turn, said: Said) -> Turn:
    """Begin the review, or go on where it broke off: in an earlier call, or before somebody else took the telephone."""
    return enter(turn, turn.state.resume_at or turn.script.review)


_REASONS: Mapping[Intent | Ladder, Risk] = MappingProxyType(
    {Intent.HUMAN: Risk.ASKED_FOR_HUMAN, Intent.COMPLAINT: Risk.COMPLAINT}
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
