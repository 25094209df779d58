"""Fit the learned parts: `python -m intents.train [answers] [announcements]`.

scikit-learn is needed here and nowhere else.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from intents.announcement_terms import HALVES, OPENINGS, POINTS, Terms, Units, features, units
from intents.announcements import UNDECIDED, WAITING, announcement_terms
from intents.examples import written_examples
from intents.features import answer_features
from intents.labelled import Announcement, Answer, read_announcements, read_answers
from intents.linear import LinearModel, model_path, quantised, save
from intents.normalise import LONGEST
from intents.phrases import FOLDER
from intents.pinyin import READINGS
from intents.questions import kind_of
from intents.reading import Reader, load_reader
from intents.risks import LABELLED
from intents.values import Announced, Intent

ANSWERS, ANNOUNCEMENTS = "answers", "announcements"
GIVEN = ("train-a.csv", "train-b.csv")  # sets that others labelled; the rest under zh/ is ours
GREETING = 3  # characters: 对不起
SEEN_AT_LEAST = 2  # texts; rarer features only memorise


def learn_answers(reader: Reader, rows: Sequence[Answer]) -> LinearModel:
    """The model of labels and risks in one: a class for each label, then one for each risk."""
    features = [answer_features(reader, row.question, kind_of(row.question), reader.read(row.text)) for row in rows]
    targets = [[row.label is label for row in rows] for label in Intent]
    targets += [[risk in row.risks for row in rows] for risk in LABELLED]
    return _fit((*Intent, *LABELLED), features, targets)


def learn_announcements(terms: Terms, rows: Sequence[Announcement]) -> LinearModel:
    """The model of announcements: a class for each outcome over the rows, one for mere beginnings over those too."""
    beginnings = undecided_beginnings(terms, rows)
    texts = [*(units(row.text) for row in rows), *beginnings]
    seen = [features(terms.found_in(heard), heard) for heard in texts]
    targets = [[row.outcome is outcome for row in rows] for outcome in Announced]
    undecided = [number >= len(rows) for number in range(len(texts))]
    return _fit((*Announced, UNDECIDED), seen, [*targets, undecided], penalty=2.0)


def undecided_beginnings(terms: Terms, rows: Sequence[Announcement]) -> list[Units]:
    """Every beginning of a network's announcement before its first point, save those that are rows themselves.

    Where more than a greeting stands before the first opening term, a recogniser may have heard music.
    """
    whole = {units(row.text) for row in rows}
    found: dict[Units, None] = {}
    for heard in (units(row.text) for row in rows if row.outcome not in WAITING):
        said = terms.found_in(heard)
        first = min((term.start for term in said if term.part == OPENINGS), default=LONGEST)
        point = min((term.start for term in said if term.part in (POINTS, HALVES)), default=0)
        ends = range(1, point + 1) if first <= GREETING else range(0)
        found.update((heard[:end], None) for end in ends if heard[:end] not in whole)
    return list(found)


def _fit(
    classes: Sequence[str], seen: Sequence[list[str]], targets: Sequence[Sequence[bool]], penalty: float = 1.0
) -> LinearModel:
    """One balanced linear separator for each class over the same tf-idf columns.

    A class whose targets are fewer than the rows is fitted to that many first rows.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    vectoriser = TfidfVectorizer(analyzer=_as_they_are, min_df=SEEN_AT_LEAST)
    matrix = vectoriser.fit_transform(seen)
    separator = partial(LinearSVC, C=penalty, class_weight="balanced", random_state=0)
    fitted = [separator().fit(matrix[: len(target)], target) for target in targets]
    return quantised(
        classes,
        vectoriser.get_feature_names_out(),
        np.stack([one.coef_[0] for one in fitted], axis=1),
        [float(one.intercept_[0]) for one in fitted],
        vectoriser.idf_,
    )


def _as_they_are(features: Any) -> Any:
    return features


def training_answers(own: bool | None = None) -> list[Answer]:
    """The rows of every zh/train*.csv; only those that we wrote ourselves, or only the given ones, when asked."""
    paths = [path for path in sorted(FOLDER.glob("train*.csv")) if own is None or own is (path.name not in GIVEN)]
    return [row for path in paths for row in read_answers(path)]


def training_announcements() -> list[Announcement]:
    """The rows of every zh/announcements*.csv."""
    return [row for path in sorted(FOLDER.glob("announcements*.csv")) for row in read_announcements(path)]


def main(arguments: Sequence[str]) -> int:
    """Train on everything under zh/ and write the models, or only those named; prints where and how large."""
    if "readings" in arguments:
        keep_readings()
    if ANSWERS in arguments or not arguments:
        answers = [*training_answers(), *written_examples()]
        _keep(ANSWERS, learn_answers(load_reader(), answers), len(answers))
    if ANNOUNCEMENTS in arguments or not arguments:
        announced = training_announcements()
        _keep(ANNOUNCEMENTS, learn_announcements(announcement_terms(), announced), len(announced))
    return 0


def keep_readings() -> None:
    """Write pypinyin's toneless reading of every hanzi, a line for each syllable."""
    from pypinyin import Style, lazy_pinyin

    spoken: dict[str, str] = {}
    for character in map(chr, range(0x3400, 0xA000)):
        sound = lazy_pinyin(character, style=Style.NORMAL)[0]
        if sound != character:
            spoken[sound] = spoken.get(sound, "") + character
    READINGS.write_text("".join(f"{sound} {spoken[sound]}\n" for sound in sorted(spoken)), encoding="utf-8")


def _keep(name: str, model: LinearModel, rows: int) -> None:
    path = model_path(name)
    save({name: model}, path)
    sys.stdout.write(f"{path.name} ({path.stat().st_size // 1024} KiB): {rows} {name}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
