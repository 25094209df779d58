"""What a person may write down of a call (登记, table F.1), and what it is worth as evidence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.moves import Finish
from rules import Ending, Evidence, Outcome

MOST_AHEAD = timedelta(days=60)  # of an agreed call

_TALKED: Mapping[Outcome, Ending] = MappingProxyType(
    {
        Outcome.REVIEWED: Ending.COMPLETED,
        Outcome.REFUSED: Ending.REFUSED,
        Outcome.CALLBACK_AGREED: Ending.CALLBACK,
        Outcome.HUNG_UP: Ending.HUNG_UP,
        Outcome.NOT_CLIENT: Ending.NOT_CLIENT,
        Outcome.WRONG_NUMBER: Ending.WRONG_NUMBER,
        Outcome.SILENT: Ending.NOBODY_SPOKE,
        Outcome.MACHINE: Ending.MACHINE,
    }
)
# What the network told the person who dialled.
_HEARD = (
    Outcome.NO_ANSWER,
    Outcome.BUSY,
    Outcome.UNREACHABLE,
    Outcome.POWERED_OFF,
    Outcome.SUSPENDED,
    Outcome.EMPTY_NUMBER,
)
OUTCOMES = (*_TALKED, *_HEARD, Outcome.OWN_LINE_FAILED)


class EndRefused(ValueError):
    """What cannot be written down of a call so; the message is for the person."""


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a person's call ended; `callback_at` only where one was agreed, `new_number` only of somebody else."""

    outcome: Outcome
    callback_at: datetime | None = None
    new_number: str = ""
    note: str = ""

    def check(self, *, answered_all: bool, now: datetime) -> None:
        """Raise EndRefused for what does not fit together."""
        if self.outcome not in OUTCOMES:
            raise EndRefused("请选择通话结果")
        if self.outcome is Outcome.REVIEWED and not answered_all:
            raise EndRefused("还有问题没有回答，不能登记为已回访")
        if self.callback_at is None:
            return
        if self.outcome is not Outcome.CALLBACK_AGREED:
            raise EndRefused("只有预约回访才填写约定时间")
        if not now < self.callback_at <= now + MOST_AHEAD:
            raise EndRefused(f"约定时间须在现在之后{MOST_AHEAD.days}天之内")

    @property
    def ending(self) -> Ending | None:
        """How the conversation ended; None: there was none."""
        if self.outcome is Outcome.NOT_CLIENT and self.new_number:
            return Ending.RELAYED
        return _TALKED.get(self.outcome)

    @property
    def evidence(self) -> Evidence:
        """What the rules judge."""
        if self.ending is not None:
            return Evidence(answered=True, ending=self.ending)
        if self.outcome is Outcome.OWN_LINE_FAILED:
            return Evidence(own_line_failed=True)
        return Evidence(announced=self.outcome.value)

    @property
    def finish(self) -> Finish | None:
        """The end as a conversation's."""
        if self.ending is None:
            return None
        number = self.new_number if self.ending is Ending.RELAYED else ""
        return Finish(self.ending, self.callback_at, new_number=number)
