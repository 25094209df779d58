"""Cross-validated figures on the training sets: `python -m intents.validate [folds]` (scikit-learn is needed)."""

from __future__ import annotations

import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence

from intents.evaluate import Report, judge
from intents.examples import written_examples
from intents.labelled import Answer
from intents.matcher import build_matcher
from intents.reading import load_reader
from intents.train import learn_answers, training_answers
from intents.values import Match


def cross_validate(folds: int = 5) -> Report:
    """Every row of the training sets judged by a model that never saw it; written examples help every fold."""
    rows, reader, written = training_answers(), load_reader(), written_examples()
    found: dict[int, Match] = {}
    seconds: dict[int, float] = {}
    for held_out in stratified(rows, folds):
        kept = [row for index, row in enumerate(rows) if index not in held_out]
        matcher = build_matcher(reader, learn_answers(reader, [*kept, *written]))
        for index in held_out:
            begun = time.perf_counter()
            found[index] = matcher.match(rows[index].question, rows[index].text)
            seconds[index] = time.perf_counter() - begun
    order = range(len(rows))
    return judge(rows, [found[index] for index in order], [seconds[index] for index in order])


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


def main(arguments: Sequence[str]) -> int:
    """Print the cross-validated report and, with `errors`, every erring row."""
    folds = int(arguments[0]) if arguments and arguments[0].isdigit() else 5
    report = cross_validate(folds)
    sys.stdout.write(f"{report.as_text()}\n")
    for error in report.errors if "errors" in arguments else ():
        sys.stdout.write(" | ".join(error.values()) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
