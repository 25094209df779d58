"""Export of results as CSV for spreadsheets: one line per task, one column per question."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from campaign.calls.line_quality import in_a_cell
from campaign.imports.cells import starts_formula
from campaign.masking import mask_name, mask_numbers, mask_phone
from models import Correction
from models.corrections import corrections_of_tasks
from models.tables import Answer, Attempt, AttemptTask, ReviewTask, RiskFlag
from rules import Outcome, ReviewType, Risk, Severity, label_of
from rules.hours import SHANGHAI

CHUNK = 200  # tasks in memory at a time

COLUMNS = (
    "任务号",
    "客户号",
    "客户姓名",
    "手机号",
    "回访类型",
    "话术",
    "产品代码",
    "截止时间",
    "登记状态",
    "是否完成",
    "是否转人工",
    "拨打次数",
    "来电次数",
    "合并任务",
    "首次拨打",
    "末次拨打",
    "末次结果",
    "原因",
    "风险标记",
    "线路质量",
    "人工更正",
)
_VALUES = {"yes": "是", "no": "否", "unsure": "不确定"}


def results_csv(session: Session, *, masked: bool = True) -> bytes:
    """All results in one piece (UTF-8 with BOM); names and numbers masked unless asked otherwise."""
    return b"".join(result_chunks(session, masked=masked))


def result_chunks(session: Session, *, masked: bool = True) -> Iterator[bytes]:
    """The same in pieces of bounded size, for large exports."""
    questions = session.scalars(select(Answer.question).distinct().order_by(Answer.question)).all()
    yield codecs.BOM_UTF8 + csv_lines([(*COLUMNS, *questions)])
    query = (
        select(ReviewTask)
        .options(
            joinedload(ReviewTask.customer),
            joinedload(ReviewTask.product),
            selectinload(ReviewTask.attempts).selectinload(Attempt.answers),
            selectinload(ReviewTask.attempts).selectinload(Attempt.flags),
            selectinload(ReviewTask.attempts).joinedload(Attempt.quality),
            selectinload(ReviewTask.attempts).selectinload(Attempt.served).joinedload(AttemptTask.task),
        )
        .order_by(ReviewTask.id)
        .execution_options(yield_per=CHUNK)
    )
    for tasks in session.scalars(query).partitions():
        corrected = corrections_of_tasks(session, [task.id for task in tasks])
        yield csv_lines(_line(task, questions, corrected, masked) for task in tasks)


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as UTF-8 CSV, no cell of which a spreadsheet takes for a formula."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([neutral(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if starts_formula(cell) or cell[:1] in ("\t", "\r", "\n") else cell


def _line(task: ReviewTask, questions: Sequence[str], corrections: Sequence[Correction], masked: bool) -> list[str]:
    client, attempts = task.customer, task.attempts
    last = attempts[-1] if attempts else None
    called = sum(attempt.direction == "incoming" for attempt in attempts)
    answers, corrected = _counting(task, [one for one in corrections if one.task_id == task.id])
    return [
        task.number,
        client.number,
        mask_name(client.name) if masked else client.name,
        mask_phone(client.phone) if masked else client.phone,
        label_of(ReviewType(task.review_type)),
        task.script,
        task.product.code if task.product else "",
        _time(task.deadline_at),
        task.status,
        "是" if task.final else "否",
        "是" if task.with_human else "否",
        str(task.attempts_made - called),
        str(called),
        "；".join(dict.fromkeys(one.task.number for attempt in attempts for one in attempt.served_beside(task.id))),
        _time(attempts[0].started_at) if attempts else "",
        _time(last.started_at) if last else "",
        label_of(Outcome(last.outcome)) if last and last.outcome else "",
        last.sub_reason if last else "",
        "；".join(_flag(no, flag) for no, attempt in enumerate(attempts, 1) for flag in attempt.flags_for(task.id)),
        in_a_cell(last.quality) if last and last.ended_at else "",
        "、".join(corrected),
        *(_answer(answers.get(question, ""), masked) for question in questions),
    ]


def _counting(task: ReviewTask, corrections: Sequence[Correction]) -> tuple[dict[str, str], list[str]]:
    """The answers that count, and what of the line a person has corrected (000 §8.3.3)."""
    after = {one.answer_id: one.after for one in corrections}
    stored = [answer for attempt in task.attempts for answer in attempt.answers_for(task.id)]
    latest = {answer.question: answer for answer in stored}
    names = [question for question, answer in latest.items() if answer.id in after]
    values = {question: after.get(answer.id, answer.value) for question, answer in latest.items()}
    return values, (["登记状态"] if None in after else []) + names


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if at else ""


def _flag(no: int, flag: RiskFlag) -> str:
    seconds = flag.start_ms // 1000
    where = f"第{no}次拨打{seconds // 60:02}:{seconds % 60:02}"
    return f"{label_of(Severity(flag.severity))}：{label_of(Risk(flag.risk))}（{where}）"


def _answer(value: str, masked: bool) -> str:
    said = _VALUES.get(value, value)
    return mask_numbers(said) if masked else said
