"""Readings that a general dictionary lacks or gets wrong: securities phrases, lone polyphones, surnames, letters.

Readings are pinyin with tone numbers, 5 for the neutral tone, v for ü, one syllable per character.
"""

from __future__ import annotations

import re


def _table(lines: str) -> dict[str, str]:
    """Lines of `字词 pin1 yin1` as a dictionary."""
    return dict(line.strip().split(" ", 1) for line in lines.strip().splitlines())


PHRASES = _table("""
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
    "还": ((r"", r"^(?:了?[一二三四五六七八九十百千万两几]+|了?(?:款|钱|贷|账|本|息|你|您|他|她|我们?钱))", "huan2"),
           (r"[要该没未已]$", r"^(?:清|了|的|掉|上|[，。]|$)", "huan2"), (r"", r"", "hai2")),
    "行": ((r"[银工农建中招交商支分总央本各哪贵我他该外]$", r"^(?:的|办|卡|[，。]|$)", "hang2"), (r"", r"", "xing2")),
    "长": ((r"[多太很较更不最么这那]$", r"", "chang2"), (r"[越]$", r"^大", "zhang3"), (r"", r"^[得大高出]", "zhang3"),
           (r"", r"", "chang2")),
    "重": ((r"", r"^[来说讲拨打新做签填发放录开设读复]", "chong2"), (r"", r"", "zhong4")),
    "了": ((r"[得不]$", r"", "liao3"), (r"", r"", "le5")),
    "着": ((r"[睡找够]不?$", r"", "zhao2"), (r"", r"", "zhe5")),
    "为": ((r"[作成认视称列评名]$", r"", "wei2"), (r"", r"^[零一二三四五六七八九十百A-Z中高低稳保激进]", "wei2"),
           (r"", r"", "wei4")),
    "中": ((r"", r"^(?:了|签|标|奖)", "zhong4"), (r"", r"", "zhong1")),
    "数": ((r"", r"^(?:一|数|到|完)", "shu3"), (r"", r"", "shu4")),
    "种": ((r"", r"^(?:地|树|田|菜)", "zhong4"), (r"", r"", "zhong3")),
    "空": ((r"[有没抽得]$", r"", "kong4"), (r"", r"", "kong1")),
}

# Lone characters for which the dictionary's first reading is not the one a client call needs.
ALONE = _table("""
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

COMPOUND_SURNAMES = _table("""
    欧阳 ou1 yang2
    太史 tai4 shi3
    端木 duan1 mu4
    上官 shang4 guan1
    司马 si1 ma3
    东方 dong1 fang1
    独孤 du2 gu1
    南宫 nan2 gong1
    万俟 mo4 qi2
    闻人 wen2 ren2
    夏侯 xia4 hou2
    诸葛 zhu1 ge3
    尉迟 yu4 chi2
    公羊 gong1 yang2
    赫连 he4 lian2
    澹台 tan2 tai2
    皇甫 huang2 fu3
    宗政 zong1 zheng4
    濮阳 pu2 yang2
    公冶 gong1 ye3
    太叔 tai4 shu1
    申屠 shen1 tu2
    公孙 gong1 sun1
    慕容 mu4 rong2
    仲孙 zhong4 sun1
    钟离 zhong1 li2
    长孙 zhang3 sun1
    宇文 yu3 wen2
    司徒 si1 tu2
    鲜于 xian1 yu2
    司空 si1 kong1
    闾丘 lv2 qiu1
    子车 zi3 ju1
    亓官 qi2 guan1
    司寇 si1 kou4
    巫马 wu1 ma3
    公西 gong1 xi1
    颛孙 zhuan1 sun1
    壤驷 rang3 si4
    乐正 yue4 zheng4
    宰父 zai3 fu3
    谷梁 gu3 liang2
    拓跋 tuo4 ba2
    夹谷 jia2 gu3
    轩辕 xuan1 yuan2
    令狐 ling2 hu2
    段干 duan4 gan1
    百里 bai3 li3
    呼延 hu1 yan2
    东郭 dong1 guo1
    南门 nan2 men2
    羊舌 yang2 she2
    单于 chan2 yu2
    淳于 chun2 yu2
    纳兰 na4 lan2
    完颜 wan2 yan2
    西门 xi1 men2
""")

# Surnames whose reading differs from the usual reading of the character, or that a dictionary guesses wrong.
SURNAMES = _table("""
    单 shan4
    曾 zeng1
    解 xie4
    查 zha1
    仇 qiu2
    任 ren2
    华 hua4
    区 ou1
    盖 ge3
    朴 piao2
    翟 zhai2
    缪 miao4
    宁 ning2
    燕 yan1
    葛 ge3
    纪 ji3
    召 shao4
    谌 chen2
    覃 qin2
    阚 kan4
    冼 xian3
    洗 xian3
    柏 bai3
    卜 bu3
    种 chong2
    员 yun4
    折 she2
    隗 kui2
    郇 xun2
    繁 po2
    秘 bi4
    黑 he4
    过 guo1
    哈 ha3
    祭 zhai4
    晁 chao2
    仉 zhang3
    逄 pang2
    句 gou1
    车 che1
    藏 zang1
    能 nai4
    都 du1
    那 na1
    宿 su4
    冠 guan4
    牟 mou2
    费 fei4
    尉 wei4
    么 yao1
    莘 shen1
    乜 nie4
    撒 sa3
    薄 bo2
    相 xiang4
    佴 nai4
    訾 zi1
    贠 yun4
    洪 hong2
    乐 yue4
    应 ying1
    於 yu1
    毋 wu2
    幸 xing4
    万 wan4
    石 shi2
    沈 shen3
    贾 jia3
    重 chong2
    强 qiang2
    盛 sheng4
    尹 yin3
    俞 yu2
    郗 xi1
    眭 sui1
    昝 zan3
    瞿 qu2
    郝 hao3
    臧 zang1
    佘 she2
    冯 feng2
    长 chang2
    要 yao1
    朝 chao2
    观 guan4
    空 kong1
    行 xing2
""")

# Characters that a parent chose for their meaning: the reading in a given name.
GIVEN_NAMES = _table("""
    乐 le4
    行 xing2
    长 chang2
    朝 chao2
    重 zhong4
    曾 zeng1
    茜 qian4
    晟 sheng4
    单 dan1
    解 jie3
    查 cha2
    华 hua2
    任 ren4
    为 wei2
    还 huan2
    了 liao3
    得 de2
    地 di4
    露 lu4
    娜 na4
    调 tiao2
    藏 cang2
    参 shen1
    佳 jia1
    中 zhong1
    好 hao3
    应 ying4
    相 xiang1
    都 du1
    兴 xing1
    传 chuan2
    弹 tan2
    盛 sheng4
    省 xing3
    朴 pu3
    晖 hui1
    珏 jue2
    倩 qian4
    贞 zhen1
    少 shao4
    俊 jun4
    骏 jun4
    卓 zhuo2
    藉 ji2
    宁 ning2
    燕 yan4
    冠 guan4
    量 liang4
    数 shu4
    缪 miao4
    绮 qi3
""")

# Single surnames: those of the Hundred Family Surnames that are still common, and those above.
COMMON_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞"
    "熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫房裘缪干解应宗丁宣邓郁单"
    "杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾"
    "暴甘厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍郤"
    "璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚"
    "越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公肖区朴佟付闫覃仝代商岳帅苟冼丘谌涂"
) | frozenset(SURNAMES)

# Surnames that are more often ordinary words in front of a name: 请问和曾华先生, 关于单先生.
WORDLIKE_SURNAMES = frozenset("和于向从关时能那都为由来同通对给要水国家公与是")

LETTERS = dict(
    line.split(" ", 1)
    for line in (
        "A ei1,B bi4,C xi1,D di4,E yi4,F ai2 fu5,G ji4,H ei1 chi5,I ai4,J zhei4,K kei4,L ai2 lou5,M ai2 mu5,N en1,"
        "O ou1,P pi4,Q kou4,R a4 er5,S ai2 si5,T ti4,U you1,V wei1,W da2 bu5 liu5,X ai2 ke5 si5,Y wai4,Z zei4"
    ).split(",")
)

PHRASE_PATTERN = re.compile("|".join(sorted(map(re.escape, PHRASES), key=len, reverse=True)))
