"""Import of staff, products and business events, from CSV files and from workbooks."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.imports.forms import COLUMNS, EVENT_COLUMNS, Kind, kind_of
from campaign.imports.importing import import_file
from campaign.imports.problems import ImportRefused
from campaign.imports.templates import template
from models import BusinessEvent, Customer, Product, Staff
from tests.campaign.importers import CLIENTS, NOW, SHANGHAI, faults, only_fault, take

EVENTS = ",".join(column.name for column in EVENT_COLUMNS) + "\n"


def event(**cells: str) -> str:
    """One row of events, by heading."""
    return ",".join(cells.get(column.name, "") for column in EVENT_COLUMNS) + "\n"


def book(*rows: list[Any], epoch: Any = None) -> bytes:
    made = Workbook()
    if epoch is not None:
        made.epoch = epoch
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.fixture
def firm(stocked: Session) -> Session:
    """With a broker beside the clients and the product."""
    take(stocked, "工号,姓名,岗位,拟离职\n6001,赵立新,客户经理,否\n")
    return stocked


def event_faults(session: Session, content: str) -> list[str]:
    with pytest.raises(ImportRefused) as refused:
        take(session, content)
    assert session.scalar(select(func.count()).select_from(BusinessEvent)) == 0
    return [str(problem) for problem in refused.value.problems]


class TestStaff:
    def test_a_row_and_the_posts(self, session: Session) -> None:
        done = take(session, "工号,姓名,岗位,拟离职\n6001,赵立新,经纪人,是\n8001,孙敏,执行岗,\n8201,吴峰,管理岗,否\n")
        assert (done.kind, done.added) == (Kind.STAFF, 3)
        stored = {one.number: (one.name, one.post, one.leaving) for one in session.scalars(select(Staff))}
        assert stored == {
            "6001": ("赵立新", "broker", True),
            "8001": ("孙敏", "agent", False),
            "8201": ("吴峰", "manager", False),
        }

    def test_a_broker_who_came_with_a_client_gets_a_name(self, session: Session) -> None:
        take(session, CLIENTS + "C1,王小明,先生,13800001111,,,6001\n")
        done = take(session, "工号,姓名,岗位\n6001,赵立新,客户经理\n")
        assert (done.added, done.updated) == (0, 1)
        assert session.scalars(select(Staff.name)).all() == ["赵立新"]

    def test_as_what_somebody_serves_clients(self, session: Session) -> None:
        """Who was entered before they were told apart is changed by the same file."""
        content = "工号,姓名,岗位\n6001,赵立新,经纪人\n6002,钱晓东,投资顾问\n6003,周明,客户经理\n8001,孙敏,执行岗\n"
        session.add(Staff(number="6001", name="赵立新", post="broker"))
        session.flush()
        done = take(session, content)
        assert (done.added, done.updated) == (3, 1)
        stored = {one.number: (one.post, one.serves_as) for one in session.scalars(select(Staff))}
        assert stored == {
            "6001": ("broker", "broker"),
            "6002": ("broker", "adviser"),
            "6003": ("broker", "account_manager"),
            "8001": ("agent", ""),
        }
        assert take(session, content).unchanged == 4

    def test_an_unknown_post(self, session: Session) -> None:
        fault = only_fault(session, "工号,姓名,岗位\n6001,赵立新,总裁\n")
        assert fault.startswith("第2行「岗位」：岗位“总裁”不认识。请填写以下之一：经纪人")

    def test_neither_yes_nor_no(self, session: Session) -> None:
        assert "不是“是”或“否”" in only_fault(session, "工号,姓名,岗位,拟离职\n6001,赵立新,坐席,也许\n")


class TestProducts:
    def test_a_row(self, session: Session) -> None:
        take(session, "产品代码,产品名称,风险等级,产品类型,冷静期小时\nP1,安信一号,Ｒ5,私募基金,48\nP2,货币,低风险,,\n")
        stored = [
            (one.code, one.risk_level, one.kind, one.cooling_off_hours) for one in session.scalars(select(Product))
        ]
        assert stored == [("P1", "R5", "private_fund", 48), ("P2", "R1", "", None)]

    @pytest.mark.parametrize(
        ("hours", "fault"),
        [
            ("两天", "“两天”不是数字"),
            ("1.5", "“1.5”不是数字"),
            ("12", "12超出范围"),
            ("=24", "以“=”开头"),
            ("2e3", "不是数字"),
        ],
    )
    def test_numbers_that_are_none(self, session: Session, hours: str, fault: str) -> None:
        content = f"产品代码,产品名称,风险等级,冷静期小时\nP1,安信一号,R5,{hours}\n"
        found = only_fault(session, content)
        assert found.startswith("第2行「冷静期小时」：")
        assert fault in found

    def test_codes_that_a_spreadsheet_has_rewritten(self, session: Session) -> None:
        assert "科学计数法" in only_fault(session, "产品代码,产品名称,风险等级\n1.23E+11,安信一号,R5\n")


class TestEvents:
    def test_every_kind(self, firm: Session) -> None:
        rows = (
            event(事件号="E1", 事件类型="开户", 发生时间="2026-05-30", 客户号="C1", 开户方式="单向视频")
            + event(事件号="E2", 事件类型="新增权限", 发生时间="2026/5/30 9:05", 客户号="C1", 权限名称="创业板交易权限")
            + event(事件号="E3", 事件类型="产品购买", 发生时间="20260530", 客户号="C1", 产品代码="P5",
                    冷静期届满="2026-05-31 10:00")
            + event(事件号="E4", 事件类型="服务签约", 发生时间="2026年5月30日 9:05", 客户号="C2", 产品代码="P5")
            + event(事件号="E5", 事件类型="异常情形", 发生时间="2026-05-29T09:05:00+08:00", 客户号="C2",
                    异常类型="资金划转")
            + event(事件号="E6", 事件类型="投诉", 发生时间="2026-5-1", 客户号="C2", 工号="6001", 投诉事项="佣金费率")
            + event(事件号="E7", 事件类型="投诉办结", 发生时间="2026-5-20", 客户号="C2", 工号="6001",
                    投诉事项="佣金费率", 投诉日期="2026-5-1")
            + event(事件号="E8", 事件类型="离职", 发生时间="2026-5-20", 工号="6001", 离职日期="2026-6-30",
                    接替人员="张华", 接替电话="138 0000 1234")
        )  # fmt: skip
        assert take(firm, EVENTS + rows).added == 8
        stored = {one.number: one for one in firm.scalars(select(BusinessEvent))}
        assert stored["E1"].details == {"开户方式": "单向视频"}
        assert stored["E2"].occurred_at == datetime(2026, 5, 30, 1, 5, tzinfo=UTC)
        assert stored["E3"].product is not None
        assert stored["E3"].product.code == "P5"
        assert stored["E3"].details == {"冷静期届满": "2026-05-31T10:00:00+08:00"}
        assert stored["E4"].occurred_at == datetime(2026, 5, 30, 9, 5, tzinfo=SHANGHAI)
        assert stored["E5"].occurred_at == datetime(2026, 5, 29, 9, 5, tzinfo=SHANGHAI)
        assert stored["E7"].details == {"投诉事项": "佣金费率", "投诉日期": "2026-05-01"}
        assert stored["E8"].customer is None
        assert stored["E8"].details["接替电话"] == "13800001234"
        assert {one.state for one in stored.values()} == {"new"}

    @pytest.mark.parametrize(
        ("cells", "fault"),
        [
            ({"事件类型": "中奖", "客户号": "C1"}, "「事件类型」：事件类型“中奖”不认识。请填写以下之一：开户"),
            ({"事件类型": "开户"}, "「客户号」：没有填写，开户事件需要它"),
            ({"事件类型": "开户", "客户号": "C9"}, "「客户号」：系统中没有客户“C9”"),
            ({"事件类型": "产品购买", "客户号": "C1", "产品代码": "P9"}, "「产品代码」：系统中没有产品“P9”"),
            ({"事件类型": "开户", "客户号": "C1", "权限名称": "融资"}, "「权限名称」：和事件类型“开户”矛盾"),
            ({"事件类型": "开户", "客户号": "C1", "开户方式": "电报"}, "「开户方式」：开户方式“电报”不认识"),
            ({"事件类型": "开户", "客户号": "C1", "发生时间": "2026-06-02"}, "「发生时间」：2026-06-02 00:00还没有到"),
            ({"事件类型": "开户", "客户号": "C1", "发生时间": "2026-05-30 25:00"}, "「发生时间」：时刻“"),
            ({"事件类型": "开户", "客户号": "C1", "发生时间": "5/30/2026"}, "「发生时间」：日期“5/30/2026”的写法"),
            ({"事件类型": "开户", "客户号": "C1", "发生时间": "46172"}, "「发生时间」：日期“46172”是表格软件的序号"),
            ({"事件类型": "开户", "客户号": "C1", "发生时间": "2026-02-29"}, "「发生时间」：日期“2026-02-29”不存在"),
            ({"事件类型": "开户", "客户号": "C1", "发生时间": ""}, "「发生时间」：没有填写"),
            (
                {"事件类型": "投诉办结", "客户号": "C1", "投诉事项": "佣金", "投诉日期": "2026-05-31"},
                "「投诉日期」：晚于办结的时间",
            ),
            (
                {"事件类型": "产品购买", "客户号": "C1", "产品代码": "P5", "冷静期届满": "2026-05-29"},
                "「冷静期届满」：早于购买的时间",
            ),
            ({"事件类型": "开户", "客户号": "=C1"}, "「客户号」：以“=”开头"),
            ({"事件类型": "异常情形", "客户号": "#N/A", "异常类型": "资金划转"}, "「客户号」：是表格软件的错误值"),
        ],
    )  # fmt: skip
    def test_faults(self, firm: Session, cells: dict[str, str], fault: str) -> None:
        good = event(事件号="E0", 事件类型="开户", 发生时间="2026-05-30", 客户号="C1")
        bad = event(**({"事件号": "E1", "发生时间": "2026-05-30"} | cells))
        (found,) = event_faults(firm, EVENTS + good + bad)
        assert found.startswith(f"第3行{fault}")
        assert found.count("请") >= 1

    def test_a_second_import_changes_only_what_differs(self, firm: Session) -> None:
        one = event(事件号="E1", 事件类型="开户", 发生时间="2026-05-30", 客户号="C1")
        two = event(事件号="E2", 事件类型="新增权限", 发生时间="2026-05-30", 客户号="C1", 权限名称="创业板交易权限")
        take(firm, EVENTS + one + two)
        done = take(firm, EVENTS + one + two)
        assert (done.added, done.updated, done.unchanged) == (0, 0, 2)
        done = take(firm, EVENTS + one + two.replace("创业板", "科创板"))
        assert (done.added, done.updated, done.unchanged) == (0, 1, 1)
        changed = firm.scalars(select(BusinessEvent).where(BusinessEvent.number == "E2")).one()
        assert changed.details == {"权限名称": "科创板交易权限"}

    def test_an_event_that_tasks_were_made_of_stays(self, firm: Session) -> None:
        row = event(事件号="E1", 事件类型="开户", 发生时间="2026-05-30", 客户号="C1")
        take(firm, EVENTS + row)
        firm.scalars(select(BusinessEvent)).one().state = "tasked"
        firm.flush()
        done = take(firm, EVENTS + row.replace("C1", "C2"))
        assert (done.updated, done.untouched) == (0, ((2, "E1"),))
        assert "已经生成回访任务，未作改动：第2行（E1）" in done.summary()


class TestClientsAsPopulation:
    def test_columns_that_a_file_lacks_stay_as_they_are(self, session: Session) -> None:
        header = "客户号,姓名,手机号,开户日期,账户状态,投资者类型,风险承受能力\n"
        take(session, header + "C1,王小明,13800001111,2019年5月20日,休眠,普通,C3\n")
        done = take(session, "客户号,姓名,手机号\nC1,王小明,13900001111\n")
        assert done.updated == 1
        client = session.scalars(select(Customer)).one()
        assert (client.opened_on, client.account_state) == (date(2019, 5, 20), "dormant")
        assert (client.investor, client.tolerance, client.phone) == ("ordinary", "C3", "13900001111")

    def test_an_account_opened_tomorrow(self, session: Session) -> None:
        fault = only_fault(session, "客户号,姓名,手机号,开户日期\nC1,王小明,13800001111,2026-06-02\n")
        assert fault.startswith("第2行「开户日期」：2026-06-02还没有到")


class TestWorkbooks:
    def test_cells_with_types(self, session: Session) -> None:
        header = ["客户号", "姓名", "手机号", "开户日期", "账户状态"]
        data = book(
            header,
            [10000001, "王小明", 13800001111, date(2019, 5, 20), None],
            [None, None, None, None, None],
            ["C2", " 单丽 ", "13800002222", 43605, "休眠"],
            ["C3", "解芳", 13800003333.0, "2019/5/20", "正常", None],
        )  # fmt: skip
        assert take(session, data).added == 3
        stored = {one.number: (one.name, one.phone, one.opened_on) for one in session.scalars(select(Customer))}
        assert stored == {
            "10000001": ("王小明", "13800001111", date(2019, 5, 20)),
            "C2": ("单丽", "13800002222", date(2019, 5, 20)),
            "C3": ("解芳", "13800003333", date(2019, 5, 20)),
        }

    def test_day_counts_of_the_other_epoch(self, session: Session) -> None:
        data = book(
            ["客户号", "姓名", "手机号", "开户日期"], ["C1", "王", "13800001111", 42143], epoch=CALENDAR_MAC_1904
        )
        take(session, data)
        assert session.scalars(select(Customer.opened_on)).one() == date(2019, 5, 20)

    def test_formulas_and_lost_digits_are_named_with_their_line(self, session: Session) -> None:
        data = book(
            ["客户号", "姓名", "手机号"], ["C1", "王", "13800001111"],
            ["C2", "=CONCAT(A1)", "13800002222"], [123456789012345678, "单", "13800003333"],
        )  # fmt: skip
        with pytest.raises(ImportRefused) as refused:
            take(session, data)
        first, second = (str(problem) for problem in refused.value.problems)
        assert first.startswith("第3行「姓名」：以“=”开头")
        assert second.startswith("第4行「客户号」：被表格软件改成了科学计数法")
        assert session.scalar(select(func.count()).select_from(Customer)) == 0

    def test_a_workbook_that_unpacks_to_too_much(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("campaign.imports.workbook.MOST_UNPACKED", 1000)
        assert "解压后过大" in only_fault(session, book(["客户号", "姓名", "手机号"], ["C1", "王", "13800001111"]))

    @pytest.mark.parametrize("cut", [100, 1000, 3000])
    def test_a_broken_workbook(self, session: Session, cut: int) -> None:
        data = book(["客户号", "姓名", "手机号"], *(["C1", "王", "13800001111"] for _ in range(50)))
        assert "电子表格文件已损坏" in only_fault(session, data[:cut])

    @pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"])
    def test_damage_inside(self, session: Session, part: str) -> None:
        whole = zipfile.ZipFile(io.BytesIO(book(["客户号", "姓名", "手机号"], ["C1", "王", "13800001111"])))
        damaged = io.BytesIO()
        with zipfile.ZipFile(damaged, "w") as out:
            for name in whole.namelist():
                out.writestr(name, whole.read(name)[:-40] if name == part else whole.read(name))
        assert "电子表格文件已损坏" in only_fault(session, damaged.getvalue())

    def test_entities_that_multiply(self, session: Session) -> None:
        laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha" * 10}">' for n in range(12))
        whole = zipfile.ZipFile(io.BytesIO(book(["客户号", "姓名", "手机号"], ["C1", "王", "13800001111"])))
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w") as out:
            for name in whole.namelist():
                text = whole.read(name).decode()
                if name.endswith("sheet1.xml"):
                    text = f"<!DOCTYPE x [{laughs}]>" + text.replace("13800001111", "&a11;")
                out.writestr(name, text)
        assert faults(session, bomb.getvalue())

    def test_an_empty_workbook(self, session: Session) -> None:
        assert "文件是空的" in only_fault(session, book())


def test_a_file_of_another_kind_than_wanted(session: Session) -> None:
    with pytest.raises(ImportRefused, match="这是客户文件"):
        import_file(session, (CLIENTS + "C1,王,,13800001111,,,\n").encode(), now=NOW, kind=Kind.PRODUCTS)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("excel", [False, True])
def test_templates_have_the_header_of_their_kind(session: Session, kind: Kind, excel: bool) -> None:
    name, data = template(kind, excel=excel)
    assert name.endswith(".xlsx" if excel else ".csv")
    assert kind_of([column.name for column in COLUMNS[kind]]) is kind
    if kind is not Kind.TASKS:
        with pytest.raises(ImportRefused, match="只有表头，没有记录"):
            import_file(session, data, now=NOW, kind=kind)


def test_the_samples_of_the_templates_can_be_imported(session: Session) -> None:
    for kind in (Kind.STAFF, Kind.PRODUCTS, Kind.CLIENTS, Kind.EVENTS):
        columns = COLUMNS[kind]
        rows = [",".join(one.name for one in columns), ",".join(one.sample for one in columns)]
        assert import_file(session, "\n".join(rows).encode(), now=NOW, kind=kind).added == 1
