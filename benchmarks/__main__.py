"""Run a benchmark by name, or all of them."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from typing import Any

from benchmarks import capacity, turn_latency
from benchmarks.machine import conditions

NAMES: dict[str, Callable[[argparse.Namespace], Any]] = {
    "turn_latency": turn_latency.measure,
    "capacity": capacity.measure,
}


def main() -> None:
    """Print the figures with the conditions under which they were taken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*NAMES, "all"])
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--calls", type=int, nargs="*", help="how many calls at once (several are measured in turn)")
    chosen = parser.parse_args()
    names = list(NAMES) if chosen.name == "all" else [chosen.name]
    figures = {name: asyncio.run(NAMES[name](chosen)) for name in names}
    found = {"conditions": conditions(), **(figures if chosen.name == "all" else figures[chosen.name])}
    print(json.dumps(found, ensure_ascii=False) if chosen.json else json.dumps(found, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
