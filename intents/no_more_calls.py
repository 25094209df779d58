"""Whether a client wants to be called no more (以后别打了, T/SAC 002-2024 annex E.1: 明确拒绝再联系). Pure."""

from __future__ import annotations

import re

from intents.normalise import normalise
from intents.values import Intent, Match

# Recognised speech spells 别 as 憋 and 再 as 在, and 打 as 大.
_NOT = "(?:[别憋甭莫]|不要|不用|不必|不许|不准|不需要|没必要)"
_CALL = "(?:打(?![扰算听折交断开动])|大(?:了|电话|给|来|过来)|来电|致电|拨|电话|联系|骚扰)"
_ANY_MORE = re.compile(f"{_NOT}.{{0,4}}{_CALL}|拉黑|免打扰|不想再接|(?:以后|今后|永远|再也).{{0,3}}不.{{0,3}}接")
# 今天别打了 says nothing of another day; 以后 does, whatever is said beside it.
_JUST_NOW = re.compile("现在|今天|这会|这几天|这时候|上班|午休|睡觉|中午|晚上|早上|周末|明天")
_LATER = re.compile("晚点|改天|换个?时间|等会|等我")
_FOR_EVER = re.compile("以后|今后|永远|再也|什么时候都|啥时候都|任何时[间候]|什么时间都|一律|一直")
_BESIDE = 6  # characters before the refusal in which its time is said
_HEARD_AS = frozenset({Intent.REFUSE, Intent.COMPLAINT, Intent.DOUBT})


def wants_no_more_calls(words: str, match: Match) -> bool:
    """Whether these words, understood so, ask for no further call at any time.

    Who does not want to answer, or not now, or wants another number or a person to call, has not asked for that.
    """
    heard = normalise(words)
    refused = _ANY_MORE.search(heard) if match.intent in _HEARD_AS else None
    if refused is None:
        return False
    before = heard[max(0, refused.start() - _BESIDE) : refused.start()]
    return bool(_FOR_EVER.search(heard)) or not (_JUST_NOW.search(before) or _LATER.search(heard))
