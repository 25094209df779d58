"""The whole way on both databases: files come in, events and a plan become tasks, and the queue has them in order."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from sqlalchemy import func, select

from campaign.duties.drawing import Wanted, draw_sample
from campaign.duties.outlook import outlook
from campaign.duties.plans import act
from campaign.duties.shares import DutyKind
from campaign.imports.import_jobs import ImportJobs
from campaign.imports.job import Job, JobState
from models import Attempt, Customer, Database, EventTask, ReviewTask, Staff
from models.populations import members_of
from rules import CallingHours
from rules.plan import PlanAct
from tests.campaign.importers import NOW, SHANGHAI
from tests.campaign.test_import_kinds import EVENTS, event
from tests.campaign.test_plans import LI, approved
from tests.conftest import due, publish

CLIENTS = "客户号,姓名,手机号,客户经理工号\n" + "".join(f"C{n},客户{n},138{n:08},6001\n" for n in range(1200))


def imported(jobs: ImportJobs, content: str) -> Job:
    job = jobs.submit(io.BytesIO(content.encode("gb18030")), "清单.csv")
    job.wait(60)
    return job


def test_from_files_to_tasks(database: Database) -> None:
    publish(database, "suitability", "new_account", "anomaly")
    jobs = ImportJobs(database, lambda: NOW)
    try:
        assert imported(jobs, "工号,姓名,岗位\n6001,赵立新,客户经理\n").state is JobState.DONE
        assert imported(jobs, "产品代码,产品名称,风险等级\nR2,安信二号,R2\n").state is JobState.DONE
        assert imported(jobs, CLIENTS).result is not None
        again = imported(jobs, CLIENTS.replace("C7,客户7,", "C7,改名,"))
        assert again.result is not None
        assert (again.result.added, again.result.updated, again.result.unchanged) == (0, 1, 1199)
        broken = imported(jobs, CLIENTS + "X1,王,1,\nX2,李,13800009999,\n")
        assert (broken.state, len(broken.problems)) == (JobState.REFUSED, 1)
        bought = [
            event(事件号=f"B{n}", 事件类型="产品购买", 发生时间="2025-06-01", 客户号=f"C{n}", 产品代码="R2")
            for n in range(100)
        ]
        urgent = event(
            事件号="A1", 事件类型="异常情形", 发生时间="2026-06-01 09:00", 客户号="C500", 异常类型="资金划转"
        )
        opened = event(事件号="O1", 事件类型="开户", 发生时间="2026-06-01 09:00", 客户号="C501")
        done = imported(jobs, EVENTS + "".join(bought) + opened + urgent)
        assert "已生成回访任务：新开户1个、异常情形1个" in done.summary
    finally:
        jobs.close()
    with database.write() as session:
        draw = draw_sample(session, Wanted(DutyKind.SUITABILITY, 2026, "2026"), by="8101", now=NOW)
        assert (draw.proof["basis"], draw.proof["drawn"]) == (100, 10)
        plan = act(session, approved(session, draw.id), PlanAct.START, LI)
        assert members_of(session, draw.id).open == 10
        campaign_id = plan.campaign_id
    with database.write() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 1200
        assert session.scalar(select(func.count()).select_from(Staff)) == 1
        assert session.scalar(select(func.count()).select_from(EventTask)) == 2
        numbers = [session.get_one(ReviewTask, one).number for one in due(session, NOW)]
        # 新开户 must be reviewed before the account is used (table A.1 line 1): before what is due later than tomorrow.
        assert numbers == ["O1-R", "A1-R"]  # the plan begins a week later
        later = datetime(2026, 6, 8, 9, 30, tzinfo=SHANGHAI)
        planned = [session.get_one(ReviewTask, one) for one in due(session, later)]
        assert campaign_id in {task.campaign_id for task in planned}
        forecast = outlook(session, NOW, CallingHours()).forecast
        assert [line.owed.tasks for line in forecast.lines] == [1, 10]
        assert session.scalar(select(func.count()).select_from(Attempt)) == 0


def test_the_same_import_twice_at_once_leaves_one_record_each(database: Database) -> None:
    """What another import has entered between checking and writing is updated, not entered again."""
    jobs = ImportJobs(database, lambda: NOW)
    try:
        first = jobs.submit(io.BytesIO(CLIENTS.encode()), "a.csv", preview=True)
        second = jobs.submit(io.BytesIO(CLIENTS.encode()), "b.csv", preview=True)
        for job in (first, second):
            job.wait(60)
            assert job.word == "待确认"
            jobs.confirm(job)
            job.wait(60)
            assert job.word == "已导入"
    finally:
        jobs.close()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 1200


def test_a_database_that_fails_in_the_middle_keeps_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaign.imports.importing.CHUNK", 500)
    jobs = ImportJobs(database, lambda: NOW)
    try:
        job = jobs.submit(io.BytesIO(CLIENTS.encode()), "a.csv", preview=True)
        job.wait(60)
        assert job.prepared is not None
        written: list[int] = []

        def fail_late(doing: str, rows: int) -> None:
            written.append(rows)
            if rows > 600:
                raise OSError("the disk is full")

        monkeypatch.setattr(Job, "progress", lambda _job, doing, rows: fail_late(doing, rows))
        jobs.confirm(job)
        job.wait(60)
        assert (job.state, written) == (JobState.FAILED, [500, 1000])
        assert "未导入任何记录" in job.summary
    finally:
        jobs.close()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 0
        assert session.scalar(select(func.count()).select_from(Staff)) == 0


def test_an_import_stands_although_its_tasks_could_not_be_made(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("campaign.imports.import_jobs.raise_tasks", fail)
    jobs = ImportJobs(database, lambda: NOW)
    try:
        imported(jobs, CLIENTS)
        job = imported(jobs, EVENTS + event(事件号="O1", 事件类型="开户", 发生时间="2026-06-01", 客户号="C1"))
    finally:
        jobs.close()
    assert job.state is JobState.DONE
    assert "新增1件" in job.summary
    assert "请在“回访义务”页面重新处理" in job.summary
