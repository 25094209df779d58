"""The blind transfer: the exchange calls an extension or a queue itself (REFER, RFC 3515)."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol, runtime_checkable

from campaign.handover.duty import Failure
from campaign.handover.talks import Found, Transferred
from telephony.bridge import Joinable
from telephony.errors import SipError

log = logging.getLogger(__name__)


class Result(Protocol):
    """How a transfer ended."""

    @property
    def status(self) -> int: ...


@runtime_checkable
class Transferrer(Joinable, Protocol):
    """A leg whose exchange can transfer it."""

    async def transfer(self, target: str) -> Result:
        """Have the far end call `target`; the status is the far end's, below 300 it went through."""


async def transfer(client: Joinable, target: str) -> Found:
    """Ask the exchange, and wait for what it makes of it or until the client hangs up."""
    if not isinstance(client, Transferrer):
        return Failure.TRUNK_REFUSED
    asking = asyncio.create_task(client.transfer(target))
    gone = asyncio.create_task(client.ended())
    waiting: set[asyncio.Future[Any]] = {asking, gone}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            return Failure.CLIENT_HUNG_UP
        return _failure_of(asking.result().status) or Transferred(target)
    except SipError as error:
        log.warning("call %s could not be transferred: %s", client.call_id, error)
        return Failure.TRUNK_REFUSED
    finally:
        asking.cancel()
        gone.cancel()


def _failure_of(status: int) -> Failure | None:
    if status < 300:
        return None
    match status:
        case 408 | 480:
            return Failure.TIMED_OUT
        case 486 | 600:
            return Failure.NONE_FREE
        case 603:
            return Failure.DECLINED
        case 487:
            return Failure.CLIENT_HUNG_UP
        case _:
            return Failure.TRUNK_REFUSED
