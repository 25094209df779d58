"""The register of calls that came, as an inspector reads it."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient
from sqlalchemy import select

from models import Customer, IncomingCall
from tests.conftest import NOON
from tests.console.conftest import Place


def test_a_register_without_calls_says_so(place: Place, pages: TestClient) -> None:
    assert "还没有客户打来电话" in pages.get("/incoming").text


def test_every_call_is_listed_with_what_was_done_and_nobody_is_named(place: Place, pages: TestClient) -> None:
    with place.desk.database.write() as session:
        client_id = session.scalars(select(Customer.id)).one()
        for no, (caller, treatment, reason, client) in enumerate(
            [
                ("139****9999", "tell", "unknown", None),
                ("", "tell", "hidden", None),
                ("138****1111", "refuse", "on_the_line", client_id),
            ]
        ):
            session.add(
                IncomingCall(
                    call_id=f"in-{no}",
                    at=NOON + timedelta(minutes=no),
                    caller=caller,
                    trunk="main",
                    treatment=treatment,
                    reason=reason,
                    customer_id=client,
                )  # fmt: skip
            )
    text = pages.get("/incoming").text
    for shown in ("139****9999", "告知客服电话", "号码没有登记", "未显示", "未接听", "正在和该号码的客户通话", "单**"):
        assert shown in text, shown
    assert "单小明" not in text
    assert text.index("138****1111") < text.index("139****9999")  # the latest first
