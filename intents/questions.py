"""The questions of the scripts: their ids, what kind of thing each asks, and which answer is the unsafe one."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

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
    MATCHES = "matches"  # 是否匹配
    RECEIVED = "received"  # 是否接收过资讯
    CONTACTS = "contacts"  # 是否经常联络
    HELPS = "helps"  # 是否给予帮助
    MET = "met"  # 是否与工作人员见面
    IS_SO = "is_so"  # 所说的是否属实
    FILLED = "filled"  # 问卷是否本人填写
    OPEN = "open"  # 开放问题：意见、职业、原因


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
    "private_fund.own_purchase": Kind.WILL,
    "private_fund.signed_by_hand": Kind.SIGNED,
    "private_fund.read_contract": Kind.READ,
    "private_fund.read_risk_disclosure": Kind.READ,
    "private_fund.risk_matches": Kind.MATCHES,
    "private_fund.knows_risk_levels": Kind.KNOWS,
    "private_fund.knows_fees": Kind.KNOWS,
    "private_fund.knows_rights": Kind.KNOWS,
    "private_fund.knows_disclosure": Kind.KNOWS,
    "private_fund.knows_losses": Kind.KNOWS,
    "private_fund.knows_cooling_off": Kind.KNOWS,
    "private_fund.knows_disputes": Kind.KNOWS,
    "private_fund.staff_misconduct": Kind.MISCONDUCT,
    "new_client.received_info": Kind.RECEIVED,
    "new_client.info_satisfied": Kind.SATISFIED,
    "new_client.info_wanted": Kind.OPEN,
    "new_client.advice": Kind.OPEN,
    "new_client.self_managed": Kind.OPERATED,
    "periodic.satisfied": Kind.SATISFIED,
    "periodic.received_info": Kind.RECEIVED,
    "periodic.info_satisfied": Kind.SATISFIED,
    "periodic.contacts_you": Kind.CONTACTS,
    "periodic.helps_you": Kind.HELPS,
    "periodic.improve": Kind.OPEN,
    "abnormal.self_managed": Kind.OPERATED,
    "abnormal.aware": Kind.KNOWS,
    "abnormal.reason": Kind.OPEN,
    "qualification.own_will": Kind.WILL,
    "qualification.met_staff": Kind.MET,
    "qualification.place": Kind.IS_SO,
    "qualification.identity_true": Kind.IS_SO,
    "qualification.info_true": Kind.IS_SO,
    "qualification.risk_test_own": Kind.FILLED,
    "qualification.contract_signed": Kind.SIGNED,
    "aml.id_valid": Kind.IS_SO,
    "aml.id_dates": Kind.IS_SO,
    "aml.occupation": Kind.OPEN,
    "aml.employer": Kind.OPEN,
    "aml.education": Kind.OPEN,
    "aml.beneficiary": Kind.IS_SO,
    "satisfaction.counter": Kind.SATISFIED,
    "satisfaction.manager": Kind.SATISFIED,
    "satisfaction.software": Kind.SATISFIED,
    "satisfaction.advice": Kind.OPEN,
}
QUESTIONS = tuple(_KINDS)

_SUFFIXES = {question.rpartition(".")[2]: kind for question, kind in _KINDS.items()}
# How the last part of an id that is in no table begins or ends, in order.
_HINTS = (
    (re.compile("satisfied|satisfaction"), Kind.SATISFIED),
    (re.compile("misconduct|violation"), Kind.MISCONDUCT),
    (re.compile("unsettled"), Kind.UNSETTLED),
    (re.compile("^read"), Kind.READ),
    (re.compile("sign"), Kind.SIGNED),
    (re.compile("operated|managed"), Kind.OPERATED),
    (re.compile("own_will|own_application|own_purchase"), Kind.WILL),
    (re.compile("match"), Kind.MATCHES),
    (re.compile("^(?:knows|aware)|_aware$"), Kind.KNOWS),
    (re.compile("^received"), Kind.RECEIVED),
    (re.compile("advice|improve|wanted|reason|suggestion"), Kind.OPEN),
    (re.compile("_true$|_valid$|_correct$|_dates?$"), Kind.IS_SO),
)
_NEITHER_UNSAFE = {
    Kind.IDENTITY, Kind.CONVENIENT, Kind.TIME, Kind.GIVES_NUMBER, Kind.RECEIVED, Kind.CONTACTS, Kind.HELPS, Kind.OPEN,
}  # fmt: skip


@lru_cache(maxsize=1024)
def kind_of(question: str) -> Kind | None:
    """What kind of thing a question asks; by its last part for ids of other scripts, None when unknown."""
    last = question.rpartition(".")[2]
    known = _KINDS.get(question) or _SUFFIXES.get(last)
    return known or next((kind for hint, kind in _HINTS if hint.search(last)), None)


def unsafe_answer(question: str) -> Intent | None:
    """The answer that a reviewer must not miss: yes to misconduct and unsettled matters, no to most others."""
    kind = kind_of(question)
    if kind is None or kind in _NEITHER_UNSAFE or question == "relay.knows_contact":
        return None
    return Intent.YES if kind in {Kind.MISCONDUCT, Kind.UNSETTLED} else Intent.NO
