"""What only machines say: before the answer against songs and adverts, after it against people."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents.errors import LexiconError
from intents.machine_speech import classify_after_answer, classify_before_answer, load_marks
from intents.values import Announced

SURE = 0.7

MACHINES = [
    ("您好您拨打的用户暂时无法接听请在滴声后留言", Announced.VOICEMAIL),
    ("请在提示音后留下您的姓名和电话", Announced.VOICEMAIL),
    ("您好我是机主的语音助手请问您有什么事", Announced.PHONE_ASSISTANT),
    ("你好我是小爱同学机主的电话助理请说出您的来意", Announced.PHONE_ASSISTANT),
    ("欢迎致电大江水产零售请按一批发请按二", Announced.PHONE_ASSISTANT),
    ("您拨打的号码是空号请核对后再拨", Announced.EMPTY_NUMBER),
    ("您好您波打的用户以观鸡请烧候再波", Announced.POWERED_OFF),
    ("您好我是记住的语音助手请问您有什么事", Announced.PHONE_ASSISTANT),  # 机主, misheard
]


@pytest.mark.parametrize(("text", "announced"), MACHINES)
def test_a_machine_is_known_by_its_words(text: str, announced: Announced) -> None:
    for found in (classify_after_answer(text), classify_before_answer(text)):
        assert found.outcome is announced
        assert found.confidence >= SURE and found.evidence


PEOPLE = [
    "喂你好哪位",
    "他手机关机了你打他另一个号码",
    "他手机停机了我是他爱人",
    "我是王总的助理他在开会有什么事我转告他",
    "我是他秘书有什么需要转达的吗",
    "什么智能语音助手你是机器人吧",
    "又是智能助手打来的我不跟机器人说话",
    "我不是机主他出去买菜了",
    "我是机主有什么事",
    "你给他留个言吧他看到会回你的",
    "他电话没人接的你晚上再打",
    "一律不接受电话回访谢谢",
    "查无此人",
    "你一口气说那么多我没记住再来一遍",
    "没有不存在的",
]


@pytest.mark.parametrize("text", PEOPLE)
def test_a_person_is_no_machine_whatever_it_speaks_of(text: str) -> None:
    found = classify_after_answer(text)
    waiting = found.outcome in (None, Announced.HUMAN, Announced.RINGBACK_MUSIC)
    assert waiting or found.confidence <= 0.5


SONGS = [
    "你的电话无人接听我的心在下雨",
    "爱已欠费心已停机情已关机",
    "请留言吧在你离开以后",
    "手机欠费停机不用愁扫码充值优惠多多",
    "欢迎致电明辉空调如遇线路繁忙请稍后再拨打我们的热线",
    "关机的夜熄灭的灯你在梦里",
]


@pytest.mark.parametrize("text", SONGS)
def test_a_song_or_an_advert_never_says_it_for_certain(text: str) -> None:
    for end in range(1, len(text) + 1):
        found = classify_before_answer(text[:end])
        waiting = found.outcome in (None, Announced.HUMAN, Announced.RINGBACK_MUSIC)
        assert waiting or found.confidence <= 0.5, text[:end]


def test_a_clear_reason_in_a_networks_manner_needs_no_mark() -> None:
    assert classify_after_answer("号码已经注销不能使用").confidence >= SURE
    assert classify_after_answer("已经注销").confidence <= 0.5


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("网络: [您拨打的]\n", "网络, 留言, 助理, 真人, 广告"),
        ("网络: [您拨打的]\n留言: []\n助理: [a]\n真人: [a]\n广告: [a]\n", "each a list of words"),
        ("网络: [您拨打的…]\n留言: [a]\n助理: [a]\n真人: [a]\n广告: [a]\n", "您拨打的…"),
    ],
)
def test_a_broken_list_of_marks_is_refused_with_the_place(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "marks.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(LexiconError, match=problem):
        load_marks(tmp_path / "marks.yaml")
