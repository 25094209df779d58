"""What is said or keyed over the goodbye: nothing more is asked or told, but what the client wants now is kept.

It is flagged for a person; where it takes back what the goodbye rests on, the call ends otherwise. Pure.

    to be called again, and asks for a person or says what is grave    -> a person calls
    to be called again, and wants no more calls                        -> refused (T/SAC 002-2024 table F.1 row 1)
    taken for the client, and says outright not to be                  -> not the client, whose answers they are not
    anything else                                                      -> as it was
"""

from __future__ import annotations

import re

from bot.moves import Finish
from bot.walk.records import caring, flag, grave
from bot.walk.said import Said
from bot.walk.state import Turn
from bot.walk.walking import asked_for
from bot.walk.whoever import disown, is_another
from intents.normalise import normalise
from intents.values import Intent
from rules.outcomes import Ending, Risk

_NO_MORE_CALLS = re.compile(
    "(?:别|不要|不用|不许|不准|不想|少).{0,5}(?:打|联系|骚扰|来电|接到)"
)  # 不用了谢谢 is a goodbye
_CALLED_AGAIN = (Ending.CALLBACK, Ending.NOBODY_SPOKE, Ending.NOT_CLIENT, Ending.RELAYED)
_CALLED_NO_MORE = (Ending.REFUSED, Ending.WRONG_NUMBER)
_BY_THE_CLIENT = (Ending.COMPLETED, Ending.CALLBACK, Ending.REFUSED)


def turn_round(turn: Turn, said: Said) -> Turn:
    """Keep what the client wants now that the call is over."""
    before, risks = turn.state, said.risks | asked_for(said)
    if before.identity_confirmed and is_another(turn, said):
        turn, risks = disown(turn, said), risks | {Risk.UNCLARIFIED}
        if before.ending in _BY_THE_CLIENT:
            return _end_as(flag(turn, risks, said), Ending.NOT_CLIENT)
    if said.cue is Intent.REFUSE and _NO_MORE_CALLS.search(normalise(said.words)):
        return _refuse(turn, said, risks)
    turn = flag(turn, risks, said)
    for_person = grave(risks) and before.ending is Ending.CALLBACK
    if for_person or (caring(risks) and before.ending in _CALLED_AGAIN):
        return _end_as(turn, Ending.HANDED_OVER)
    return turn


def _refuse(turn: Turn, said: Said, risks: frozenset[Risk]) -> Turn:
    """No more calls: that ends an open review; beside one that has ended otherwise a person has to know it."""
    if turn.state.ending in (Ending.CALLBACK, Ending.NOBODY_SPOKE):
        return _end_as(flag(turn, risks, said), Ending.REFUSED)
    known = turn.state.ending in _CALLED_NO_MORE
    return flag(turn, risks if known else risks | {Risk.DISSATISFIED}, said)


def _end_as(turn: Turn, ending: Ending) -> Turn:
    """End the call otherwise than the goodbye says; a person calls at the time that was agreed."""
    by_person = ending is Ending.HANDED_OVER
    callback = (turn.state.callback_at, turn.state.callback_words) if by_person else (None, "")
    return turn.having(ending=ending).do(Finish(ending, *callback))
