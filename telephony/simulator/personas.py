"""Who may be at the other end: manners of speaking, personas and lines, read from personas.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeAlias, TypeVar

from ruamel.yaml.nodes import Node, ScalarNode

from telephony.simulator.sheet import Sheet

PERSONAS = Path(__file__).with_name("personas.yaml")
Value = TypeVar("Value")
TONES = ("ringback", "busy", "congestion", "empty_number", "special_information")


@dataclass(frozen=True, slots=True)
class Utter:
    """Say one of `texts`; `muffled` is an unintelligible murmur; `hangs_up` puts the phone down after it."""

    texts: tuple[str, ...]
    muffled: bool = False
    hangs_up: bool = False


@dataclass(frozen=True, slots=True)
class Plain:
    """A reaction without words of its own: answer (truthfully), silence, press (a key) or hang_up."""

    act: str


Reaction: TypeAlias = Utter | Plain
ANSWER, SILENCE = Plain("answer"), Plain("silence")
_ACTS = ("answer", "silence", "press", "hang_up")


@dataclass(frozen=True, slots=True)
class Interruption:
    """What a persona does while the other side still speaks, once, as soon as it hears `phrase`."""

    phrases: tuple[str, ...]
    reaction: Reaction


@dataclass(frozen=True)
class Manner:
    """A way of speaking: wordings by question pattern and answer (the first that fits), and words when lost."""

    answers: Mapping[str, Mapping[str, tuple[str, ...]]]
    lost: tuple[str, ...]
    waiting: tuple[str, ...]

    def wording(self, question: str, answer: str) -> tuple[str, ...]:
        """The ways to give an answer to a question; () where this manner has no words for it."""
        rows = (row for pattern, row in self.answers.items() if pattern == "*" or fnmatchcase(question, pattern))
        return next((row[answer] for row in rows if row.get(answer)), ())


@dataclass(frozen=True)
class Persona:
    """One behaviour at one attempt: on which line, and, once answered, how."""

    id: str
    gloss: str  # in Chinese, for displays
    line: str = ""  # "": the client's own, which answers
    manner: str = ""  # "": never answers
    greets: tuple[str, ...] = ()
    truth: Mapping[str, str] = field(default_factory=dict)
    reactions: Mapping[str, tuple[Reaction, ...]] = field(default_factory=dict)
    keys: tuple[Reaction, ...] = (ANSWER,)
    lost: tuple[Reaction, ...] = ()
    during: tuple[Interruption, ...] = ()


@dataclass(frozen=True, slots=True)
class Sound:
    """One piece of early media: a tone, an announcement (spoken `times` times) or 彩铃 music."""

    kind: str  # tone, announce, music
    what: str
    seconds: float = 0.0  # of a tone or music
    times: int = 1


@dataclass(frozen=True, slots=True)
class LineKind:
    """What a line does before anybody speaks; `answers` is False where nobody ever will."""

    id: str
    gloss: str
    rings: float = 0.0  # seconds of plain ringing (180) before the early media
    early: tuple[Sound, ...] = ()
    answers: bool = False
    sip: int = 480
    q850: int = 31


@dataclass(frozen=True)
class Personas:
    """The whole of personas.yaml."""

    manners: Mapping[str, Manner]
    lines: Mapping[str, LineKind]
    personas: Mapping[str, Persona]


def first_match(table: Mapping[str, Value], question: str) -> Value | None:
    """The value of the first pattern (shell-like, e.g. *.self_operated) that fits a question id."""
    return next((value for pattern, value in table.items() if fnmatchcase(question, pattern)), None)


def load_personas(path: Path = PERSONAS) -> Personas:
    """Read manners, lines and personas; raises SheetError naming every fault with its line."""
    sheet = Sheet(path)
    parts = sheet.fields(sheet.root(), ("manners", "lines", "personas"))
    manners = {name: _manner(sheet, node) for name, _, node in sheet.entries(parts.get("manners"))}
    lines = {name: _line(sheet, name, node) for name, _, node in sheet.entries(parts.get("lines"))}
    personas = {}
    for name, key, node in sheet.entries(parts.get("personas")):
        persona = personas[name] = _persona(sheet, name, node)
        _check_references(sheet, key, persona, manners, lines)
    sheet.raise_problems()
    return Personas(manners, lines, personas)


def _check_references(
    sheet: Sheet, key: Node, persona: Persona, manners: Mapping[str, Manner], lines: Mapping[str, LineKind]
) -> None:
    if persona.manner and persona.manner not in manners:
        sheet.complain(key, f"manner {persona.manner} of {persona.id} is not defined: one of {', '.join(manners)}")
    if persona.line and persona.line not in lines:
        sheet.complain(key, f"line {persona.line} of {persona.id} is not defined: one of {', '.join(lines)}")
    if not persona.manner and not persona.line:
        sheet.complain(key, f"{persona.id} needs a manner (it answers) or a line that nobody answers")
    if not persona.manner and persona.line in lines and lines[persona.line].answers:
        sheet.complain(key, f"line {persona.line} of {persona.id} is answered: give {persona.id} a manner")


def _manner(sheet: Sheet, node: Node) -> Manner:
    fields = sheet.fields(node, ("answers", "lost", "waiting"))
    answers = {
        pattern: {value: sheet.texts(texts) for value, _, texts in sheet.entries(row)}
        for pattern, _, row in sheet.entries(fields.get("answers"))
    }
    return Manner(answers, sheet.texts(fields.get("lost")), sheet.texts(fields.get("waiting")))


def _line(sheet: Sheet, name: str, node: Node) -> LineKind:
    fields = sheet.fields(node, ("gloss",), ("rings", "early", "answers", "sip", "q850"))
    return LineKind(
        name,
        sheet.text(fields["gloss"]) if "gloss" in fields else "",
        sheet.number(fields.get("rings")),
        tuple(_sound(sheet, item) for item in sheet.items(fields.get("early"))),
        sheet.text(fields.get("answers"), "no") == "yes",
        int(sheet.number(fields.get("sip"), 480)),
        int(sheet.number(fields.get("q850"), 31)),
    )


def _sound(sheet: Sheet, node: Node) -> Sound:
    fields = sheet.fields(node, (), ("tone", "announce", "music", "seconds", "times"))
    kinds = [kind for kind in ("tone", "announce", "music") if kind in fields]
    if len(kinds) != 1:
        sheet.complain(node, "exactly one of tone, announce, music belongs here")
        return Sound("tone", "ringback")
    what = sheet.text(fields[kinds[0]])
    if kinds[0] == "tone" and what not in TONES:
        sheet.complain(fields["tone"], f"{what} is no tone: one of {', '.join(TONES)}")
    return Sound(kinds[0], what, sheet.number(fields.get("seconds")), int(sheet.number(fields.get("times"), 1)))


def _persona(sheet: Sheet, name: str, node: Node) -> Persona:
    optional = ("line", "manner", "greets", "truth", "reactions", "keys", "lost", "during")
    fields = sheet.fields(node, ("gloss",), optional)
    truth = {pattern: sheet.text(value) for pattern, _, value in sheet.entries(fields.get("truth"))}
    for pattern, value in truth.items():
        if value not in ("yes", "no", "unsure"):
            sheet.complain(fields["truth"], f"{value} is no truth for {pattern}: yes, no or unsure")
    return Persona(
        name,
        sheet.text(fields.get("gloss")),
        sheet.text(fields.get("line")),
        sheet.text(fields.get("manner")),
        sheet.texts(fields.get("greets")),
        truth,
        {pattern: _reactions(sheet, value) for pattern, _, value in sheet.entries(fields.get("reactions"))},
        _reactions(sheet, fields.get("keys")) or (ANSWER,),
        _reactions(sheet, fields.get("lost")),
        tuple(_interruption(sheet, item) for item in sheet.items(fields.get("during"))),
    )


def _reactions(sheet: Sheet, node: Node | None) -> tuple[Reaction, ...]:
    if node is None:
        return ()
    return tuple(_reaction(sheet, item) for item in sheet.items(node))


def _reaction(sheet: Sheet, node: Node) -> Reaction:
    if isinstance(node, ScalarNode):
        act = sheet.text(node)
        if act not in _ACTS:
            sheet.complain(node, f"{act} is no reaction: one of {', '.join(_ACTS)}, or a mapping with say")
            return ANSWER
        return Plain(act)
    fields = sheet.fields(node, ("say",), ("muffled", "hangs_up"))
    return Utter(
        sheet.texts(fields.get("say")),
        sheet.text(fields.get("muffled")) == "yes",
        sheet.text(fields.get("hangs_up")) == "yes",
    )


def _interruption(sheet: Sheet, node: Node) -> Interruption:
    fields = sheet.fields(node, ("hears", "does"))
    reaction = _reaction(sheet, fields["does"]) if "does" in fields else ANSWER
    return Interruption(sheet.texts(fields.get("hears")), reaction)
