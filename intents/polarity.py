"""A last guard over yes and no: what the words deny is never taken for yes, what they admit never for no.

The learned model weighs a sentence as a whole and may be carried away by what stands around a negation
(不是我自己要开的 is near 是我自己想开的). Where it decides against the words, the answer is asked again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from intents.questions import Kind
from intents.values import Intent

# What is denied, by the kind of question; 不 or 没 before it is a denial.
_PROPOSITIONS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.KNOWS: "知道|清楚|晓得|明白|理解|了解|知晓|知悉|懂",
        Kind.KNOWS_PERSON: "知道|清楚|晓得",
        Kind.READ: "看过|看完|看懂|读过|看|读",
        Kind.SIGNED: "签过|签字|签",
        Kind.SATISFIED: "满意",
        Kind.GUIDED: "教过|教|指导|讲过",
    }
)
_DENIES = {
    kind: re.compile(f"(?:不太|不大|不怎么|没怎么|不是很|不|没有?)(?:给我|仔细|认真)?(?:{words})")
    for kind, words in _PROPOSITIONS.items()
}
# At READ two things are asked: what was read may yet not be understood, and only 懂 takes back 不懂.
_UNDERSTANDING = "理解|明白|弄懂|懂|清楚|搞清|弄清"
_FULLY = (
    "(?:能|够|敢说|算|太|大|怎么|很|都|全都|全|完全|充分|全部|彻底|真正|真的?|十分|特别|看|读|弄|搞|听|整|理解){0,6}"
)
_NOT_UNDERSTOOD = re.compile(
    f"(?:不是|不|没有?|未){_FULLY}(?:{_UNDERSTANDING})(?!的?(?:地方|时候|就|我)?.{{0,6}}(?:问|讲|解释|查|请教))"
    "|(?:看|读|弄|搞|整|理解|明白)(?:得)?不(?:是|太|大|怎么|很){0,3}(?:懂|明白|清楚?|透|深|够|全|充分|到位|了|上?来)"
    "|(?:理解|看懂|懂|明白)[^不没]{0,3}(?:谈不上|说不上|算不上)|(?:谈不上|说不上|算不上)(?:理解|懂|明白)"
    "|半懂不懂|似懂非懂|一知半解|[糊稀迷]里[糊马]涂|迷迷糊糊|糊糊涂涂|云里雾里|一头雾水"
)
_AFFIRMS = {kind: re.compile(f"(?<![不没有太么大细真])(?:{words})") for kind, words in _PROPOSITIONS.items()}
_UNDERSTOOD = re.compile(f"(?<![不没未太么大很])(?:{_UNDERSTANDING})")
_OWN = (Kind.WILL, Kind.OPERATED, Kind.SIGNED)  # 是本人吗
_SELF = "(?:我自己|我本人|我个人|自己|本人|我)"
_NOT_ME = re.compile(f"(?:(?<![可怎哪谁又还要岂算是])(?:不是|并非)|不全是|不都是)(?:因为|由|被)?{_SELF}(?!不|没)")
_MINE = "(?!的?(?:儿|女|闺|爱人|老|妈|爸|父|母|哥|弟|姐|妹|朋友|同事|家|先生|太太|媳妇|丈夫|妻))"  # 是我儿子 is not me
_IS_ME = re.compile(f"(?<!不)(?<!非)(?:是|由){_SELF}{_MINE}|{_SELF}(?:弄|办|操作|做|签|填|管|炒|买|开)")
# Where a denial is none: rhetorical, conditional, or overtaken by what came later.
_TURNED = re.compile(
    "能不|能没|还能|谁说|谁还|为什么不|为啥不|干嘛不|有什么不|有啥不|没什么|没啥|没有不|没有看不|哪|怎么会|怎么可能|难道|"
    "可不|是谁|还有谁|别人|他人|人家|的话|我早|谁替|谁帮|后来|如今|现在|之前|以前|原来|先前|一开始|开始|本来|才怪|"
    "是不是|知不知|有没有|不是不|不会不|没有什么|不至于|不可能(?:不|看不)"
)
_ADMITS = re.compile("^(?:是的?|嗯+|对)?(?:确实|倒是)?有(?:的|过|啊|呀|一次|几次|这|他|我|$)")
_NEGATION = re.compile("[不没无未冇非莫否]|哪里|哪儿")
_ADMITTING = (Kind.MISCONDUCT, Kind.UNSETTLED)


def contradicts(kind: Kind | None, intent: Intent, plain: str) -> str:
    """The words in a plain text that forbid to take it for this yes or no; empty where nothing does."""
    if kind is None or _TURNED.search(plain):
        return ""
    if intent is Intent.YES:
        return _denial(kind, plain)
    if intent is Intent.NO and kind in _ADMITTING and not _NEGATION.search(plain):
        found = _ADMITS.search(plain)
        return found[0] if found else ""
    return ""


def not_understood(kind: Kind | None, plain: str) -> str:
    """The words of a plain text that deny having understood what was read, unless 懂 or 明白 come after them."""
    if kind is not Kind.READ or _TURNED.search(plain):
        return ""
    denied = _NOT_UNDERSTOOD.search(plain)
    return denied[0] if denied and not _UNDERSTOOD.search(plain, denied.end()) else ""


def _denial(kind: Kind, plain: str) -> str:
    if kind in _OWN and (denied := _NOT_ME.search(plain)):
        rest = plain[: denied.start()] + plain[denied.end() :]
        if not _IS_ME.search(rest):
            return denied[0]
    denied = _DENIES[kind].search(plain) if kind in _DENIES else None
    if denied is None:
        return ""
    rest = f"{plain[: denied.start()]}/{plain[denied.end() :]}"
    return "" if _AFFIRMS[kind].search(rest) else denied[0]
