"""Errors of the simulated network.

SimulatorError
└── SheetError  a YAML sheet (cast, personas, questions) is wrong: mend it, all problems are listed
"""

from __future__ import annotations

from collections.abc import Sequence


class SimulatorError(Exception):
    """Base of everything that the simulated network raises on purpose."""


class SheetError(SimulatorError):
    """A sheet cannot be used; `problems` names every fault with its line and remedy."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
