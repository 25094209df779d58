"""From the client's last audible sample to the bot's first, over real audio, at 1, 10 and 20 calls at once."""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.harness import run_calls

CALLS = (1, 10, 20)


async def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """One round for each number of calls."""
    return {"turn_latency": [(await run_calls(calls)).as_json() for calls in chosen.calls or CALLS]}
