"""What the network says, in full and while it is still being said."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents import classify_announcement
from intents.announcement_terms import load_terms, units
from intents.announcements import announcement_terms
from intents.errors import LexiconError
from intents.labelled import Announcement
from intents.train import undecided_beginnings
from intents.values import Announced


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


# The choices made where two outcomes could fit, in words that no training row has.
TIE_BREAKS = [
    ("您拨的电话正忙，如需等候请不要挂机，对方正在通话中", "busy"),
    ("线路全部占线请您过会儿再拨", "busy"),
    ("网络拥挤故障，呼叫没有接通", "unreachable"),
    ("抱歉电话转接失败了请重新拨打", "unreachable"),
    ("您拨的号码位数不对，请您核对以后再拨", "empty_number"),
    ("您所拨的电话改号了，请查询一一四", "empty_number"),
    ("您拨打的用户正忙，来电提醒业务会发短信告诉他", "busy"),
    ("您拨打的机主关机了，短信呼会把您的号码发给他", "powered_off"),
    ("您所拨打的用户无法接听，有事请在滴声后留言", "voicemail"),
    ("欢迎致电大江水产，零售请按一，批发请按二", "phone_assistant"),
    ("您好，请直接拨分机号，查号请拨零", "phone_assistant"),
    ("欢迎致电大江水产，吃鱼就到大江", "ringback_music"),
    ("电话正在为您转接，请您稍候片刻", "ringback_music"),
    ("拨打外地号码请在前面加拨零", "own_line"),
    ("您的手机欠费了，请您尽快充值", "own_line"),
    ("本机欠费已停机请充值", "own_line"),
    ("您拨打的手机欠费了，已经停机", "suspended"),
    ("该用户的电话欠费停机了", "suspended"),
    ("喂我是他姐姐他出去了手机没带", "human"),
    ("您好我是机主手机上的语音助手他暂时没空", "phone_assistant"),
]


@pytest.mark.parametrize(("text", "outcome"), TIE_BREAKS)
def test_choices_where_two_outcomes_could_fit(text: str, outcome: str) -> None:
    assert classify_announcement(text).outcome == outcome


@pytest.mark.parametrize(
    ("heard", "outcome"),
    [
        ("您波打的用户以观鸡请烧候再波", "powered_off"),
        ("您拨打的浩码时控好", "empty_number"),
        ("您播打的用户已婷基", "suspended"),
        ("您拨打的用户设置了户入现制", "refused_by_network"),
        ("请在滴生后流言", "voicemail"),
        ("您好您播打的电话正在同画中", "busy"),
    ],
)
def test_misheard_words_count_by_their_sound(heard: str, outcome: str) -> None:
    assert classify_announcement(heard).outcome == outcome


def test_the_words_that_decide_are_named_as_heard() -> None:
    assert "听到“已观机”（关机）" in classify_announcement("您拨打的用户已观机").evidence


def test_a_reason_is_certain_only_once_its_words_were_heard() -> None:
    assert classify_announcement("您拨打的用户无法接听").confidence <= 0.5
    assert classify_announcement("您拨打的用户无法接听请留言").confidence > 0.9


UNFINISHED = ["", "您", "您好", "您好您拨打的", "对不起您拨打的用户", "您拨打的电话正在", "请稍后再拨", "sorry the"]


@pytest.mark.parametrize("text", UNFINISHED)
def test_undecided_until_enough_was_heard(text: str) -> None:
    assert classify_announcement(text).outcome is None


def test_a_growing_announcement_is_decided_once_and_stays() -> None:
    text = "您好您拨打的用户已关机请稍后再拨"
    heard = [classify_announcement(text[: end + 1]).outcome for end in range(2, len(text))]
    decided = [outcome for outcome in heard if outcome]
    assert decided and set(decided) == {"powered_off"}


def test_short_words_are_not_taken_for_others_of_the_same_sound() -> None:
    named = [(term.heard, term.name) for term in announcement_terms().found_in(units("路硬流言智能终端")) if term.name]
    assert named == [("流言", "留言")]


def test_beginnings_end_before_the_point_and_leave_music_out() -> None:
    rows = [Announcement("您好您拨打的用户已关机", Announced.POWERED_OFF), Announcement("您好", Announced.HUMAN)]
    found = {"".join(beginning) for beginning in undecided_beginnings(announcement_terms(), rows)}
    assert found == {"您", "您好您", "您好您拨", "您好您拨打", "您好您拨打的", "您好您拨打的用", "您好您拨打的用户"}
    music = [Announcement("小河流水哗啦啦您好您拨打的用户已关机", Announced.POWERED_OFF)]
    assert undecided_beginnings(announcement_terms(), music) == []


@pytest.mark.parametrize("content", ["要点: {}\n", "开头: []\n要点: {}\n半句: {}\n其他: {}\n"])
def test_a_misshapen_list_of_terms_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "terms.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(LexiconError, match="开头, 要点, 半句, 其他"):
        load_terms(tmp_path / "terms.yaml")


@pytest.mark.parametrize("words", ["关机", "[]x", "['，']"])
def test_a_term_without_words_is_refused_by_name(tmp_path: Path, words: str) -> None:
    (tmp_path / "terms.yaml").write_text(
        f"开头: {{}}\n要点:\n  关机: {words}\n半句: {{}}\n其他: {{}}\n", encoding="utf-8"
    )
    with pytest.raises(LexiconError, match="关机|YAML"):
        load_terms(tmp_path / "terms.yaml")
