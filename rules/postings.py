"""What leaves the house must arrive once: how a notice or an event is tried again, and when a person decides. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType


class PostingState(StrEnum):
    """How far the sending of a notice (告知) or an event (事件) has come."""

    WAITING = "waiting"  # 待发送: to be sent at its next try
    SENDING = "sending"  # 发送中: a process has taken it
    SENT = "sent"  # 已发送
    UNSURE = "unsure"  # 待确认: it may have gone out; a second one is for a person to decide
    FAILED = "failed"  # 发送失败: given up after the last try; a person decides
    BY_HAND = "by_hand"  # 待人工告知: no channel reaches the client
    TOLD = "told"  # 已人工告知: a person has told the client


class Sending(StrEnum):
    """What a try to send came to."""

    ARRIVED = "arrived"  # the channel took it
    REFUSED = "refused"  # surely not sent: it may be tried again
    UNKNOWN = "unknown"  # the channel broke off after it may have been sent


class EventKind(StrEnum):
    """What the firm's own system is told of."""

    STATUS_CHANGED = "task.status_changed"  # 登记状态变更
    BUSINESS_SUSPENDED = "business.suspended"  # 暂停业务, table F.1 note 1
    VIOLATION_REPORTED = "violation.reported"  # 疑似违规, §8.4


# After a failed try; the last one is followed by no other. Two and a half days in all: a weekend's outage is outlived.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=24),
    timedelta(hours=24),
)
# How long a process is believed to be still sending; longer than any channel's own deadline.
CLAIM = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Posted:
    """What a posting becomes after a try; `next_try_at` None: nothing more is sent by itself."""

    state: PostingState
    next_try_at: datetime | None = None


def after_try(sending: Sending, tries: int, now: datetime, *, repeatable: bool) -> Posted:
    """What follows from the latest of `tries` tries.

    `repeatable`: the receiver knows a repeat by its key and drops it, so that one which may have arrived is sent again.
    """
    match sending:
        case Sending.ARRIVED:
            return Posted(PostingState.SENT)
        case Sending.UNKNOWN if not repeatable:
            return Posted(PostingState.UNSURE)
        case _:
            if tries > len(WAITS):
                return Posted(PostingState.FAILED)
            return Posted(PostingState.WAITING, now + WAITS[tries - 1])


ENDED = frozenset({PostingState.SENT, PostingState.TOLD})  # the client has been told, the system knows
FOR_A_PERSON = frozenset({PostingState.UNSURE, PostingState.FAILED, PostingState.BY_HAND})

LABELS = MappingProxyType(
    {
        PostingState.WAITING: "待发送",
        PostingState.SENDING: "发送中",
        PostingState.SENT: "已发送",
        PostingState.UNSURE: "待确认是否已发送",
        PostingState.FAILED: "发送失败",
        PostingState.BY_HAND: "待人工告知",
        PostingState.TOLD: "已人工告知",
    }
)
