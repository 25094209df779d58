"""What an agent must know before taking a call over: taken down while the bot talks, masked for the screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.moves import Collect, Finish, Flag, Heard, Listen, Note, Pressed, Say, Strike, Transfer
from bot.nodes import Question, Statement
from bot.replay import Move
from bot.script import Script
from bot.walk.course import Standing
from bot.walk.state import node_of, part_of
from campaign.masking import mask_name, mask_numbers
from rules import Risk, Severity, label_of

_LAST_LINES = 8
_PUTTING = frozenset({"ask", "rephrase", "keys", "say"})  # the prompts that say what a node is about


@dataclass(frozen=True, slots=True)
class Asked:
    """One answered question; `value` as it is stored."""

    question: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Flagged:
    """One risky answer."""

    risk: str
    severity: str
    words: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """One line of what was said last."""

    speaker: str  # 机器人, 客户
    text: str


@dataclass(frozen=True, slots=True)
class Briefing:
    """The call as its agent sees it; names and numbers are masked."""

    call_id: str
    client: str
    title: str  # of the review
    reason: str  # why a person is fetched
    question: str  # what was asked last
    points: tuple[str, ...]  # 追问要点
    answers: tuple[Asked, ...]
    flags: tuple[Flagged, ...]
    lines: tuple[Spoken, ...]


class Notebook:
    """Listens to the moves of one call."""

    def __init__(self, call_id: str, script: Script, name: str, title: str) -> None:
        self._call_id, self._script, self._name = call_id, script, name
        self._title = title  # 先生, 女士
        self._asked: dict[str, str] = {}  # node: how it was put
        self._question = ""
        self._reason: Risk | None = None
        self._standing = Standing()
        self._lines: deque[Spoken] = deque(maxlen=_LAST_LINES)
        self._tell: Callable[[Briefing], None] | None = None

    @property
    def finished(self) -> bool:
        """Whether the bot has said its last words."""
        return bool(self._standing.of(Finish))

    @property
    def client(self) -> str:
        """Who it is, for the person who has taken the call."""
        return self._name + self._title

    def follow(self, tell: Callable[[Briefing], None] | None) -> None:
        """Tell somebody of all that is taken down from now on; None: nobody any more."""
        self._tell = tell

    def note(self, move: Move) -> None:
        """Take one event or action down."""
        self._standing = self._standing.after(move)
        match move:
            case Say():
                if part_of(move.prompt) in _PUTTING:
                    self._asked[node_of(move.prompt)] = move.text
                self._lines.append(Spoken("机器人", move.text))
            case Heard():
                self._lines.append(Spoken("客户", move.text or "（听不清）"))
            case Pressed():
                self._lines.append(Spoken("客户", f"（按键 {move.keys}）"))
            case Listen() | Collect():
                self._question = move.question
            case Note() | Flag() | Strike():
                pass
            case Transfer():
                self._reason = move.reason
            case _:
                return
        if self._tell is not None:
            self._tell(self.briefing())

    def briefing(self) -> Briefing:
        """What is known now."""
        node = self._script.nodes.get(self._question)
        return Briefing(
            call_id=self._call_id,
            client=mask_name(self._name) + self._title,
            title=self._script.title,
            reason=label_of(self._reason) if self._reason else "",
            question=self._masked(self._asked.get(self._question, "")),
            points=node.for_agent if isinstance(node, Question | Statement) else (),
            answers=tuple(
                Asked(self._masked(self._asked.get(each.question, each.question)), each.value, self._masked(each.words))
                for each in {note.question: note for note in self._standing.of(Note)}.values()
            ),
            flags=tuple(
                Flagged(label_of(flag.risk), _SEVERITIES[flag.severity], self._masked(flag.words))
                for flag in self._standing.of(Flag)
            ),
            lines=tuple(Spoken(line.speaker, self._masked(line.text)) for line in self._lines),
        )

    def _masked(self, text: str) -> str:
        return mask_numbers(text.replace(self._name, mask_name(self._name)) if self._name else text)


_SEVERITIES = {Severity.HIGH: "高", Severity.MEDIUM: "中", Severity.CARE: "关怀"}
