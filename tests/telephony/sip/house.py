"""A SIP dialer for the tests, and its trunk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from telephony.recording import RecordingStore
from telephony.sip.alarms import Intervals
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk import Trunk
from tests.telephony.farend import KEY

NUMBER = "13800000000"


def trunk(port: int, **settings: Any) -> Trunk:
    """A trunk; unless told otherwise without signs of life, which SIPp takes for a call that its scenario forbids."""
    usual: dict[str, Any] = {"name": "test", "host": "127.0.0.1", "port": port, "number": "95500", "ping_seconds": 0}
    return Trunk(**(usual | settings))


@asynccontextmanager
async def dialer(
    folder: Path, *trunks: Trunk, intervals: Intervals | None = None, **options: Any
) -> AsyncIterator[SipDialer]:
    store = RecordingStore(folder / "recordings", KEY)
    async with SipDialer(trunks, store, intervals=intervals or Intervals(), **options) as running:
        yield running


def recorded(folder: Path) -> RecordingStore:
    return RecordingStore(folder / "recordings", KEY)
