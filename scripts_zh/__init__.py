"""The review scripts (话术): data only, one YAML file each, shared parts in `parts/`; see README.md there."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
LEDGER = "approved.yaml"  # which content of each script has been approved: no script itself
LEADING_WORDS = "leading_words.yaml"  # what no script may say: no script itself
NOT_SCRIPTS = frozenset({LEDGER, LEADING_WORDS})
