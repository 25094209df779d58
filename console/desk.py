"""What the pages work with."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from campaign.clock import Clock
from campaign.feed import Feed
from models import Database
from telephony.recording import RecordingStore


@dataclass(frozen=True, slots=True)
class Desk:
    """Handed to the pages by the server; no page reads a setting or opens a file by itself."""

    database: Database
    recordings: RecordingStore
    feed: Feed
    clock: Clock
    firm: str


def desk_of(request: Request) -> Desk:
    """The desk of this server."""
    desk: Desk = request.app.state.desk
    return desk
