"""Who is on the telephone: words that pass it on, or by which it turns out to be the client, or somebody else. Pure."""

from __future__ import annotations

import re

from bot.moves import Strike
from bot.walk.said import Said
from bot.walk.state import Turn
from intents.normalise import normalise
from intents.values import Intent

_OTHERS = (
    "(?:[他她]|我?(?:老婆|老公|爱人|太太|先生|妻子|丈夫|媳妇|儿子|女儿|孩子|爸|妈|爸爸|妈妈|父亲|母亲|哥|姐|弟|妹|家人)"
    "|本人|别人|个?人)"
)
_TO_THE_PHONE = "(?:过来|来)?(?:接(?:电话|听|一下|$)|听(?:电话|一下|$)|跟你们?(?:说|讲|谈))"
_PASSES_ON = re.compile(
    f"(?:让|叫|换|喊|找|请){_OTHERS}{_TO_THE_PHONE}|{_OTHERS}(?:过来|来)(?:接|听)(?:电话|一下|$)"
    f"|(?:电话|手机)(?:给|交给|拿给){_OTHERS}|换个?人接"
)
_FETCHES = re.compile(f"(?:让|叫|换|喊|请|给){_OTHERS}(?!的|打|号码|电话)")
_IS_THE_CLIENT = re.compile("(?:我|俺)(?:就|才)?是(?:[他她])?本人|(?:我就是|就是我|我是[他她])(?:啊|呀|的)?$")
_IS_ANOTHER = re.compile("不是(?:[他她]?本人|[他她机户])|(?:打|找|搞|弄)错")
_ASKS_WHO_CALLS = re.compile("哪位|哪里|是谁|找谁|你谁|什么事|啥事|怎么了")
STRANGERS = (Intent.NOT_CLIENT, Intent.WRONG_NUMBER)
_MAY_PASS_ON = frozenset({Intent.HOLD, Intent.NOT_CLIENT, Intent.YES, Intent.NO, Intent.UNCLEAR, Intent.BUSY})
_MAY_BE_THE_CLIENT = frozenset({Intent.YES, Intent.NO, Intent.UNSURE, Intent.UNCLEAR, Intent.NOT_CLIENT})


def passes_on(said: Said) -> bool:
    """Whether somebody else is being called to the telephone; while the bot is asked to wait, fewer words say so."""
    words = normalise(said.words)
    if said.risks or said.value or said.cue not in _MAY_PASS_ON:
        return False
    return bool(_PASSES_ON.search(words) or (said.cue is Intent.HOLD and _FETCHES.search(words)))


def is_new_here(turn: Turn, said: Said) -> bool:
    """Whether whoever came to the telephone after a pause does not know who is calling: not the client of before."""
    paused = not turn.state.put and turn.state.tries.holds > 0
    return paused and turn.state.identity_confirmed and bool(_ASKS_WHO_CALLS.search(normalise(said.words)))


def claims_to_be_the_client(turn: Turn, said: Said) -> bool:
    """Whether a stranger, asked for the client's number, says to be the client after all."""
    asked_on = not turn.state.identity_confirmed and turn.state.node != turn.script.entry
    return asked_on and said.cue in _MAY_BE_THE_CLIENT and bool(_IS_THE_CLIENT.search(normalise(said.words)))


def is_another(said: Said) -> bool:
    """Whether somebody says in so many words not to be the client."""
    return said.cue in STRANGERS and bool(_IS_ANOTHER.search(normalise(said.words)))


def disown(turn: Turn, said: Said) -> Turn:
    """Take back what somebody has answered who passed for the client; the client may hand the telephone on.

    The review goes on where it stood when this person was taken for the client.
    """
    hands_on = passes_on(said) and not is_another(said)
    if said.cue not in STRANGERS or hands_on or not turn.state.identity_confirmed:
        return turn
    state = turn.state
    turn = turn.having(
        identity_confirmed=False,
        resume_at=state.resume_before,
        delivered=tuple(told for told in state.delivered if told.at_ms < state.identified_ms),
        callback_at=None,
        callback_words="",
    )
    return turn.do(Strike(state.identified_ms))
