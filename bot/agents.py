"""Fetching a human agent (坐席) while the client waits: the hook that a campaign fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rules.outcomes import Risk


@dataclass(frozen=True, slots=True)
class Joined:
    """An agent is on the line with the client."""

    agent: str


@dataclass(frozen=True, slots=True)
class NotJoined:
    """No agent took the call; `reason` is a short name for the record: none_free, declined, timed_out..."""

    reason: str


class Agents(Protocol):
    """Finds somebody to talk with the client."""

    async def fetch(self, reason: Risk) -> Joined | NotJoined:
        """Return when an agent talks with the client or none will; the conversation sets the deadline."""


class NoAgents:
    """Nobody is there: the client is called back."""

    async def fetch(self, reason: Risk) -> Joined | NotJoined:
        """Say so at once."""
        return NotJoined("none_free")
