"""Import of files with faults: each is named with its line, its column and the remedy, and nothing is written."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.imports.problems import MOST_PROBLEMS
from models import Customer, Staff
from tests.campaign.importers import CLIENTS, TASKS, faults, only_fault, take

TWENTY_FAULTS = TASKS.replace("业务\n", "业务,异常情形,回访方式,开户方式\n") + "\n".join(
    [
        "T1,C1,适当性,适当性回访,,2026-12-31,购买金融产品,,,",  # 2 good
        ",C1,适当性,适当性回访,,,购买金融产品,,,",  # 3
        "T3,,适当性,适当性回访,,,购买金融产品,,,",  # 4
        "T4,C9,适当性,适当性回访,,,购买金融产品,,,",  # 5
        "T5,C1,年度大回访,适当性回访,,,购买金融产品,,,",  # 6
        "T6,C1,,适当性回访,,,购买金融产品,,,",  # 7
        "T7,C1,适当性,温馨回访,,,购买金融产品,,,",  # 8
        "T8,C1,适当性,,,,购买金融产品,,,",  # 9
        "T9,C1,适当性,新开户回访,,,,,,",  # 10
        "T10,C1,适当性,适当性回访,P404,,购买金融产品,,,",  # 11
        "T11,C1,适当性,适当性回访,,明年年底,购买金融产品,,,",  # 12
        "T12,C1,适当性,适当性回访,,2026-02-30,购买金融产品,,,",  # 13
        "T13,C1,适当性,适当性回访,,46387,购买金融产品,,,",  # 14
        "T14,C1,适当性,适当性回访,,2026-05-31,购买金融产品,,,",  # 15
        "T15,C1,适当性,适当性回访,,,,,,",  # 16
        "T16,C1,异常情形,异常情形回访,,,,,,",  # 17
        "T17,C1,适当性,适当性回访,,,=HYPERLINK(1),,,",  # 18
        f"T18,C1,适当性,适当性回访,,,{'长' * 201},,,",  # 19
        "T1,C1,适当性,适当性回访,,,购买金融产品,,,",  # 20
        "T20,C1,适当性,适当性回访,,,购买金融产品",  # 21
        "T21,C1,适当性,适当性回访,,,购买,金融,产品,,,",  # 22
        "T22,C1,适当性,适当性回访,,,购买金融产品,,飞鸽传书,",  # 23
        "T23,C1,新开户,新开户回访,,,,,,单向视频",  # 24
        "T24,C1,适当性,适当性回访,,,购买\u202e金融产品,,,",  # 25
        '"T25\nx",C1,适当性,适当性回访,,,购买金融产品,,,',  # 26, 27
        f"{'T' * 61},C1,适当性,适当性回访,,,购买金融产品,,,",  # 28
        "T27,C1,适当性,适当性回访,,12/31/2026,购买金融产品,,,",  # 29
    ]
)

TWENTY_NAMED = [
    "第3行「任务号」：没有填写。请填写。",
    "第4行「客户号」：没有填写。请填写。",
    "第5行「客户号」：系统中没有客户“C9”",
    "第6行「回访类型」：回访类型“年度大回访”不认识。请填写以下之一：新开户、",
    "第7行「回访类型」：没有填写",
    "第8行「话术」：没有话术“温馨回访”。请填写以下之一：异常情形回访、新开户回访、适当性回访",
    "第9行「话术」：没有填写",
    "第10行「话术」：话术“新开户回访”不适用于适当性回访。请改用：适当性回访",
    "第11行「产品代码」：系统中没有产品“P404”",
    "第12行「截止日期」：日期“明年年底”的写法不认识。请写成2026-12-31",
    "第13行「截止日期」：日期“2026-02-30”不存在",
    "第14行「截止日期」：日期“46387”是表格软件的序号",
    "第15行「截止日期」：2026-05-31已经过去",
    "第16行「业务」：没有填写，话术“适当性回访”需要它",
    "第17行「异常情形」：没有填写，话术“异常情形回访”需要它",
    "第18行「业务」：以“=”开头，表格软件会当作公式执行。请去掉开头的“=”",
    "第19行「业务」：有201个字，最多200个",
    "第20行「任务号」：与第2行重复",
    "第21行：这一行有7格，表头有10列",
    "第22行：这一行有12格，表头有10列",
    "第23行「回访方式」：回访方式“飞鸽传书”不能用",
    "第24行「开户方式」：单向视频开户必须人工电话回访（T/SAC 002-2024 表A.1第1行）",
    "第25行「业务」：含有换行、看不见的控制字符或损坏的字符",
    "第26行「任务号」：含有换行",
    "第28行「任务号」：有61个字，最多60个",
    "第29行「截止日期」：日期“12/31/2026”的写法不认识",
]


def test_every_fault_of_one_file_is_named_at_once(stocked: Session) -> None:
    found = faults(stocked, TWENTY_FAULTS)
    assert len(TWENTY_NAMED) > 20
    assert len(found) == len(TWENTY_NAMED)
    for fault, expected in zip(found, TWENTY_NAMED, strict=True):
        assert fault.startswith(expected)
        assert "请" in fault


class TestWholeFiles:
    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            (b"", "整个文件：文件是空的"),
            (b" \r\n\n", "整个文件：文件是空的"),
            (b"\xef\xbb\xbf", "整个文件：文件是空的"),
            (b",,,\n,,\n", "整个文件：文件是空的"),
            (CLIENTS, "整个文件：只有表头，没有记录"),
            ("客户号;姓名;手机号\nC1;王小明;13800001111\n", "第1行：各列用分号分隔"),
            ("客户号\t姓名\t手机号\nC1\t王小明\t13800001111\n", "第1行：各列用制表符分隔"),
            ("客户号，姓名，手机号\nC1，王小明，13800001111\n", "第1行：各列用中文逗号分隔"),
            ("客户号,姓名\nC1,王小明\n", "第1行「手机号」：缺少这一列"),
            ("客户号,姓名,手机号,姓名\nC1,王小明,13800001111,王\n", "第1行「姓名」：列名重复（第4列）"),
            ("客户号,姓名,,手机号\nC1,王小明,x,13800001111\n", "第1行：第3列没有列名"),
            ("客户号,姓名,手机号,身份证号\nC1,王小明,13800001111,1\n", "第1行「身份证号」：不认识这一列"),
            ("甲\n1\n", "第1行：认不出是哪一种文件"),
            ("甲,乙\n1,2\n", "第1行：认不出是哪一种文件"),
            ("任务号,客户号,回访类型,话术,券商\nT1,C1,新开户,新开户回访,某某\n", "第1行「券商」：这一列由系统填写"),
            ("客户号,姓名,手机号\nC1,王\0明,13800001111\n", "第2行：有空字符（NUL）"),
            ("客户号,姓名,手机号\n".encode("utf-16"), "整个文件：文件是UTF-16"),
            (b"PK\x03\x04rest of a workbook", "整个文件：电子表格文件已损坏"),
            (b"\xd0\xcf\x11\xe0old workbook", "整个文件：这是旧版（.xls）或有密码的电子表格文件"),
            (b"\xff\xff\xff\xff", "第1行：既不是UTF-8也不是GB18030编码"),
            ("客户号,姓名,手机号\nC1,王".encode() + b"\xff,13800001111\n", "第2行：有损坏的UTF-8字符"),
            ('客户号,姓名,手机号\nC1,"王小明,13800001111\nC2,单丽,13800002222\n', "第2行：双引号没有成对"),
            ("客户号,姓名,手机号\nC1,王小明," + "1" * 140_000 + "\n", "第2行：单元格超过131072个字符"),
            (",".join(f"列{number}" for number in range(101)) + "\n", "第1行：表头有101列，最多100列"),
            ('客户号,姓名,"手机号\n', "第1行：双引号没有成对"),
        ],
    )
    def test_what_is_no_table(self, session: Session, content: str | bytes, fault: str) -> None:
        assert only_fault(session, content).startswith(fault)

    def test_too_large(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("campaign.imports.reading.MOST_BYTES", 1 << 20)
        assert "1MB" in only_fault(session, b"a" * (1 + (1 << 20)))

    def test_too_many_rows(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("campaign.imports.sheet.MOST_ROWS", 2)
        rows = "".join(f"C{number},王,13800001111\n" for number in range(4))
        assert only_fault(session, "客户号,姓名,手机号\n" + rows).startswith("第4行：记录超过2行")

    def test_the_list_is_bounded_and_says_so(self, session: Session) -> None:
        rows = "".join(f"C{number},王,123\n" for number in range(MOST_PROBLEMS + 7))
        found = faults(session, "客户号,姓名,手机号\n" + rows)
        assert len(found) == MOST_PROBLEMS + 1
        assert "另有7处问题" in found[-1]

    def test_clients_with_several_faults_each(self, session: Session) -> None:
        found = faults(
            session,
            CLIENTS
            + "C1,,大王,123,不是邮箱,,\n"
            + "@C2,王小明,先生,13800001111,a@b,,＝1+1\n"
            + f"C3,{'王' * 61},,+8613800001111,,{'部' * 81},\n",
        )
        starts = [fault.split("：")[0] for fault in found]
        assert starts == [
            "第2行「姓名」", "第2行「称谓」", "第2行「手机号」", "第2行「邮箱」",
            "第3行「客户号」", "第3行「邮箱」", "第3行「客户经理工号」",
            "第4行「姓名」", "第4行「手机号」", "第4行「营业部」",
        ]  # fmt: skip

    def test_what_cannot_be_a_number_of_the_staff(self, session: Session) -> None:
        found = faults(session, "工号,姓名,岗位\n60 01/,赵立新,经纪人\n华-01.2_x,周明,经纪人\n..,钱晓东,经纪人\n")
        assert [fault.split("：")[0] for fault in found] == ["第2行「工号」", "第4行「工号」"]
        assert "不能作工号" in found[0] and "斜线" in found[0]

    def test_hostile_strings_are_data(self, session: Session) -> None:
        name = "<script>alert(1)</script>'; DROP TABLE customer;--"
        take(session, f"客户号,姓名,手机号\nC1,{name},13800001111\n")
        assert session.scalars(select(Customer)).one().name == name


def test_a_broken_row_leaves_nothing_of_the_good_ones(session: Session) -> None:
    assert len(faults(session, CLIENTS + "C1,王小明,先生,13800001111,,,B01\nC2,单丽,女士,1,,,\n")) == 1
    assert session.scalar(select(func.count()).select_from(Staff)) == 0
