"""What a script is made of for its readers: passages, the ways out of them, and what is told once. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rules.labels import label_of
from rules.outcomes import Risk
from rules.risks import severity_of

# What the dialogue does whatever a script says, for its readers.
HABITS = (
    "必答的问题说不清：先换个说法再问一次，仍说不清才算回答",
    "说到有风险的事：在哪个问题上都作标记，（高）立即转人工，（中）说完以后由专人跟进",
    "转人工而没有坐席：说明稍后有专人回电",
)


class Section(StrEnum):
    """Which part of the script a passage stands in."""

    MAIN = "main"  # 主线
    SIDE = "side"  # 旁支
    ENDING = "ending"  # 结束语
    UNUSED = "unused"  # 用不到的共用节点


class Kind(StrEnum):
    """What a passage does."""

    QUESTION = "question"  # 问
    STATEMENT = "statement"  # 告知
    GOODBYE = "goodbye"  # 结束


class Weight(StrEnum):
    """How an answer weighs."""

    SAFE = "safe"
    RISKY = "risky"
    PLAIN = "plain"  # it only finds the way


@dataclass(frozen=True, slots=True)
class Line:
    """One text that may be spoken; `field` is its name in the script file."""

    field: str
    text: str
    uninterruptible: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """Where answers lead. `answers` are the cues of the script file, `heard` the same in Chinese.

    `to` is the node that is entered, "" where the bot stays or hands over; `then` says in Chinese what happens.
    """

    answers: tuple[str, ...]
    heard: tuple[str, ...]
    to: str
    then: str
    weight: Weight = Weight.PLAIN
    risk: Risk | None = None
    say: str = ""
    confirms_identity: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """One node: its number in the outline, what it says, and the ways out that are its own.

    `survey`: every answer is safe. `keypad`: keys that mean something else than everywhere. `for_agent`: what the
    person who takes over here asks.
    """

    number: int
    node: str
    section: Section
    kind: Kind
    lines: tuple[Line, ...]
    ways: tuple[Way, ...]
    must_hear: bool = False
    private: bool = False
    survey: bool = False
    ending: str = ""
    keypad: tuple[tuple[str, str], ...] = ()
    for_agent: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """The text by which one knows the node: the question, the statement, the goodbye."""
        return next((line.text for line in self.lines if line.field in ("ask", "say")), "")


@dataclass(frozen=True, slots=True)
class Answering:
    """An approved reply and the words that call for it."""

    name: str
    when: tuple[str, ...]
    say: str
    private: bool


@dataclass(frozen=True, slots=True)
class SlotUse:
    """A slot: what it is, its sample, whether only the client may hear it."""

    name: str
    about: str
    sample: str
    private: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole script for reading; everything is in the order in which it is to be read."""

    name: str
    title: str
    clause: str
    hash: str
    review_types: tuple[str, ...]
    slots: tuple[SlotUse, ...]
    passages: tuple[Passage, ...]
    usual: tuple[Way, ...]
    texts: tuple[Line, ...]
    questions: tuple[Answering, ...]
    doubts: tuple[Answering, ...]
    keypad: tuple[tuple[str, str], ...]
    limits: tuple[tuple[str, int], ...]
    waits: tuple[tuple[str, int], ...]

    def section(self, section: Section) -> tuple[Passage, ...]:
        """The passages of one section, in order."""
        return tuple(passage for passage in self.passages if passage.section is section)

    def passage(self, node: str) -> Passage:
        """The passage of a node; raises KeyError."""
        found = next((passage for passage in self.passages if passage.node == node), None)
        if found is None:
            raise KeyError(node)
        return found


def shown_by(way: Way) -> str:
    """The risk that an answer shows, with its severity; "" for none."""
    return f"{label_of(way.risk)}（{label_of(severity_of(way.risk))}）" if way.risk else ""


def leads_to(way: Way) -> str:
    """What follows an answer, in Chinese."""
    said = f"说“{way.say}”" if way.say else ""
    confirmed = "确认了本人" if way.confirms_identity else ""
    return f"→ {'，'.join(part for part in (confirmed, said, way.then) if part)}"
