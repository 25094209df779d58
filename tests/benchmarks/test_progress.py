"""The benchmark of call progress measures what no model was trained on."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import benchmarks
from benchmarks.detecting import Judged, confusion, percentile, share
from intents import normalise
from intents.train import training_announcements

FOLDER = Path(benchmarks.__file__).parent


@pytest.mark.parametrize("name", ["announcements.csv", "answered.csv", "tunes.csv"])
def test_no_wording_is_one_of_the_training_sets(name: str) -> None:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        measured = {normalise(row["text"]) for row in csv.DictReader(lines) if row.get("who") != "human"}
    learned = {normalise(row.text) for row in training_announcements()}
    assert measured & learned == set()


def test_a_confusion_counts_each_truth_by_what_it_was_taken_for() -> None:
    judged = [Judged("busy", "busy"), Judged("busy", "sit"), Judged("busy", "busy"), Judged("sit", "sit")]
    assert confusion(judged) == {"busy": {"busy": 2, "sit": 1}, "sit": {"sit": 1}}


def test_shares_and_percentiles_of_nothing_are_none() -> None:
    assert share([]) is None and percentile([], 50) is None
    assert share([True, False]) == 0.5
    assert [percentile(list(range(1, 101)), at) for at in (50, 95)] == [51, 96]
