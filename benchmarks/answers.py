"""What the simulated clients of the hearing benchmark say, at which question, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from intents import Intent


class AnswerClass(StrEnum):
    """Kinds of answers, by what is hard about them."""

    SHORT_YES = "short yes"
    SHORT_NO = "short no"
    SHORT_OTHER = "short other"
    SENTENCE = "sentence"
    NUMBER = "number"  # a telephone number, dictated with pauses
    TIME = "time"
    LONG = "long open"  # several clauses with pauses between them


@dataclass(frozen=True, slots=True)
class Answer:
    """One utterance: its pieces are said with `pause_ms` of silence between them."""

    kind: AnswerClass
    question: str
    pieces: tuple[str, ...]
    means: Intent | None  # None for numbers and times, whose value has to come out
    pause_ms: int = 0

    @property
    def text(self) -> str:
        """The words without pauses."""
        return "".join(self.pieces)


_OWN, _KNOWS, _READ = "new_account.own_will", "suitability.knows_rules", "new_account.read_agreement"
_SATISFIED, _SIGNED, _FREE = "conduct.satisfied", "suitability.signed_documents", "opening.convenient"
_WHO, _MISCONDUCT, _OPERATED = "opening.identity", "suitability.staff_misconduct", "anomaly.self_operated"
_WHEN, _NUMBER, _CONTACT = "opening.callback_time", "relay.give_contact", "relay.knows_contact"

_YES = {
    "是": _OWN, "对": _WHO, "嗯": _OWN, "有": _MISCONDUCT, "好": _FREE, "行": _FREE, "是的": _WHO, "对的": _OWN,
    "好的": _FREE, "知道": _KNOWS, "方便": _FREE, "满意": _SATISFIED, "可以": _FREE, "看过": _READ, "签了": _SIGNED,
    "是我": _WHO,
}  # fmt: skip
_NO = {
    "不": _OWN, "没": _SIGNED, "没有": _MISCONDUCT, "不是": _WHO, "不对": _OWN, "不知道": _CONTACT, "不方便": _FREE,
    "不满意": _SATISFIED, "没看过": _READ, "没签": _SIGNED, "不行": _FREE, "不可以": _FREE,
}  # fmt: skip
_OTHER = {
    "不清楚": (_MISCONDUCT, Intent.UNSURE), "听不清": (_OWN, Intent.REPEAT), "什么": (_OWN, Intent.QUESTION),
    "再说一遍": (_READ, Intent.REPEAT), "等一下": (_FREE, Intent.HOLD), "打错了": (_WHO, Intent.WRONG_NUMBER),
    "没空": (_FREE, Intent.BUSY), "在开会": (_FREE, Intent.BUSY), "转人工": (_KNOWS, Intent.HUMAN),
    "你是谁": (_WHO, Intent.DOUBT), "一般": (_SATISFIED, Intent.UNSURE), "不需要": (_FREE, Intent.REFUSE),
}  # fmt: skip
_SENTENCES = {
    "是的我就是": (_WHO, Intent.YES), "这个账户是我自己在操作": (_OPERATED, Intent.YES),
    "协议我都看过了": (_READ, Intent.YES), "是我自己去开的": (_OWN, Intent.YES),
    "我不知道有这个风险": ("suitability.knows_risk_levels", Intent.NO),
    "都是客户经理帮我操作的": (_OPERATED, Intent.NO),
    "没有这种情况": (_MISCONDUCT, Intent.NO), "对你们的服务非常满意": (_SATISFIED, Intent.YES),
    "我现在不太方便说话": (_FREE, Intent.NO), "你们不要再打电话来了": (_FREE, Intent.REFUSE),
    "我要投诉你们公司": (_SATISFIED, Intent.COMPLAINT), "你刚才说什么我没听清": (_READ, Intent.REPEAT),
}  # fmt: skip
_NUMBERS = ((("一三八", "一二三四", "五六七八"), 400), (("一五九零", "零一八", "二七三六"), 600),
            (("一八六", "八九九零", "一二五四"), 800), (("一三三零五七一九二四六",), 0))  # fmt: skip
_TIMES = ("明天下午三点", "后天上午十点半", "下礼拜二下午", "半个小时以后", "晚上七点以后", "收盘以后")
_LONG = (
    (_READ, ("这个协议我在手机上看过一遍", "里面的风险条款我也都了解了"), Intent.YES),
    (_OPERATED, ("平时都是我自己在家里看盘", "买什么卖什么都是我自己决定的"), Intent.YES),
    (_READ, ("那个协议太长了我没有仔细看过", "也没有人给我讲过里面的内容"), Intent.NO),
    (_SATISFIED, ("总的来说我觉得你们的服务还是不错的", "工作人员也很热情我很满意"), Intent.YES),
)


def _answers() -> list[Answer]:
    kinds = AnswerClass
    found = [Answer(kinds.SHORT_YES, question, (text,), Intent.YES) for text, question in _YES.items()]
    found += [Answer(kinds.SHORT_NO, question, (text,), Intent.NO) for text, question in _NO.items()]
    found += [Answer(kinds.SHORT_OTHER, question, (text,), means) for text, (question, means) in _OTHER.items()]
    found += [Answer(kinds.SENTENCE, question, (text,), means) for text, (question, means) in _SENTENCES.items()]
    found += [Answer(kinds.NUMBER, _NUMBER, pieces, None, pause_ms) for pieces, pause_ms in _NUMBERS]
    found += [Answer(kinds.TIME, _WHEN, (text,), None) for text in _TIMES]
    found += [Answer(kinds.LONG, question, pieces, means, 500) for question, pieces, means in _LONG]
    return found


ANSWERS: Sequence[Answer] = tuple(_answers())
