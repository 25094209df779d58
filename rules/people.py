"""Whom the rules tell apart: whether two entries mean one person, and as what somebody serves clients. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Serving(StrEnum):
    """As what a person of the firm solicits or serves clients; whoever does so reviews nobody (§6.3)."""

    BROKER = "broker"  # 证券经纪人
    ADVISER = "adviser"  # 证券投资顾问
    ACCOUNT_MANAGER = "account_manager"  # 客户经理
    UNKNOWN = ""  # 未登记: came in with a client, or was entered before they were told apart


SERVING_WORDS: Mapping[Serving, str] = MappingProxyType(
    {
        Serving.BROKER: "经纪人",
        Serving.ADVISER: "投资顾问",
        Serving.ACCOUNT_MANAGER: "客户经理",
        Serving.UNKNOWN: "岗位未登记",
    }
)
# Table A.1 line 5: 经纪人、证券投资顾问名下客户. Who may be one of them is counted, so that there are never too few.
UNDER_CONDUCT_REVIEW = frozenset({Serving.BROKER, Serving.ADVISER, Serving.UNKNOWN})


def person_key(person: str) -> str:
    """A person's number or name without what one person could write differently: width, case, blanks."""
    return "".join(unicodedata.normalize("NFKC", person).split()).casefold()
