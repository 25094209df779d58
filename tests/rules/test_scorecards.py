"""What marks come to, what a card may look like, how far inspectors agree."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rules.errors import BadPolicy
from rules.scorecards import (
    BOT_CARD,
    CHECK_WORDS,
    MARK_WORDS,
    PERSON_CARD,
    Card,
    Check,
    Item,
    Mark,
    agreement_of,
    item_of,
    problems_of,
    result_of,
)

F, H, N, NA = Mark.FULL, Mark.HALF, Mark.NONE, Mark.NOT_APPLICABLE
CARD = Card((Item("a", "甲", 50), Item("b", "乙", 30), Item("c", "丙", 20, fatal=True)), pass_mark=80)


def marks(a: Mark, b: Mark, c: Mark) -> dict[str, Mark]:
    return {"a": a, "b": b, "c": c}


@pytest.mark.parametrize(
    ("given", "tenths", "fatal", "passed"),
    [
        (marks(F, F, F), 1000, (), True),
        (marks(F, N, F), 700, (), False),
        (marks(F, H, F), 850, (), True),
        (marks(NA, H, F), 700, (), False),  # 35 of 50
        (marks(F, F, N), 800, ("丙",), False),
        (marks(F, F, H), 900, ("丙",), False),  # a fatal item is reached in full or not at all
        (marks(F, F, NA), 1000, (), True),
        (marks(NA, NA, NA), 1000, (), True),
        (marks(N, F, F), 500, (), False),
    ],
)
def test_marks_come_to_a_score(given: dict[str, Mark], tenths: int, fatal: tuple[str, ...], passed: bool) -> None:
    result = result_of(CARD, given)
    assert (result.tenths, result.fatal, result.passed) == (tenths, fatal, passed)


def test_thirds_are_rounded_once_at_the_end() -> None:
    card = Card(tuple(Item(name, name, 1) for name in "xyz"))
    assert result_of(card, {"x": F, "y": F, "z": N}).tenths == 667
    assert result_of(card, {"x": F, "y": N, "z": N}).tenths == 333


def test_an_item_without_a_mark_is_named() -> None:
    with pytest.raises(BadPolicy, match="甲、丙"):
        result_of(CARD, {"b": F})


def test_the_shipped_cards_are_fit_for_use() -> None:
    assert problems_of(BOT_CARD) == problems_of(PERSON_CARD) == ()
    assert sum(item.weight for item in BOT_CARD.items) == sum(item.weight for item in PERSON_CARD.items) == 100
    assert {item.check for item in BOT_CARD.items if item.check} == set(Check)
    assert not any(item.check for item in PERSON_CARD.items)


def test_everything_wrong_with_a_card_is_told_at_once() -> None:
    twice = Item("a", "甲", 0, check=Check.NOTICE)
    told = problems_of(Card((twice, twice, Item("b", " ", 101)), pass_mark=0))
    assert len(told) == 5
    assert "权重" in "".join(told) and "“甲”写了2次" in told
    assert problems_of(Card(()))[0].startswith("评分项应有")
    assert "至少一项的权重大于0" in problems_of(Card((Item("a", "甲", 0),)))


@pytest.mark.parametrize("item", [*BOT_CARD.items, CARD.items[0]], ids=lambda item: item.id)
def test_an_item_comes_back_as_it_was_stored(item: Item) -> None:
    assert item_of(item.as_json()) == item


def test_agreement_is_the_share_of_pairs_that_gave_the_same_mark() -> None:
    first = [marks(F, F, F), marks(F, H, F), marks(N, H, F)]  # three inspectors: three pairs
    second = [marks(F, F, F), marks(F, F, F)]
    found = agreement_of(CARD, [first, second, [marks(N, N, N)], []])
    assert found is not None
    assert found.by_item == {"甲": Fraction(2, 4), "乙": Fraction(2, 4), "丙": Fraction(1)}
    assert found.overall == Fraction(8, 12)
    assert found.spread == 650  # 100 against 35 points


def test_one_inspector_agrees_with_nobody() -> None:
    assert agreement_of(CARD, [[marks(F, F, F)]]) is None


def test_every_member_has_a_word() -> None:
    assert set(MARK_WORDS) == set(Mark)
    assert set(CHECK_WORDS) == set(Check)
