"""Imports by the firm's own systems: the same checks, a token, bounded bodies, and answers that say what to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from models import Customer, Product
from tests.console.conftest import Place

TOKEN = {"Authorization": "Bearer geheim-42"}
CLIENTS = "客户号,姓名,手机号\nC100,王小明,13800002222\n"


@pytest.fixture
def api(place: Place) -> Iterator[TestClient]:
    place.app.state.desk = replace(place.desk, api_token="geheim-42")
    with TestClient(place.app, headers=TOKEN) as client:
        yield client


def ended(api: TestClient, answer: Any) -> dict[str, Any]:
    """The job once it has ended or waits to be confirmed."""
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    deadline = time.monotonic() + 60
    while not job["ended"] and job["state"] != "ready":
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
        job = api.get(f"/api/imports/{job['job']}").json()
    return job


def count(place: Place, table: type[Customer] | type[Product] = Customer) -> int:
    with place.desk.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_csv(api: TestClient, place: Place) -> None:
    before = count(place)
    answer = api.post("/api/imports/clients", content=CLIENTS.encode("gb18030"), headers={"Content-Type": "text/csv"})
    job = ended(api, answer)
    assert answer.headers["location"] == f"/api/imports/{job['job']}"
    assert (job["state"], job["checked"], job["written"], job["problems"]) == ("done", 1, 1, [])
    assert "新增1名" in job["summary"]
    assert count(place) == before + 1


def test_json_rows(api: TestClient, place: Place) -> None:
    rows = [
        {"客户号": 10000001, "姓名": "王小明", "手机号": "13800002222"},
        {"手机号": "13800003333", "客户号": "C2", "姓名": "单丽", "称谓": "女士"},
    ]
    before = count(place)
    assert ended(api, api.post("/api/imports/客户", json={"rows": rows}))["state"] == "done"
    assert count(place) == before + 2
    again = ended(api, api.post("/api/imports/clients", json=rows))
    assert "新增0名，更新0名，未变2名" in again["summary"]


def test_faults_are_named_by_row_and_nothing_is_kept(api: TestClient, place: Place) -> None:
    before = count(place, Product)
    rows = [
        {"产品代码": "P1", "产品名称": "安信一号", "风险等级": "R5"},
        {"产品代码": "P2", "产品名称": "=cmd", "风险等级": "R9"},
        {"产品代码": "P3", "产品名称": ["a"], "风险等级": "R1"},
    ]
    job = ended(api, api.post("/api/imports/products", json=rows))
    assert job["state"] == "refused"
    assert [(one["line"], one["column"]) for one in job["problems"]] == [(2, "产品名称"), (2, "风险等级"), (3, "")]
    assert job["problems"][1]["text"].startswith("第2行「风险等级」：风险等级“R9”不认识。请填写R1")
    assert count(place, Product) == before


def test_a_preview_waits_for_its_confirmation(api: TestClient, place: Place) -> None:
    before = count(place)
    job = ended(api, api.post("/api/imports/clients?preview=1", content=CLIENTS.encode()))
    assert (job["state"], job["word"]) == ("ready", "待确认")
    assert count(place) == before
    assert ended(api, api.post(f"/api/imports/{job['job']}/confirm"))["state"] == "done"
    assert count(place) == before + 1
    assert api.post(f"/api/imports/{job['job']}/confirm").status_code == 409


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"rows": 3}', b"", b"[" * 5000])
def test_json_that_is_none(api: TestClient, body: bytes) -> None:
    answer = api.post("/api/imports/clients", content=body, headers={"Content-Type": "application/json"})
    job = ended(api, answer)
    assert job["state"] == "refused"
    assert "rows" in job["problems"][0]["remedy"]


def test_no_rows_at_all(api: TestClient) -> None:
    job = ended(api, api.post("/api/imports/clients", json=[]))
    assert job["state"] == "refused"


def test_who_may_not(api: TestClient, place: Place) -> None:
    for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": "geheim-42"}, {"Authorization": ""}):
        answer = api.post("/api/imports/clients", content=CLIENTS.encode(), headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert api.get("/api/imports/x", headers=headers).status_code == 401
    place.app.state.desk = replace(place.desk, api_token="")
    answer = api.post("/api/imports/clients", content=CLIENTS.encode(), headers={"Authorization": "Bearer "})
    assert answer.status_code == 403
    assert "HUIFANG_API_TOKEN" in answer.json()["error"]


def test_what_is_unknown(api: TestClient) -> None:
    assert "events（业务事件）" in api.post("/api/imports/dogs", content=b"x").json()["error"]
    answer = api.get("/api/imports/none")
    assert (answer.status_code, "重新发送" in answer.json()["error"]) == (404, True)


def test_a_body_that_is_too_large(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.import_api.MOST_BYTES", 1 << 20)
    assert api.post("/api/imports/clients", content=b"a" * ((1 << 20) + 1)).status_code == 413
    parts = iter([b"a" * (1 << 19)] * 3)
    assert api.post("/api/imports/clients", content=parts).status_code == 413


def test_no_more_imports_wait_than_may(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaign.imports.import_jobs.MOST_WAITING", 0)
    answer = api.post("/api/imports/clients", content=CLIENTS.encode())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
