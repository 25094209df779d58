"""What became of an attempt, and how grave an answer is: the closed sets that every room speaks in."""

from __future__ import annotations

from enum import StrEnum


class ReviewType(StrEnum):
    """Why a client is called (T/SAC 002-2024 §5.1 and table A.1)."""

    NEW_ACCOUNT = "new_account"  # 新开户
    NEW_PERMISSION = "new_permission"  # 新增交易权限
    ANOMALY = "anomaly"  # 异常情形
    SUITABILITY = "suitability"  # 适当性
    CONDUCT = "conduct"  # 经纪人执业情况
    PRIVATE_FUND = "private_fund"  # 私募基金
    LEAVING = "leaving"  # 拟离职人员名下
    COMPLAINED = "complained"  # 被投诉人员名下
    SETTLED = "settled"  # 投诉处理完结
    OTHER = "other"  # 其他存量客户


class Method(StrEnum):
    """How a client is reviewed (§5.2; e-mail and letter, which §5.2.3 counts among the questionnaires, by §5.1.6 d)."""

    HUMAN_CALL = "human_call"  # 人工电话
    VOICE_BOT = "voice_bot"  # 智能语音
    QUESTIONNAIRE = "questionnaire"  # 问卷
    MESSAGE = "message"  # 即时通讯
    MEETING = "meeting"  # 面见
    EMAIL = "email"  # 电邮
    LETTER = "letter"  # 信函


class RiskLevel(StrEnum):
    """Risk level of a product or service (风险等级)."""

    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    R4 = "R4"
    R5 = "R5"


class Outcome(StrEnum):
    """What became of one attempt (T/SAC 002-2024 table F.1, then our extensions, domain.md §4)."""

    REVIEWED = "reviewed"  # 已回访
    REFUSED = "refused"  # 拒绝回访, row 1
    BUSY = "busy"  # 电话占线, row 2
    HUNG_UP = "hung_up"  # 客户挂断, row 3
    NO_ANSWER = "no_answer"  # 无人应答, row 4
    UNREACHABLE = "unreachable"  # 无法接通, row 5
    POWERED_OFF = "powered_off"  # 关机, row 6
    SUSPENDED = "suspended"  # 停机, row 7
    EMPTY_NUMBER = "empty_number"  # 空号, row 8
    WRONG_NUMBER = "wrong_number"  # 错号, row 9
    CALLBACK_AGREED = "callback_agreed"  # 预约回访: dialled at the agreed time
    NOT_CLIENT = "not_client"  # 非本人接听: waits and closes as row 4
    SILENT = "silent"  # 接通后无人说话: as row 4
    MACHINE = "machine"  # 语音信箱/智能助理: as row 4
    NEEDS_HUMAN = "needs_human"  # 转人工: a person goes on, the bot calls no more
    INTERRUPTED = "interrupted"  # our process ended in mid-call: an attempt, waits as row 3
    OWN_LINE_FAILED = "own_line_failed"  # our own line: not an attempt at all


class Ending(StrEnum):
    """How a conversation ended, as the dialogue states it; only `outcome_of` turns it into an outcome."""

    COMPLETED = "completed"  # every question asked and the closing spoken
    REFUSED = "refused"  # takes no part, wants no more calls
    CALLBACK = "callback"  # not convenient now; a time was agreed or left open
    RELAYED = "relayed"  # not the client; gave the client's number
    NOT_CLIENT = "not_client"  # not the client; the client exists
    WRONG_NUMBER = "wrong_number"  # nobody of that name here
    NOBODY_SPOKE = "nobody_spoke"  # answered, but silence
    HANDED_OVER = "handed_over"  # a person takes over: live or by a callback task
    HUNG_UP = "hung_up"  # the client hung up before the end
    MACHINE = "machine"  # voicemail or a phone assistant answered


class Risk(StrEnum):
    """A risky answer (domain.md §3; the first sixteen are the labels of the answer sets)."""

    NOT_OWN_WILL = "not_own_will"  # 非本人意愿
    NOT_SELF_OPERATED = "not_self_operated"  # 非本人操作
    STAFF_OPERATED = "staff_operated"  # 工作人员代客操作
    FULL_DISCRETION = "full_discretion"  # 全权委托
    PROMISED_RETURN = "promised_return"  # 承诺收益/保本
    MISLED = "misled"  # 误导
    IMPROPER_ADVICE = "improper_advice"  # 不当推荐
    UNSIGNED = "unsigned"  # 未签署
    UNREAD = "unread"  # 未阅读或不理解
    UNAWARE = "unaware"  # 不知晓等级、规则、费用或损失
    LENT_ACCOUNT = "lent_account"  # 出借或借用账户
    PASSWORD_SHARED = "password_shared"  # 泄露密码  # noqa: S105
    UNSETTLED = "unsettled"  # 投诉未了
    DISSATISFIED = "dissatisfied"  # 不满意
    THREAT = "threat"  # 扬言向监管投诉
    DISTRESS = "distress"  # 情绪困扰
    DECEASED = "deceased"  # 客户已故
    MINOR = "minor"  # 未成年人
    INTOXICATED = "intoxicated"  # 酒后或神志不清
    STAFF_MISCONDUCT = "staff_misconduct"  # 工作人员存在违规行为
    RECORD_MISMATCH = "record_mismatch"  # 登记的资料不符或者失效
    COMPLAINT = "complaint"  # 投诉
    ASKED_FOR_HUMAN = "asked_for_human"  # 要求人工
    UNCLARIFIED = "unclarified"  # 必答问题两次澄清未果
    REMINDER_UNDELIVERED = "reminder_undelivered"  # 必读提示未完整播放


class Severity(StrEnum):
    """What a flag calls for (domain.md §3)."""

    HIGH = "high"  # a person at once, or a callback task
    MEDIUM = "medium"  # the call is finished politely, then a person follows up
    CARE = "care"  # the call ends politely at once, no live transfer; a person follows up
