"""Readings that a general dictionary lacks or gets wrong: securities phrases, lone polyphones, letters.

Readings are pinyin with tone numbers, 5 for the neutral tone, v for ü, one syllable per character.
"""

from __future__ import annotations

import re


def table(lines: str) -> dict[str, str]:
    """Lines of `字词 pin1 yin1` as a dictionary."""
    return dict(line.strip().split(" ", 1) for line in lines.strip().splitlines())


PHRASES = table("""
    还款 huan2 kuan3
    还券 huan2 quan4
    还钱 huan2 qian2
    还给 huan2 gei3
    还本 huan2 ben3
    还清 huan2 qing1
    还息 huan2 xi1
    还债 huan2 zhai4
    未了 wei4 liao3
    了结 liao3 jie2
    中签 zhong4 qian1
    中签率 zhong4 qian1 lv4
    中标 zhong4 biao1
    行权 xing2 quan2
    行权价 xing2 quan2 jia4
    央行 yang1 hang2
    投行 tou2 hang2
    券商 quan4 shang1
    股票行业 gu3 piao4 hang2 ye4
    行业 hang2 ye4
    同行业 tong2 hang2 ye4
    长线 chang2 xian4
    长仓 chang2 cang1
    行长 hang2 zhang3
    重仓 zhong4 cang1
    重仓股 zhong4 cang1 gu3
    重置 chong2 zhi4
    重开 chong2 kai1
    重组 chong2 zu3
    重签 chong2 qian1
    重做 chong2 zuo4
    重拨 chong2 bo1
    重听 chong2 ting1
    重问 chong2 wen4
    重打 chong2 da3
    重填 chong2 tian2
    再重 zai4 chong2
    倒仓 dao3 cang1
    转仓 zhuan3 cang1
    划转 hua4 zhuan3
    扣划 kou4 hua4
    划款 hua4 kuan3
    当日 dang4 ri4
    当天 dang4 tian1
    不当 bu2 dang4
    正当 zheng4 dang4
    不正当 bu2 zheng4 dang4
    先生 xian1 sheng5
    女士 nv3 shi4
    小姐 xiao3 jie5
    太太 tai4 tai5
    打听 da3 ting5
    麻烦 ma2 fan5
    清楚 qing1 chu5
    时候 shi2 hou5
    消息 xiao1 xi5
    告诉 gao4 su5
    休息 xiu1 xi5
    给予 ji3 yu3
    为准 wei2 zhun3
    为止 wei2 zhi3
    为期 wei2 qi1
    为主 wei2 zhu3
    为由 wei2 you2
    为限 wei2 xian4
    为例 wei2 li4
    供给 gong1 ji3
    差价 cha1 jia4
    价差 jia4 cha1
    差额 cha1 e2
    利差 li4 cha1
    点差 dian3 cha1
    出差 chu1 chai1
    调动 diao4 dong4
    调岗 diao4 gang3
    回调 hui2 tiao2
    抽调 chou1 diao4
    岗位调整 gang3 wei4 tiao2 zheng3
    量化 liang4 hua4
    成交量 cheng2 jiao1 liang4
    放量 fang4 liang4
    缩量 suo1 liang4
    数目 shu4 mu4
    有空 you3 kong4
    没空 mei2 kong4
    空号 kong1 hao4
    做空 zuo4 kong1
    率先 shuai4 xian1
    便捷 bian4 jie2
    还有 hai2 you3
    还没 hai2 mei2
    还可以 hai2 ke3 yi3
    还行 hai2 xing2
    还好 hai2 hao3
    还在 hai2 zai4
    还会 hai2 hui4
    得了 de2 le5
    记得 ji4 de5
    觉得 jue2 de5
    懂得 dong3 de5
    晓得 xiao3 de5
    认得 ren4 de5
    值得 zhi2 de5
    舍得 she3 de5
    只得 zhi3 de2
    不得不 bu4 de2 bu4
    不得 bu4 de2
    了解 liao3 jie3
    着手 zhuo2 shou3
    着重 zhuo2 zhong4
    大夫 dai4 fu5
    的确 di2 que4
    场内 chang3 nei4
    场外 chang3 wai4
    一会儿 yi1 hui4 er2
    一下 yi1 xia4
    那边 na4 bian5
    人家 ren2 jia5
    弄 nong4
    啥 sha2
    嗯 en1
    喂 wei2
    哎 ai1
    诶 ei2
    咋 za3
    谁 shei2
    血本 xue4 ben3
    期货 qi1 huo4
    熔断 rong2 duan4
    质押 zhi4 ya1
    解押 jie3 ya1
    佣金 yong4 jin1
    会计 kuai4 ji4
    朝阳 chao2 yang2
    重庆 chong2 qing4
    厦门 xia4 men2
    蚌埠 beng4 bu4
    六安 lu4 an1
    长沙 chang2 sha1
    长春 chang2 chun1
    番禺 pan1 yu2
    东莞 dong1 guan3
    单据 dan1 ju4
    单位 dan1 wei4
    签单 qian1 dan1
    代客 dai4 ke4
    代客操作 dai4 ke4 cao1 zuo4
    全权 quan2 quan2
    一事一扰 yi1 shi4 yi1 rao3
""")

# A character that stands alone as a word: (left context, right context, reading); the first that fits.
LONE: dict[str, tuple[tuple[str, str, str], ...]] = {
    "得": ((r"[我你您他她它们就还都也可总必只先]$", r"^[^到出起了]", "dei3"), (r".$", r"", "de5"), (r"", r"", "de2")),
    "地": ((r"[^本当各此该土境内外两实某]{2}$|[的轻慢快]$", r"^[^址区方点]", "de5"), (r"", r"", "di4")),
    "还": (
        (r"", r"^(?:了?[一二三四五六七八九十百千万两几]+|了?(?:款|钱|贷|账|本|息|你|您|他|她|我们?钱))", "huan2"),
        (r"[要该没未已]$", r"^(?:清|了|的|掉|上|[，。]|$)", "huan2"),
        (r"", r"", "hai2"),
    ),
    "行": ((r"[银工农建中招交商支分总央本各哪贵我他该外]$", r"^(?:的|办|卡|[，。]|$)", "hang2"), (r"", r"", "xing2")),
    "长": (
        (r"[多太很较更不最么这那]$", r"", "chang2"),
        (r"[越]$", r"^大", "zhang3"),
        (r"", r"^[得大高出]", "zhang3"),
        (r"", r"", "chang2"),
    ),
    "重": ((r"", r"^[来说讲拨打新做签填发放录开设读复]", "chong2"), (r"", r"", "zhong4")),
    "了": ((r"[得不]$", r"", "liao3"), (r"", r"", "le5")),
    "着": ((r"[睡找够]不?$", r"", "zhao2"), (r"", r"", "zhe5")),
    "为": (
        (r"[作成认视称列评名]$", r"", "wei2"),
        (r"", r"^[零一二三四五六七八九十百A-Z中高低稳保激进]", "wei2"),
        (r"", r"", "wei4"),
    ),
    "中": ((r"", r"^(?:了|签|标|奖)", "zhong4"), (r"", r"", "zhong1")),
    "数": ((r"", r"^(?:一|数|到|完)", "shu3"), (r"", r"", "shu4")),
    "种": ((r"", r"^(?:地|树|田|菜)", "zhong4"), (r"", r"", "zhong3")),
    "空": ((r"[有没抽得]$", r"", "kong4"), (r"", r"", "kong1")),
}

# Lone characters for which the dictionary's first reading is not the one a client call needs.
ALONE = table("""
    都 dou1
    量 liang4
    转 zhuan3
    差 cha4
    当 dang1
    处 chu4
    难 nan2
    好 hao3
    背 bei4
    教 jiao1
    啊 a5
    哪 na3
    么 me5
    幺 yao1
    〇 ling2
    们 men5
    单 dan1
    曾 ceng2
    解 jie3
    查 cha2
""")

LETTERS = dict(
    line.split(" ", 1)
    for line in (
        "A ei1,B bi4,C xi1,D di4,E yi4,F ai2 fu5,G ji4,H ei1 chi5,I ai4,J zhei4,K kei4,L ai2 lou5,M ai2 mu5,N en1,"
        "O ou1,P pi4,Q kou4,R a4 er5,S ai2 si5,T ti4,U you1,V wei1,W da2 bu5 liu5,X ai2 ke5 si5,Y wai4,Z zei4"
    ).split(",")
)

PHRASE_PATTERN = re.compile("|".join(sorted(map(re.escape, PHRASES), key=len, reverse=True)))
