"""Objections (000 §8.3.3) and suspected violations (§8.4): who may do what, and that a second person confirms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules.cases import (
    OVER,
    TRANSITIONS,
    CaseAct,
    CaseActor,
    CaseKind,
    CaseRefused,
    CaseStanding,
    CaseState,
    acted,
    acts_for,
    is_overdue,
)

MANAGER = CaseActor("8101", "周管", manages=True)
SECOND = CaseActor("8102", "吴管", manages=True)
OWNER = CaseActor("8201", "郑核")
VIOLATION = CaseStanding(CaseKind.VIOLATION, raised_by="8001", concerns="B01")
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)


def standing(state: CaseState, kind: CaseKind = CaseKind.VIOLATION, found_by: str = "8201") -> CaseStanding:
    return CaseStanding(kind, state, raised_by="8001", owner="8201", found_by=found_by, concerns="B01")


def test_a_violation_goes_by_a_second_person_to_risk_control() -> None:
    state = acted(VIOLATION, CaseAct.ASSIGN, MANAGER, owner="8201")
    assert state is CaseState.IN_HAND
    assert acted(standing(state), CaseAct.FIND, OWNER, why="录音属实") is CaseState.FOUND
    assert acted(standing(CaseState.FOUND), CaseAct.CONFIRM, MANAGER) is CaseState.CONFIRMED
    assert acted(standing(CaseState.CONFIRMED), CaseAct.REPORT, MANAGER, why="风险管理部") is CaseState.REPORTED
    assert acted(standing(CaseState.REPORTED), CaseAct.CLOSE, MANAGER, why="已处分") is CaseState.CLOSED


def test_an_objection_is_answered_once_it_was_confirmed() -> None:
    confirmed = standing(CaseState.CONFIRMED, CaseKind.OBJECTION)
    assert acted(confirmed, CaseAct.CLOSE, MANAGER, why="维持原结果") is CaseState.CLOSED
    with pytest.raises(CaseRefused, match="不能报告"):
        acted(confirmed, CaseAct.REPORT, MANAGER, why="风险管理部")


@pytest.mark.parametrize(
    ("case", "act", "actor", "why", "fault"),
    [
        (standing(CaseState.FOUND, found_by="8101"), CaseAct.CONFIRM, MANAGER, "", "不能自己复核"),
        (standing(CaseState.FOUND, found_by="周管"), CaseAct.RETURN, MANAGER, "再听", "不能自己复核"),
        (standing(CaseState.FOUND), CaseAct.CONFIRM, OWNER, "", "须由客户回访管理岗"),
        (standing(CaseState.IN_HAND), CaseAct.FIND, MANAGER, "x", "只有承办人"),
        (standing(CaseState.IN_HAND), CaseAct.FIND, OWNER, "  ", "要写明核实结果"),
        (standing(CaseState.IN_HAND), CaseAct.WITHDRAW, MANAGER, "x", "不能撤回"),
        (standing(CaseState.OPEN, CaseKind.OBJECTION), CaseAct.WITHDRAW, OWNER, "x", "只有提出人或管理岗"),
        (standing(CaseState.CONFIRMED), CaseAct.DISMISS, MANAGER, "", "要写明排除嫌疑的理由"),
        (standing(CaseState.OPEN), CaseAct.ASSIGN, CaseActor("Ｂ01", manages=True), "", "事项涉及本人"),
        (standing(CaseState.OPEN), CaseAct.CONFIRM, MANAGER, "", "待受理，不能复核通过"),
        (standing(CaseState.OPEN), CaseAct.ASSIGN, CaseActor(" ", manages=True), "", "请先登录"),
    ],
)
def test_what_is_refused(case: CaseStanding, act: CaseAct, actor: CaseActor, why: str, fault: str) -> None:
    with pytest.raises(CaseRefused, match=fault):
        acted(case, act, actor, why=why, owner="8201")


@pytest.mark.parametrize(("owner", "fault"), [(" ", "没有写明由谁承办"), ("b01", "无直接利益关系")])
def test_whom_a_case_is_not_given_to(owner: str, fault: str) -> None:
    with pytest.raises(CaseRefused, match=fault):
        acted(VIOLATION, CaseAct.ASSIGN, MANAGER, owner=owner)


def test_the_buttons_of_a_case() -> None:
    found = standing(CaseState.FOUND, found_by="8101")
    assert acts_for(found, MANAGER) == ()
    assert acts_for(found, SECOND) == (CaseAct.CONFIRM, CaseAct.RETURN)
    raiser = CaseActor("8001")
    assert acts_for(standing(CaseState.OPEN, CaseKind.OBJECTION), raiser) == (CaseAct.WITHDRAW,)
    assert acts_for(standing(CaseState.OPEN), raiser) == ()


def test_every_state_is_reached_and_left_unless_the_case_is_over() -> None:
    for kind in CaseKind:
        ways = {(before, after) for (of, before, _), after in TRANSITIONS.items() if of is kind}
        met = {CaseState.OPEN}
        while new := {after for before, after in ways if before in met} - met:
            met |= new
        assert {before for before, _ in ways} == met - OVER
        assert met & OVER


def test_overdue() -> None:
    assert is_overdue(CaseState.IN_HAND, NOW - timedelta(seconds=1), NOW)
    assert not is_overdue(CaseState.IN_HAND, NOW, NOW)
    assert not is_overdue(CaseState.CLOSED, NOW - timedelta(days=1), NOW)
    assert not is_overdue(CaseState.OPEN, None, NOW)
