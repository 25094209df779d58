"""What can go wrong with a conversation before or after it: the error tree of this room.

    BotError
    ├── ScriptError
    │   ├── ScriptMissing    no such script: use a name that exists
    │   ├── ScriptInvalid    the script has problems: mend every one listed, load again
    │   ├── SlotsMissing     the task lacks values the script speaks: complete the task before dialling
    │   └── SlotsUnknown     values were given for slots that the script has not: use the names of its own
    ├── LineNotUnderstood    a typed line has a note that means nothing: use one of those named
    ├── ReplayError          a stored move cannot be read: the call log is damaged or of another version
    └── ConversationError    a fault broke the conversation off; `report` holds what was reached
        ├── LineStarved          the line gave no sign of life: look at the gateway
        ├── ConversationStuck    neither side did anything for too long: look at script and recogniser
        └── ConversationTooLong  the bound on one conversation was reached

Only after a ConversationError the same call may be placed again, as the redial rules say; nothing else is worth
retrying unchanged. The dialogue itself raises nothing while a client is on the line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.report import Report


class BotError(Exception):
    """Any error of this room."""


class ScriptError(BotError):
    """A script cannot be used."""


class ScriptMissing(ScriptError):
    """There is no script of that name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"没有名为“{name}”的话术；现有话术：{'、'.join(sorted(known)) or '无'}")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend in a script file; `line` counts from 1, `node` is "" outside the nodes."""

    file: str
    line: int
    node: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where} [{self.node}] {self.message}" if self.node else f"{where} {self.message}"


class ScriptInvalid(ScriptError):
    """A script has problems; `problems` holds all of them, in the order of the files."""

    def __init__(self, name: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"话术“{name}”有 {len(self.problems)} 处问题，全部改正后才能使用：\n{lines}")


class SlotsMissing(ScriptError):
    """A task gives no value for slots that the script speaks."""

    def __init__(self, script: str, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"话术“{script}”缺少内容：{'、'.join(self.names)}；请在回访任务中补齐后再拨打")


class SlotsUnknown(ScriptError):
    """Values are given for slots that the script does not have."""

    def __init__(self, script: str, names: Iterable[str], known: Iterable[str]) -> None:
        super().__init__(f"话术“{script}”里没有：{'、'.join(names)}；可以填的内容：{'、'.join(known) or '无'}")


class LineNotUnderstood(BotError):
    """A typed line of a rehearsal holds a note in brackets that means nothing, or words where none belong."""

    def __init__(self, line: str, known: str) -> None:
        super().__init__(f"“{line.strip()}”看不懂；括号里可以写：{known}")


class ReplayError(BotError):
    """A stored move is not one that this version knows."""


class ConversationError(BotError):
    """A conversation was broken off by a fault, and the line was hung up; the cause is chained."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


class LineStarved(ConversationError):
    """Neither audio nor an end came from the line for too long."""


class ConversationStuck(ConversationError):
    """Neither side did anything for too long."""


class ConversationTooLong(ConversationError):
    """The conversation went on beyond its bound."""
