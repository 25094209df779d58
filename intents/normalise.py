"""One spelling for everything that is compared: width, spaces, punctuation, traditional characters."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LONGEST = 400  # characters; nobody says more in one turn, and time must stay bounded

_TRADITIONAL = (
    "嗎吗沒没對对個个說说滿满們们這这麼么裡里裏里時时間间會会開开過过還还問问題题電电話话號号碼码請请謝谢機机"
    "關关無无錯错誰谁聽听見见買买賣卖帳账賬账戶户險险協协議议簽签證证單单條条規规違违報报幫帮給给錢钱賺赚虧亏"
    "風风應应該该當当產产業业務务導导員员經经紀纪認认識识讀读書书費费損损風风級级評评適适願愿愛爱寫写親亲樂乐"
    "樣样點点後后從从來来現现為为嗰个係系冇冇喺在唔唔講讲邊边撥拨繫系絡络線线區区停停處处覆复麗丽歡欢樓楼馬马"
    "兩两幾几萬万億亿週周禮礼號号歲岁聯联讓让許许誤误騙骗詐诈銀银網网轉转帶带記记騰腾隨随雙双難难離离頭头顯显"
)
_SIMPLIFY = str.maketrans(dict(zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True)))
_NOT_WORDS = re.compile(r"[^0-9a-z\u3400-\u9fff]+")


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """The text as it is compared: NFKC, lower case, simplified, no spaces or punctuation, at most 400 characters.

    Fillers stay: a lone 嗯 is an answer at some questions, and the learned model knows them.
    """
    return _NOT_WORDS.sub("", folded(text))[:LONGEST]


def folded(text: str) -> str:
    """The text with its spaces and punctuation, NFKC, lower case, simplified; at most 1,600 characters."""
    return unicodedata.normalize("NFKC", text[: 4 * LONGEST]).lower().translate(_SIMPLIFY)
