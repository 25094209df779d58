"""What is wrong with an imported file, in words for the person who sent it."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_PROBLEMS = 500  # more are counted, not listed


class ImportRefused(Exception):
    """A file with problems: nothing was imported; mend the file as `problems` say, then import it again."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: where (`line` 0: the whole file; `column` empty: the whole line), what, and how to mend it.

    Names, telephone numbers and e-mail addresses are described, never repeated.
    """

    line: int
    column: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        place = f"第{self.line}行" if self.line else "整个文件"
        column = f"「{self.column}」" if self.column else ""
        return f"{place}{column}：{self.wrong}。{self.remedy}。"


@dataclass(slots=True)
class Problems:
    """The faults found so far; the list is bounded, the count is not."""

    found: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, column: str, wrong: str, remedy: str) -> None:
        """Note one fault."""
        self.count += 1
        if len(self.found) < MOST_PROBLEMS:
            self.found.append(Problem(line, column, wrong, remedy))

    def all(self) -> tuple[Problem, ...]:
        """The faults by line; the last one says how many were left out."""
        listed = sorted(self.found, key=lambda problem: problem.line)
        left_out = self.count - len(listed)
        if left_out:
            listed.append(Problem(0, "", f"另有{left_out}处问题没有列出", "请先改正以上各处，再重新导入"))
        return tuple(listed)


def quoted(text: str, most: int = 20) -> str:
    """A harmless value as it stood in the file, shortened."""
    return f"“{text[:most]}…”" if len(text) > most else f"“{text}”"
