"""The questions of the scripts: their ids, what kind of thing each asks, and which answer is the unsafe one."""

from __future__ import annotations

from enum import StrEnum

from intents.values import Intent


class Kind(StrEnum):
    """Questions that are answered in the same words."""

    IDENTITY = "identity"  # 是您本人吗
    CONVENIENT = "convenient"  # 现在方便吗
    TIME = "callback_time"  # 什么时间有空
    KNOWS_PERSON = "knows_person"  # 知道联系方式吗
    GIVES_NUMBER = "give_contact"  # 方便提供吗
    WILL = "will"  # 是否本人意愿、亲自办理
    READ = "read"  # 是否阅读并理解
    OPERATED = "operated"  # 是否本人操作
    SIGNED = "signed"  # 是否签署
    KNOWS = "knows"  # 是否知晓
    MISCONDUCT = "misconduct"  # 是否存在违规
    SATISFIED = "satisfied"  # 是否满意
    UNSETTLED = "unsettled"  # 是否有未了事项
    GUIDED = "guided"  # 是否指导


_KINDS = {
    "opening.identity": Kind.IDENTITY,
    "opening.convenient": Kind.CONVENIENT,
    "opening.callback_time": Kind.TIME,
    "relay.knows_contact": Kind.KNOWS_PERSON,
    "relay.give_contact": Kind.GIVES_NUMBER,
    "new_account.own_will": Kind.WILL,
    "new_account.read_agreement": Kind.READ,
    "anomaly.self_operated": Kind.OPERATED,
    "suitability.self_operated": Kind.OPERATED,
    "suitability.own_application": Kind.WILL,
    "suitability.signed_documents": Kind.SIGNED,
    "suitability.knows_rules": Kind.KNOWS,
    "suitability.read_risk_disclosure": Kind.READ,
    "suitability.knows_risk_levels": Kind.KNOWS,
    "suitability.knows_fees_losses": Kind.KNOWS,
    "suitability.staff_misconduct": Kind.MISCONDUCT,
    "conduct.satisfied": Kind.SATISFIED,
    "leaving.satisfied": Kind.SATISFIED,
    "complained.satisfied": Kind.SATISFIED,
    "conduct.staff_misconduct": Kind.MISCONDUCT,
    "leaving.staff_misconduct": Kind.MISCONDUCT,
    "complained.staff_misconduct": Kind.MISCONDUCT,
    "settled.unsettled": Kind.UNSETTLED,
    "settled.satisfied": Kind.SATISFIED,
    "new_client.knows_manager": Kind.KNOWS_PERSON,
    "new_client.guided": Kind.GUIDED,
    "new_client.satisfied": Kind.SATISFIED,
    "periodic.self_managed": Kind.OPERATED,
}
QUESTIONS = tuple(_KINDS)

_SUFFIXES = {question.rpartition(".")[2]: kind for question, kind in _KINDS.items()}
_NEITHER_UNSAFE = {Kind.IDENTITY, Kind.CONVENIENT, Kind.TIME, Kind.GIVES_NUMBER}


def kind_of(question: str) -> Kind | None:
    """What kind of thing a question asks; by its last part for ids of other scripts, None when unknown."""
    return _KINDS.get(question) or _SUFFIXES.get(question.rpartition(".")[2])


def unsafe_answer(question: str) -> Intent | None:
    """The answer that a reviewer must not miss: yes to misconduct and unsettled matters, no to most others."""
    kind = kind_of(question)
    if kind is None or kind in _NEITHER_UNSAFE or question == "relay.knows_contact":
        return None
    return Intent.YES if kind in {Kind.MISCONDUCT, Kind.UNSETTLED} else Intent.NO
