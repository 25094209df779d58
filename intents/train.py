"""Fit the learned parts: `python -m intents.train [answers] [announcements]`.

scikit-learn is needed here and nowhere else.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from intents.examples import written_examples
from intents.features import answer_features, text_features
from intents.labelled import Announcement, Answer, read_announcements, read_answers
from intents.linear import LinearModel, model_path, quantised, save
from intents.normalise import normalise
from intents.phrases import FOLDER
from intents.questions import kind_of
from intents.reading import Reader, load_reader
from intents.values import Announced, Intent
from rules.outcomes import Risk

ANSWERS, ANNOUNCEMENTS = "answers", "announcements"
LEARNED_RISKS = tuple(Risk)[:16]
SEEN_AT_LEAST = 2  # texts; rarer features only memorise


def learn_answers(reader: Reader, rows: Sequence[Answer]) -> LinearModel:
    """The model of labels and risks in one: a class for each label, then one for each risk."""
    features = [answer_features(reader, row.question, kind_of(row.question), reader.read(row.text)) for row in rows]
    targets = [[row.label is label for row in rows] for label in Intent]
    targets += [[risk in row.risks for row in rows] for risk in LEARNED_RISKS]
    return _fit((*Intent, *LEARNED_RISKS), features, targets)


def learn_announcements(reader: Reader, rows: Sequence[Announcement]) -> LinearModel:
    """The model of announcements."""
    features = [text_features(reader.concepts, normalise(row.text)) for row in rows]
    return _fit(tuple(Announced), features, [[row.outcome is outcome for row in rows] for outcome in Announced])


def _fit(classes: Sequence[str], features: Sequence[list[str]], targets: Sequence[Sequence[bool]]) -> LinearModel:
    """One balanced linear separator for each class over the same tf-idf columns."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    vectoriser = TfidfVectorizer(analyzer=_as_they_are, min_df=SEEN_AT_LEAST)
    matrix = vectoriser.fit_transform(features)
    fitted = [LinearSVC(C=1.0, class_weight="balanced", random_state=0).fit(matrix, target) for target in targets]
    return quantised(
        classes,
        vectoriser.get_feature_names_out(),
        np.stack([separator.coef_[0] for separator in fitted], axis=1),
        [float(separator.intercept_[0]) for separator in fitted],
        vectoriser.idf_,
    )


def _as_they_are(features: Any) -> Any:
    return features


def training_answers() -> list[Answer]:
    """The rows of every zh/train*.csv."""
    return [row for path in sorted(FOLDER.glob("train*.csv")) for row in read_answers(path)]


def training_announcements() -> list[Announcement]:
    """The rows of every zh/announcements*.csv."""
    return [row for path in sorted(FOLDER.glob("announcements*.csv")) for row in read_announcements(path)]


def main(arguments: Sequence[str]) -> int:
    """Train on everything under zh/ and write the models, or only those named; prints where and how large."""
    reader = load_reader()
    if ANSWERS in arguments or not arguments:
        answers = [*training_answers(), *written_examples()]
        _keep(ANSWERS, learn_answers(reader, answers), len(answers))
    if ANNOUNCEMENTS in arguments or not arguments:
        announced = training_announcements()
        _keep(ANNOUNCEMENTS, learn_announcements(reader, announced), len(announced))
    return 0


def _keep(name: str, model: LinearModel, rows: int) -> None:
    path = model_path(name)
    save({name: model}, path)
    sys.stdout.write(f"{path.name} ({path.stat().st_size // 1024} KiB): {rows} {name}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
