"""Figures on sentences that no model saw: `python -m intents.validate [mode...] [errors]` (scikit-learn is needed).

The modes, from the kindest to the hardest; all when none is named:

- texts: folds of the given sets; the same text is never on both sides, our own sentences help every fold;
- unaided: the same, without those of our own sentences that are near to one held out;
- grouped: the same, and near duplicates are never on both sides either;
- files: each given set judged by a model of the other one and of our own sentences that are not near to it.

With the path of a CSV file, that set is judged by a model of all the rest that is not near to it.
"""

from __future__ import annotations

import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from intents.evaluate import Report, judge
from intents.examples import Entry, written_examples, written_phrases
from intents.labelled import Answer, read_answers
from intents.matcher import build_matcher
from intents.nearness import near_groups
from intents.phrases import FOLDER
from intents.reading import load_reader
from intents.train import GIVEN, learn_answers, training_answers
from intents.values import Match

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to be judged by their numbers, and the rows to learn from; `phrases` are looked up word for word."""

    judged: frozenset[int]
    learned: Sequence[Answer]
    phrases: Sequence[Entry] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """The given rows with their files, our own sentences, and the group of near duplicates of each."""

    given: Sequence[Answer]
    files: Sequence[str]
    own: Sequence[Answer]
    groups: Sequence[int]  # of the given, then of our own

    def own_not_near(self, judged: frozenset[int]) -> list[Answer]:
        """Our own sentences that are near to none of the rows judged."""
        taken = {self.groups[index] for index in judged}
        groups = self.groups[len(self.given) :]
        return [row for row, group in zip(self.own, groups, strict=True) if group not in taken]


Mode: TypeAlias = Callable[[Rows, int], Iterator[Split]]


def by_texts(rows: Rows, folds: int) -> Iterator[Split]:
    """Folds by text; our own sentences help every fold and are looked up."""
    phrases = written_phrases()
    for judged in stratified(rows.given, folds):
        yield Split(judged, [*_others(rows.given, judged), *rows.own], phrases)


def unaided(rows: Rows, folds: int) -> Iterator[Split]:
    """Folds by text, without our own sentences that are near to one held out."""
    for judged in stratified(rows.given, folds):
        yield Split(judged, [*_others(rows.given, judged), *rows.own_not_near(judged)])


def grouped(rows: Rows, folds: int) -> Iterator[Split]:
    """Folds by groups of near duplicates."""
    keys = sorted(set(rows.groups[: len(rows.given)]))
    random.Random(0).shuffle(keys)
    for fold in range(folds):
        chosen = set(keys[fold::folds])
        judged = frozenset(index for index in range(len(rows.given)) if rows.groups[index] in chosen)
        yield Split(judged, [*_others(rows.given, judged), *rows.own_not_near(judged)])


def by_files(rows: Rows, folds: int) -> Iterator[Split]:
    """One given set at a time, judged by the others; `folds` is of no account."""
    for name in sorted(set(rows.files)):
        judged = frozenset(index for index, file in enumerate(rows.files) if file == name)
        yield Split(judged, [*_others(rows.given, judged), *rows.own_not_near(judged)])


MODES: Mapping[str, Mode] = MappingProxyType(
    {"texts": by_texts, "unaided": unaided, "grouped": grouped, "files": by_files}
)


def cross_validate(rows: Rows, mode: Mode, folds: int = FOLDS) -> Report:
    """Every given row judged by a model that never saw it."""
    found: dict[int, Match] = {}
    seconds: dict[int, float] = {}
    for split in mode(rows, folds):
        matcher = build_matcher(load_reader(), learn_answers(load_reader(), split.learned), split.phrases)
        for index in split.judged:
            begun = time.perf_counter()
            found[index] = matcher.match(rows.given[index].question, rows.given[index].text)
            seconds[index] = time.perf_counter() - begun
    order = range(len(rows.given))
    return judge(rows.given, [found[index] for index in order], [seconds[index] for index in order])


def load_rows(path: Path | None = None) -> Rows:
    """The given sets as rows to judge, or the set at `path` and all given sets as helpers."""
    files = {name: read_answers(FOLDER / name) for name in GIVEN}
    own = [*training_answers(own=True), *written_examples()]
    if path:
        own += [row for rows in files.values() for row in rows]
        files = {path.name: read_answers(path)}
    given = [(name, row) for name, rows in files.items() for row in rows]
    groups = near_groups([row.text for row in (*(row for _, row in given), *own)])
    return Rows([row for _, row in given], [name for name, _ in given], own, groups)


def stratified(rows: Sequence[Answer], folds: int) -> list[frozenset[int]]:
    """Row numbers in `folds` parts with the labels spread evenly; the same text is always in one part."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[(row.label.value, load_reader().read(row.text).heard)].append(index)
    keys = sorted(groups)
    random.Random(0).shuffle(keys)
    keys.sort(key=lambda key: key[0])
    parts: list[set[int]] = [set() for _ in range(folds)]
    for number, key in enumerate(keys):
        parts[number % folds].update(groups[key])
    return [frozenset(part) for part in parts]


def _others(rows: Sequence[Answer], judged: frozenset[int]) -> list[Answer]:
    return [row for index, row in enumerate(rows) if index not in judged]


def main(arguments: Sequence[str]) -> int:
    """Print the report of each mode named and, with `errors`, every erring row."""
    paths = [Path(argument) for argument in arguments if argument.endswith(".csv")]
    modes = {name: mode for name, mode in MODES.items() if name in arguments} or ({} if paths else MODES)
    reports = {name: cross_validate(load_rows(), mode) for name, mode in modes.items()}
    reports |= {path.name: cross_validate(load_rows(path), by_files) for path in paths}
    for name, report in reports.items():
        sys.stdout.write(f"== {name}\n{report.as_text()}\n\n")
        for error in report.errors if "errors" in arguments else ():
            sys.stdout.write(" | ".join(error.values()) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
