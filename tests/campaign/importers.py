"""What the import tests share: scripts, headers, and an import that must be refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.imports.importing import Imported, ImportRefused, import_file
from models import Customer, ReviewTask
from rules import ReviewType

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 6, 1, 10, tzinfo=SHANGHAI)  # a Monday
CLIENTS = "客户号,姓名,称谓,手机号,邮箱,营业部,客户经理工号\n"
TASKS = "任务号,客户号,回访类型,话术,产品代码,截止日期,业务\n"


@dataclass(frozen=True)
class Needs:
    """What the import knows of a script."""

    name: str
    title: str
    review_types: tuple[ReviewType, ...]
    slots: tuple[str, ...]


SCRIPTS = (
    Needs("suitability", "适当性回访", (ReviewType.SUITABILITY, ReviewType.NEW_PERMISSION), ("客户姓名", "业务")),
    Needs("new_account", "新开户回访", (ReviewType.NEW_ACCOUNT,), ("客户姓名", "称谓")),
    Needs("anomaly", "异常情形回访", (ReviewType.ANOMALY,), ("异常情形",)),
)


def take(session: Session, content: str | bytes, now: datetime = NOW) -> Imported:
    data = content.encode() if isinstance(content, str) else content
    return import_file(session, data, now=now, scripts=SCRIPTS)


def faults(session: Session, content: str | bytes) -> list[str]:
    """What an import says; nothing may have been written."""
    before = session.scalar(select(func.count()).select_from(Customer))
    with pytest.raises(ImportRefused) as refused:
        take(session, content)
    assert session.scalar(select(func.count()).select_from(Customer)) == before
    assert session.scalar(select(func.count()).select_from(ReviewTask)) == 0
    return [str(problem) for problem in refused.value.problems]


def only_fault(session: Session, content: str | bytes) -> str:
    (fault,) = faults(session, content)
    return fault
