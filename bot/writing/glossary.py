"""What the closed sets of a script are called in Chinese, for whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.nodes import Capture, Ladder, Reaction
from intents.values import Intent
from rules.outcomes import Ending

CAPTURED: Mapping[Capture, str] = MappingProxyType({Capture.TIME: "说了时间", Capture.NUMBER: "说了号码"})
CUES: Mapping[str, str] = MappingProxyType(
    {
        Intent.YES: "是",
        Intent.NO: "否",
        Intent.UNSURE: "说不清",
        Intent.REPEAT: "请再说一遍",
        Intent.QUESTION: "反问",
        Intent.BUSY: "没空",
        Intent.REFUSE: "拒绝回访",
        Intent.HUMAN: "要人工",
        Intent.DOUBT: "质疑来电",
        Intent.NOT_CLIENT: "不是本人",
        Intent.WRONG_NUMBER: "打错了",
        Intent.COMPLAINT: "投诉",
        Intent.HOLD: "请稍等",
        Intent.UNCLEAR: "听不明白",
        Ladder.GAVE_UP: "再三听不明白",
        Ladder.SILENT: "一直不说话",
    }
)
REACTIONS: Mapping[str, str] = MappingProxyType(
    {
        Reaction.CLARIFY: "换个说法再问，再请按键",
        Reaction.REPEAT: "再说一遍",
        Reaction.EXPLAIN: "解释，再问一遍",
        Reaction.REASSURE: "说明身份和核实办法，再问一遍",
        Reaction.WAIT: "等客户，再问一遍",
        Reaction.HAND_OVER: "转人工",
    }
)
ENDINGS: Mapping[Ending, str] = MappingProxyType(
    {
        Ending.COMPLETED: "回访完成",
        Ending.REFUSED: "拒绝回访",
        Ending.CALLBACK: "改时间再打",
        Ending.RELAYED: "得到客户号码",
        Ending.NOT_CLIENT: "非本人接听",
        Ending.WRONG_NUMBER: "错号",
        Ending.NOBODY_SPOKE: "无人说话",
        Ending.HANDED_OVER: "由专人跟进",
        Ending.HUNG_UP: "客户挂断",
        Ending.MACHINE: "语音信箱或智能助理",
    }
)
