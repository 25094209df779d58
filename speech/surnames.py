"""How the characters of a person's name are read, surname and given name."""

from __future__ import annotations

from speech.lexicon import table

COMPOUND_SURNAMES = table("""
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
SURNAMES = table("""
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
    都 du1
    那 na1
    宿 su4
    冠 guan4
    牟 mou2
    费 fei4
    尉 wei4
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
""")

# Characters that a parent chose for their meaning: the reading in a given name.
GIVEN_NAMES = table("""
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
    "暴甘厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍郤"
    "璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚"
    "越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公肖区朴佟付闫覃仝代商岳帅苟冼丘谌涂"
) | frozenset(SURNAMES)

# Surnames that are more often ordinary words in front of a name: 请问和曾华先生, 关于单先生.
WORDLIKE_SURNAMES = frozenset("和于向从关时能那都为由来同通对给要水国家公与是")
