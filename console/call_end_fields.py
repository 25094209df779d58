"""What is typed about the end of a call: the time that was agreed, the client's new number."""

from __future__ import annotations

from datetime import datetime

from campaign.calls.call_ends import EndRefused
from campaign.imports.cells import BadCell, phone
from console.words import SHANGHAI


def instant(text: str) -> datetime | None:
    """An instant as a browser's field has it, in Shanghai's time; raises EndRefused."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) if text else None
    except ValueError as error:
        raise EndRefused("约定时间写得不对") from error


def number(text: str) -> str:
    """A telephone number, digits only; raises EndRefused."""
    try:
        return phone(text) if text.strip() else ""
    except BadCell as error:
        raise EndRefused(f"新号码{error}") from error
