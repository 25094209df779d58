"""What the pages work with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastapi import Request

from bot.nodes import SLOT, Question, Script, Statement
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
    """The words of every question and reminder of some scripts; what differs from client to client is an ellipsis."""
    nodes = [node for script in scripts for node in script.nodes.values()]
    words = {node.id: node.ask for node in nodes if isinstance(node, Question)}
    words |= {node.id: node.say for node in nodes if isinstance(node, Statement)}
    return {node: SLOT.sub("…", text).replace("……", "…") for node, text in words.items()}
