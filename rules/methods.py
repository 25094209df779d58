"""By which method a client may be reviewed, and what a voice bot may not do (T/SAC 002-2024 §5.2, table A.1). Pure.

`refusal_of` says what must not be; `advice_of` what the standard advises against (宜, 建议).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rules.annex_a import line_of
from rules.labels import label_of
from rules.outcomes import Method, ReviewType, RiskLevel


class OpeningMode(StrEnum):
    """How an account was opened (开户方式)."""

    COUNTER = "临柜"  # at the counter
    WITNESSED = "见证"  # 非现场见证: staff came to the client
    TWO_WAY_VIDEO = "双向视频"  # staff saw the client live
    ONE_WAY_VIDEO = "单向视频"  # the client recorded a video alone


@dataclass(frozen=True, slots=True)
class Refusal:
    """That a review may not be done so: a Chinese sentence for screens, and the clause."""

    reason: str
    clause: str


BY_PEOPLE = frozenset({Method.HUMAN_CALL, Method.MEETING})
# §5.2.1, §5.2.5: scenes of a human call or a meeting.
_HUMAN_SCENES = frozenset({ReviewType.ANOMALY, ReviewType.LEAVING, ReviewType.COMPLAINED, ReviewType.SETTLED})
_LOW = frozenset({RiskLevel.R1, RiskLevel.R2})


def refusal_of(
    review_type: ReviewType,
    method: Method,
    *,
    opening: OpeningMode | None = None,
    risk_level: RiskLevel | None = None,
    human_from: RiskLevel | None = RiskLevel.R5,
    wants_human: bool = False,
) -> Refusal | None:
    """Why a review of this type must not be done by this method; None: it may.

    `opening`: how the account was opened (new accounts only). `risk_level`: of the product or service; from
    `human_from` on a bot does not call (None: the firm lets it). `wants_human`: the client has asked for a person.
    """
    line = line_of(review_type)
    one_way = review_type is ReviewType.NEW_ACCOUNT and opening is OpeningMode.ONE_WAY_VIDEO
    if one_way and method is not Method.HUMAN_CALL:
        return Refusal("单向视频开户的回访必须采用人工电话（表A.1第1项）", "表A.1第1项")
    if method not in line.methods:
        reason = f"{label_of(review_type)}回访应以录音电话、电邮、信函等方式进行，不得采用{label_of(method)}"
        return Refusal(f"{reason}（{line.clause}）", line.clause)
    if method is not Method.VOICE_BOT:
        return None
    if risk_level is not None and human_from is not None and risk_level >= human_from:
        reason = f"智能语音适用于新开户、中低风险的业务或产品，{risk_level.value}应由人工回访"
        return Refusal(f"{reason}（§5.2.1、§5.2.2）", "§5.2.1、§5.2.2")
    if wants_human:
        return Refusal("客户要求由人工回访，不再以智能语音拨打（§6.2 尊重客户意愿）", "§6.2")
    return None


def advice_of(review_type: ReviewType, method: Method, *, risk_level: RiskLevel | None = None) -> str:
    """What the standard advises against in this choice, a Chinese sentence; "": nothing."""
    if review_type in _HUMAN_SCENES and method not in BY_PEOPLE:
        clause = "表A.1第3项、补充6" if review_type is ReviewType.ANOMALY else "§5.2.1"
        return f"{label_of(review_type)}回访建议人工参与（{clause}）"
    if method in (Method.QUESTIONNAIRE, Method.MESSAGE) and risk_level is not None and risk_level not in _LOW:
        clause = "§5.2.3" if method is Method.QUESTIONNAIRE else "§5.2.4"
        return f"{label_of(method)}回访适用于低风险的业务或产品（{clause}）"
    return ""
