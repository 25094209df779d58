"""Errors of the simulated network.

SimulatorError
├── SheetError          a YAML sheet (cast, personas, questions) is wrong: mend it, all problems are listed
├── GatewayUnreachable  no gateway answered within the time given: start it, then start the network again
└── ProtocolBroken      the gateway sent what the wire does not have: the call is dropped, the others go on
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


class GatewayUnreachable(SimulatorError):
    """Nobody listens at the gateway's address."""


class ProtocolBroken(SimulatorError):
    """A frame or message that the wire between gateway and network does not have."""
