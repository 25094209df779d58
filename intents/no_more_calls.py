"""Whether a client wants to be called no more (以后别打了, T/SAC 002-2024 annex E.1: 明确拒绝再联系). Pure."""

from __future__ import annotations

import re

from intents.normalise import normalise
from intents.values import Intent, Match

# Recognised speech spells 别 as 憋 and 再 as 在, and 打 as 大; 个别, 特别 and 别人 forbid nothing.
_NOT = "(?:(?<![个特分区差告性级类])[别憋甭莫](?![人的家])|不要|不用|不必|不许|不准|不需要|没必要)"
_CALL = "(?:打(?![扰算听折交断开动])|大(?:了|电话|给|来|过来)|来电|致电|拨|电话|联系|骚扰)"
_LASTS = "(?:以后|今后|往后|永远|什么时候都|啥时候都|任何时[间候]|一律)"
# It silences the client for good, so that it has to be said in as many words: for the future, or 再.
_NO_MORE = re.compile(
    f"{_LASTS}.{{0,6}}{_NOT}.{{0,4}}{_CALL}|{_NOT}.{{0,3}}[再在].{{0,4}}{_CALL}|{_NOT}.{{0,4}}{_CALL}.{{0,3}}{_LASTS}"
    f"|拉黑|免打扰|(?:{_LASTS}|再也).{{0,3}}不.{{0,3}}接"
)
# Another hour, another way, another person, another caller: then it is this that is refused, not every call.
_RATHER = re.compile(
    "现在|今天|这会|这几天|这时候|刚才|刚刚|上午|下午|中午|晚上|早上|周末|明天|上班|上课|开会|开车|午休|睡觉|出差|外地|点以[前后]"
    "|晚点|改天|换|等会|等我|座机|手机|短信|微信|邮件|儿子|女儿|老公|老婆|爱人|爸|妈|他|她|推销|广告|营业部|面谈|我打(?:给|过去|回)"
)
_HEARD_AS = frozenset({Intent.REFUSE, Intent.COMPLAINT, Intent.DOUBT})


def wants_no_more_calls(words: str, match: Match) -> bool:
    """Whether these words, understood so, ask for no further call at any time.

    Who does not want to answer, or not now, or wants another number or a person to call, has not asked for that.
    """
    heard = normalise(words)
    return match.intent in _HEARD_AS and bool(_NO_MORE.search(heard)) and not _RATHER.search(heard)
