"""A loaded script: what is said, what is asked, and where each answer leads. Values only.

A conversation walks from node to node. A `Question` waits for an answer, a `Statement` is told, a `Goodbye`
ends the call. Where an answer leads is an `Exit`: another node, or a `Reaction` that stays at the question.
Every question has an exit for every cue, so the dialogue never has to guess. `private` nodes are only for the
client; `review` nodes stand in the script's own file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, TypeAlias, assert_never

from bot.moves import Pauses
from intents.values import Intent
from rules.outcomes import Ending, ReviewType, Risk

SLOT = re.compile(r"\{([^{}]*)\}")
CALLBACK_SLOT, NUMBER_SLOT = "预约时间", "新号码"
HOURS_SLOT, LATEST_SLOT = "回访时段", "最晚时间"  # the bot itself fills them, in `Texts` only


class Reaction(StrEnum):
    """What the bot does with an answer that leads to no other node."""

    CLARIFY = "clarify"  # 没听明白：换个说法，再请按键，再放弃
    REPEAT = "repeat"  # 再说一遍，第二次放慢
    EXPLAIN = "explain"  # 用批准的答复解释，再问一遍
    REASSURE = "reassure"  # 说明身份和核实办法，再问一遍
    WAIT = "wait"  # 等客户，再问一遍
    HAND_OVER = "hand_over"  # 转人工
    REVIEW = "review"  # 开始回访，或者从上次中断的问题继续


class Ladder(StrEnum):
    """Cues that no utterance gives: a ladder of attempts has been climbed to its end."""

    GAVE_UP = "gave_up"  # 多次没听明白
    SILENT = "silent"  # 多次没有回应


CUES: tuple[Intent | Ladder, ...] = (*Intent, *Ladder)
ANSWERS = (Intent.YES, Intent.NO, Intent.UNSURE)  # what a review question stores
KEYS = tuple("0123456789*#")


class Capture(StrEnum):
    """What a question takes from the client's words, beside their meaning."""

    TIME = "time"  # 预约时间
    NUMBER = "number"  # 电话号码
    CHOICE = "choice"  # 选项中的一项
    WORDS = "words"  # 原话，例如建议


# The slots that the client fills in the call.
FILLED_BY: Mapping[str, Capture] = MappingProxyType({CALLBACK_SLOT: Capture.TIME, NUMBER_SLOT: Capture.NUMBER})


@dataclass(frozen=True, slots=True)
class Exit:
    """Where an answer leads: `go` is a node id or a Reaction; `say` is spoken on the way."""

    go: str
    say: str = ""
    confirms_identity: bool = False


@dataclass(frozen=True, slots=True)
class Lead:
    """A sentence before a question."""

    say: str
    interruptible: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers that a question offers; `words` tell it from the others of the same meaning."""

    name: str
    means: Intent  # yes, no or unsure
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Asks one thing; `id` is the question id under which the answer is stored.

    A review question has `answers`: the risk of each of yes, no and unsure and of each choice, None for a safe
    one; those of a `survey` are all safe. A client who has called us is asked `incoming`, if it is there, else `ask`.
    Its `rephrase` and `keys` are the steps of the ladder; `explain` answers a question asked back. `keypad` gives keys
    a choice or a label of its own. Merged scripts ask each `topic` once.
    """

    id: str
    ask: str
    rephrase: str
    keys: str
    exits: Mapping[str, Exit]
    explain: str = ""
    incoming: str = ""
    before: Lead | None = None
    answers: Mapping[str, Risk | None] = field(default_factory=dict)
    capture: Capture | None = None
    captured: str = ""
    choices: tuple[Choice, ...] = ()
    keypad: Mapping[str, str] = field(default_factory=dict)
    survey: bool = False
    topic: str = ""
    for_agent: tuple[str, ...] = ()  # what the person who takes over here should ask; never spoken
    pauses: Pauses = Pauses()
    phrases: tuple[str, ...] = ()
    private: bool = False
    review: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """Tells something; a must-hear text is spoken in full and its delivery is kept."""

    id: str
    say: str
    exits: Mapping[str, Exit]
    must_hear: bool = False
    topic: str = ""
    for_agent: tuple[str, ...] = ()
    pauses: Pauses = Pauses()
    private: bool = False
    review: bool = False


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The last words of a call and how it ended."""

    exits: ClassVar[Mapping[str, Exit]] = MappingProxyType({})
    id: str
    say: str
    ending: Ending
    private: bool = False
    review: bool = False


Node: TypeAlias = Question | Statement | Goodbye


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that the task or the firm gives, already worded for speech; `sample` stands in for it in checks."""

    name: str
    about: str
    sample: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An approved answer, chosen when the client's words contain one of `when`."""

    name: str
    when: tuple[str, ...]
    say: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Texts:
    """What is said at any node; all of it may be said to a stranger. The slots of HOURS_SLOT etc. may stand here."""

    unclear: str
    repeat: str
    hold: str
    still_there: str
    explain: str
    reassure: str
    bridge_human: str
    bridge_complaint: str
    bridge_risk: str
    bridge_unclear: str
    no_agent: str
    outside_hours: str
    closed_day: str
    past_time: str
    too_late: str
    more_digits: str
    bad_number: str
    dialled_number: str
    number_anew: str
    turned_away: str = ""  # all that a caller hears who has no review open, before we hang up; "": nobody is told
    agent_wait: str = ""  # at intervals while nobody has come yet; "" for the ringing alone
    agent_lost: str = ""  # when a person's line is lost in mid-talk, before the next one is fetched


@dataclass(frozen=True, slots=True)
class Limits:
    """How often each thing is done at one question before the bot goes on; `capture` and `turns` are per call."""

    clarify: int
    silence: int
    repeat: int
    aside: int
    hold: int
    capture: int
    turns: int


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the bot waits for the client to speak, in milliseconds."""

    answer: int
    number: int
    hold: int
    after_reminder: int


@dataclass(frozen=True, slots=True)
class Script:
    """One review script with its shared parts, resolved; `hash` (SHA-256, hex) names exactly this content.

    The call begins at `entry`; `review` is the first question after identity and convenience. `care` has the
    goodbye for each risk that ends the call politely at once.
    """

    name: str
    title: str
    clause: str
    review_types: tuple[ReviewType, ...]
    entry: str
    review: str
    nodes: Mapping[str, Node]
    slots: Mapping[str, Slot]
    questions: tuple[Reply, ...]
    doubts: tuple[Reply, ...]
    keypad: Mapping[str, Intent]
    texts: Texts
    limits: Limits
    waits: Waits
    care: Mapping[Risk, str] = field(default_factory=dict)
    pronunciations: Mapping[str, str] = field(default_factory=dict)
    business: str = ""  # 回访业务 as the client hears it; "" for the name of the review type
    hash: str = ""

    def missing_slots(self, slots: Mapping[str, str]) -> tuple[str, ...]:
        """The slots that the script speaks and `slots` leaves out or empty."""
        return tuple(name for name in self.slots if not slots.get(name, "").strip())

    def fixed_texts(self, slots: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """Every text that can be voiced before the call: those without slots, or with slots all in `slots`."""
        known = slots or {}
        texts = (text for _, _, text in spoken_texts(self) if set(SLOT.findall(text)) <= set(known))
        return tuple(dict.fromkeys(fill(text, known) for text in texts))

    def phrases(self, question: str) -> tuple[str, ...]:
        """Example answers to a question for the recogniser's grammar; empty leaves it free."""
        node = self.nodes.get(question)
        return node.phrases if isinstance(node, Question) else ()


def fill(text: str, slots: Mapping[str, str]) -> str:
    """The text with its slots filled; raises KeyError for a slot without a value."""
    return SLOT.sub(lambda slot: slots[slot[1]], text)


def spoken_texts(script: Script) -> Iterator[tuple[str, str, str]]:
    """Every text a script may speak, as (node id, field, text); what belongs to no node has node id ""."""
    for node in script.nodes.values():
        for place, text in node_texts(node).items():
            yield node.id, place, text
    for private in (False, True):
        for name, text in shared_texts(script, private=private).items():
            yield "", name, text


def shared_texts(script: Script, *, private: bool) -> dict[str, str]:
    """The texts that belong to no node, by name: those only for the client, or those for anybody."""
    replies = {reply.name: reply.say for reply in (*script.questions, *script.doubts) if reply.private is private}
    if private:
        return replies
    return replies | {each.name: text for each in fields(Texts) if (text := getattr(script.texts, each.name))}


def node_texts(node: Node) -> dict[str, str]:
    """Every text of one node by its field; what is said on an exit stands under its cue."""
    match node:
        case Question(before=before, ask=ask, incoming=incoming, rephrase=rephrase, keys=keys, explain=explain):
            texts = {"before": before.say if before else "", "ask": ask, "incoming": incoming}
            texts |= {"rephrase": rephrase, "keys": keys, "explain": explain}
        case Statement(say=say) | Goodbye(say=say):
            texts = {"say": say}
        case _:
            assert_never(node)
    texts |= {cue: way.say for cue, way in node.exits.items()}
    return {name: text for name, text in texts.items() if text}
