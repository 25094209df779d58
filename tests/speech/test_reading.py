"""Readings, typed by hand from what a dictionary and a listener expect."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.errors import Unreadable
from speech.reading import read_name, to_pinyin

POLYPHONES = {
    "银行": "yin2 hang2",
    "股票行情": "gu3 piao4 hang2 qing2",
    "股票行业": "gu3 piao4 hang2 ye4",
    "工行的卡": "gong1 hang2 de5 ka3",
    "自行承担": "zi4 xing2 cheng2 dan1",
    "违规行为": "wei2 gui1 xing2 wei2",
    "发行": "fa1 xing2",
    "行权": "xing2 quan2",
    "还款": "huan2 kuan3",
    "还是": "hai2 shi4",
    "归还": "gui1 huan2",
    "还有问题吗": "hai2 you3 wen4 ti2 ma5",
    "是否还存在未了事项": "shi4 fou3 hai2 cun2 zai4 wei4 liao3 shi4 xiang4",
    "还了三千元": "huan2 le5 san1 qian1 yuan2",
    "重要": "zhong4 yao4",
    "郑重提醒": "zheng4 zhong4 ti2 xing3",
    "重仓": "zhong4 cang1",
    "重新": "chong2 xin1",
    "我再重说": "wo3 zai4 chong2 shuo1",
    "长期持有": "chang2 qi1 chi2 you3",
    "增长": "zeng1 zhang3",
    "董事长": "dong3 shi4 zhang3",
    "时间不长": "shi2 jian1 bu4 chang2",
    "觉得": "jue2 de5",
    "说得很清楚": "shuo1 de5 hen3 qing1 chu5",
    "您得先还清": "nin2 dei3 xian1 huan2 qing1",
    "不得借用": "bu4 de2 jie4 yong4",
    "认真地阅读": "ren4 zhen1 de5 yue4 du2",
    "当地": "dang1 di4",
    "家庭住址": "jia1 ting2 zhu4 zhi3",
    "了解": "liao3 jie3",
    "签了": "qian1 le5",
    "受不了": "shou4 bu4 liao3",
    "接着问": "jie1 zhe5 wen4",
    "着急": "zhao2 ji2",
    "着重": "zhuo2 zhong4",
    "调查": "diao4 cha2",
    "岗位调整": "gang3 wei4 tiao2 zheng3",
    "会计": "kuai4 ji4",
    "充分理解": "chong1 fen4 li3 jie3",
    "给予指导": "ji3 yu3 zhi3 dao3",
    "中签": "zhong4 qian1",
    "差额": "cha1 e2",
    "出差": "chu1 chai1",
    "收益率": "shou1 yi4 lv4",
    "有空": "you3 kong4",
    "空号": "kong1 hao4",
    "处理": "chu3 li3",
    "适当性匹配": "shi4 dang4 xing4 pi3 pei4",
    "佣金": "yong4 jin1",
    "质押": "zhi4 ya1",
    "目的": "mu4 di4",
    "参与": "can1 yu4",
    "风险等级为高": "feng1 xian3 deng3 ji2 wei2 gao1",
    "竭诚为您服务": "jie2 cheng2 wei4 nin2 fu2 wu4",
    "分散": "fen1 san4",
    "累计亏损": "lei3 ji4 kui1 sun3",
    "强制平仓": "qiang2 zhi4 ping2 cang1",
    "曾经": "ceng2 jing1",
    "单位": "dan1 wei4",
    "查询": "cha2 xun2",
    "解除": "jie3 chu2",
    "华东区": "hua2 dong1 qu1",
    "任务": "ren4 wu4",
    "妥善保管": "tuo3 shan4 bao3 guan3",
    "切勿交由他人使用": "qie4 wu4 jiao1 you2 ta1 ren2 shi3 yong4",
    "风险揭示书": "feng1 xian3 jie1 shi4 shu1",
    "基金": "ji1 jin1",
    "女士": "nv3 shi4",
    "以协议为准": "yi3 xie2 yi4 wei2 zhun3",
    "嗯": "en1",
}

SANDHI = {
    "不是": "bu2 shi4",
    "不知道": "bu4 zhi1 dao4",
    "不允许": "bu4 yun3 xu3",
    "一个": "yi2 ge4",
    "一天": "yi4 tian1",
    "一年": "yi4 nian2",
    "一起": "yi4 qi3",
    "一万元": "yi2 wan4 yuan2",
    "统一安排": "tong3 yi1 an1 pai2",
    "第一次": "di4 yi1 ci4",
    "周一下午": "zhou1 yi1 xia4 wu3",
    "一月一日": "yi1 yue4 yi1 ri4",
}

NAMES_IN_TEXT = {
    "请问您是单晓明先生吗？": "qing3 wen4 nin2 shi4 shan4 xiao3 ming2 xian1 sheng5 ma5",
    "请问您是曾丽华女士吗？": "qing3 wen4 nin2 shi4 zeng1 li4 hua2 nv3 shi4 ma5",
    "请问您知道解华先生的联系方式吗？": "qing3 wen4 nin2 zhi1 dao4 xie4 hua2 xian1 sheng5 de5 lian2 xi4 fang1 shi4 ma5",
    "请问您是查先生吗": "qing3 wen4 nin2 shi4 zha1 xian1 sheng5 ma5",
    "仇女士您好": "qiu2 nv3 shi4 nin2 hao3",
    "任重先生": "ren2 zhong4 xian1 sheng5",
    "华国强先生": "hua4 guo2 qiang2 xian1 sheng5",
    "区小姐": "ou1 xiao3 jie5",
    "盖先生": "ge3 xian1 sheng5",
    "朴女士": "piao2 nv3 shi4",
    "尉迟恭先生": "yu4 chi2 gong1 xian1 sheng5",
    "万俟雪女士": "mo4 qi2 xue3 nv3 shi4",
    "欧阳娜女士": "ou1 yang2 na4 nv3 shi4",
    "王解放先生": "wang2 jie3 fang4 xian1 sheng5",
    "请问和曾先生一起的人": "qing3 wen4 he2 zeng1 xian1 sheng5 yi4 qi3 de5 ren2",
    "关于单先生的投诉": "guan1 yu2 shan4 xian1 sheng5 de5 tou2 su4",
    "我姓解": "wo3 xing4 xie4",
    "免贵姓曾": "mian3 gui4 xing4 zeng1",
    "我是单晓明": "wo3 shi4 shan4 xiao3 ming2",
    "请问您对查志平的服务满意吗": "qing3 wen4 nin2 dui4 zha1 zhi4 ping2 de5 fu2 wu4 man3 yi4 ma5",
    "您的客户经理仇亮岗位调整": "nin2 de5 ke4 hu4 jing1 li3 qiu2 liang4 gang3 wei4 tiao2 zheng3",
    "这是单笔交易": "zhe4 shi4 dan1 bi3 jiao1 yi4",
    "请问您是否是单一客户": "qing3 wen4 nin2 shi4 fou3 shi4 dan1 yi1 ke4 hu4",
    "我是任何人都可以": "wo3 shi4 ren4 he2 ren2 dou1 ke3 yi3",
    "请问您对查询的服务满意吗": "qing3 wen4 nin2 dui4 cha2 xun2 de5 fu2 wu4 man3 yi4 ma5",
}

NUMBERS = {
    "工号8001": "gong1 hao4 ba1 ling2 ling2 yao1",
    "工号是8001。": "gong1 hao4 shi4 ba1 ling2 ling2 yao1",
    "R5级产品": "a4 er5 wu3 ji2 chan3 pin3",
    "A股": "ei1 gu3",
    "T+1": "ti4 jia1 yi1",
    "ETF": "yi4 ti4 ai2 fu5",
    "请拨打95500": "qing3 bo1 da3 jiu3 wu3 wu3 ling2 ling2",
    "热线12386": "re4 xian4 yao1 er4 san1 ba1 liu4",
    "95500元": "jiu3 wan4 wu3 qian1 wu3 bai3 yuan2",
    "2024年3月5日": "er4 ling2 er4 si4 nian2 san1 yue4 wu3 ri4",
    "2024-03-05": "er4 ling2 er4 si4 nian2 san1 yue4 wu3 ri4",
    "2024年03月05日": "er4 ling2 er4 si4 nian2 san1 yue4 wu3 ri4",
    "1998年11月": "yi1 jiu3 jiu3 ba1 nian2 shi2 yi1 yue4",
    "保存20年": "bao3 cun2 er4 shi2 nian2",
    "15:30": "shi2 wu3 dian3 san1 shi2 fen1",
    "9:05": "jiu3 dian3 ling2 wu3 fen1",
    "上午9:00": "shang4 wu3 jiu3 dian3 zheng3",
    "下午2点": "xia4 wu3 liang3 dian3",
    "2个账户": "liang3 ge4 zhang4 hu4",
    "2分钟": "liang3 fen1 zhong1",
    "12个": "shi2 er4 ge4",
    "2月2日": "er4 yue4 er4 ri4",
    "第2条": "di4 er4 tiao2",
    "1,234.56元": "yi4 qian1 er4 bai3 san1 shi2 si4 dian3 wu3 liu4 yuan2",
    "¥2,000": "liang3 qian1 yuan2",
    "100万元": "yi4 bai3 wan4 yuan2",
    "3.5亿": "san1 dian3 wu3 yi4",
    "10005股": "yi2 wan4 ling2 wu3 gu3",
    "1010": "yi4 qian1 ling2 yi1 shi2",
    "3.5%": "bai3 fen1 zhi1 san1 dian3 wu3",
    "3%-5%": "bai3 fen1 zhi1 san1 zhi4 bai3 fen1 zhi1 wu3",
    "2～3天": "liang3 zhi4 san1 tian1",
    "股票代码600519": "gu3 piao4 dai4 ma3 liu4 ling2 ling2 wu3 yao1 jiu3",
    "１２个": "shi2 er4 ge4",
    "第5-7条": "di4 wu3 zhi4 qi1 tiao2",
    "9:30-11:30": "jiu3 dian3 san1 shi2 fen1 zhi4 shi2 yi1 dian3 san1 shi2 fen1",
    "电话12次": "dian4 hua4 shi2 er4 ci4",
    "尾号1234": "wei3 hao4 yao1 er4 san1 si4",
    "-3.5": "fu4 san1 dian3 wu3",
}


PAUSED = {
    "他的电话是13812345678。": "ta1 de5 dian4hua4 shi4 yao1 san1 ba1, yao1 er4 san1 si4, wu3 liu4 qi1 ba1.",
    "+86 138-1234-5678": "yao1 san1 ba1, yao1 er4 san1 si4, wu3 liu4 qi1 ba1",
    "138****5678": "yao1 san1 ba1, wu3 liu4 qi1 ba1",
    "010-62345678": "ling2 yao1 ling2, liu4 er4 san1 si4, wu3 liu4 qi1 ba1",
    "400-888-1234": "si4 ling2 ling2, ba1 ba1 ba1, yao1 er4 san1 si4",
    "账号6222 0212 3456": "zhang4hao4 liu4 er4 er4 er4, ling2 er4 yao1 er4, san1 si4 wu3 liu4",
    "您好！请问《风险揭示书》（纸质）读了吗？": (
        "nin2hao3. qing3wen4, feng1xian3 jie1shi4 shu1, zhi3zhi4, du2 le5 ma5."
    ),
}


def syllables(reading: str) -> list[str]:
    return re.findall(r"[a-z]+[1-5]", reading)


@pytest.mark.parametrize(("text", "reading"), (POLYPHONES | SANDHI | NAMES_IN_TEXT | NUMBERS).items())
def test_text_is_read_as_people_read_it(text: str, reading: str) -> None:
    assert syllables(to_pinyin(text)) == reading.split()


@pytest.mark.parametrize(("text", "reading"), PAUSED.items())
def test_numbers_are_grouped_and_marks_become_pauses(text: str, reading: str) -> None:
    assert to_pinyin(text).replace(" ", "") == reading.replace(" ", "")


NAMES = {
    "单晓明": "shan4 xiao3 ming2",
    "曾乐": "zeng1 le4",
    "乐乐": "yue4 le4",
    "任重": "ren2 zhong4",
    "尉迟单": "yu4 chi2 dan1",
    "欧阳单行": "ou1 yang2 dan1 xing2",
    "翟长朝": "zhai2 chang2 chao2",
    "吕绿": "lv3 lv4",
    "李": "li3",
}


@pytest.mark.parametrize(("name", "reading"), NAMES.items())
def test_a_name_is_read_surname_first(name: str, reading: str) -> None:
    assert read_name(name) == reading


def test_the_longest_override_wins_over_everything_else() -> None:
    overrides = {"单": "dan1", "单晓明": "shan4xiao3 ming2", "R5": "a1 wu3", "8001": "ba1 qian1"}
    assert syllables(to_pinyin("单晓明先生", overrides)) == "shan4 xiao3 ming2 xian1 sheng5".split()
    assert syllables(to_pinyin("单R5工号8001", overrides)) == "dan1 a1 wu3 gong1 hao4 ba1 qian1".split()


def test_an_override_may_write_umlauts() -> None:
    assert syllables(to_pinyin("绿色", {"绿": "lü4"})) == ["lv4", "se4"]


@pytest.mark.parametrize("reading", ["", "shan", "shàn", "shan4 x", "shan6"])
def test_an_override_that_is_no_pinyin_is_named(reading: str) -> None:
    with pytest.raises(Unreadable, match="override '单'"):
        to_pinyin("单", {"单": reading})


@pytest.mark.parametrize("text", ["", "  ", "。。！", "😀"])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="nothing that can be said"):
        to_pinyin(text)


TRICKY = "一不二十百0123456789.,:-~%¥元年月日个第R股TA+*/()（）《》，。？！单曾先生女士姓是的 \n＂😀é\ue000"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from(TRICKY), max_size=30))
def test_whatever_the_text_only_pinyin_comes_out(text: str) -> None:
    try:
        reading = to_pinyin(text)
    except Unreadable:
        return
    assert re.fullmatch(r"(?:[a-z]{1,6}[1-5]|[ ,.])+", reading)
