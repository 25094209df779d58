"""What an agent writes down after a talk (话后处理), and how the call ended by it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.moves import Finish
from campaign.calls.call_ends import CallEnd, EndRefused
from rules import Ending, Outcome

# How a talk with a client can end; what is left open is called for by a person (人工回访).
OUTCOMES = (
    Outcome.REVIEWED,
    Outcome.NEEDS_HUMAN,
    Outcome.CALLBACK_AGREED,
    Outcome.REFUSED,
    Outcome.HUNG_UP,
    Outcome.NOT_CLIENT,
    Outcome.WRONG_NUMBER,
)


@dataclass(frozen=True, slots=True)
class WrapUp:
    """How the talk ended and what else is to be known of it; without an outcome, the answers say how."""

    end: CallEnd | None = None
    note: str = ""

    def check(self, *, complete: bool, now: datetime) -> None:
        """Raise EndRefused for what does not fit together."""
        if self.end is None:
            return
        if self.end.outcome not in OUTCOMES:
            raise EndRefused("请选择通话结果")
        if self.end.outcome is not Outcome.NEEDS_HUMAN:
            self.end.check(answered_all=complete, now=now)


def finish_of(wrap: WrapUp | None, *, complete: bool) -> Finish:
    """How the conversation ended that a person has carried on: as the person says, else by what was answered."""
    if wrap is None or wrap.end is None:
        return Finish(Ending.COMPLETED if complete else Ending.HANDED_OVER)
    return wrap.end.finish or Finish(Ending.HANDED_OVER)
