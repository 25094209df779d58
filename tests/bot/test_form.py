"""The review scripts as forms: the questions of a call, each stored answer and each risk as in a call."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.form import MOST_WORDS, FormError, Given, Kind, checked, course, filled, page
from bot.nodes import Script, Statement
from bot.script import load_script
from rules.outcomes import Risk

SCRIPTS = Path(__file__).parents[2] / "scripts_zh"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.yaml") if path.stem not in ("approved", "leading_words"))
LOADED = {name: load_script(name) for name in NAMES}


def slots(script: Script) -> dict[str, str]:
    return {name: slot.sample for name, slot in script.slots.items()}


def fill_in(script: Script, choose: st.DataObject) -> dict[str, Given]:
    given: dict[str, Given] = {}
    while (now := course(script, given).now) is not None:
        shown = page(script, now, slots(script))
        value = choose.draw(st.sampled_from([option.value for option in shown.options] or [""]))
        words = choose.draw(st.text(max_size=MOST_WORDS)) if shown.kind is Kind.WRITE else ""
        given[now] = checked(script, now, value, words, len(given))
    return given


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_however_it_is_ticked_a_form_ends_and_keeps_one_answer_a_question(name: str, data: st.DataObject) -> None:
    script = LOADED[name]
    ticked = fill_in(script, data)
    left = filled(script, ticked, {})
    asked = [node for node in course(script, ticked).answered if not isinstance(script.nodes[node], Statement)]
    assert [note.question for note in left.notes] == asked
    must_hear = {node for node in ticked if isinstance(script.nodes[node], Statement)}
    assert {attest.node for attest in left.attests} <= must_hear
    assert all(attest.complete for attest in left.attests)


def test_the_suitability_form_asks_what_e23_asks_and_flags_what_is_risky() -> None:
    """T/SAC 002-2024 annex E.2.3: d) is four questions; domain rules §3 for the risks."""
    script, given = LOADED["suitability"], dict[str, Given]()
    risky = {
        "suitability.self_operated": ("no", Risk.NOT_SELF_OPERATED),
        "suitability.own_application": ("no", Risk.NOT_OWN_WILL),
        "suitability.signed_documents": ("no", Risk.UNSIGNED),
        "suitability.knows_rules": ("no", Risk.UNAWARE),
        "suitability.read_risk_disclosure": ("no", Risk.UNREAD),
        "suitability.knows_risk_levels": ("no", Risk.UNAWARE),
        "suitability.knows_fees_losses": ("no", Risk.UNAWARE),
        "suitability.staff_misconduct": ("yes", Risk.STAFF_MISCONDUCT),
    }
    while (now := course(script, given).now) is not None:
        given[now] = checked(script, now, risky.get(now, ("read", None))[0], "", 0)
    left = filled(script, given, {})
    assert [(note.question, note.value) for note in left.notes] == [(node, value) for node, (value, _) in risky.items()]
    assert [(flag.node, flag.risk) for flag in left.flags] == [(node, risk) for node, (_, risk) in risky.items()]


def test_what_a_page_does_not_offer_is_refused() -> None:
    script = LOADED["satisfaction"]
    first = script.review
    with pytest.raises(FormError, match="请选择其中一项"):
        checked(script, first, "非常不满", "", 0)
    with pytest.raises(FormError, match="没有这个问题"):
        checked(script, "opening.identity", "yes", "", 0)
    with pytest.raises(FormError, match="没有这个问题"):
        checked(script, "nowhere", "yes", "", 0)


def test_an_open_answer_may_be_left_empty_and_not_be_endless() -> None:
    script = LOADED["satisfaction"]
    assert checked(script, "satisfaction.advice", "", "  ", 0).value == "none"
    assert checked(script, "satisfaction.advice", "", "希望营业时间长一点", 0) == Given(
        "words", "希望营业时间长一点", 0
    )
    with pytest.raises(FormError, match="500"):
        checked(script, "satisfaction.advice", "", "长" * (MOST_WORDS + 1), 0)


def test_answers_that_a_changed_answer_leaves_aside_do_not_count() -> None:
    """periodic: who operates the account personally is asked one question more than who does not."""
    script = LOADED["periodic"]
    given: dict[str, Given] = {}
    while (now := course(script, given).now) is not None:
        shown = page(script, now, slots(script))
        given[now] = checked(script, now, shown.options[0].value if shown.options else "", "", 0)
    whole = course(script, given).answered
    shorter = next(
        course(script, given | {node: Given(option.value, option.label)}).answered
        for node in whole
        for option in page(script, node, slots(script)).options
        if len(course(script, given | {node: Given(option.value, option.label)}).answered) < len(whole)
    )
    assert set(shorter) < set(whole)
