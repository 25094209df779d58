"""What review a business event calls for (T/SAC 002-2024 §5.1, table A.1): type, script, slots, deadline; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from campaign.imports.forms import EventKind
from rules import ReviewType, RiskLevel, TradingCalendar, UnknownYear, deadline_of, end_of, label_of
from rules.cooling_off import LEAST, CoolingOff
from rules.hours import SHANGHAI
from rules.methods import OpeningMode, refusal_of
from rules.outcomes import Method

# The script that asks what table A.1 wants asked.
SCRIPT_OF: Mapping[ReviewType, str] = {
    ReviewType.NEW_ACCOUNT: "new_account",
    ReviewType.NEW_PERMISSION: "suitability",
    ReviewType.ANOMALY: "anomaly",
    ReviewType.SUITABILITY: "suitability",
    ReviewType.CONDUCT: "conduct",
    ReviewType.PRIVATE_FUND: "private_fund",
    ReviewType.LEAVING: "leaving",
    ReviewType.COMPLAINED: "complained",
    ReviewType.SETTLED: "settled",
    ReviewType.OTHER: "periodic",
}
PRIVATE_FUND = "private_fund"  # a kind of product
COUNTS_LATER = "计入适当性回访的抽取范围（表A.1第4项）"


@dataclass(frozen=True, slots=True)
class Happened:
    """A business event as the rules see it; `staff_name` is "" where nobody has entered it."""

    kind: EventKind
    at: datetime
    details: Mapping[str, str] = field(default_factory=dict)
    staff_name: str = ""
    product_name: str = ""
    product_kind: str = ""
    risk_level: RiskLevel | None = None
    cooling_off_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A review that is owed.

    `due_at`: not to be called before. `by_human`: why no bot may call, a Chinese sentence with the clause; "": it may.
    `of_staff`: it concerns clients of the staff of the event, not the client.
    """

    review_type: ReviewType
    slots: Mapping[str, str]
    deadline_at: datetime | None
    due_at: datetime
    by_human: str = ""
    of_staff: bool = False

    @property
    def script(self) -> str:
        """The name of its script."""
        return SCRIPT_OF[self.review_type]


@dataclass(frozen=True, slots=True)
class NoReview:
    """Why no review follows, in Chinese; `mend`: one would, if somebody did what it says."""

    reason: str
    mend: bool = False


def owed(event: Happened, calendar: TradingCalendar) -> tuple[Review, ...] | NoReview:
    """The reviews that an event calls for, or why there are none."""
    match event.kind:
        case EventKind.OPENED:
            return (_after_opening(event),)
        case EventKind.PERMISSION:
            return (_after_permission(event, calendar),)
        case EventKind.BOUGHT:
            return _after_purchase(event)
        case EventKind.SIGNED:
            return NoReview(COUNTS_LATER)
        case EventKind.ANOMALY:
            return _after_anomaly(event, calendar)
        case EventKind.COMPLAINT:
            return NoReview("投诉办结后回访（表A.1第6项）")
        case EventKind.SETTLED:
            return _after_settlement(event)
        case EventKind.LEAVING:
            return _before_leaving(event)


def _after_opening(event: Happened) -> Review:
    written = event.details.get("开户方式", "")
    opening = OpeningMode(written) if written in set(OpeningMode) else None
    refusal = refusal_of(ReviewType.NEW_ACCOUNT, Method.VOICE_BOT, opening=opening)
    slots = {"开户方式": written} if written else {}
    return Review(ReviewType.NEW_ACCOUNT, slots, None, event.at, refusal.reason if refusal else "")


def _after_permission(event: Happened, calendar: TradingCalendar) -> Review:
    permission = event.details["权限名称"]
    business = permission if permission.startswith(("开通", "新增")) else f"开通{permission}"
    deadline_at = deadline_of(ReviewType.NEW_PERMISSION, event.at, calendar=calendar)
    return Review(ReviewType.NEW_PERMISSION, {"业务": business}, deadline_at, event.at)


def _after_purchase(event: Happened) -> tuple[Review, ...] | NoReview:
    if event.product_kind != PRIVATE_FUND:
        return NoReview(COUNTS_LATER)
    refusal = refusal_of(ReviewType.PRIVATE_FUND, Method.VOICE_BOT, risk_level=event.risk_level)
    reason = refusal.reason if refusal else ""
    slots = {"基金名称": event.product_name}
    return (Review(ReviewType.PRIVATE_FUND, slots, None, cooled_off_at(event), reason),)


def cooled_off_at(event: Happened) -> datetime:
    """The first instant at which a review of a private fund counts: never less than 24 hours after the purchase."""
    length = timedelta(hours=event.cooling_off_hours) if event.cooling_off_hours else LEAST
    ends_at = CoolingOff(event.at, event.at, length).ends_at or event.at + LEAST
    written = event.details.get("冷静期届满", "")
    return max(datetime.fromisoformat(written), event.at + LEAST) if written else ends_at


def _after_anomaly(event: Happened, calendar: TradingCalendar) -> tuple[Review, ...] | NoReview:
    try:
        deadline_at = deadline_of(ReviewType.ANOMALY, event.at, calendar=calendar)
    except UnknownYear:
        year = event.at.astimezone(SHANGHAI).year
        return NoReview(f"交易日历缺少{year}年或下一年，算不出两个交易日的期限；请运维补充交易日历", mend=True)
    return (Review(ReviewType.ANOMALY, {"异常类型": event.details["异常类型"]}, deadline_at, event.at),)


def _after_settlement(event: Happened) -> tuple[Review, ...] | NoReview:
    complained_on = date.fromisoformat(event.details["投诉日期"])
    slots = {"投诉日期": _spoken_day(complained_on), "投诉事项": event.details["投诉事项"]}
    reviews = [Review(ReviewType.SETTLED, slots, None, event.at)]
    if event.staff_name:
        slots = {"工作人员": event.staff_name}
        reviews.append(Review(ReviewType.COMPLAINED, slots, None, event.at, of_staff=True))
    return tuple(reviews)


def _before_leaving(event: Happened) -> tuple[Review, ...] | NoReview:
    if not event.staff_name:
        return NoReview("没有登记这名工作人员的姓名；请先导入工作人员文件", mend=True)
    slots = {
        "工作人员": event.staff_name,
        "新客户经理": event.details["接替人员"],
        "新联系方式": event.details["接替电话"],
    }
    deadline_at = end_of(date.fromisoformat(event.details["离职日期"]))
    return (Review(ReviewType.LEAVING, slots, deadline_at, event.at, of_staff=True),)


def _spoken_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def missing_script(review: Review) -> NoReview:
    """That the script of a review is not in use."""
    return NoReview(f"{label_of(review.review_type)}回访没有使用中的话术“{review.script}”；请先审核并发布", mend=True)
