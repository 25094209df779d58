"""The form of a review plan (table D.1): what is suggested, and what was written in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session

from campaign.duties.shares import REVIEW_OF, SHARES, DutyKind
from models import Draw
from models.access import staff_called
from rules import ReviewType
from rules.outcomes import Method
from rules.plan import Plan, PlanRefused

MOST_TEXT = 2000  # characters of one line of the plan
MOST_NAME = 120
MOST_FIELDS = 60
_TEXTS = {
    "department": "回访需求部门",
    "purpose": "回访目的",
    "steps": "回访实施计划",
    "scope": "回访客户范围",
    "executing_department": "回访实施部门",
    "reviewers": "回访人员",
    "other_type": "其他回访类型",
}
_CHOICES = {"review_types": "回访类型", "methods": "回访方式"}


async def fields_of(request: Request) -> dict[str, str]:
    """The fields of a form; those that may be ticked several times are joined by blanks."""
    form = await request.form(max_fields=MOST_FIELDS)
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        text = value.strip() if isinstance(value, str) else ""
        fields[name] = f"{fields[name]} {text}" if name in ("review_types", "methods") and name in fields else text
    return fields


def refuse_unreadable(session: Session, fields: Mapping[str, str]) -> None:
    """Raises PlanRefused with everything that cannot be taken over as it was written, strangers included."""
    longest = dict.fromkeys(_TEXTS, MOST_TEXT) | {"name": MOST_NAME}
    words = _TEXTS | {"name": "方案名称"}
    problems = [f"{words[one]}最多{most}字；请缩短" for one, most in longest.items() if len(fields.get(one, "")) > most]
    for name, word in (("reviewed_from", "回访时间的开始"), ("reviewed_until", "回访时间的结束")):
        written = fields.get(name, "")
        if written and _day(written) is None:
            problems.append(f"{word}“{written[:20]}”不是日期；请按2026-06-08这样填写")
        elif not written and fields.get("act") == "submit":
            problems.append(f"{word}未填写；请填写")
    for name, known in (("review_types", set(ReviewType)), ("methods", set(Method))):
        strange = [one[:20] for one in fields.get(name, "").split() if one not in known]
        problems += [f"{_CHOICES[name]}“{one}”不认识；请从列出的选项里选择" for one in strange]
    called = staff_called(session, _reviewers(fields))
    problems += [
        f"回访人员“{one[:20]}”不在人员名单里；请填写工号或姓名" for one, numbers in called.items() if not numbers
    ]
    if problems:
        raise PlanRefused("；".join(problems))


def plan_written(fields: Mapping[str, str], made_on: date) -> Plan:
    """The plan of a form; left out is what `refuse_unreadable` refuses, and `made_on` stands for a date."""
    return Plan(
        department=fields.get("department", ""),
        made_on=made_on,
        purpose=fields.get("purpose", ""),
        steps=fields.get("steps", ""),
        reviewed_from=_day(fields.get("reviewed_from", "")) or made_on,
        reviewed_until=_day(fields.get("reviewed_until", "")) or made_on,
        review_types=tuple(ReviewType(one) for one in fields.get("review_types", "").split() if one in set(ReviewType)),
        methods=tuple(Method(one) for one in fields.get("methods", "").split() if one in set(Method)),
        scope=fields.get("scope", ""),
        executing_department=fields.get("executing_department", ""),
        reviewers=_reviewers(fields),
        risk_notice=fields.get("risk_notice") == "1",
        other_type=fields.get("other_type", ""),
    )


def _reviewers(fields: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(fields.get("reviewers", "").replace("、", " ").replace("，", " ").split())


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def suggested_name(draw: Draw | None, now: datetime) -> str:
    """A name for the plan of a draw."""
    if draw is None:
        return ""
    kind = DutyKind(draw.duty.kind)
    return f"{draw.duty.year}年{SHARES[kind].name}方案（{now.month}月{now.day}日）"


def suggested(draw: Draw | None, now: datetime) -> Plan:
    """An empty plan, or what a draw already says of it."""
    today = now.date()
    values: dict[str, Any] = {"purpose": "", "steps": "", "scope": "", "review_types": ()}
    if draw is not None:
        kind, proof = DutyKind(draw.duty.kind), draw.proof
        values = {
            "purpose": f"完成{draw.duty.year}年度{SHARES[kind].name}（{SHARES[kind].clause}）",
            "steps": f"1、按种子“{draw.seed}”抽取{proof['drawn']}名客户；"
            "2、以智能语音拨打，须人工的转人工电话；3、未触达的按表F.1处理",
            "scope": f"基数{proof['basis']}名，应回访{proof['needed']}名，"
            f"已计入{proof['credited']}名，抽中{proof['drawn']}名",
            "review_types": (REVIEW_OF[kind],),
        }
    return Plan(
        department="",
        made_on=today,
        reviewed_from=today,
        reviewed_until=date(max(today.year, draw.duty.year if draw else 0), 12, 31),
        methods=(Method.VOICE_BOT, Method.HUMAN_CALL),
        executing_department="",
        reviewers=(),
        risk_notice=False,
        **values,
    )
