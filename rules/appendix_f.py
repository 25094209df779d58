"""Table F.1 of T/SAC 002-2024 (客户回访未触达情形及处理) as data, and what our extensions map onto."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from rules.outcomes import Outcome

AWAITING = "待回访"  # before the first attempt
REVIEWED_STATUS = "已完成：已回访"
CALLBACK_STATUS = "未完成：预约回访"
HUMAN_STATUS = "未完成：转人工"
INTERRUPTED_STATUS = "未完成：通话中断"

MINUTES_10 = timedelta(minutes=10)
HOUR_1 = timedelta(hours=1)
HOURS_2 = timedelta(hours=2)
HOURS_4 = timedelta(hours=4)
HOURS_24 = timedelta(hours=24)


class Notice(StrEnum):
    """What is sent to the client when the calls end without a review (告知)."""

    REVIEW_SMS = "review_sms"  # 短信告知客户回访事项
    UPDATE_CONTACT = "update_contact"  # 以其他联系方式告知回访事项，并提醒更新联系方式


@dataclass(frozen=True, slots=True)
class Row:
    """One line of table F.1.

    `wait`: least time from the end of an attempt to the next one, None: no more calls. `least`, `most`: the
    attempts that the line names (both 0: it names none). `span`: the last dialling comes *more* than this
    after the first, None: the line asks for none. `final_status` is empty where another line decides it.
    """

    number: int
    outcome: Outcome
    temporary_status: str
    wait: timedelta | None
    least: int
    most: int
    span: timedelta | None
    notice: Notice | None
    final_status: str
    by_phone: bool = True


_SMS, _UPDATE = Notice.REVIEW_SMS, Notice.UPDATE_CONTACT

# fmt: off
APPENDIX_F: tuple[Row, ...] = (
    Row(1, Outcome.REFUSED, "未完成：拒绝回访", None, 0, 0, None, _SMS, "已完成：拒绝回访"),
    Row(2, Outcome.BUSY, "未完成：电话占线", MINUTES_10, 2, 3, HOURS_2, _SMS, "已完成：电话占线"),
    Row(3, Outcome.HUNG_UP, "未完成：客户挂断", HOUR_1, 2, 3, HOURS_4, _SMS, "已完成：客户挂断"),
    Row(4, Outcome.NO_ANSWER, "未完成：无人应答", HOUR_1, 2, 3, HOURS_4, _SMS, "已完成：无人应答"),
    Row(5, Outcome.UNREACHABLE, "未完成：无法接通", HOUR_1, 2, 3, HOURS_24, _SMS, "已完成：无法接通"),
    Row(6, Outcome.POWERED_OFF, "未完成：关机", HOUR_1, 2, 3, HOURS_24, _SMS, "已完成：关机"),
    Row(7, Outcome.SUSPENDED, "未完成：停机", HOURS_24, 2, 3, None, _UPDATE, "已完成：停机"),
    Row(8, Outcome.EMPTY_NUMBER, "未完成：空号", None, 0, 0, None, _UPDATE, "已完成：空号"),
    Row(9, Outcome.WRONG_NUMBER, "未完成：错号", None, 0, 0, None, _UPDATE, "已完成：错号"),
    Row(10, Outcome.REFUSED, "未完成：拒绝回访", None, 0, 0, None, None, "", by_phone=False),
)
# fmt: on

# Outcomes that the table does not have (domain rules, "Decided"): the line by which they wait and are reported.
# `interrupted` waits by line 3 but is never closed by it: that our process died is not the client's hanging up.
EXTENSIONS = MappingProxyType(
    {
        Outcome.NOT_CLIENT: 4,  # 非本人接听
        Outcome.SILENT: 4,  # 接通后无人说话
        Outcome.MACHINE: 4,  # 语音信箱/智能助理
        Outcome.INTERRUPTED: 3,  # 通话中断
    }
)

_BY_OUTCOME = MappingProxyType(
    {row.outcome: row for row in APPENDIX_F if row.by_phone}
    | {outcome: APPENDIX_F[number - 1] for outcome, number in EXTENSIONS.items()}
)


def row_of(outcome: Outcome) -> Row | None:
    """The line of table F.1 under which a phone attempt falls, itself or by extension; None: no line at all."""
    return _BY_OUTCOME.get(outcome)
