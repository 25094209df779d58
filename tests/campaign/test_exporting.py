"""Export of results: one line per task, safe for spreadsheets, masked unless asked otherwise."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from campaign.exporting import CHUNK, neutral, result_chunks, results_csv
from campaign.masking import mask_name, mask_numbers, mask_phone
from models import (
    Answer,
    Attempt,
    AttemptTask,
    Campaign,
    Customer,
    Database,
    LineQuality,
    Product,
    ReviewTask,
    RiskFlag,
    Seal,
)

NINE = datetime(2026, 6, 1, 1, tzinfo=UTC)  # 09:00 in Shanghai


def add_client(number: str, name: str, phone: str, seal: Seal) -> Customer:
    return Customer(
        number=number, name=name, name_digest=seal.digest(name), phone=phone, phone_digest=seal.digest(phone)
    )


def add_task(number: str, client: Customer, campaign: Campaign, **more: object) -> ReviewTask:
    return ReviewTask(
        number=number, customer=client, campaign=campaign, review_type="suitability", script="suitability",
        created_at=NINE, **more,
    )  # fmt: skip


def answer(question: str, value: str, task: ReviewTask) -> Answer:
    return Answer(
        task_id=task.id, question=question, value=value, words="嗯", intent="yes", confidence=1.0, evidence="",
        start_ms=0, end_ms=500, script_hash="f" * 64,
    )  # fmt: skip


@pytest.fixture
def filled(database: Database, seal: Seal) -> Database:
    """One finished task with two attempts, one untouched task of a client with a hostile name."""
    with database.write() as session:
        campaign = Campaign(name="年度", created_at=NINE)
        wang = add_client("C1", "王小明", "13812345678", seal)
        task = add_task("T1", wang, campaign, status="已完成：已回访", final=True, attempts_made=2,
                        product=Product(code="P5", name="某某", risk_level="R5"), deadline_at=NINE)  # fmt: skip
        session.add_all([task, add_task("T2", add_client("C2", "=1+1", "01012345678", seal), campaign)])
        session.flush()
        for no, outcome, reason in ((1, "not_client", "非本人接听"), (2, "reviewed", "")):
            attempt = Attempt(
                call_id=f"1-{no}", task_id=task.id, customer_id=task.customer_id, no=no, dialled="1", worker="w",
                started_at=NINE + timedelta(hours=no), ended_at=NINE + timedelta(hours=no, minutes=1),
                outcome=outcome, sub_reason=reason, script="suitability", script_hash="f" * 64, facts="{}",
            )  # fmt: skip
            attempt.served = [AttemptTask(task_id=task.id, no=no, script="suitability", script_hash="f" * 64)]
            session.add(attempt)
            if no == 1:
                attempt.answers = [answer("relay.give_contact", "13987654321", task),
                                   answer("opening.identity", "no", task)]  # fmt: skip
            else:
                attempt.answers = [answer("opening.identity", "yes", task)]
                attempt.flags = [RiskFlag(task_id=task.id, risk="full_discretion", severity="high", node="n",
                                          words="都是他操作的", start_ms=72_400, end_ms=73_000)]  # fmt: skip
    return database


def table(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_task_with_its_answers_and_flags(filled: Database) -> None:
    with filled.read() as session:
        first, second = table(results_csv(session, masked=False))
    assert first == {
        "任务号": "T1", "客户号": "C1", "客户姓名": "王小明", "手机号": "13812345678", "回访类型": "适当性",
        "话术": "suitability", "产品代码": "P5", "截止时间": "2026-06-01 09:00:00", "登记状态": "已完成：已回访",
        "是否完成": "是", "是否转人工": "否", "拨打次数": "2", "来电次数": "0", "合并任务": "",
        "首次拨打": "2026-06-01 10:00:00",
        "末次拨打": "2026-06-01 11:00:00", "末次结果": "已回访", "原因": "",
        "风险标记": "高：全权委托（第2次拨打01:12）", "线路质量": "未测", "人工更正": "",
        "opening.identity": "是", "relay.give_contact": "13987654321",
    }  # fmt: skip
    assert second["登记状态"] == "待回访"
    assert (second["首次拨打"], second["末次结果"], second["opening.identity"]) == ("", "", "")


def test_a_call_for_two_tasks_counts_for_both_with_the_answers_of_each(filled: Database) -> None:
    with filled.write() as session:
        session.add(Attempt(
            call_id="2-1", task_id=2, customer_id=1, no=1, dialled="1", worker="w", started_at=NINE, ended_at=NINE,
            outcome="reviewed", script="suitability", script_hash="f" * 64, facts="{}",
            served=[AttemptTask(task_id=2, place=0, no=1, script="anomaly", script_hash="f" * 64),
                    AttemptTask(task_id=1, place=1, no=3, script="suitability", script_hash="f" * 64)],
            answers=[answer("anomaly.self_operated", "yes", session.get_one(ReviewTask, 2)),
                     answer("suitability.self_operated", "yes", session.get_one(ReviewTask, 1))],
        ))  # fmt: skip
    with filled.read() as session:
        first, second = table(results_csv(session))
    assert (first["合并任务"], second["合并任务"]) == ("T2", "T1")
    assert (first["suitability.self_operated"], first["anomaly.self_operated"]) == ("是", "")
    assert (second["suitability.self_operated"], second["anomaly.self_operated"]) == ("", "是")


def test_the_line_of_the_last_call_is_judged_by_its_worse_direction(filled: Database) -> None:
    with filled.write() as session:
        session.add(LineQuality(attempt_id=2, received=980, lost=20, jitter_ms=4.0, concealed_ms=400, r_factor=85.2,
                                far_loss=0.25, far_r_factor=45.3))  # fmt: skip
    with filled.read() as session:
        first, second = table(results_csv(session))
    assert first["线路质量"] == "差（来：R值85，丢包2.0%，抖动4毫秒，补偿0.4秒；去：R值45，丢包25.0%）"
    assert second["线路质量"] == ""


def test_masked_by_default(filled: Database) -> None:
    with filled.read() as session:
        data = results_csv(session)
    first = table(data)[0]
    assert (first["客户姓名"], first["手机号"], first["relay.give_contact"]) == ("王**", "138****5678", "139****4321")
    for secret in ("小明", "13812345678", "13987654321", "都是他操作的"):
        assert secret not in data.decode()


def test_no_cell_is_a_formula(filled: Database) -> None:
    with filled.read() as session:
        rows = table(results_csv(session, masked=False))
    assert rows[1]["客户姓名"] == "'=1+1"


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@SUM", "\t=1", "\r=1", "\n1", "＝1", "－1"])
def test_neutral(cell: str) -> None:
    assert neutral(cell) == "'" + cell


def test_harmless_cells_stay(filled: Database) -> None:
    assert [neutral(cell) for cell in ("", "王=小明", "1-2")] == ["", "王=小明", "1-2"]


def test_many_tasks_come_in_pieces(database: Database, seal: Seal) -> None:
    with database.write() as session:
        campaign, client = Campaign(name="年度", created_at=NINE), add_client("C1", "王小明", "13812345678", seal)
        session.add_all(add_task(f"T{number}", client, campaign) for number in range(2 * CHUNK + 1))
    with database.read() as session:
        chunks = list(result_chunks(session))
    assert len(chunks) == 4  # the header and three pieces
    assert [row["任务号"] for row in table(b"".join(chunks))] == [f"T{number}" for number in range(2 * CHUNK + 1)]


def test_an_empty_database_gives_the_header(database: Database) -> None:
    with database.read() as session:
        assert table(results_csv(session)) == []


def test_masks() -> None:
    assert [mask_name(name) for name in ("王小明", "王", "", "欧阳小明")] == ["王**", "王*", "", "欧***"]
    assert [mask_phone(phone) for phone in ("13812345678", "01012345678", "95500", "")] == [
        "138****5678", "010****5678", "*****", "",
    ]  # fmt: skip
    assert mask_numbers("改打13812345678，分机12") == "改打138****5678，分机12"
