"""What the network says before answer, or whoever answers in the client's place."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from intents.concepts import Concepts, load_concepts
from intents.features import text_features
from intents.linear import LinearModel, load, model_path
from intents.normalise import normalise
from intents.phrases import FOLDER
from intents.values import Announced, AnnouncementMatch

LEAST_SCORE = -0.6  # margin of the best class below which nothing was recognised
# What every announcement begins or ends with: alone it tells nothing yet.
_FRAME = re.compile(
    "(?:您好?|你|对不起|尊敬的|客户|用户|机主|所?(?:拨打|呼叫|拨叫|拨)?的?|电话|号码|手机|暂时|正在|目前|由于|请|稍[后候]|再拨|重拨"
    "|用|电|号|手|暂|正|目|稍|再|拨|呼|中国|移动|联通|电信|广电|提醒|感谢|使用|已经?|是|不要挂[机断]|不|无|该|本|嘟+|sorry|the|number|subscriber|you|have|has|dialed"
    "|dialled|are|is|calling|please|redial|later|again|try|your|call)*"
)


def classify_announcement(text: str) -> AnnouncementMatch:
    """What an announcement says; also for the partial text of a recogniser: None until it is certain."""
    plain = normalise(text)
    if plain and (_FRAME.fullmatch(plain) or plain == "对"):
        return AnnouncementMatch(None, evidence="听到的还只是开头的套话")
    if not plain:
        return AnnouncementMatch(None, evidence="没有听到话")
    return classify_by(*_model(), plain)


def classify_by(concepts: Concepts, model: LinearModel, plain: str) -> AnnouncementMatch:
    """What the learned model makes of a normalised announcement; None where it knows nothing like it."""
    scores = model.scores(text_features(concepts, plain))
    best = int(np.argmax(scores))
    if scores[best] < LEAST_SCORE:
        return AnnouncementMatch(None, evidence="与各类提示音都不像")
    outcome = Announced(model.classes[best])
    return AnnouncementMatch(outcome, _confidence(scores, best), f"模型判为“{NAMES[outcome]}”")


def _confidence(scores: NDArray[np.float32], best: int) -> float:
    spread = np.exp(4 * (scores - scores[best]))
    return round(float(1 / spread.sum()), 3)


NAMES = {
    Announced.BUSY: "占线", Announced.NO_ANSWER: "无人接听", Announced.UNREACHABLE: "无法接通",
    Announced.POWERED_OFF: "关机", Announced.SUSPENDED: "停机", Announced.EMPTY_NUMBER: "空号",
    Announced.REFUSED_BY_NETWORK: "被叫限制呼入", Announced.OWN_LINE: "本机线路受限", Announced.VOICEMAIL: "语音信箱",
    Announced.PHONE_ASSISTANT: "电话助理", Announced.RINGBACK_MUSIC: "彩铃", Announced.HUMAN: "有人应答",
}  # fmt: skip


@lru_cache(maxsize=1)
def _model() -> tuple[Concepts, LinearModel]:
    return load_concepts(FOLDER / "concepts.yaml"), load(model_path("announcements"), "announcements")
