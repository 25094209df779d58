"""Whom the rules tell apart: the posts of a firm (§7.4), and whether two entries mean one person. Pure."""

from __future__ import annotations

import unicodedata
from enum import StrEnum


class Post(StrEnum):
    """What a person of the firm does (岗位)."""

    BROKER = "broker"  # 经纪人、投资顾问、客户经理: solicits or serves clients
    AGENT = "agent"  # 执行岗、坐席
    INSPECTOR = "inspector"  # 质检岗
    MANAGER = "manager"  # 管理岗
    OPERATOR = "operator"  # 运维岗
    TRAINER = "trainer"  # 培训岗


def person_key(person: str) -> str:
    """A person's number or name without what one person could write differently: width, case, blanks."""
    return "".join(unicodedata.normalize("NFKC", person).split()).casefold()
