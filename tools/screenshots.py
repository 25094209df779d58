"""Pictures of the main pages of a running demo (`make pictures`): `python tools/screenshots.py ADDRESS FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PAGES = {
    "dashboard": "/",
    "campaign": "/campaigns/1",
    "calls": "/calls",
    "inspections": "/inspections",
    "scripts": "/scripts",
    "escalations": "/escalations",
    "health": "/health",
}
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def main(address: str, folder: Path) -> None:
    """Write a picture of each page, call.png (a risky one) and phone.png."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 860}, locale="zh-CN")
        _look_around(page, address)
        for name, path in PAGES.items():
            page.goto(address + path)
            page.wait_for_timeout(800)
            page.screenshot(path=folder / f"{name}.png")
        _risky_call(page, address, folder)
        phone = browser.new_page(viewport={"width": 390, "height": 844}, locale="zh-CN")
        _look_around(phone, address)
        phone.goto(address + "/escalations")
        phone.screenshot(path=folder / "phone.png")
        browser.close()


def _look_around(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    page.locator("#demo button").first.click()


def _risky_call(page: Page, address: str, folder: Path) -> None:
    page.goto(address + "/calls?risky=1")
    link = page.locator("#calls tbody a").first
    if link.count():
        link.click()
        page.wait_for_timeout(1200)
        page.screenshot(path=folder / "call.png")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
