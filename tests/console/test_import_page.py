"""Importing through the page: all rows or none, previews, templates, and every fault where the file was chosen."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient
from sqlalchemy import func, select

from models import Customer, Product, ReviewTask
from tests.console.conftest import Place

CLIENTS = "客户号,姓名,称谓,手机号,邮箱,营业部,客户经理工号\nC100,王小明,先生,13800002222,,上海营业部,\n"
TASKS = "任务号,客户号,回访类型,话术,产品代码,截止日期,业务\nR100,C100,适当性,suitability,,2036-12-31,购买基金产品\n"


def send(pages: TestClient, text: str, **form: str) -> tuple[int, str]:
    answer = pages.post("/import", files={"file": ("清单.csv", text.encode("gb18030"), "text/csv")}, data=form)
    return answer.status_code, answer.text


def count(place: Place, table: type[Customer] | type[ReviewTask] | type[Product]) -> int:
    with place.desk.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_clients_and_then_their_tasks_are_imported(place: Place, pages: TestClient) -> None:
    before = count(place, ReviewTask)
    status, text = send(pages, CLIENTS)
    assert status == 200
    assert "新增1名" in text
    status, text = send(pages, TASKS)
    assert status == 200, text
    assert "新增1个" in text
    assert count(place, ReviewTask) == before + 1


def test_one_bad_row_keeps_everything_out_and_is_named(place: Place, pages: TestClient) -> None:
    before = count(place, Customer)
    status, text = send(pages, CLIENTS + "C101,李红,女士,12345,,,\n")
    assert status == 422
    assert "未导入任何记录" in text
    assert "第3行" in text
    assert "手机号" in text
    assert count(place, Customer) == before


def test_a_file_that_is_no_table_is_refused(place: Place, pages: TestClient) -> None:
    status, text = send(pages, "\x00\x01\x02")
    assert status == 422
    assert "未导入任何记录" in text


def test_a_preview_changes_nothing_until_it_is_confirmed(place: Place, pages: TestClient) -> None:
    before = count(place, Customer)
    status, text = send(pages, CLIENTS, act="preview")
    assert status == 200
    assert "将新增1名，更新0名" in text
    assert "王小明" not in text
    assert count(place, Customer) == before
    (link,) = re.findall(r'action="(/import/jobs/[^"]+/confirm)"', text)
    done = pages.post(link)
    assert pages.get(done.url.path).text == done.text and "出错了" not in done.text  # reloaded
    assert "已导入客户：新增1名" in done.text
    assert count(place, Customer) == before + 1
    again = pages.post(link)
    assert again.status_code == 200
    assert count(place, Customer) == before + 1
    _, text = send(pages, CLIENTS.replace("上海", "北京"), act="preview")
    assert "将新增0名，更新1名" in text
    assert "<td>更新</td><td>营业部</td>" in text


def test_a_preview_says_that_its_tasks_are_dialled_without_further_asking(pages: TestClient) -> None:
    send(pages, CLIENTS)
    _, text = send(pages, TASKS, act="preview")
    assert "在致电时段内随即拨打" in text[text.index('id="job"') : text.index('id="confirm"')]
    _, text = send(pages, CLIENTS.replace("上海", "北京"), act="preview")
    assert "随即拨打" not in text[text.index('id="job"') : text.index('id="confirm"')]


def test_a_preview_can_be_given_up(place: Place, pages: TestClient) -> None:
    before = count(place, Customer)
    _, text = send(pages, CLIENTS, act="preview")
    (link,) = re.findall(r'action="(/import/jobs/[^"]+/drop)"', text)
    pages.post(link)
    pages.post(link.replace("/drop", "/confirm"))
    assert count(place, Customer) == before


def test_templates_can_be_downloaded(place: Place, pages: TestClient) -> None:
    text = pages.get("/import").text
    links = re.findall(r'href="(/import/template/[^"]+)"', text)
    assert len(links) == 10
    for link in links:
        answer = pages.get(link)
        assert answer.status_code == 200
        assert answer.content.startswith(b"PK" if link.endswith("xlsx") else b"\xef\xbb\xbf")
    assert pages.get("/import/template/dogs.csv").status_code == 404
    assert pages.get("/import/jobs/none").status_code == 404
