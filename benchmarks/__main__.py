"""Run a benchmark by name, or all of them."""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import campaign, capacity, console, feed, hearing, importing, opening, progress, sip, turn_latency
from benchmarks.machine import conditions

NAMES: dict[str, Callable[[argparse.Namespace], Any]] = {
    "turn_latency": turn_latency.measure,
    "capacity": capacity.measure,
    "hearing": hearing.measure,
    "progress": progress.measure,
    "sip": sip.measure,
    "campaign": campaign.measure,
    "importing": importing.measure,
    "console": console.measure,
    "feed": feed.measure,
    "opening": opening.measure,
}


def main() -> None:
    """Print the figures with the conditions under which they were taken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*NAMES, "all"])
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--calls", type=int, nargs="*", help="how many calls at once (several are measured in turn)")
    parser.add_argument("--quick", action="store_true", help="hearing: three voices at 20 and 10 dB")
    parser.add_argument("--human", type=Path, help="hearing: a folder of recordings of people with a manifest.csv")
    parser.add_argument("--model", default="", help="hearing: another recognition model than the shipped one")
    parser.add_argument("--rows", type=int, help="importing: how many clients (default: 100,000); console: tasks")
    parser.add_argument("--parked", type=int, default=campaign.PARKED, help="campaign: tasks that are not due yet")
    parser.add_argument("--due", type=int, default=campaign.DUE, help="campaign: tasks that are due now")
    chosen = parser.parse_args()
    names = list(NAMES) if chosen.name == "all" else [chosen.name]
    figures = {name: _measured(NAMES[name](chosen)) for name in names}
    found = {"conditions": conditions(), **(figures if chosen.name == "all" else figures[chosen.name])}
    print(json.dumps(found, ensure_ascii=False) if chosen.json else json.dumps(found, ensure_ascii=False, indent=2))


def _measured(figures: Any) -> Any:
    """What a benchmark found; those that bring no event loop of their own get one here."""
    return asyncio.run(figures) if inspect.iscoroutine(figures) else figures


if __name__ == "__main__":
    main()
