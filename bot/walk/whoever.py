"""Who is on the telephone: words that pass it on, or by which it turns out to be the client, or somebody else. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
_DONE = (
    "(?:亲自|自己|去|来)?的?(?:操作|办|签|申请|申购|认购|开|做|点|买|卖|填|写|弄|意愿|自愿|推荐|介绍|让|叫|说|带|拉)"
)
_KIN = (
    "(?:老婆|老公|爱人|太太|先生|妻子|丈夫|媳妇|老伴|儿子|女儿|孩子|爸|妈|父亲|母亲|哥|姐|弟|妹|爷爷|奶奶|孙|家人|家属|家里人"
    "|亲戚|同事|朋友|室友|邻居|秘书|司机|护工|保姆|男朋友|女朋友|对象)"
)
_IS_ANOTHER = re.compile(
    f"(?<!是)不是(?:[他她我]?本人(?!{_DONE})|机主|户主)|我(?:真的?|根本|又|也|可)?不是(?:[他她](?!{_DONE})|你们?的?客户|这个人)"
    f"|我(?:就|只)?是[他她]的?{_KIN}(?!{_DONE})|我?(?:帮|替|代)[他她]接|户(?:头)?是我{_KIN}"
    "|(?:(?<![经总助]理)(?<![员问服管人])[他她]|本人|机主|户主)(?:现在|今天|人|这会儿?)?不在(?!你|公司|那|这|场|乎|意|场|了)"
)
_MISDIALLED = re.compile("你们?(?:肯定|可能|应该|是不是|是)?[打拨]错(?!字|名|我)|[打拨]错(?:电话|号|人)|找错人")
_CORRECTS = re.compile(
    "(?:我[^你姓]{0,4}|刚才|刚刚)(?:刚才|刚刚|[说讲答记打拨按]错)|(?:刚才|刚刚).{0,6}[说讲答记打拨按]错"
)
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


def says_to_be_another(words: str, names: Iterable[str] = ()) -> bool:
    """Whether words say outright that this is not the client, who has one of these names, or not the client's number.

    Who has made a slip (我刚才说错了, 搞错了) corrects an answer and stays the client.
    """
    heard = normalise(words)
    if _IS_ANOTHER.search(heard) or any(f"我不是{name}" in heard for name in map(normalise, names) if len(name) > 1):
        return True
    return bool(_MISDIALLED.search(heard)) and not _CORRECTS.search(heard)


def is_another(turn: Turn, said: Said) -> bool:
    """Whether somebody says in so many words not to be the client."""
    return said.cue in STRANGERS and says_to_be_another(said.words, turn.state.facts.slots.values())


def may_be_the_client(turn: Turn, said: Said) -> bool:
    """Whether a client in mid-review, whose answers are not to be lost on it, was only understood as a stranger."""
    return said.cue in STRANGERS and turn.state.identity_confirmed and _in_review(turn)


def _in_review(turn: Turn) -> bool:
    """Whether whoever is there has come to the review, or on in it, since being taken for the client."""
    return turn.node.review or turn.state.resume_at != turn.state.resume_before


def disown(turn: Turn, said: Said) -> Turn:
    """Take back what somebody has answered who passed for the client; the client may hand the telephone on.

    The review goes on where it stood when this person was taken for the client.
    """
    if not _denies(turn, said):
        return turn
    state = turn.state
    turn = turn.having(
        identity_confirmed=False,
        doubted=False,
        resume_at=state.resume_before,
        delivered=tuple(told for told in state.delivered if told.at_ms < state.identified_ms),
        callback_at=None,
        callback_words="",
    )
    return turn.do(Strike(state.identified_ms))


def _denies(turn: Turn, said: Said) -> bool:
    """Whether whoever passed for the client does so no longer: said outright, or when asked anew after a doubt."""
    state = turn.state
    if not (state.identity_confirmed or state.doubted):
        return False
    if is_another(turn, said):
        return True
    if state.doubted:
        asked_anew = state.node == turn.script.entry and not passes_on(said)
        return asked_anew and said.cue in (*STRANGERS, Intent.NO)
    return said.cue in STRANGERS and not _in_review(turn) and not passes_on(said)
