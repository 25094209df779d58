"""A real Chromium for tests: Debian's, headless, without its own calls home."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def microphone(wav: Path) -> list[str]:
    """The flags of a browser whose microphone plays a WAV file, over and over, from the moment it is opened."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={wav}",
    ]


def _until(page: Page, expression: str, *, polling: int = 20, timeout: int = 60_000) -> object:
    """Ask from outside until something is true; both in milliseconds.

    Playwright's own waiting evaluates the text within the page, which the pages' Content-Security-Policy forbids.
    """
    deadline = time.monotonic() + timeout / 1000
    while not (seen := page.evaluate(expression)):
        assert time.monotonic() < deadline, f"never became true: {expression}"
        page.wait_for_timeout(polling)
    return seen


@contextmanager
def chromium_page(width: int = 1366, height: int = 768, flags: Sequence[str] = ()) -> Iterator[Page]:
    """A fresh page; anything that a script throws on it fails the test at the end."""
    thrown: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: thrown.append(str(error)))
        expect.set_options(timeout=60_000)
        page.wait_for_function = partial(_until, page)  # type: ignore[method-assign, assignment]
        try:
            yield page
        finally:
            browser.close()
    assert not thrown
