"""What an answer is worth where a question offers choices or leaves the answer open (建议, 原因)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.nodes import ANSWERS, Capture, Choice, Node, Question
from bot.walk.said import Said
from intents.normalise import normalise
from intents.values import Intent

WORDS, NONE = "words", "none"  # stored for an open question: something was said; nothing is to be said
LEAST_CONTENT = 2  # characters beside fillers

_FILLERS = re.compile("[嗯哦噢喔啊呃额唔唉哎诶欸咳哈呜嘶喂]")
_NOTHING = re.compile(
    "(?:我|暂时|目前|现在|也|都|就|真的?|挺好的?|很好|还好|可以)*"
    "(?:没有?|无|不用|不需要|不必|不知道|不清楚|不记得|不方便|不想|没想(?:过|好|到)|想不(?:到|起来|出来)|说不(?:上来?|好|清楚?))"
    "(?:了|啊|吧|呢|的|什么|啥|任何|其他|别的|特别|意见|建议|想法|要求|问题|原因|补充|改进|想?说|透露|讲|谢谢|好)*"
)
_BARE_YES = re.compile("[有是对好行可以的了啊吧呀]*")
_ASKS = re.compile("什么|啥|吗|么|呢|几|哪|谁|怎|为何|多少|多久|意思|是不是|有没有|会不会")
_SUGGESTS = re.compile("能不能|可不可以|能否|可否|是不是可以|是不是能|最好|希望|建议")
_ANSWERING = frozenset({Intent.YES, Intent.NO, Intent.UNSURE, Intent.UNCLEAR})
# At an open question these meanings hold only where the words themselves show them: 在中学上班 is an employer.
_SHOWN: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        Intent.BUSY: re.compile("忙|没空|没时间|不方便|开会|开车|待会|等会|一会|晚点|回头|改天|再打|有事|挂了"),
        Intent.HOLD: re.compile("等|稍|慢点|别急"),
        Intent.HUMAN: re.compile("人工|专员|真人|转接|客服"),
        Intent.DOUBT: re.compile("骗|机器|真人|你是|你们是|谁|哪里|号码"),
        Intent.REPEAT: re.compile("再说|再讲|没听|听不|重复|说什么|大声|慢"),
        Intent.NOT_CLIENT: re.compile("不是(?:他|她|本人|我)|不在|我是[他她]|他(?:老婆|爱人|家)|[替帮][他她]接"),
        Intent.WRONG_NUMBER: re.compile("打错|错了|没这个人|没有这个人|不认识"),
        Intent.COMPLAINT: re.compile("投诉|举报|曝光|起诉|告|监管|证监|骚扰|烦|骂|骗|坑|垃圾|气|态度|赔|太差|缺德|滚"),
        Intent.REFUSE: re.compile("不想|不愿|不接受|不参加|不要|不回答|不说|拒绝|没必要|别|挂"),
    }
)


def usual_choice(choices: Iterable[Choice], means: Intent | str) -> Choice | None:
    """The choice that a meaning stands for where none was named: the first without words, else the first."""
    fitting = [choice for choice in choices if choice.means == means]
    return next((choice for choice in fitting if not choice.words), fitting[0] if fitting else None)


def understood(node: Node, said: Said) -> Said:
    """What was said, with the value it has at this node; at an open question also with the meaning it has there."""
    if not isinstance(node, Question) or said.value:
        return said
    match node.capture:
        case Capture.CHOICE:
            return replace(said, value=_chosen(node.choices, said))
        case Capture.WORDS:
            return _open_answer(said)
        case _:
            return said


def _chosen(choices: tuple[Choice, ...], said: Said) -> str:
    """The choice whose words were said, among those of the same meaning; "" where an unsure client named none."""
    heard = normalise(said.words)
    fitting = [choice for choice in choices if choice.means == said.cue]
    named = [(len(word), choice) for choice in fitting for word in (choice.name, *choice.words) if word in heard]
    if named:
        return max(named, key=lambda found: found[0])[1].name
    usual = usual_choice(choices, said.cue)
    hesitant = said.cue is Intent.UNSURE and usual is not None and usual.words
    return usual.name if usual and not hesitant else ""


def _open_answer(said: Said) -> Said:
    """Words are an answer; nothing to say is one too; what asks for something else is none."""
    heard = _FILLERS.sub("", normalise(said.words))
    nothing = said.cue is Intent.NO if said.keyed else bool(_NOTHING.fullmatch(heard))
    if nothing and said.cue in _ANSWERING | {Intent.REFUSE}:
        return replace(said, cue=said.cue if said.cue is Intent.UNSURE else Intent.NO, value=NONE)
    if said.keyed or len(heard) < LEAST_CONTENT or not _means_content(said, heard):
        return said
    return replace(said, cue=said.cue if said.cue in ANSWERS else Intent.YES, value=WORDS)


def _means_content(said: Said, heard: str) -> bool:
    if said.cue is Intent.QUESTION:
        return bool(_SUGGESTS.search(heard)) or not _ASKS.search(heard)
    if shown := _SHOWN.get(said.cue):
        return not shown.search(heard)
    return said.cue in _ANSWERING and not _BARE_YES.fullmatch(heard)
