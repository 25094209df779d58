"""Do-not-call: one person puts it on, two lift it (000 §6.2)."""

from __future__ import annotations

import pytest

from rules.silence import SilenceAct, SilenceRefused, SilenceState, acted


def test_on_by_one_off_by_two() -> None:
    assert acted(SilenceState.FREE, SilenceAct.ADD, by="8001", why="客户要求") is SilenceState.SILENT
    assert acted(SilenceState.SILENT, SilenceAct.ASK, by="8001", why="客户改变主意") is SilenceState.ASKED
    assert acted(SilenceState.ASKED, SilenceAct.LIFT, by="8101", asked_by="8001") is SilenceState.FREE
    assert acted(SilenceState.ASKED, SilenceAct.KEEP, by="8001", why="撤回", asked_by="8001") is SilenceState.SILENT


@pytest.mark.parametrize(
    ("state", "act", "by", "why", "fault"),
    [
        (SilenceState.ASKED, SilenceAct.LIFT, "８001 ", "", "不能自己复核"),
        (SilenceState.SILENT, SilenceAct.LIFT, "8101", "", "不能复核解除"),
        (SilenceState.FREE, SilenceAct.ADD, "8001", " ", "要写明原因"),
        (SilenceState.SILENT, SilenceAct.ADD, "8001", "x", "现在免打扰，不能登记"),
        (SilenceState.FREE, SilenceAct.ADD, " ", "x", "请先登录"),
    ],
)
def test_what_is_refused(state: SilenceState, act: SilenceAct, by: str, why: str, fault: str) -> None:
    with pytest.raises(SilenceRefused, match=fault):
        acted(state, act, by=by, why=why, asked_by="8001")
