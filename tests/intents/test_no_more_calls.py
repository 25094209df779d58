"""Who wants no more calls, and who only does not want this one (T/SAC 002-2024 annex E.1: 明确拒绝再联系)."""

from __future__ import annotations

import pytest

from intents.no_more_calls import wants_no_more_calls
from intents.values import Intent, Match


@pytest.mark.parametrize(
    "words",
    [
        "以后别打了",
        "我 不 接受 回访 以后 不要 再 打 了",
        "不用了以后别大了",  # 别打 as it is recognised
        "都不方便不要在打",
        "不想再提这事了以后别联系我",
        "永远 别 打",
        "把我加到免打扰名单里",
        "别再给我打电话了",
        "再也不接你们的电话了",
    ],
)
def test_who_says_so_wants_no_more_calls(words: str) -> None:
    assert wants_no_more_calls(words, Match(Intent.REFUSE))


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("我不想回答", Intent.REFUSE),
        ("不需要谢谢", Intent.REFUSE),
        ("别问了不想说", Intent.REFUSE),
        ("不想说不打算说", Intent.REFUSE),
        ("今天别打了", Intent.REFUSE),
        ("别打了", Intent.REFUSE),  # now, or ever: not said
        ("开会呢别打", Intent.REFUSE),
        ("我在开车别打了", Intent.REFUSE),
        ("以后上午别打", Intent.REFUSE),
        ("三点以前别再打", Intent.REFUSE),
        ("以后别周末打电话来", Intent.REFUSE),
        ("你们发短信就行了以后不要打电话", Intent.REFUSE),
        ("好的以后别打座机打我手机", Intent.REFUSE),
        ("以后别联系我儿子", Intent.REFUSE),
        ("不要再联系他了换个经理我要投诉", Intent.COMPLAINT),
        ("我要投诉你们有个别经理以后老打电话", Intent.COMPLAINT),
        ("他特别爱再打电话我投诉", Intent.COMPLAINT),
        ("是别人再打电话叫我买的我要投诉", Intent.COMPLAINT),
        ("如果是推销请不要再打来", Intent.REFUSE),
        ("上班时间别打六点以后打", Intent.BUSY),
        ("别机器打了换个人跟我约", Intent.HUMAN),
        ("不用约了你打错人了", Intent.WRONG_NUMBER),
        ("以后别打了他早就不用这个号了", Intent.NOT_CLIENT),
    ],
)
def test_who_refuses_this_review_or_this_time_does_not(words: str, intent: Intent) -> None:
    assert not wants_no_more_calls(words, Match(intent))
