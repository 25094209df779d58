"""Labelled sets: CSV files of answers (`question,text,label,risks`) and of announcements (`text,outcome`)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from intents.errors import LabelledFileError
from intents.questions import kind_of
from intents.values import Announced, Intent
from rules.outcomes import Risk

ANSWER_COLUMNS = ("question", "text", "label", "risks")
ANNOUNCEMENT_COLUMNS = ("text", "outcome")
SHOWN_PROBLEMS = 20

_Row = TypeVar("_Row")
_Member = TypeVar("_Member", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Answer:
    """One labelled answer: what was heard after a question and what it means."""

    question: str
    text: str
    label: Intent
    risks: frozenset[Risk] = frozenset()


@dataclass(frozen=True, slots=True)
class Announcement:
    """One labelled announcement."""

    text: str
    outcome: Announced


def read_labelled(path: Path) -> tuple[Answer, ...] | tuple[Announcement, ...]:
    """The rows of a labelled set of either format, told apart by the header; LabelledFileError names every bad line."""
    header, rows = _table(path)
    if header == ANSWER_COLUMNS:
        return _parse(path, rows, _answer)
    if header == ANNOUNCEMENT_COLUMNS:
        return _parse(path, rows, _announcement)
    expected = f"{','.join(ANSWER_COLUMNS)} or {','.join(ANNOUNCEMENT_COLUMNS)}"
    raise LabelledFileError(f"{path}, line 1: the header is {','.join(header) or 'empty'!r}; write {expected}")


def read_answers(path: Path) -> tuple[Answer, ...]:
    """The rows of a set of answers; LabelledFileError when it is another format or broken."""
    rows = read_labelled(path)
    answers = tuple(row for row in rows if isinstance(row, Answer))
    if len(answers) != len(rows):
        raise LabelledFileError(f"{path}: this is a set of announcements; a set of answers is wanted")
    return answers


def read_announcements(path: Path) -> tuple[Announcement, ...]:
    """The rows of a set of announcements; LabelledFileError when it is another format or broken."""
    rows = read_labelled(path)
    found = tuple(row for row in rows if isinstance(row, Announcement))
    if len(found) != len(rows):
        raise LabelledFileError(f"{path}: this is a set of answers; a set of announcements is wanted")
    return found


def _table(path: Path) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """The header and the non-empty rows, each with the number of its last line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LabelledFileError(f"{path}: cannot be read ({error.strerror}); give the path of a CSV file") from error
    except UnicodeDecodeError as error:
        raise LabelledFileError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    reader = csv.reader(text.splitlines())
    header = tuple(name.strip() for name in next(reader, []))
    try:
        return header, [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise LabelledFileError(f"{path}, line {reader.line_num}: {error}; mend the quoting") from error


def _parse(
    path: Path, rows: Iterable[tuple[int, list[str]]], parse: Callable[[Sequence[str]], _Row]
) -> tuple[_Row, ...]:
    """Every row parsed, or one error with all the problems."""
    parsed, problems = [], []
    for line, row in rows:
        try:
            parsed.append(parse(row))
        except ValueError as error:
            problems.append(f"line {line}: {error}")
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        shown = problems[:SHOWN_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])
        raise LabelledFileError(f"{path}: {len(problems)} bad lines:\n  " + "\n  ".join(shown))
    if not parsed:
        raise LabelledFileError(f"{path}: no rows under the header; give at least one")
    return tuple(parsed)


def _answer(row: Sequence[str]) -> Answer:
    question, text, label, risks = _cells(row, ANSWER_COLUMNS)
    if kind_of(question) is None:
        raise ValueError(f"unknown question {question!r}; use an id of the question table")
    return Answer(question, text, _member(Intent, label, "label"), _risks(risks))


def _announcement(row: Sequence[str]) -> Announcement:
    text, outcome = _cells(row, ANNOUNCEMENT_COLUMNS)
    return Announcement(text, _member(Announced, outcome, "outcome"))


def _cells(row: Sequence[str], columns: Sequence[str]) -> list[str]:
    if len(row) != len(columns):
        raise ValueError(f"{len(row)} cells where {','.join(columns)} needs {len(columns)}")
    return [cell.strip() for cell in row]


def _risks(cell: str) -> frozenset[Risk]:
    return frozenset(_member(Risk, name.strip(), "risk") for name in cell.split("|") if name.strip())


def _member(kind: type[_Member], name: str, column: str) -> _Member:
    try:
        return kind(name)
    except ValueError:
        raise ValueError(f"unknown {column} {name!r}; use one of {', '.join(kind)}") from None
