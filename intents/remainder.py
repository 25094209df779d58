"""What an answer goes on to say after its head: 看过了，[不太懂]; 没有，就是[返过我一点佣金].

The head weighs most in the learned model and drowns what follows, so those words are judged once more on their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SHORTEST = 3  # characters; less says nothing of its own
_NEAR = 12  # characters within which a turn follows a head that no list knows
# 就是我 and 就是说 limit nothing, they go on with what was said.
_TURN = (
    "(?:只不过|不过|但是|可是|但(?!凡)|只是|就是(?!我|本人|自己|说)|其实|反正|虽然|说实话|除了|可(?=我|他|这|那|当时))"
)
_PARTICLES = "[了的吧啊呀啦哦嘛呢]"
# What stands before it is a clause of its own; 知道风险等级 goes on with an object.
_ENDS = f"(?:{_PARTICLES}+|(?={_TURN}|他|她|人家|经理|公司))"
_ASSENT = "(?:嗯|啊|哦|噢|哎|[是对好](?:的|啊|呀|吧)+|对(?=是|我自己|都))"
_SELF = f"(?:也?是)?(?:我自己|我本人|自己|本人|亲自|我)(?:操作|办|弄|申请|签|管|想开|愿意)?{_ENDS}"
_ADVERBS = "(?:都|全|也|已经|早就|仔细|认真|按规定|基本上?|一般|倒|的确|确实)*"
_SAID = (
    "看是看|读是读|签是签|知道是知道|满意是满意|愿意是愿意|阅读|浏览|看|读|翻|理解|明白|懂|知道|知晓|清楚|晓得|了解"
    "|签字|签署|签|满意|挺好|很好|还行|还可以|不错|自愿|愿意|解决|教|指导"
)
_NONE = f"(?:没有违规|没违规|没有|没了|不存在)+(?:{_ENDS}|(?=我|都|也))"  # 没有返过 is one word with its verb
_HEAD = re.compile(f"(?:{_ASSENT}|{_SELF}|是?我?{_ADVERBS}(?:{_SAID})[过完]?{_ENDS}|{_NONE})+")
_PAUSE = re.compile("^[^，,。;；!！]{1,8}[，,。;；!！]+(.{3,})$")
_ASIDE = re.compile("对了|顺便|那我问|我问|问一下|想问")  # another matter, not this answer
_TURNS = re.compile(_TURN)
# Somebody else, or a duty: only these put in doubt who acts, or whether one wants to.
_OTHERS = re.compile(
    "[他她们]|别人|人家|家里|老公|老婆|爱人|先生|太太|儿子|女儿|孩子|爸|妈|哥|姐|弟|妹|经理|老师|顾问|朋友|同事|亲戚|公司|员工|工作人员"
    "|出差|密码|帮|替|代|勉强|没办法|不好意思|面子|任务|不得不|情愿|愿意"
)


def after_pause(text: str) -> str:
    """What a text with its punctuation says after the first pause: 没有，[返过我一点佣金] is no 没有返过."""
    paused = _PAUSE.match(text)
    return paused[1] if paused else ""


@dataclass(frozen=True, slots=True)
class Remainder:
    """What comes behind a head; `turned`: something such as 但是 or a pause parts it from the head."""

    text: str = ""
    turned: bool = False

    @property
    def is_about_others(self) -> bool:
        """Whether it names anybody or anything that could have acted in the client's stead."""
        return bool(_OTHERS.search(self.text))


def remainder(plain: str) -> Remainder:
    """What a plain text says after its head or the turn behind it (但是, 不过, 就是); empty where it ends there."""
    head = _HEAD.match(plain)
    rest = plain[head.end() :] if head else ""
    if _ASIDE.match(rest):
        return Remainder()
    turn = _TURNS.search(rest or plain)
    turned = bool(turn and (rest or turn.start() <= _NEAR))
    if turn and turned:
        rest = (rest or plain)[turn.end() :]
    return Remainder(rest, turned) if len(rest) >= SHORTEST else Remainder()
