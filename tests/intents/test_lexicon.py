"""The phrase files: broken ones are refused with their place, sound keys fold what telephones confuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypinyin import Style, lazy_pinyin

from intents.concepts import build_concepts
from intents.errors import LexiconError
from intents.examples import written_examples
from intents.linear import load, model_path
from intents.negation import load_negations
from intents.pinyin import fold, sound_key, syllable
from intents.shown import load_shown
from rules.outcomes import Risk

CONFUSED = [("南", "兰"), ("飞", "灰"), ("知", "资"), ("山", "商"), ("陈", "程"), ("林", "零")]


@pytest.mark.parametrize(("one", "other"), CONFUSED)
def test_sounds_that_telephones_confuse_are_one(one: str, other: str) -> None:
    assert sound_key(one) == sound_key(other)


def test_the_table_of_readings_is_that_of_pypinyin() -> None:
    characters = [chr(code) for code in range(0x4E00, 0x9FA6, 7)]
    assert [syllable(one) for one in characters] == [
        fold(lazy_pinyin(one, style=Style.NORMAL)[0]) for one in characters
    ]


def test_sounds_that_differ_stay_apart() -> None:
    assert sound_key("是") != sound_key("不") != sound_key("没")


def test_concepts_take_the_longest_word_and_its_homophones() -> None:
    concepts = build_concepts({"协议": ["协议"], "满意": ["满意"], "不": ["不"]})
    assert concepts.tokens("不慢意写意") == ["不", "满意", "~xie", "~yi"]
    assert concepts.repaired("不慢意") == "不满意"


def test_sound_never_adds_or_drops_a_protected_character() -> None:
    concepts = build_concepts({"没有": ["没有"], "是的": ["是的"]})
    assert concepts.repaired("每有") == "每有"
    assert concepts.repaired("是地") == "是地"


def test_a_broken_phrase_file_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "phrases.yaml").write_text("identity:\n  maybe: [也许]\n", encoding="utf-8")
    (tmp_path / "patterns.yaml").write_text("空: {}\n", encoding="utf-8")
    with pytest.raises(LexiconError, match="identity: maybe"):
        written_examples(tmp_path)


def test_a_broken_rule_is_named(tmp_path: Path) -> None:
    path = tmp_path / "negation.yaml"
    rest = "改写:\n  - ['(', x, 坏的]\n"
    path.write_text("命题词: [满意]\n否定字: {}\n没有: [每有]\n不是: [不四]\n" + rest, encoding="utf-8")
    with pytest.raises(LexiconError, match="坏的"):
        load_negations(path)


def test_an_unknown_risk_is_named(tmp_path: Path) -> None:
    path = tmp_path / "risks.yaml"
    path.write_text("scary:\n  有: [怕]\n", encoding="utf-8")
    with pytest.raises(LexiconError, match="scary"):
        load_shown(path, Risk)


def test_a_missing_model_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="python -m intents.train"):
        load(tmp_path / "model.npz", "answers")


def test_the_model_on_disk_has_every_label() -> None:
    assert len(load(model_path("answers"), "answers").classes) == 14 + 16
    assert len(load(model_path("announcements"), "announcements").classes) == 12 + 1  # and: still undecided
