"""The evaluate command: its figures on the development sets, its arithmetic, its errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from intents.errors import LabelledFileError
from intents.evaluate import Report, evaluate, main

DATA = Path(__file__).with_name("data")


@pytest.fixture(scope="module")
def answers() -> Report:
    return evaluate(DATA / "answers-dev.csv")


def test_floors_on_the_development_answers(answers: Report) -> None:
    assert answers.rows == 1012
    assert answers.accuracy >= 0.965
    assert answers.macro_f1 >= 0.96
    assert answers.polarity_flip_share <= 0.004
    assert (answers.risk_recall or 0) >= 0.95
    assert (answers.risk_precision or 0) >= 0.93


def test_floor_on_the_development_announcements() -> None:
    assert evaluate(DATA / "announcements-dev.csv").accuracy >= 0.975


def test_json_holds_every_figure(tmp_path: Path) -> None:
    written: list[str] = []
    path = _file(tmp_path, "question,text,label,risks\nopening.identity,是我,yes,\nopening.identity,不是我,no,\n")
    assert main(path, True, written.append) == 0
    figures = json.loads("".join(written))
    wanted = {"rows", "accuracy", "macro_f1", "polarity_flips", "unsafe", "risk_recall", "risk_precision"}
    assert wanted | {"per_label", "per_question", "p50_ms", "p99_ms", "confusion"} <= figures.keys()
    assert figures["accuracy"] == 1.0 and figures["rows"] == 2
    assert figures["per_question"] == {"opening.identity": {"accuracy": 1.0, "rows": 2}}


def test_flips_unsafe_rows_and_confusion_are_counted(tmp_path: Path) -> None:
    rows = "conduct.satisfied,满意,no,dissatisfied\nconduct.staff_misconduct,没有,yes,\nopening.identity,是我,no,\n"
    report = evaluate(_file(tmp_path, "question,text,label,risks\n" + rows))
    assert (report.polarity_flips, report.unsafe, report.accuracy) == (3, 2, 0.0)
    assert report.confusion == {"no": {"yes": 2}, "yes": {"no": 1}}
    assert report.risk_recall == 0.0
    assert "truth" in report.as_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1"),
        ("a,b\n1,2\n", "line 1"),
        ("question,text,label,risks\nopening.identity,是,maybe,\n", "line 2: unknown label 'maybe'"),
        ("question,text,label,risks\nno.such,是,yes,\n", "line 2: unknown question"),
        ("question,text,label,risks\nopening.identity,是,yes,scary\n", "line 2: unknown risk"),
        ("question,text,label,risks\nopening.identity,是\n", "line 2: 2 cells"),
        ("text,outcome\n喂,person\n", "line 2: unknown outcome"),
        ("text,outcome\n", "no rows"),
    ],
)
def test_a_broken_set_names_its_lines(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(LabelledFileError, match=message):
        evaluate(_file(tmp_path, content))


def test_all_bad_lines_at_once_and_nothing_else_is_printed(tmp_path: Path) -> None:
    written: list[str] = []
    path = _file(tmp_path, "text,outcome\n喂,person\n喂,human\n喂,dog\n")
    assert main(path, False, written.append) == 2
    assert "line 2" in written[0] and "line 4" in written[0] and "line 3" not in written[0]


def test_missing_and_misencoded_files(tmp_path: Path) -> None:
    with pytest.raises(LabelledFileError, match="cannot be read"):
        evaluate(tmp_path / "none.csv")
    (tmp_path / "gbk.csv").write_bytes("text,outcome\n您好,human\n".encode("gbk"))
    with pytest.raises(LabelledFileError, match="UTF-8"):
        evaluate(tmp_path / "gbk.csv")


def _file(folder: Path, content: str) -> Path:
    path = folder / "set.csv"
    path.write_text(content, encoding="utf-8")
    return path
