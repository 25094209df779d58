"""A campaign over real audio in a process of its own, so that several go on side by side.

Usage: python -m tests.acceptance.campaigns demo|aloud FOLDER, with a standard input that stays open
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

from campaign.demo.demo import DEMO_FACTOR, Demo
from campaign.demo.demo_firm import demo_clock
from campaign.demo.demo_verdict import DemoResult
from campaign.works import Works
from installation import open_works
from settings import Settings
from telephony.simulator.cast import load_cast

ALOUD = Path(__file__).with_name("aloud.yaml")
ALOUD_LINES = 16
SECONDS = 780.0  # a test may take 900, in which this process starts and ends as well
ONE_DAY = 60.0  # times as fast as the wall's clock: no night falls before everybody was called once


def campaign_of(name: str) -> tuple[Demo, float]:
    """The 24 clients of the demo firm, or one client for every pair of a persona and a script; how fast time passes."""
    if name == "demo":
        return Demo(), DEMO_FACTOR
    return Demo(clients=len(load_cast(ALOUD).clients), lines=ALOUD_LINES, cast=ALOUD), ONE_DAY


async def run(name: str, folder: Path) -> tuple[DemoResult, int]:
    """Carry a campaign through; its result, and how many calls there were at once."""
    demo, factor = campaign_of(name)
    demo.simulator_log = folder / "network.jsonl"
    settings = Settings(data_dir=folder / "data")
    async with (
        demo.network(settings.service_number) as network,
        open_works(settings, demo_clock(factor), network.dialer) as works,
    ):
        counted = [0]
        most = asyncio.create_task(_count_calls(works, counted))
        result = await asyncio.wait_for(demo.run(works, network), SECONDS)
        most.cancel()
        await asyncio.gather(most, return_exceptions=True)
        return result, counted[0]


async def _count_calls(works: Works, most: list[int]) -> None:
    async for _ in works.feed.watch():
        most[0] = max(most[0], len(works.feed.calls()))


def end_with_input() -> None:
    """Whoever started this process keeps its standard input open for as long as it lives."""
    while os.read(sys.stdin.fileno(), 1):  # not by its buffer, whose lock would still be held when Python ends
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_input, daemon=True).start()
    into = Path(sys.argv[2])
    found, at_once = asyncio.run(run(sys.argv[1], into))
    (into / "result.json").write_text(json.dumps(found.as_json() | {"most_at_once": at_once}), encoding="utf-8")
