"""The client has died, is a minor or is drunk: seen in the words, not in those about somebody else."""

from __future__ import annotations

import pytest

from intents import load_matcher
from rules.outcomes import Risk

SHOWN = [
    ("人已经不在了", Risk.DECEASED),
    ("他去世了", Risk.DECEASED),
    ("我爸走了三年了", Risk.DECEASED),
    ("他走了我是他老伴去年走的", Risk.DECEASED),
    ("老人家上个月过世的", Risk.DECEASED),
    ("我才十五岁", Risk.MINOR),
    ("我是他儿子我还在上初中", Risk.MINOR),
    ("我还没成年呢", Risk.MINOR),
    ("我喝多了", Risk.INTOXICATED),
    ("喝高了你改天再打", Risk.INTOXICATED),
    ("刚喝了酒头晕得很", Risk.INTOXICATED),
]
ABOUT_SOMETHING_ELSE = [
    "我爱人走开了",
    "他出去了不在",
    "不在家",
    "他走了去上班了",
    "他离职了不在了",
    "你们经理走了三个了",
    "死了这条心吧",
    "我家孩子未成年",
    "我六十五岁了",
    "我又不是小孩",
    "我高中毕业",
    "我十八岁就开户了",
    "昨天喝多了今天没事",
    "我没喝酒",
    "在家喝茶呢",
    "没有不满意",
]
CARE = {Risk.DECEASED, Risk.MINOR, Risk.INTOXICATED}


@pytest.mark.parametrize(("text", "risk"), SHOWN)
def test_shown(text: str, risk: Risk) -> None:
    assert load_matcher().match("opening.identity", text).risks & CARE == {risk}


@pytest.mark.parametrize("text", ABOUT_SOMETHING_ELSE)
def test_said_of_something_else(text: str) -> None:
    assert not load_matcher().match("opening.identity", text).risks & CARE
