"""The machine on which figures were taken."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def conditions() -> dict[str, str | int]:
    """Processor, cores and versions, for the README's table."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def resident_mib(pid: int | None = None) -> float:
    """Resident memory of a process (this one by default) in MiB."""
    status = Path(f"/proc/{pid or os.getpid()}/status").read_text()
    (kib,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kib) / 1024
