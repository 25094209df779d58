"""What the scripts say can be read aloud: dates, numbers and the words that are easily misread."""

from __future__ import annotations

import re

import pytest

from bot.nodes import SLOT, spoken_texts
from bot.script import load_script, script_names
from speech.reading import to_pinyin

_READ = re.compile(r"(?:[a-zü']+[1-5]|[\s,.])+")


@pytest.mark.parametrize("name", script_names())
def test_every_text_is_read_to_its_last_character(name: str) -> None:
    script = load_script(name)
    samples = {slot.name: slot.sample for slot in script.slots.values()}
    for node, field, text in spoken_texts(script):
        read = to_pinyin(SLOT.sub(lambda slot: samples.get(slot[1], "三点"), text), script.pronunciations)
        assert _READ.fullmatch(read), (node, field, read)


@pytest.mark.parametrize(
    ("name", "node", "slots", "read"),
    [
        ("settled", "settled.unsettled", {"投诉日期": "2026-03-02", "投诉事项": "佣金费率"}, "san1yue4 er4ri4"),
        ("settled", "settled.unsettled", {"投诉日期": "2026/3/2", "投诉事项": "佣金费率"}, "er4 ling2 er4 liu4 nian2"),
        ("settled", "settled.unsettled", {"投诉日期": "3月2日", "投诉事项": "佣金费率"}, "san1yue4 er4ri4"),
        ("settled", "settled.unsettled", {"投诉日期": "三月二号", "投诉事项": "佣金费率"}, "san1yue4 er4hao4"),
        (
            "settled",
            "settled.unsettled",
            {"投诉日期": "3月2日", "投诉事项": "佣金费率"},
            "hai2 cun2zai4 wei4liao3 shi4xiang4",
        ),
        (
            "leaving",
            "leaving.new_manager",
            {"新客户经理": "单晓明", "新联系方式": "13800001234"},
            "shan4xiao3ming2, ta1 de5 lian2xi4fang1shi4 shi4 yao1 san1 ba1, ling2 ling2 ling2 ling2, yao1 er4 san1 si4",
        ),
        (
            "leaving",
            "leaving.new_manager",
            {"新客户经理": "张华", "新联系方式": "021-61234567"},
            "ling2 er4 yao1, liu4 yao1 er4 san1, si4 wu3 liu4 qi1",
        ),
        ("leaving", "leaving.satisfied", {"工作人员": "解华"}, "xie4hua2"),
        (
            "aml",
            "aml.id_dates",
            {"证件有效期": "2016-05-01到2036-05-01"},
            "er4 ling2 yi1 liu4 nian2 wu3yue4 yi1ri4 dao4 er4 ling2 san1 liu4 nian2 wu3yue4 yi1ri4",
        ),
        (
            "abnormal",
            "abnormal.aware",
            {"核实事项": "2026年3月2日您的账户有一笔200000元的转账"},
            "san1yue4 er4ri4 nin2 de5 zhang4hu4 you3 yi4bi3 er4shi2wan4yuan2 de5 zhuan3zhang4",
        ),
        ("private_fund", "private_fund.own_purchase", {"基金名称": "重仓1号基金"}, "yi1hao4 ji1jin1"),
    ],
)
def test_dates_numbers_and_names_are_read_as_people_say_them(
    name: str, node: str, slots: dict[str, str], read: str
) -> None:
    texts = [text for at, _, text in spoken_texts(load_script(name)) if at == node]
    said = [to_pinyin(SLOT.sub(lambda slot: slots.get(slot[1], slot[1]), text)) for text in texts]
    assert any(read in one for one in said), said[0]
