"""Import of clients and tasks: what is taken, and what a second import changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.imports.importing import ImportRefused, Kind, import_file
from models import Campaign, Customer, Database, ReviewTask, Seal, Staff
from rules import ReviewType, TradingCalendar
from tests.campaign.importers import CLIENTS, NOW, SCRIPTS, SHANGHAI, TASKS, Needs, only_fault, take
from tests.conftest import publish


class TestClients:
    def test_a_full_row(self, session: Session) -> None:
        done = take(session, CLIENTS + "C1,王小明,先生,13800001111,wang@example.com,合肥营业部,B01\n")
        assert (done.kind, done.added, done.updated, done.staff_added) == (Kind.CLIENTS, 1, 0, 1)
        client = session.scalars(select(Customer)).one()
        assert (client.number, client.name, client.gender, client.phone) == ("C1", "王小明", "先生", "13800001111")
        assert done.summary() == "已导入客户：新增1名，更新0名，未变0名。新登记客户经理工号1个，请补充姓名。"
        assert (client.email, client.branch) == ("wang@example.com", "合肥营业部")
        assert client.served_by is not None
        assert (client.served_by.number, client.served_by.post) == ("B01", "broker")
        assert client.phone_digest == Seal(bytes(range(32))).digest("13800001111")
        assert not client.do_not_call

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
    def test_encodings(self, session: Session, encoding: str) -> None:
        take(session, (CLIENTS + "C1,单小明,先生,13800001111,,,\r\n").encode(encoding))
        assert session.scalars(select(Customer)).one().name == "单小明"

    def test_a_rare_surname_in_gb18030(self, session: Session) -> None:
        take(session, (CLIENTS + "C1,䶮小明,先生,13800001111,,,\n").encode("gb18030"))
        assert session.scalars(select(Customer)).one().name == "䶮小明"

    def test_importing_again_updates_and_never_duplicates(self, session: Session) -> None:
        take(session, CLIENTS + "C1,王小明,先生,13800001111,,,\nC2,单丽,女士,13800002222,,,B01\n")
        done = take(session, CLIENTS + "C1,王小明,先生,13900001111,,,B01\nC3,解芳,女士,13800003333,,,B01\n")
        assert (done.added, done.updated, done.staff_added) == (1, 1, 0)
        phones = {client.number: client.phone for client in session.scalars(select(Customer))}
        assert phones == {"C1": "13900001111", "C2": "13800002222", "C3": "13800003333"}
        assert session.scalar(select(func.count()).select_from(Staff)) == 1

    def test_more_rows_than_one_statement_takes(self, session: Session) -> None:
        rows = "".join(f"C{number},客户{number},,138{number:08},,,\n" for number in range(1203))
        assert take(session, CLIENTS + rows).added == 1203
        assert take(session, CLIENTS + rows).unchanged == 1203
        assert session.scalar(select(func.count()).select_from(Customer)) == 1203

    def test_optional_columns_may_be_missing_and_the_order_is_free(self, session: Session) -> None:
        take(session, "手机号,客户号,姓名\n13800001111,C1,王小明\n")
        assert session.scalars(select(Customer)).one().gender == ""

    def test_blank_lines_and_empty_cells_at_the_end_do_no_harm(self, session: Session) -> None:
        take(session, "\n客户号,姓名,手机号,,\n\nC1,王小明,13800001111,,\n,,,,\nC2,单丽,13800002222\n")
        assert session.scalars(select(Customer.number).order_by(Customer.number)).all() == ["C1", "C2"]

    @pytest.mark.parametrize(
        ("written", "stored"),
        [
            ("13800001111", "13800001111"),
            ("138 0000 1111", "13800001111"),
            ("138-0000-1111", "13800001111"),
            ("8613800001111", "13800001111"),
            ("１３８００００１１１１", "13800001111"),
            ("010-12345678", "01012345678"),
            ("(0551)65161666", "055165161666"),
            ("0551-6516166", "05516516166"),
        ],
    )
    def test_phone_numbers_as_people_write_them(self, session: Session, written: str, stored: str) -> None:
        take(session, f"客户号,姓名,手机号\nC1,王小明,{written}\n")
        assert session.scalars(select(Customer)).one().phone == stored

    @pytest.mark.parametrize(
        "written",
        ["1380000111", "138000011112", "12800001111", "95500", "12345678", "问他", "138000O1111", "010-1234567"],
    )
    def test_bad_phone_numbers_are_described_but_not_repeated(self, session: Session, written: str) -> None:
        fault = only_fault(session, f"客户号,姓名,手机号\nC1,王小明,{written}\n")
        assert fault.startswith("第2行「手机号」：不是有效的电话号码")
        assert "11位手机号" in fault
        assert written not in fault

    def test_a_number_that_a_spreadsheet_spoilt(self, session: Session) -> None:
        assert "科学计数法" in only_fault(session, "客户号,姓名,手机号\nC1,王小明,1.38E+10\n")


class TestTasks:
    def test_a_full_row(self, stocked: Session) -> None:
        take(stocked, "产品代码,产品名称,风险等级\nP3,某某债券,R3\n")
        done = take(stocked, TASKS + "T1,C1,适当性,适当性回访,P3,2026-12-31,购买金融产品\n")
        assert (done.kind, done.added) == (Kind.TASKS, 1)
        task = stocked.scalars(select(ReviewTask)).one()
        assert (task.number, task.customer.number, task.script) == ("T1", "C1", "suitability")
        assert task.review_type == "suitability"
        assert task.product is not None
        assert task.product.risk_level == "R3"
        assert task.deadline_at == datetime(2026, 12, 31, 23, 59, 59, tzinfo=SHANGHAI)
        assert task.slots == {"业务": "购买金融产品"}
        assert (task.status, task.final, task.due_at) == ("待回访", False, NOW)
        assert task.campaign.name == "导入 2026-06-01"

    @pytest.mark.parametrize(
        "written",
        [
            "2026-12-31",
            "2026/12/31",
            "2026.12.31",
            "20261231",
            "2026年12月31日",
            "2026-12-31 00:00:00",
            "２０２６-１２-３１",
        ],
    )
    def test_date_shapes(self, stocked: Session, written: str) -> None:
        take(stocked, TASKS + f"T1,C1,适当性,suitability,,{written},购买金融产品\n")
        deadline_at = stocked.scalars(select(ReviewTask.deadline_at)).one()
        assert deadline_at == datetime(2026, 12, 31, 23, 59, 59, tzinfo=SHANGHAI)

    def test_short_months_and_days(self, stocked: Session) -> None:
        take(stocked, TASKS + "T1,C1,适当性,suitability,,2026/7/5,购买金融产品\n")
        deadline_at = stocked.scalars(select(ReviewTask.deadline_at)).one()
        assert deadline_at == datetime(2026, 7, 5, 23, 59, 59, tzinfo=SHANGHAI)

    @pytest.mark.parametrize(
        ("row", "deadline"),
        [
            ("T1,C1,异常情形,anomaly,,,频繁撤单", datetime(2026, 6, 2, 15, 59, 59, tzinfo=UTC)),
            ("T1,C1,anomaly,异常情形回访,,2026-06-01,频繁撤单", datetime(2026, 6, 1, 15, 59, 59, tzinfo=UTC)),
        ],
    )
    def test_without_a_deadline_the_standard_gives_one(self, stocked: Session, row: str, deadline: datetime) -> None:
        take(stocked, TASKS.replace("业务", "异常情形") + row + "\n")
        assert stocked.scalars(select(ReviewTask.deadline_at)).one() == deadline

    def test_a_new_account_has_no_date_of_its_own(self, stocked: Session) -> None:
        take(stocked, "任务号,客户号,回访类型,话术\nT1,C1,新开户回访,新开户回访\n")
        assert stocked.scalars(select(ReviewTask.deadline_at)).one() is None

    def test_importing_again_updates_what_has_not_begun(self, stocked: Session) -> None:
        take(stocked, TASKS + "T1,C1,适当性,suitability,,,购买金融产品\nT2,C2,适当性,suitability,,,签约投顾服务\n")
        begun = stocked.scalars(select(ReviewTask).where(ReviewTask.number == "T2")).one()
        begun.attempts_made, begun.status, begun.due_at = 1, "未完成：电话占线", None
        stocked.flush()
        again = "".join(
            f"{number},{client},适当性,suitability,,,{business}\n"
            for number, client, business in (("T1", "C2", "开通交易权限"), ("T2", "C1", "改了"), ("T3", "C1", "新"))
        )
        done = take(stocked, TASKS + again, now=datetime(2026, 6, 9, tzinfo=UTC))
        assert (done.added, done.updated, done.untouched) == (1, 1, ((3, "T2"),))
        assert "第3行（T2）" in done.summary()
        assert "未作改动" in done.summary()
        stocked.expire_all()
        slots = {task.number: task.slots for task in stocked.scalars(select(ReviewTask))}
        assert slots == {"T1": {"业务": "开通交易权限"}, "T2": {"业务": "签约投顾服务"}, "T3": {"业务": "新"}}
        first = stocked.scalars(select(ReviewTask).where(ReviewTask.number == "T1")).one()
        assert (first.customer.number, first.due_at) == ("C2", NOW)

    def test_the_same_day_is_one_campaign(self, stocked: Session) -> None:
        for number in ("T1", "T2", "T1"):
            take(stocked, TASKS + f"{number},C1,适当性,suitability,,,购买金融产品\n")
        assert stocked.scalars(select(Campaign.name)).all() == ["导入 2026-06-01"]

    def test_one_way_video_openings_are_for_people(self, stocked: Session) -> None:
        header = "任务号,客户号,回访类型,话术,开户方式,回访方式\n"
        fault = only_fault(stocked, header + "T1,C1,新开户,新开户回访,单向视频,智能语音\n")
        assert "第2行「开户方式」" in fault
        assert "表A.1" in fault
        take(stocked, header + "T1,C1,新开户,新开户回访,单向视频,人工电话\n")
        task = stocked.scalars(select(ReviewTask)).one()
        assert (task.with_human, task.due_at) == (True, None)

    def test_r5_is_for_people(self, stocked: Session) -> None:
        """§5.2.1, §5.2.2: 智能语音 for 中低风险, people for high risk."""
        header = "任务号,客户号,回访类型,话术,产品代码,业务,回访方式\n"
        fault = only_fault(stocked, header + "T1,C1,适当性,适当性回访,P5,购买金融产品,\n")
        assert fault.startswith("第2行「产品代码」") and "R5应由人工回访（§5.2.1、§5.2.2）" in fault
        assert "请在“回访方式”列填写人工电话" in fault
        take(stocked, header + "T1,C1,适当性,适当性回访,P5,购买金融产品,人工电话\n")
        assert stocked.scalars(select(ReviewTask)).one().with_human

    @pytest.mark.parametrize(("written", "hours"), [("", 24), ("72", 72)])
    def test_a_private_fund_waits_for_the_longest_that_its_period_can_last(
        self, stocked: Session, written: str, hours: int
    ) -> None:
        """§5.1.6 d: 在投资冷静期内进行的回访确认无效; it was bought before its task came in."""
        take(stocked, f"产品代码,产品名称,风险等级,产品类型,冷静期小时\nF3,安信三号,R3,私募基金,{written}\n")
        script = (Needs("private_fund", "私募基金回访", (ReviewType.PRIVATE_FUND,), ()),)
        rows = "任务号,客户号,回访类型,话术,产品代码\nT1,C1,私募基金,private_fund,F3\n"
        import_file(stocked, rows.encode(), now=NOW, scripts=script)
        task = stocked.scalars(select(ReviewTask)).one()
        assert (task.valid_from, task.due_at) == (NOW + timedelta(hours=hours),) * 2

    def test_a_corrected_row_does_not_pass_over_the_cooling_off_period(self, stocked: Session) -> None:
        scripts = (*SCRIPTS, Needs("private_fund", "私募基金回访", (ReviewType.PRIVATE_FUND,), ()))
        day = timedelta(hours=24)
        course = [
            ("适当性", "适当性回访", "智能语音", 0 * day, (None, NOW)),
            ("私募基金", "private_fund", "人工电话", 1 * day, (NOW + 2 * day, None)),
            ("私募基金", "private_fund", "智能语音", 1 * day, (NOW + 2 * day, NOW + 2 * day)),
            ("私募基金", "private_fund", "人工电话", 1 * day, (NOW + 2 * day, None)),
            ("适当性", "适当性回访", "智能语音", 1 * day, (None, NOW + 1 * day)),
            ("私募基金", "private_fund", "智能语音", 3 * day, (NOW + 4 * day, NOW + 4 * day)),
        ]
        header = "任务号,客户号,回访类型,话术,业务,回访方式\n"
        for kind, script, method, passed, stands in course:
            business = "购买金融产品" if kind == "适当性" else ""
            row = f"T1,C1,{kind},{script},{business},{method}\n"
            import_file(stocked, (header + row).encode(), now=NOW + passed, scripts=scripts)
            stocked.expire_all()
            task = stocked.scalars(select(ReviewTask)).one()
            assert (task.valid_from, task.due_at) == stands, (kind, method)

    def test_a_column_that_the_script_needs(self, stocked: Session) -> None:
        fault = only_fault(stocked, "任务号,客户号,回访类型,话术\nT1,C1,适当性,适当性回访\nT2,C2,适当性,适当性回访\n")
        assert fault.startswith("第1行「业务」：缺少这一列")

    def test_a_year_that_the_trading_calendar_lacks(self, stocked: Session) -> None:
        content = TASKS.replace("业务", "异常情形") + "T1,C1,异常情形,anomaly,,,频繁撤单\n"
        with pytest.raises(ImportRefused) as refused:
            import_file(stocked, content.encode(), now=NOW.replace(year=2090), scripts=SCRIPTS)
        assert "交易日历" in str(refused.value)
        calendar = TradingCalendar().with_year(2090, [])
        import_file(stocked, content.encode(), now=NOW.replace(year=2090), scripts=SCRIPTS, calendar=calendar)
        assert stocked.scalar(select(func.count()).select_from(ReviewTask)) == 1


def test_tasks_of_one_client_are_announced_as_one_call(stocked: Session) -> None:
    rows = "T1,C1,适当性,适当性回访,,,购买金融产品\nT2,C1,新开户,新开户回访,,,\nT3,C2,新开户,新开户回访,,,\n"
    done = take(stocked, TASKS + rows)
    assert (done.added, done.joining) == (3, 2)
    assert "其中2个和同一客户的其他任务合并为一次通话" in done.summary()
    by_hand = TASKS.replace("业务", "业务,回访方式") + "T4,C2,适当性,适当性回访,,,购买金融产品,人工电话\n"
    assert take(stocked, by_hand).joining == 0


def test_tasks_may_name_the_scripts_in_use(database: Database, task_id: int) -> None:
    publish(database, "anomaly")
    content = "任务号,客户号,回访类型,话术,异常类型\nT900,C001,异常情形,异常情形回访,证券交易\n"
    with database.write() as session:
        assert import_file(session, content.encode(), now=NOW).added == 1
    other = content.replace("异常情形,异常情形回访", "新开户,新开户回访")
    with pytest.raises(ImportRefused, match="没有话术") as refused, database.write() as session:
        import_file(session, other.encode(), now=NOW)
    assert any("请填写以下之一：异常情形回访" in str(problem) for problem in refused.value.problems)
