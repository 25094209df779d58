"""The posts of client review (岗位, T/SAC 002-2024 §7.4): what a person who signs in is there for. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Post(StrEnum):
    """A post; one person may hold several (兼岗, §7.4)."""

    MANAGER = "manager"  # 客户回访管理岗: plans, assigns, approves, supervises (§7.4.1)
    INSPECTOR = "inspector"  # 客户回访质检岗: listens, judges, corrects (§7.4.2)
    TRAINER = "trainer"  # 客户回访培训岗: trains (§7.4.3)
    AGENT = "agent"  # 客户回访执行岗: talks with clients and writes it down (§7.4.4)
    OPERATOR = "operator"  # 客户回访运维岗: keeps the system running, its users and its log (§7.4.5)


POST_WORDS: Mapping[Post, str] = MappingProxyType(
    {
        Post.MANAGER: "管理岗",
        Post.INSPECTOR: "质检岗",
        Post.TRAINER: "培训岗",
        Post.AGENT: "执行岗",
        Post.OPERATOR: "运维岗",
    }
)

STAFF_NUMBER_WORDS = "工号只能用文字、数字和 - _ . 写成，中间不能有空格或斜线"
_STAFF_NUMBER = re.compile(r"[.-]*\w[\w.-]*")


def is_staff_number(written: str) -> bool:
    """Whether this can be a 工号: it stands in addresses, and in lists with commas and blanks between."""
    return _STAFF_NUMBER.fullmatch(written) is not None
