"""The review scripts (话术): data only, one YAML file each, shared parts in `parts/`; see README.md there."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
LEDGER = "approved.yaml"  # which content of each script has been approved: no script itself
