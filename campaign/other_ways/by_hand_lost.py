"""A client whose agent's voice is lost in a call by hand: told so, and held until the agent is back or time is over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from campaign.handover.meanwhile import Asides, keep_company, say
from telephony.bridge import Joinable


class Return(StrEnum):
    """How a client's wait for a lost agent ended."""

    BACK = "back"  # the agent has them again
    TAKEN_OVER = "taken_over"  # a supervisor has them
    CLIENT_HUNG_UP = "client_hung_up"
    NOBODY = "nobody"  # in time: the client was told that we call back


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss of an agent's voice; positions are in the client's recording."""

    agent: str  # number, or the address of the extension that the client was left with
    lost_ms: int
    until_ms: int
    end: str  # a Return


async def until_back(client: Joinable, returned: asyncio.Event, asides: Asides, until: float) -> Return:
    """Tell the client, then keep them company until somebody is back, they hang up, or time is over.

    `until` is by the loop's clock. BACK says that `returned` was set, which it is no longer.
    """
    company = asyncio.create_task(_company(client, asides), name="a lost agent's client")
    gone = asyncio.create_task(client.ended())
    back = asyncio.create_task(returned.wait())
    watched: set[asyncio.Future[Any]] = {gone, back}
    try:
        seconds = max(0.0, until - asyncio.get_running_loop().time())
        await asyncio.wait(watched, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            return Return.CLIENT_HUNG_UP
        if not returned.is_set():
            return Return.NOBODY
        returned.clear()
        return Return.BACK
    finally:
        for task in (company, gone, back):
            task.cancel()


async def _company(client: Joinable, asides: Asides) -> None:
    await say(client, asides.lost, "agent_lost")
    await keep_company(client, asides.waiting)
