"""What the pages work with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastapi import Request

from bot.nodes import Question, Script
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
    questions: Mapping[str, str]  # what is asked, by question id


def desk_of(request: Request) -> Desk:
    """The desk of this server."""
    desk: Desk = request.app.state.desk
    return desk


def questions_of(scripts: Iterable[Script]) -> dict[str, str]:
    """The words of every question of some scripts, slots shown by their names."""
    asked = {node.id: node.ask for script in scripts for node in script.nodes.values() if isinstance(node, Question)}
    return {question: ask.replace("{", "〔").replace("}", "〕") for question, ask in asked.items()}
