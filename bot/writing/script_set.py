"""What the scripts of one folder must satisfy together: merged calls tell and ask each topic once.

a text of the same topic is told once: it has to be the same text, else one of two reminders would be dropped
a question of the same topic is asked once: its choices have to be the same, else an answer would not fit
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bot.errors import Problem, ScriptInvalid
from bot.nodes import Goodbye, Question, Statement
from bot.script import script_names, script_sources
from bot.writing.drafting import Draft, draft
from bot.writing.source import Place
from scripts_zh import FOLDER


def check_together(folder: Path = FOLDER) -> tuple[Problem, ...]:
    """The problems between the scripts of a folder; what is wrong with one script alone is reported by loading it."""
    drafts = [drafted for name in script_names(folder) if (drafted := _drafted(folder / f"{name}.yaml")) is not None]
    return tuple(sorted(topics_agree(drafts)))


def _drafted(path: Path) -> Draft | None:
    try:
        return draft(path.stem, script_sources(path), [])
    except ScriptInvalid:
        return None


def topics_agree(drafts: Sequence[Draft]) -> Iterator[Problem]:
    """The same topic means the same thing in every script."""
    told: dict[str, tuple[str, str]] = {}
    offered: dict[str, tuple[tuple[str, ...], str]] = {}
    for node, place in _own_nodes(drafts):
        match node:
            case Statement(topic=topic, say=say):
                other, first = told.setdefault(topic, (say, node.id))
                if say != other:
                    message = (
                        f"内容（topic）“{topic}”和“{first}”相同，话却不同，合并时只会说一段；请改成一样的话，或者改名"
                    )
                    yield place.problem(message)
            case Question(topic=topic, choices=choices) if choices:
                names = tuple(choice.name for choice in choices)
                others, first = offered.setdefault(topic, (names, node.id))
                if names != others:
                    message = f"内容（topic）“{topic}”和“{first}”相同，选项却不同，合并时只问一次；请改成一样，或者改名"
                    yield place.problem(message)


def _own_nodes(drafts: Iterable[Draft]) -> Iterator[tuple[Question | Statement, Place]]:
    """The nodes that stand in the scripts' own files, with the line of their topic."""
    for drafted in drafts:
        for node in drafted.script.nodes.values():
            if node.review and not isinstance(node, Goodbye):
                yield node, drafted.places.get((node.id, "topic")) or drafted.places[node.id, ""]
