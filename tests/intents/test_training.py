"""Training on a handful of rows, keeping the model and reading it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents import Intent
from intents.announcements import AnnouncementClassifier, announcement_terms
from intents.errors import LabelledFileError, LexiconError
from intents.examples import written_examples
from intents.labelled import Announcement, Answer, read_announcements, read_answers
from intents.linear import load, save
from intents.matcher import build_matcher
from intents.reading import load_reader
from intents.train import learn_announcements, learn_answers
from intents.validate import stratified
from intents.values import Announced
from rules.outcomes import Risk

DATA = Path(__file__).with_name("data")
WORDS = {Intent.YES: "满意", Intent.NO: "不满意", Intent.HUMAN: "转人工"}


def _rows() -> list[Answer]:
    """Every label and every learned risk at least once, the three words that are asked for twice."""
    others = [Answer("conduct.satisfied", f"其他{label.value}", label) for label in Intent if label not in WORDS]
    risky = [Answer("conduct.satisfied", f"风险{risk}", Intent.NO, frozenset({risk})) for risk in tuple(Risk)[:16]]
    asked = [Answer("conduct.satisfied", word, label) for label, word in WORDS.items() for _ in range(3)]
    return [*others, *risky, *asked]


def test_a_model_decides_alike_after_it_was_kept(tmp_path: Path) -> None:
    reader, rows = load_reader(), _rows()
    fresh = learn_answers(reader, rows)
    save({"answers": fresh}, tmp_path / "model.npz")
    kept = load(tmp_path / "model.npz", "answers")
    for text in ("满意得很呢", "真是不满意啊", "从没听过的话"):
        ours, theirs = (build_matcher(reader, model).match("conduct.satisfied", text) for model in (fresh, kept))
        assert ours == theirs


def test_announcements_are_learned() -> None:
    rows = [
        Announcement(f"{word}{end}", outcome)
        for word, outcome in (("电话已关机", Announced.POWERED_OFF), ("号码是空号", Announced.EMPTY_NUMBER))
        for end in ("", "请稍后", "了")
    ]
    others = [Announcement(f"其他{outcome.value}", outcome) for outcome in Announced]
    terms = announcement_terms()
    classifier = AnnouncementClassifier(terms, learn_announcements(terms, [*rows, *others]))
    assert classifier.classify("电话已关机了").outcome is Announced.POWERED_OFF


def test_patterns_fill_their_slots_and_name_an_unknown_one(tmp_path: Path) -> None:
    (tmp_path / "phrases.yaml").write_text("any:\n  human: [转人工]\n", encoding="utf-8")
    patterns = tmp_path / "patterns.yaml"
    filled = "operated:\n  no+not_self_operated: ['是「谁」弄的']\n"
    patterns.write_text("空:\n  谁: [老公, 儿子]\n" + filled, encoding="utf-8")
    texts = {row.text for row in written_examples(tmp_path)}
    assert texts == {"转人工", "是老公弄的", "是儿子弄的"}
    patterns.write_text("空: {}\noperated:\n  no: ['是「谁」弄的']\n", encoding="utf-8")
    with pytest.raises(LexiconError, match="谁"):
        written_examples(tmp_path)


def test_phrase_files_of_the_wrong_shape_are_refused(tmp_path: Path) -> None:
    (tmp_path / "patterns.yaml").write_text("空: {}\n", encoding="utf-8")
    misshapen = {"nowhere:\n  yes: []\n": "nowhere", "any:\n  yes: 是\n": "not a list", "[": "YAML", "- a\n": "mapping"}
    for content, message in misshapen.items():
        (tmp_path / "phrases.yaml").write_text(content, encoding="utf-8")
        with pytest.raises(LexiconError, match=message):
            written_examples(tmp_path)
    (tmp_path / "patterns.yaml").unlink()
    with pytest.raises(LexiconError, match="cannot be read"):
        written_examples(tmp_path)


def test_each_kind_of_set_is_asked_for_by_name() -> None:
    with pytest.raises(LabelledFileError, match="set of announcements"):
        read_answers(DATA / "announcements-dev.csv")
    with pytest.raises(LabelledFileError, match="set of answers"):
        read_announcements(DATA / "answers-dev.csv")


def test_folds_keep_equal_texts_together_and_lose_no_row() -> None:
    rows = [Answer("conduct.satisfied", f"话{number % 7}", Intent.YES) for number in range(35)]
    parts = stratified(rows, 3)
    assert sorted(index for part in parts for index in part) == list(range(35))
    for part in parts:
        elsewhere = {index % 7 for other in parts if other is not part for index in other}
        assert elsewhere.isdisjoint(index % 7 for index in part)
