"""What the network says, in full and while it is still being said."""

from __future__ import annotations

import pytest

from intents import classify_announcement


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("您好您拨打的电话正在通话中请稍后再拨", "busy"),
        ("请不要挂机您拨打的电话正在通话中", "busy"),
        ("您拨打的电话暂时无人接听请稍后再拨", "no_answer"),
        ("您拨打的用户暂时无法接通请稍后再拨", "unreachable"),
        ("您拨打的电话已关机", "powered_off"),
        ("您播打的用户一观机请少后再拨", "powered_off"),
        ("您拨打的号码已停机", "suspended"),
        ("您拨打的号码是空号请核对后再拨", "empty_number"),
        ("您的电话已欠费请尽快缴费", "own_line"),
        ("您拨打的用户已设置呼入限制", "refused_by_network"),
        ("请在嘀声后留言", "voicemail"),
        ("您好我是机主的智能助理请问您有什么事", "phone_assistant"),
        ("您呼叫的电话正在转接中请稍候", "ringback_music"),
        ("喂你好", "human"),
        ("喂", "human"),
    ],
)
def test_outcome(text: str, outcome: str) -> None:
    found = classify_announcement(text)
    assert found.outcome == outcome
    assert 0 < found.confidence <= 1 and found.evidence


UNFINISHED = ["", "您", "您好", "您好您拨打的", "对不起您拨打的用户", "您拨打的电话正在", "请稍后再拨", "sorry the"]


@pytest.mark.parametrize("text", UNFINISHED)
def test_undecided_until_enough_was_heard(text: str) -> None:
    assert classify_announcement(text).outcome is None


def test_a_growing_announcement_is_decided_once_and_stays() -> None:
    text = "您好您拨打的用户已关机请稍后再拨"
    heard = [classify_announcement(text[: end + 1]).outcome for end in range(2, len(text))]
    decided = [outcome for outcome in heard if outcome]
    assert decided and set(decided) == {"powered_off"}
