"""The life of a script: which acts lead where, and who may do them (双人复核)."""

from __future__ import annotations

import itertools

import pytest

from rules.script_life import (
    ACT_WORDS,
    STATE_WORDS,
    TRANSITIONS,
    LifeRefused,
    ScriptAct,
    Standing,
    VersionState,
    after,
)

SUBMITTED = Standing(VersionState.SUBMITTED, author="王敏", submitted_by="0101")


def walk(*acts: ScriptAct) -> VersionState:
    state = VersionState.DRAFT
    for act in acts:
        state = after(Standing(state, "a", "a"), act, by="b", why="原因")
    return state


def test_a_script_goes_from_draft_by_a_second_person_to_use() -> None:
    assert walk(ScriptAct.SUBMIT, ScriptAct.APPROVE, ScriptAct.PUBLISH) is VersionState.PUBLISHED


def test_a_version_that_was_in_use_can_come_back() -> None:
    used = (ScriptAct.SUBMIT, ScriptAct.APPROVE, ScriptAct.PUBLISH)
    assert walk(*used, ScriptAct.SUPERSEDE, ScriptAct.RESTORE) is VersionState.PUBLISHED
    assert walk(*used, ScriptAct.ROLL_BACK, ScriptAct.RESTORE) is VersionState.PUBLISHED


def test_every_way_into_use_passes_an_approval() -> None:
    unapproved = {VersionState.DRAFT}
    for _ in VersionState:
        unapproved |= {
            to for (state, act), to in TRANSITIONS.items() if state in unapproved and act is not ScriptAct.APPROVE
        }
    assert VersionState.PUBLISHED not in unapproved
    assert VersionState.APPROVED not in unapproved


@pytest.mark.parametrize("by", ["0101", "王敏", " 王 敏 ", "０１０１"])
def test_nobody_approves_what_they_wrote_or_submitted(by: str) -> None:
    with pytest.raises(LifeRefused, match="另一人"):
        after(SUBMITTED, ScriptAct.APPROVE, by=by)


def test_a_second_person_approves() -> None:
    assert after(SUBMITTED, ScriptAct.APPROVE, by="0102") is VersionState.APPROVED


@pytest.mark.parametrize("act", [ScriptAct.REJECT])
def test_a_rejection_says_why(act: ScriptAct) -> None:
    with pytest.raises(LifeRefused, match="原因"):
        after(SUBMITTED, act, by="0102", why=" ")
    assert after(SUBMITTED, act, by="0102", why="提示不完整") is VersionState.REJECTED


def test_a_rollback_says_why() -> None:
    with pytest.raises(LifeRefused, match="原因"):
        after(Standing(VersionState.PUBLISHED), ScriptAct.ROLL_BACK, by="0102")


def test_nobody_in_particular_does_nothing() -> None:
    with pytest.raises(LifeRefused, match="是谁"):
        after(Standing(), ScriptAct.SUBMIT, by="　")


@pytest.mark.parametrize(("state", "act"), sorted(set(itertools.product(VersionState, ScriptAct)) - set(TRANSITIONS)))
def test_everything_else_is_refused_with_state_and_act_in_words(state: VersionState, act: ScriptAct) -> None:
    with pytest.raises(LifeRefused) as refused:
        after(Standing(state), act, by="0102", why="原因")
    assert STATE_WORDS[state] in str(refused.value)
    assert ACT_WORDS[act] in str(refused.value)
