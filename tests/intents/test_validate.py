"""Held-out rows and their near duplicates never teach the model that judges them."""

from __future__ import annotations

import pytest

from intents import Intent
from intents.labelled import Answer
from intents.nearness import near_groups
from intents.validate import MODES, Rows, by_files, grouped, unaided

TEXTS = ["我自己操作的", "我自几操作的呀", "打错了", "打错了啊", "明天下午三点", "不知道", "知道"]


def test_particles_and_homophones_are_near_and_a_negation_is_not() -> None:
    groups = near_groups(TEXTS)
    assert groups[0] == groups[1]
    assert groups[2] == groups[3]
    assert len(set(groups)) == 5


def _rows() -> Rows:
    given = [Answer("periodic.self_managed", text, Intent.YES) for text in TEXTS]
    own = [Answer("periodic.self_managed", text, Intent.YES) for text in ("我自己操作", "是我老婆在炒股")]
    groups = near_groups([row.text for row in (*given, *own)])
    return Rows(given, ["a.csv"] * 3 + ["b.csv"] * 4, own, groups)


@pytest.mark.parametrize("name", MODES)
def test_every_row_is_judged_once_and_never_learned_from(name: str) -> None:
    rows = _rows()
    splits = list(MODES[name](rows, 3))
    assert sorted(index for split in splits for index in split.judged) == list(range(len(TEXTS)))
    for split in splits:
        assert not {rows.given[index].text for index in split.judged} & {row.text for row in split.learned}


def test_near_duplicates_stay_on_one_side_in_groups() -> None:
    for split in grouped(_rows(), 3):
        assert {0, 1} <= split.judged or not {0, 1} & split.judged


def test_our_own_sentences_near_a_judged_row_are_left_out() -> None:
    rows = _rows()
    for split in (*unaided(rows, 3), *by_files(rows, 3)):
        own = {row.text for row in split.learned} & {row.text for row in rows.own}
        assert ("我自己操作" in own) is not bool({0, 1} & split.judged)
        assert "是我老婆在炒股" in own
        assert not split.phrases
