"""Which calls are inspected: every grave one, a repeatable share of the rest, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from rules.errors import BadPolicy
from rules.inspecting import DEFAULTS, RULED, CallFacts, Reason, Rule, RuleBook, is_drawn, rule_of, written

ENDED = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
ALL = RuleBook({Reason.DRAWN: Rule(Fraction(1), 7)})
NONE = RuleBook({Reason.DRAWN: Rule(Fraction(0), 7)})


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        ({"grave": True, "talked": True}, (Reason.HIGH_RISK,)),
        ({"unreadable": True, "talked": True}, (Reason.UNREADABLE,)),
        ({"undelivered": True, "talked": True}, (Reason.UNDELIVERED,)),
        ({"disagreement": True}, (Reason.DISAGREEMENT,)),
        ({"interrupted": True, "talked": True}, (Reason.INTERRUPTED,)),
        (dict.fromkeys(("grave", "unreadable", "undelivered", "interrupted", "disagreement"), True), RULED[:5]),
        ({"talked": True}, ()),
        ({}, ()),
    ],
)
def test_every_call_of_the_five_kinds_is_inspected(facts: dict[str, bool], reasons: tuple[Reason, ...]) -> None:
    assert NONE.reasons(CallFacts("7-1", **facts)) == reasons


def test_of_the_rest_only_answered_calls_are_drawn() -> None:
    assert ALL.reasons(CallFacts("7-1", talked=True)) == (Reason.DRAWN,)
    assert ALL.reasons(CallFacts("7-1")) == ()


def test_the_keys_are_those_of_b2sum() -> None:
    # printf '%s\n%s' 质检 12-1 | b2sum -l 64
    key = 0x4A5E0276C1FFE3FF
    assert is_drawn("12-1", Fraction(key + 1, 1 << 64))
    assert not is_drawn("12-1", Fraction(key, 1 << 64))


def test_about_the_share_is_drawn_and_a_raised_share_keeps_them() -> None:
    calls = [f"{number}-1" for number in range(4000)]
    five = {call for call in calls if is_drawn(call, Fraction(5, 100))}
    ten = {call for call in calls if is_drawn(call, Fraction(10, 100))}
    assert 150 <= len(five) <= 250  # 200 expected, standard deviation 14
    assert five < ten
    assert not any(is_drawn(call, Fraction(0)) for call in calls)
    assert all(is_drawn(call, Fraction(1)) for call in calls)


def test_the_soonest_reason_sets_the_date() -> None:
    assert RuleBook().due_at((Reason.INTERRUPTED, Reason.DRAWN), ENDED) == ENDED + timedelta(days=5)
    assert RuleBook({Reason.DRAWN: Rule(Fraction(1), 1)}).due_at((Reason.DRAWN,), ENDED) == ENDED + timedelta(days=1)


def test_every_kind_with_a_rule_has_a_shipped_one() -> None:
    assert set(DEFAULTS) == set(RULED)


def test_a_rule_is_read_as_people_write_it() -> None:
    assert rule_of(" 2.5% ", 7) == Rule(Fraction(25, 1000), 7)
    assert [written(rule_of(text, 1).share) for text in ("0", "5", "2.5", "12.25", "100")] == [
        "0", "5", "2.5", "12.25", "100",
    ]  # fmt: skip


@pytest.mark.parametrize(("percent", "days"), [("101", 7), ("-1", 7), ("many", 7), ("5", 0), ("5", 91)])
def test_what_is_no_rule_is_refused(percent: str, days: int) -> None:
    with pytest.raises(BadPolicy):
        rule_of(percent, days)
