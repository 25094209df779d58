"""Cross-validated figures on announcements: `python -m intents.validate_announcements [FILE.csv]` (scikit-learn).

Rows of the given sets are judged by models that saw neither them nor anything nearly the same; our own rows help
every fold. With FILE, its rows are judged together with the given sets.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from intents.announcement_terms import Terms
from intents.announcements import AnnouncementClassifier, announcement_terms
from intents.labelled import Announcement, read_announcements
from intents.normalise import normalise
from intents.phrases import FOLDER
from intents.train import learn_announcements

FOLDS = 5
NEARLY_THE_SAME = 90.0  # rapidfuzz ratio, per cent

Error = tuple[Announcement, str]  # and what it was taken for


def cross_validate(rows: Sequence[Announcement], helpers: Sequence[Announcement]) -> list[Error]:
    """The errors on `rows`, each judged by a model without it and without what is nearly the same."""
    terms, errors = announcement_terms(), []
    for held_out in _parts(len(rows)):
        tested = [rows[number] for number in sorted(held_out)]
        others = [*(row for number, row in enumerate(rows) if number not in held_out), *helpers]
        errors += judge(terms, _unlike(others, tested), tested)
    return errors


def judge(terms: Terms, learned: Sequence[Announcement], tested: Sequence[Announcement]) -> list[Error]:
    """The rows that a model of `learned` gets wrong."""
    classifier = AnnouncementClassifier(terms, learn_announcements(terms, learned))
    found = [(row, classifier.classify(row.text).outcome) for row in tested]
    return [(row, outcome or "undecided") for row, outcome in found if outcome is not row.outcome]


def _parts(count: int) -> list[frozenset[int]]:
    numbers = list(range(count))
    random.Random(0).shuffle(numbers)
    return [frozenset(numbers[part::FOLDS]) for part in range(FOLDS)]


def _unlike(rows: Sequence[Announcement], tested: Sequence[Announcement]) -> list[Announcement]:
    """The rows whose outcome is another or whose text is nearly the same as no tested one."""
    texts = ([normalise(row.text) for row in side] for side in (rows, tested))
    near = cdist(*texts, scorer=fuzz.ratio, score_cutoff=NEARLY_THE_SAME) > 0
    same = np.array([[row.outcome is other.outcome for other in tested] for row in rows])
    return [row for row, known in zip(rows, (near & same).any(axis=1), strict=True) if not known]


def main(arguments: Sequence[str]) -> int:
    """Print the cross-validated accuracy, that of each source without the others, and every error."""
    given = list(read_announcements(FOLDER / "announcements-train.csv"))
    for name in arguments:
        given += read_announcements(Path(name))
    own = read_announcements(FOLDER / "announcements-own.csv")
    _show("given rows, cross-validated, with our own", cross_validate(given, own), len(given))
    _show("our own rows, cross-validated, with the given", cross_validate(own, given), len(own))
    terms = announcement_terms()
    _show("given rows from our own alone", judge(terms, own, given), len(given))
    _show("our own rows from the given alone", judge(terms, given, own), len(own))
    return 0


def _show(title: str, errors: Sequence[Error], rows: int) -> None:
    sys.stdout.write(f"{title}: accuracy {1 - len(errors) / rows:.4f} ({len(errors)} of {rows})\n")
    for row, taken in sorted(errors, key=lambda error: (error[0].outcome, error[1])):
        sys.stdout.write(f"  {row.outcome} taken for {taken}: {row.text}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
