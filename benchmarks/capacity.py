"""Calls at once until turns take longer than a second at p95 or frames leave more than 40 ms late at p99."""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.harness import run_calls

STEPS = (20, 30, 40, 50, 60)
LATENCY_P95_MS = 1000
LATE_P99_MS = 40


async def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Go up until a bound is passed; `capacity` is the last step within both, the simulator included."""
    rounds: list[dict[str, Any]] = []
    capacity = 0
    for calls in chosen.calls or STEPS:
        figures = (await run_calls(calls)).as_json()
        rounds.append(figures)
        if figures["turn_latency_p95_ms"] > LATENCY_P95_MS or figures["frames_late_p99_ms"] > LATE_P99_MS:
            break
        capacity = calls
    return {"capacity": capacity, "rounds": rounds}
