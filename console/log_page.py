"""The system log (系统日志, §7.5.1), as operators read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from console.access import posts
from console.desk import desk_of
from console.filter_times import day_of
from console.logged import acts_in
from console.logged_acts import LOGGED, Group
from console.render import PAGE_SIZE, page
from console.spreadsheet import spreadsheet
from console.words import SHANGHAI
from models import AuditEntry
from models.audit import Act, LogFilter, acts_known, entries
from rules import Post
from rules.hours import written_minute

MOST_EXPORTED = 50_000  # entries
# Acts that routes write themselves; those of the other routes stand in console/logged_acts.py.
OWN_WORDS: Mapping[Group, Mapping[str, str]] = MappingProxyType(
    {
        Group.ACCOUNTS: {
            Act.SIGNED_IN: "登录",
            Act.SIGN_IN_FAILED: "登录失败",
            Act.SIGNED_OUT: "退出",
            Act.PASSWORD_CHANGED: "修改密码",
            Act.TOTP_SET: "启用动态口令",
            Act.TOTP_RESET: "停用动态口令",
        },
        Group.USERS: {
            Act.USER_ADDED: "增加用户",
            Act.POSTS_CHANGED: "变更岗位",
            Act.USER_DISABLED: "停用用户",
            Act.USER_ENABLED: "恢复用户",
            Act.PASSWORD_RESET: "重置密码",
        },
        Group.SEEN: {Act.LISTENED: "收听录音", Act.EXPORTED: "导出", Act.REVEALED: "查看客户明文"},
        Group.PEOPLE: {
            Act.SUPERVISED_LISTEN: "监听通话",
            Act.SUPERVISED_WHISPER: "耳语坐席",
            Act.SUPERVISED_BARGE: "强插通话",
            Act.SUPERVISED_TAKE_OVER: "接管通话",
            Act.CLIENT_LEFT: "客户转给同事",
        },
        Group.INSPECTING: {"修改质检规则": "修改质检规则", "修改评分表": "修改评分表"},
        Group.SYSTEM: {Act.ARCHIVE_RETRIED: "重试录音归档"},
    }
)
_ROUTES = acts_in(LOGGED)
GROUPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {group: {**OWN_WORDS.get(group, {}), **_ROUTES.get(group, {})} for group in Group}
)
WORDS: Mapping[str, str] = MappingProxyType({act: word for words in GROUPS.values() for act, word in words.items()})

router = APIRouter(dependencies=[posts(Post.OPERATOR)])


class LogQuery(BaseModel):
    """The filters in the address; a value that means nothing narrows nothing."""

    q: str = ""
    act: str = ""
    since: str = ""
    until: str = ""
    page_no: int = 1

    def narrowed(self) -> LogFilter:
        """The filter for the database."""
        until = day_of(self.until)
        return LogFilter(self.q.strip(), self.act, day_of(self.since), until + timedelta(days=1) if until else None)


@router.get("/log")
def show(request: Request, query: Annotated[LogQuery, Query()]) -> Response:
    """The log with filters in the address, the latest entry first."""
    with desk_of(request).database.read() as session:
        found = entries(session, query.narrowed(), page=max(1, query.page_no), size=PAGE_SIZE)
        return page(request, "log.html", found=found, query=query, words=WORDS, acts=_acts(session), when=_when)


@router.get("/log.csv")
def export(request: Request, query: Annotated[LogQuery, Query()]) -> Response:
    """What the filters leave, as a spreadsheet."""
    with desk_of(request).database.read() as session:
        found = entries(session, query.narrowed(), page=1, size=MOST_EXPORTED)
        rows = [_row(entry) for entry in found.items]
    return spreadsheet(request, "系统日志", ("时间", "工号", "姓名", "操作", "对象", "原因"), rows)


def _acts(session: Session) -> list[tuple[str, list[tuple[str, str]]]]:
    """What has happened so far, by groups; acts of earlier programs last."""
    known = set(acts_known(session))
    groups = [(group, [one for one in words.items() if one[0] in known]) for group, words in GROUPS.items()]
    return [each for each in (*groups, ("其他", [(act, act) for act in sorted(known - WORDS.keys())])) if each[1]]


def _when(at: datetime) -> str:
    return f"{written_minute(at)}:{at:%S}"


def _sortable(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _row(entry: AuditEntry) -> tuple[str, ...]:
    staff = entry.staff
    return (
        _sortable(entry.at),
        staff.number if staff else "",
        staff.name if staff else "",
        WORDS.get(entry.act, entry.act),
        entry.subject,
        entry.reason,
    )
