"""What each witness of an attempt means: endings, announcements, tones, SIP statuses, Q.850 causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from rules.outcomes import Ending, Outcome


class Tone(StrEnum):
    """A call progress tone of the Chinese network (450 Hz; cadences in seconds)."""

    RINGBACK = "ringback"  # 回铃音, 1 on 4 off
    BUSY = "busy"  # 忙音, 0.35/0.35
    CONGESTION = "congestion"  # 拥塞音, 0.7/0.7
    EMPTY_NUMBER = "empty_number"  # 空号音, 3 × 0.1/0.1 and 0.4/0.4
    CALL_WAITING = "call_waiting"  # 呼叫等待音, 0.4/4.0
    SIT = "sit"  # 特种信息音, 950/1400/1800 Hz


TONE_NAMES: Mapping[Tone, str] = MappingProxyType(
    {
        Tone.RINGBACK: "回铃音",
        Tone.BUSY: "忙音",
        Tone.CONGESTION: "拥塞音",
        Tone.EMPTY_NUMBER: "空号音",
        Tone.CALL_WAITING: "呼叫等待音",
        Tone.SIT: "特种信息音",
    }
)


class AnsweringMachine(StrEnum):
    """What answered in a person's place."""

    VOICEMAIL = "voicemail"  # 语音信箱
    ASSISTANT = "assistant"  # 智能助理, also a company's menu
    NETWORK = "network"  # 网络提示音: announcement or tone after a 200 OK


MACHINE_NAMES: Mapping[AnsweringMachine, str] = MappingProxyType(
    {
        AnsweringMachine.VOICEMAIL: "语音信箱",
        AnsweringMachine.ASSISTANT: "智能助理",
        AnsweringMachine.NETWORK: "网络提示音",
    }
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """An outcome with its sub-reason; `also`: outcomes for which networks use the same sign."""

    outcome: Outcome
    sub_reason: str = ""
    also: frozenset[Outcome] = frozenset()


_OFF = frozenset({Outcome.UNREACHABLE, Outcome.POWERED_OFF, Outcome.NO_ANSWER})  # 480 and cause 20 say any of them
_BUSY_OR_REJECTED = frozenset({Outcome.BUSY, Outcome.HUNG_UP})  # most switches say 正在通话中 to a rejected call

UNKNOWN_FAILURE = Meaning(
    Outcome.UNREACHABLE,
    "未接通，原因不明",
    frozenset({Outcome.POWERED_OFF, Outcome.SUSPENDED, Outcome.EMPTY_NUMBER, Outcome.NO_ANSWER, Outcome.BUSY}),
)

ENDINGS: Mapping[Ending, Meaning] = MappingProxyType(
    {
        Ending.COMPLETED: Meaning(Outcome.REVIEWED),
        Ending.REFUSED: Meaning(Outcome.REFUSED),
        Ending.CALLBACK: Meaning(Outcome.CALLBACK_AGREED),
        Ending.RELAYED: Meaning(Outcome.NOT_CLIENT, "非本人接听，提供了新号码"),
        Ending.NOT_CLIENT: Meaning(Outcome.NOT_CLIENT, "非本人接听"),
        Ending.WRONG_NUMBER: Meaning(Outcome.WRONG_NUMBER),
        Ending.NOBODY_SPOKE: Meaning(Outcome.SILENT, "接通后无人说话", frozenset({Outcome.MACHINE})),
        Ending.HANDED_OVER: Meaning(Outcome.NEEDS_HUMAN, "转人工"),
        Ending.HUNG_UP: Meaning(Outcome.HUNG_UP, also=frozenset({Outcome.INTERRUPTED})),
        Ending.MACHINE: Meaning(Outcome.MACHINE, "语音信箱", frozenset(Outcome)),  # the words say which it was
    }
)

# The values of intents.Announced.
ANNOUNCED: Mapping[str, Meaning] = MappingProxyType(
    {
        "busy": Meaning(Outcome.BUSY, also=_BUSY_OR_REJECTED),
        "no_answer": Meaning(Outcome.NO_ANSWER),
        "unreachable": Meaning(Outcome.UNREACHABLE),
        "powered_off": Meaning(Outcome.POWERED_OFF),
        "suspended": Meaning(Outcome.SUSPENDED),
        "empty_number": Meaning(Outcome.EMPTY_NUMBER),
        "refused_by_network": Meaning(Outcome.UNREACHABLE, "呼入限制", frozenset({Outcome.HUNG_UP})),
        "own_line": Meaning(Outcome.OWN_LINE_FAILED, "我方线路受限或欠费"),
        "voicemail": Meaning(Outcome.MACHINE, "语音信箱"),
        "phone_assistant": Meaning(Outcome.MACHINE, "智能助理"),
    }
)
UNDECIDED_ANNOUNCEMENTS = frozenset({"ringback_music", "human"})  # neither says how the attempt ended

TONES: Mapping[Tone, Meaning] = MappingProxyType(
    {
        Tone.RINGBACK: Meaning(Outcome.NO_ANSWER, "振铃无人接听"),
        Tone.BUSY: Meaning(Outcome.BUSY, also=_BUSY_OR_REJECTED),
        Tone.CONGESTION: Meaning(Outcome.UNREACHABLE, "网络拥塞"),
        Tone.EMPTY_NUMBER: Meaning(Outcome.EMPTY_NUMBER),
        Tone.CALL_WAITING: Meaning(Outcome.BUSY, "呼叫等待"),
        Tone.SIT: Meaning(Outcome.UNREACHABLE, "特种信息音", UNKNOWN_FAILURE.also),
    }
)

_NO_SUCH = Meaning(Outcome.EMPTY_NUMBER)
_CHANGED = Meaning(Outcome.EMPTY_NUMBER, "号码已变更")
_INCOMPLETE = Meaning(Outcome.EMPTY_NUMBER, "号码不完整")
_REJECTED = Meaning(Outcome.HUNG_UP, "拒接来电", _BUSY_OR_REJECTED)
_IN_USE = Meaning(Outcome.BUSY, also=_BUSY_OR_REJECTED)
_OUT_OF_ORDER = Meaning(Outcome.UNREACHABLE, "对方线路故障")
_NETWORK = Meaning(Outcome.UNREACHABLE, "网络繁忙或故障", UNKNOWN_FAILURE.also)
_BARRED = Meaning(Outcome.UNREACHABLE, "呼入限制")
_UNHEARD = Meaning(Outcome.NO_ANSWER)
_NOT_ADMITTED = Meaning(Outcome.OWN_LINE_FAILED, "线路鉴权失败")

Q850: Mapping[int | None, Meaning] = MappingProxyType(
    {
        1: _NO_SUCH,
        17: _IN_USE,
        18: _UNHEARD,
        19: _UNHEARD,
        20: Meaning(Outcome.UNREACHABLE, "用户不在服务区或关机", _OFF),
        21: _REJECTED,
        22: _CHANGED,
        27: _OUT_OF_ORDER,
        28: _INCOMPLETE,
        34: _NETWORK,
        41: _NETWORK,
        42: _NETWORK,
        55: _BARRED,
    }
)

SIP: Mapping[int, Meaning] = MappingProxyType(
    {
        401: _NOT_ADMITTED,
        404: _NO_SUCH,
        407: _NOT_ADMITTED,
        408: _UNHEARD,
        410: _CHANGED,
        480: Meaning(Outcome.NO_ANSWER, also=_OFF),
        484: _INCOMPLETE,
        486: _IN_USE,
        502: _OUT_OF_ORDER,
        503: _NETWORK,
        600: _IN_USE,
        603: _REJECTED,
        604: _NO_SUCH,
    }
)
