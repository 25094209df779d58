"""What pages do in a browser when an answer from the server breaks off, or is none that they can use."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from rules import Post
from tests.browser import chromium_page
from tests.console.conftest import Place, served
from tests.signing_in import cookies_of, sit_down

pytestmark = pytest.mark.browser


def test_pages_go_on_when_an_answer_fails(place: Place) -> None:
    status = 502

    def refused(route: Route) -> None:
        route.fulfill(status=status, body="away")

    with served(place.app) as address, chromium_page() as page:
        sit_down(page, address, cookies_of(place.desk.database, Post.MANAGER, Post.INSPECTOR))
        page.clock.install()
        page.route("**/live", refused)
        page.goto(address)
        told = page.locator("#main .alert-warning")
        expect(told).to_contain_text("正在重新连接")
        status = 401
        page.clock.fast_forward(60_000)
        expect(told).to_contain_text("请重新登录")
        page.unroute("**/live")
        page.clock.fast_forward(60_000)
        expect(told).to_be_hidden()

        page.route("**/waveform", lambda route: route.abort())
        page.goto(f"{address}/calls/{place.call_id}")
        expect(page.locator("#wave")).to_contain_text("暂时不能显示波形")
        expect(page.locator("#replayed")).not_to_contain_text("正在重放")
