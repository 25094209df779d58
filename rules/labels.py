"""What the pages call the members of the closed sets, in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from rules.outcomes import Method, Outcome, ReviewType, Risk, Severity

# One table per set: members of two sets may share a value, and StrEnum members compare as their values do.
_REVIEW_TYPES = {
    ReviewType.NEW_ACCOUNT: "新开户",
    ReviewType.NEW_PERMISSION: "新增交易权限",
    ReviewType.ANOMALY: "异常情形",
    ReviewType.SUITABILITY: "适当性",
    ReviewType.CONDUCT: "执业情况",
    ReviewType.PRIVATE_FUND: "私募基金",
    ReviewType.LEAVING: "拟离职人员名下客户",
    ReviewType.COMPLAINED: "被投诉人员名下客户",
    ReviewType.SETTLED: "投诉处理完结",
    ReviewType.OTHER: "其他存量客户",
}
_OUTCOMES = {
    Outcome.REVIEWED: "已回访",
    Outcome.REFUSED: "拒绝回访",
    Outcome.BUSY: "电话占线",
    Outcome.HUNG_UP: "客户挂断",
    Outcome.NO_ANSWER: "无人应答",
    Outcome.UNREACHABLE: "无法接通",
    Outcome.POWERED_OFF: "关机",
    Outcome.SUSPENDED: "停机",
    Outcome.EMPTY_NUMBER: "空号",
    Outcome.WRONG_NUMBER: "错号",
    Outcome.CALLBACK_AGREED: "预约回访",
    Outcome.NOT_CLIENT: "非本人接听",
    Outcome.SILENT: "接通后无人说话",
    Outcome.MACHINE: "语音信箱或智能助理",
    Outcome.NEEDS_HUMAN: "转人工",
    Outcome.INTERRUPTED: "通话中断",
    Outcome.OWN_LINE_FAILED: "我方线路故障",
}
_RISKS = {
    Risk.NOT_OWN_WILL: "非本人意愿",
    Risk.NOT_SELF_OPERATED: "非本人操作",
    Risk.STAFF_OPERATED: "工作人员代客操作",
    Risk.FULL_DISCRETION: "全权委托",
    Risk.PROMISED_RETURN: "承诺收益或保本",
    Risk.MISLED: "误导",
    Risk.IMPROPER_ADVICE: "不当推荐",
    Risk.UNSIGNED: "未签署文件",
    Risk.UNREAD: "未阅读或不理解文件",
    Risk.UNAWARE: "不知晓等级、规则、费用或损失",
    Risk.LENT_ACCOUNT: "出借或借用账户",
    Risk.PASSWORD_SHARED: "泄露密码",
    Risk.UNSETTLED: "投诉未了",
    Risk.DISSATISFIED: "不满意",
    Risk.THREAT: "扬言向监管投诉",
    Risk.DISTRESS: "情绪困扰",
    Risk.DECEASED: "客户已故",
    Risk.MINOR: "未成年人",
    Risk.INTOXICATED: "酒后或神志不清",
    Risk.STAFF_MISCONDUCT: "工作人员存在违规行为",
    Risk.RECORD_MISMATCH: "登记的资料不符或失效",
    Risk.COMPLAINT: "投诉",
    Risk.ASKED_FOR_HUMAN: "要求人工服务",
    Risk.UNCLARIFIED: "必答问题未能澄清",
    Risk.REMINDER_UNDELIVERED: "必读提示未完整播放",
}
_SEVERITIES = {
    Severity.HIGH: "高",
    Severity.MEDIUM: "中",
    Severity.CARE: "关怀",
}

_METHODS = {
    Method.HUMAN_CALL: "人工电话",
    Method.VOICE_BOT: "智能语音",
    Method.QUESTIONNAIRE: "问卷",
    Method.MESSAGE: "即时通讯",
    Method.MEETING: "面见",
    Method.EMAIL: "电邮",
    Method.LETTER: "信函",
}

LABELS: MappingProxyType[type[StrEnum], Mapping[Any, str]] = MappingProxyType(
    {ReviewType: _REVIEW_TYPES, Outcome: _OUTCOMES, Risk: _RISKS, Severity: _SEVERITIES, Method: _METHODS}
)


def label_of(member: ReviewType | Outcome | Risk | Severity | Method) -> str:
    """The Chinese name of a review type, an outcome, a risk, a severity or a method."""
    return LABELS[type(member)][member]
