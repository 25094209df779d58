"""What a script speaks must be in the task when it is imported, for every script that is shipped."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy.orm import Session

from bot.script import Script, load_script, script_names
from campaign.imports.importing import ImportRefused, import_file
from campaign.imports.rows import GIVEN_SLOTS
from models import ReviewTask
from rules import label_of
from tests.campaign.importers import NOW

SCRIPTS = tuple(load_script(name) for name in script_names())
WITH_SLOTS = [script.name for script in SCRIPTS if set(script.slots) - GIVEN_SLOTS]


def own_slots(script: Script) -> dict[str, str]:
    """The columns that a script needs of a task, each with its sample."""
    return {name: slot.sample for name, slot in script.slots.items() if name not in GIVEN_SLOTS}


def sheet(script: Script, slots: dict[str, str]) -> bytes:
    """A task file with one task of a script."""
    head = {"任务号": "T1", "客户号": "C1", "回访类型": label_of(script.review_types[0]), "话术": script.title}
    text = io.StringIO()
    writer = csv.DictWriter(text, [*head, "截止日期", *slots])
    writer.writeheader()
    writer.writerow(head | {"截止日期": "2026-12-31"} | slots)
    return text.getvalue().encode()


def refused(session: Session, content: bytes) -> list[str]:
    with pytest.raises(ImportRefused) as caught:
        import_file(session, content, now=NOW, scripts=SCRIPTS)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_task_with_every_slot_is_taken_with_what_will_be_spoken(stocked: Session, script: Script) -> None:
    import_file(stocked, sheet(script, own_slots(script)), now=NOW, scripts=SCRIPTS)
    (task,) = stocked.query(ReviewTask).all()
    assert (task.script, task.slots) == (script.name, own_slots(script))


@pytest.mark.parametrize("name", WITH_SLOTS)
@pytest.mark.parametrize("empty", ["", "   ", "\u3000"])
def test_an_empty_slot_is_refused_with_its_column(stocked: Session, name: str, empty: str) -> None:
    script = load_script(name)
    found = refused(stocked, sheet(script, dict.fromkeys(own_slots(script), empty)))
    assert found == [
        f"第2行「{slot}」：没有填写，话术“{script.title}”需要它。请填写。" for slot in sorted(own_slots(script))
    ]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("三月二号的转账是您做的吗？", "含有问号或花括号，但它只是话里的一部分。请写成不带问号的一句话。"),
        ("三月二号的转账，对吧?", "含有问号或花括号"),
        ("{客户姓名}的转账", "含有问号或花括号"),
        ("……", "没有能念出来的字。请写成汉字、数字或字母。"),
        ("***", "没有能念出来的字"),
    ],
)
def test_what_cannot_be_said_within_a_sentence_is_refused(stocked: Session, value: str, fault: str) -> None:
    (found,) = refused(stocked, sheet(load_script("abnormal"), {"核实事项": value, "异常类型": "资金划转"}))
    assert found.startswith(f"第2行「核实事项」：{fault}")


@pytest.mark.parametrize("value", ["2026-03-02", "13800001234", "R5", "200,000元", "A股", "3%"])
def test_dates_numbers_and_letters_can_be_said(stocked: Session, value: str) -> None:
    import_file(stocked, sheet(load_script("suitability"), {"业务": value}), now=NOW, scripts=SCRIPTS)


@pytest.mark.parametrize("name", WITH_SLOTS)
def test_an_absent_column_is_refused_in_the_header(stocked: Session, name: str) -> None:
    script = load_script(name)
    found = refused(stocked, sheet(script, {}))
    assert len(found) == len(own_slots(script))
    for slot, fault in zip(sorted(own_slots(script)), sorted(found), strict=True):
        assert fault == f"第1行「{slot}」：缺少这一列，话术“{script.title}”需要它。请在表头补上这一列并填写。"


def test_the_new_scripts_need_what_the_standard_leaves_open() -> None:
    needs = {script.name: set(own_slots(script)) for script in SCRIPTS}
    assert needs["conduct"] == needs["complained"] == {"工作人员"}
    assert needs["leaving"] == {"工作人员", "新客户经理", "新联系方式"}
    assert needs["settled"] == {"投诉日期", "投诉事项"}
    assert needs["abnormal"] == {"核实事项", "异常类型"}
    assert not needs["new_client"] | needs["periodic"] | needs["satisfaction"] | needs["identity"]
