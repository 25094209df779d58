"""Fetching a human agent (坐席) while the client waits: the hook that a campaign fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class StepsIn(Protocol):
    """Where somebody may take the client over from the bot at any time."""

    async def stepped_in(self) -> Joined:
        """Wait until somebody talks with the client instead of the bot; for ever where nobody does."""


class NoAgents:
    """Nobody is there: the client is called back."""

    async def fetch(self, reason: Risk) -> Joined | NotJoined:
        """Say so at once."""
        return NotJoined("none_free")
