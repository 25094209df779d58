"""A real Chromium for tests: Debian's, headless, without its own calls home."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

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


@contextmanager
def chromium_page(width: int = 1366, height: int = 768, flags: Sequence[str] = ()) -> Iterator[Page]:
    """A fresh page; anything that a script throws on it fails the test at the end."""
    thrown: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: thrown.append(str(error)))
        try:
            yield page
        finally:
            browser.close()
    assert not thrown
