"""What happens under a prompt that may not be interrupted: was it delivered, and what did the client say meanwhile."""

from __future__ import annotations

from bot.moves import Attest
from bot.nodes import Reaction, Statement
from bot.walk.records import caring, flag, grave, is_answer, note
from bot.walk.said import Said
from bot.walk.state import Delivered, Turn, node_of
from bot.walk.steps import hand_over, take_care
from bot.walk.walking import follow, leads_to
from bot.walk.whoever import disown
from intents.values import Intent
from rules.outcomes import Risk

# What is acted on when it was said under a prompt that may not be interrupted; most urgent first.
URGENT = (Intent.HUMAN, Intent.COMPLAINT, Intent.WRONG_NUMBER, Intent.NOT_CLIENT, Intent.REFUSE, Intent.BUSY)
ASKED_BACK = (Intent.DOUBT, Intent.QUESTION, Intent.REPEAT)


def settle_prompt(turn: Turn, prompt: str, played_ms: int, at_ms: int, *, complete: bool) -> Turn:
    owed = list(turn.state.owed)
    owed.remove(prompt)
    turn = turn.having(owed=tuple(owed))
    node = turn.script.nodes[node_of(prompt)]
    if not isinstance(node, Statement) or not node.must_hear:
        return turn
    turn = turn.do(Attest(node.id, played_ms, complete, at_ms))
    if complete:
        return turn.having(delivered=(*turn.state.delivered, Delivered(node.id, played_ms, at_ms)))
    return flag(turn, {Risk.REMINDER_UNDELIVERED}, Said.nothing(at_ms), node.id)


def release(turn: Turn) -> Turn:
    """Record what was said under a prompt and act on the most urgent of it."""
    overheard = [Said.heard(heard) for heard in turn.state.kept]
    turn = record_kept(turn)
    cues = _acted_on(turn)
    urgent = next((said for cue in cues for said in overheard if said.cue is cue), None)
    risks = frozenset[Risk]().union(*(said.risks for said in overheard))
    if care := caring(risks):
        return take_care(turn, care)
    reason = grave(risks)
    if reason is not None and (urgent is None or leads_to(turn, urgent) != Reaction.HAND_OVER):
        return hand_over(turn, reason)
    if urgent is not None:
        return follow(turn, urgent)
    return follow(turn, overheard[-1]) if overheard and _was_told(turn) else turn


def _acted_on(turn: Turn) -> tuple[Intent, ...]:
    """What is acted on here, most urgent first; the opening itself answers who is calling and why."""
    if isinstance(turn.node, Statement):
        return URGENT + ASKED_BACK
    return (*URGENT, Intent.HOLD) if turn.node.id == turn.script.entry else (*URGENT, Intent.HOLD, *ASKED_BACK)


def _was_told(turn: Turn) -> bool:
    """Whether the statement here was delivered, so that an acknowledgement under it leads on."""
    return any(told.node == turn.state.node for told in turn.state.delivered)


def record_kept(turn: Turn) -> Turn:
    """Flag what was said under a prompt; what answers a statement is noted with its words."""
    kept, turn = turn.state.kept, turn.having(kept=())
    for said in map(Said.heard, kept):
        turn = disown(turn, said)
        if isinstance(turn.node, Statement) and is_answer(turn, said):
            turn = note(turn, said)
        turn = flag(turn, said.risks, said)
    return turn
