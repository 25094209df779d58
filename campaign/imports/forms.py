"""The files that a firm hands in, column by column: clients, staff, products, business events, review tasks; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from campaign.imports import cells
from campaign.imports.cells import BadCell
from campaign.imports.problems import quoted
from rules.people import Serving

MOST_SLOT = 200  # characters of one spoken slot


class Kind(StrEnum):
    """What a file holds, recognised by its header."""

    CLIENTS = "clients"  # 客户
    STAFF = "staff"  # 工作人员
    PRODUCTS = "products"  # 产品与服务
    EVENTS = "events"  # 业务事件
    TASKS = "tasks"  # 回访任务


KIND_WORDS: Mapping[Kind, tuple[str, str]] = {  # and the word that counts them
    Kind.CLIENTS: ("客户", "名"),
    Kind.STAFF: ("工作人员", "名"),
    Kind.PRODUCTS: ("产品", "个"),
    Kind.EVENTS: ("业务事件", "件"),
    Kind.TASKS: ("回访任务", "个"),
}


class EventKind(StrEnum):
    """What happened at the firm and may call for a review (业务事件; T/SAC 002-2024 table A.1)."""

    OPENED = "opened"  # 开户
    PERMISSION = "permission"  # 新增权限
    BOUGHT = "bought"  # 产品购买
    SIGNED = "signed"  # 服务签约
    ANOMALY = "anomaly"  # 异常情形
    COMPLAINT = "complaint"  # 投诉
    SETTLED = "settled"  # 投诉办结
    LEAVING = "leaving"  # 离职


EVENT_WORDS: Mapping[EventKind, str] = {
    EventKind.OPENED: "开户",
    EventKind.PERMISSION: "新增权限",
    EventKind.BOUGHT: "产品购买",
    EventKind.SIGNED: "服务签约",
    EventKind.ANOMALY: "异常情形",
    EventKind.COMPLAINT: "投诉",
    EventKind.SETTLED: "投诉办结",
    EventKind.LEAVING: "离职",
}
_EVENT_NAMES = {word: kind for kind, word in EVENT_WORDS.items()} | {
    "新开户": EventKind.OPENED,
    "新增交易权限": EventKind.PERMISSION,
    "权限开通": EventKind.PERMISSION,
    "购买产品": EventKind.BOUGHT,
    "投诉处理完结": EventKind.SETTLED,
    "拟离职": EventKind.LEAVING,
}
# Which columns an event of each kind must have filled in, and which it may.
EVENT_NEEDS: Mapping[EventKind, tuple[frozenset[str], frozenset[str]]] = {
    EventKind.OPENED: (frozenset({"客户号"}), frozenset({"开户方式"})),
    EventKind.PERMISSION: (frozenset({"客户号", "权限名称"}), frozenset()),
    EventKind.BOUGHT: (frozenset({"客户号", "产品代码"}), frozenset({"冷静期届满"})),
    EventKind.SIGNED: (frozenset({"客户号", "产品代码"}), frozenset()),
    EventKind.ANOMALY: (frozenset({"客户号", "异常类型"}), frozenset()),
    EventKind.COMPLAINT: (frozenset({"客户号", "投诉事项"}), frozenset({"工号"})),
    EventKind.SETTLED: (frozenset({"客户号", "投诉事项", "投诉日期"}), frozenset({"工号"})),
    EventKind.LEAVING: (frozenset({"工号", "离职日期", "接替人员", "接替电话"}), frozenset()),
}
EVENT_DETAILS = frozenset(
    {"开户方式", "权限名称", "异常类型", "投诉事项", "投诉日期", "离职日期", "接替人员", "接替电话", "冷静期届满"}
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it becomes, how a cell is read, and what its template says of it."""

    name: str
    field: str
    reader: Callable[[str], Any]
    about: str
    sample: str = ""
    needed: bool = False  # the column must be there

    @property
    def is_date(self) -> bool:
        """Whether a day count of a spreadsheet may stand here."""
        return self.reader in (cells.day, cells.moment)


def _text(most: int) -> Callable[[str], str]:
    return partial(cells.text, most=most)


def _needed(most: int) -> Callable[[str], str]:
    return partial(cells.text, most=most, needed=True)


def _code(most: int) -> Callable[[str], str]:
    return partial(cells.code, most=most)


def _staff_number(*, needed: bool = False) -> Callable[[str], str]:
    return partial(cells.staff_number, most=40, needed=needed)


def _one_of(column: str, words: Mapping[str, Any], *, needed: bool = False) -> Callable[[str], Any]:
    """A reader of a closed set of words; nothing is "" unless it is needed."""

    def read(cell: str) -> Any:
        written = cells.text(cell, 40, needed=needed)
        if not written:
            return ""
        if written not in words:
            raise BadCell(f"{column}{quoted(written)}不认识", "请填写以下之一：" + "、".join(words))
        return words[written]

    return read


def _spoken(cell: str) -> str:
    written = cells.text(cell, MOST_SLOT)
    return cells.spoken_part(written) if written else ""


POSTS = {
    "经纪人": ("broker", Serving.BROKER.value),
    "投资顾问": ("broker", Serving.ADVISER.value),
    "客户经理": ("broker", Serving.ACCOUNT_MANAGER.value),
    "执行岗": ("agent", ""),
    "坐席": ("agent", ""),
    "质检岗": ("inspector", ""),
    "管理岗": ("manager", ""),
    "运维岗": ("operator", ""),
    "培训岗": ("trainer", ""),
}  # and as what somebody serves clients
ACCOUNT_STATES = {"正常": "active", "休眠": "dormant", "中止交易": "suspended", "已销户": "closed"}
INVESTORS = {"普通": "ordinary", "普通投资者": "ordinary", "专业": "professional", "专业投资者": "professional"}
PRODUCT_KINDS = {
    "私募基金": "private_fund",
    "代销金融产品": "fund",
    "服务": "service",
    "场外期权": "option",
    "其他": "other",
}
OPENINGS = {"临柜": "临柜", "见证": "见证", "双向视频": "双向视频", "单向视频": "单向视频"}
ANOMALIES = {"账户使用": "账户使用", "资金划转": "资金划转", "证券交易": "证券交易"}
TOLERANCES = {f"C{number}": f"C{number}" for number in range(1, 6)}


def _state(cell: str) -> str:
    return _one_of("账户状态", ACCOUNT_STATES)(cell) or "active"


CLIENT_COLUMNS = (
    Column("客户号", "number", _code(40), "客户在贵公司的编号，不能重复", "10000001", needed=True),
    Column("姓名", "name", _needed(60), "客户姓名", "王小明", needed=True),
    Column("称谓", "gender", cells.title, "先生、女士，或留空", "先生"),
    Column("手机号", "phone", cells.phone, "11位手机号，或带区号的固定电话；请设为文本", "13800001111", needed=True),
    Column("邮箱", "email", cells.email, "可留空", "wang@example.com"),
    Column("营业部", "branch", _text(80), "可留空", "合肥庐阳营业部"),
    Column("客户经理工号", "served_by", _staff_number(), "服务客户的人员；该人员不得回访此客户", "6001"),
    Column("开户日期", "opened_on", cells.day, "用于计算上年末客户总数；留空按上年末以前开户", "2019-05-20"),
    Column("账户状态", "account_state", _state, "正常、休眠、中止交易或已销户；留空为正常", "正常"),
    Column("投资者类型", "investor", _one_of("投资者类型", INVESTORS), "普通或专业，可留空", "普通"),
    Column("风险承受能力", "tolerance", _one_of("风险承受能力", TOLERANCES), "C1至C5，可留空", "C3"),
)
STAFF_COLUMNS = (
    Column("工号", "number", _staff_number(needed=True), "不能重复", "6001", needed=True),
    Column("姓名", "name", _needed(60), "工作人员姓名", "赵立新", needed=True),
    Column("岗位", "post", _one_of("岗位", POSTS, needed=True), "、".join(POSTS), "客户经理", needed=True),
    Column("拟离职", "leaving", cells.yes_no, "是或否，留空为否", "否"),
)
PRODUCT_COLUMNS = (
    Column("产品代码", "code", _code(40), "不能重复", "P0001", needed=True),
    Column("产品名称", "name", _needed(120), "产品或服务的名称，会念给客户听", "安信稳健一号", needed=True),
    Column("风险等级", "risk_level", cells.risk_level, "R1至R5", "R3", needed=True),
    Column("产品类型", "kind", _one_of("产品类型", PRODUCT_KINDS), "、".join(PRODUCT_KINDS) + "，可留空", "私募基金"),
    Column(
        "冷静期小时",
        "cooling_off_hours",
        partial(cells.whole, least=24, most=24 * 90),
        "私募基金的投资冷静期，不少于24小时；留空为24小时",
        "24",
    ),
)
EVENT_COLUMNS = (
    Column("事件号", "number", _code(48), "贵公司系统里的流水号，不能重复", "E20260105001", needed=True),
    Column(
        "事件类型",
        "kind",
        _one_of("事件类型", _EVENT_NAMES, needed=True),
        "、".join(EVENT_WORDS.values()),
        "新增权限",
        needed=True,
    ),
    Column(
        "发生时间",
        "occurred_at",
        cells.moment,
        "开户、开通、购买、发现、办结或提出离职的时间",
        "2026-01-05 10:30",
        needed=True,
    ),
    Column("客户号", "customer", _text(40), "离职以外都要填写", "10000001"),
    Column("工号", "staff", _text(40), "离职人员；投诉、投诉办结时为被投诉人员", ""),
    Column("产品代码", "product", _text(40), "产品购买、服务签约时填写", ""),
    Column("开户方式", "开户方式", _one_of("开户方式", OPENINGS), "、".join(OPENINGS), ""),
    Column("权限名称", "权限名称", _spoken, "新增权限时填写，会念给客户听", "创业板交易权限"),
    Column("异常类型", "异常类型", _one_of("异常类型", ANOMALIES), "、".join(ANOMALIES), ""),
    Column("投诉事项", "投诉事项", _spoken, "接在“关于”后面，会念给客户听", ""),
    Column("投诉日期", "投诉日期", cells.day, "投诉办结时填写", ""),
    Column("离职日期", "离职日期", cells.day, "离职时填写：最后一个工作日", ""),
    Column("接替人员", "接替人员", _spoken, "离职时填写：接替者的姓名", ""),
    Column("接替电话", "接替电话", lambda cell: cells.phone(cell) if cell else "", "离职时填写", ""),
    Column("冷静期届满", "冷静期届满", cells.moment, "购买私募基金时可填写；留空按产品的冷静期计算", ""),
)
TASK_COLUMNS = (
    Column("任务号", "number", _code(60), "不能重复", "T20260105001", needed=True),
    Column("客户号", "customer", _code(40), "已导入的客户", "10000001", needed=True),
    Column("回访类型", "review_type", cells.review_type, "例如适当性、新开户", "适当性", needed=True),
    Column("话术", "script", _needed(40), "使用中的话术", "适当性回访", needed=True),
    Column("产品代码", "product", _text(40), "可留空", ""),
    Column("截止日期", "deadline", cells.day, "留空则按标准计算", "2026-12-31"),
    Column("回访方式", "with_human", cells.by_human, "智能语音或人工电话，留空为智能语音", ""),
    Column("开户方式", "开户方式", _text(MOST_SLOT), "新开户回访可填写", ""),
)
COLUMNS: Mapping[Kind, tuple[Column, ...]] = {
    Kind.CLIENTS: CLIENT_COLUMNS,
    Kind.STAFF: STAFF_COLUMNS,
    Kind.PRODUCTS: PRODUCT_COLUMNS,
    Kind.EVENTS: EVENT_COLUMNS,
    Kind.TASKS: TASK_COLUMNS,
}
# The first of these whose columns meet the header says what a file holds.
_MARKS: tuple[tuple[Kind, frozenset[str]], ...] = (
    (Kind.TASKS, frozenset({"任务号", "回访类型"})),
    (Kind.EVENTS, frozenset({"事件号", "事件类型"})),
    (Kind.PRODUCTS, frozenset({"产品名称", "风险等级"})),
    (Kind.STAFF, frozenset({"工号", "岗位"})),
    (Kind.CLIENTS, frozenset({"姓名", "手机号"})),
)


def kind_of(header: Sequence[str]) -> Kind | None:
    """What a file with this header holds; None: nothing that we know."""
    return next((kind for kind, marks in _MARKS if marks & set(header)), None)
