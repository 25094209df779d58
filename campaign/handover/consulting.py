"""The road over a consultation: an extension is called first, and only who answers there gets the client.

A busy extension, or one that nobody answers, therefore never loses the client. The two are joined by the exchange
(REFER with Replaces, RFC 3891), or here, where the recording goes on; here too where the trunk refuses to.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from campaign.handover.duty import Failure
from campaign.handover.meanwhile import keep_company
from campaign.handover.talks import Found, Talk, Transferred, Wanted
from telephony.bridge import Bridge, Joinable
from telephony.browser import Unrecorded
from telephony.errors import SipError, TelephonyError
from telephony.legs import Answered, Dialer, HangupCause, HungUp
from telephony.recording import Recorder, Tape
from telephony.sip.sipleg import SipLeg

log = logging.getLogger(__name__)

MARK = "-to"  # in the id of a consultation: the client's call, then this
_REFER_SECONDS = 10.0  # for the exchange to join two calls that are both answered
_BOTH_SECONDS = 1.0  # in which it ends both, where it has joined them


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one extension is called, and all of them together."""

    ring_seconds: float = 25.0
    wait_seconds: float = 60.0


class ClientCalls:
    """Records the calls of clients; a consultation is left out, whose talk is in the client's recording."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def open(self, call_id: str) -> Tape:
        """A tape; of a consultation one that keeps nothing."""
        return Unrecorded() if MARK in call_id else self._recorder.open(call_id)


def extension_of(target: str) -> str:
    """The number that is dialled for a sip: address."""
    return target.partition(":")[2].partition("@")[0]


@dataclass(slots=True)
class Consultation:
    """Calls `targets` (sip: addresses) one after the other over `dialer`.

    `refers`: have the exchange join the two where it can, which takes both calls, and the recording, away from here.
    """

    dialer: Dialer
    targets: tuple[str, ...]
    refers: bool
    patience: Patience = field(default_factory=Patience)
    _serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def __call__(self, wanted: Wanted) -> Found:
        """Find somebody for a client, who hears the ringing and approved words meanwhile."""
        sounding = asyncio.create_task(keep_company(wanted.client, wanted.asides.waiting), name="ringback")
        try:
            return await self._search(wanted)
        finally:
            sounding.cancel()

    async def _search(self, wanted: Wanted) -> Found:
        now = asyncio.get_running_loop().time
        until, failure = now() + self.patience.wait_seconds, Failure.NONE_FREE
        for target in self.targets:
            if {extension_of(target), target} & (wanted.barred | wanted.passed):
                continue
            seconds = min(self.patience.ring_seconds, until - now())
            if seconds <= 0:
                return Failure.TIMED_OUT
            found = await self._consult(target, wanted, seconds)
            if not isinstance(found, Failure) or found is Failure.CLIENT_HUNG_UP:
                return found
            failure = found
        return failure

    async def _consult(self, target: str, wanted: Wanted, seconds: float) -> Found:
        call_id = f"{wanted.client.call_id}{MARK}{next(self._serial)}"
        try:
            leg = await self.dialer.dial(call_id, extension_of(target), ring_seconds=seconds)
        except TelephonyError as error:
            log.warning("call %s: the consultation could not be placed: %s", wanted.client.call_id, error)
            return Failure.TRUNK_REFUSED
        found: Found = Failure.TRUNK_REFUSED
        try:
            if isinstance(leg, Joinable):
                found = await self._join(leg, target, wanted.client, seconds)
            return found
        finally:
            if not isinstance(found, Talk):
                await leg.hang_up()

    async def _join(self, leg: Joinable, target: str, client: Joinable, seconds: float) -> Found:
        if failure := await _unanswered(leg, client, seconds):
            return failure
        if self.refers and isinstance(client, SipLeg) and isinstance(leg, SipLeg):
            found = await _refer(client, leg, target)
            if found is not None:
                return found
            log.warning("call %s: the exchange does not join the two calls; they are joined here", client.call_id)
        return talk_with_extension(client, leg, target)


def talk_with_extension(client: Joinable, leg: Joinable, target: str) -> Talk:
    """Join a client here to who has answered at an extension."""
    bridge = Bridge(client, leg)
    bridge.open()
    return Talk(asyncio.create_task(bridge.run(), name="talk with an extension"), target=target)


async def _unanswered(leg: Joinable, client: Joinable, seconds: float) -> Failure | None:
    """Wait for the answer; why there is none, None where somebody is there."""
    answer = asyncio.create_task(answer_of(leg))
    gone = asyncio.create_task(client.ended())
    watched: set[asyncio.Future[Any]] = {answer, gone}
    try:
        await asyncio.wait(watched, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            return Failure.CLIENT_HUNG_UP
        return answer.result() if answer.done() else Failure.TIMED_OUT
    finally:
        for each in watched:
            each.cancel()


async def answer_of(leg: Joinable) -> Failure | None:
    """Wait until somebody answers; why nobody does, None where somebody has."""
    async for event in leg.events():
        if isinstance(event, Answered):
            return None
        if isinstance(event, HungUp):
            return failure_of(event.cause)
    return Failure.TRUNK_REFUSED


def failure_of(cause: HangupCause) -> Failure:
    """Why an extension was not reached."""
    match cause:
        case HangupCause.BUSY:
            return Failure.NONE_FREE
        case HangupCause.REJECTED | HangupCause.NORMAL:
            return Failure.DECLINED
        case HangupCause.NO_ANSWER | HangupCause.TIMED_OUT:
            return Failure.TIMED_OUT
        case _:
            return Failure.TRUNK_REFUSED


async def _refer(client: SipLeg, leg: SipLeg, target: str) -> Transferred | Failure | None:
    """Have the exchange join the two; None where it would not and both are still there."""
    asking = asyncio.create_task(client.transfer(target, replacing=leg))
    gone = asyncio.create_task(client.ended())
    left = asyncio.create_task(leg.ended())
    watched: set[asyncio.Future[Any]] = {asking, gone}
    try:
        await asyncio.wait(watched, timeout=_REFER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if asking.done() and _went_through(asking):
            return Transferred(target)
        if gone.done():  # many an exchange ends both calls instead of telling how the transfer fared
            await asyncio.wait({left}, timeout=_BOTH_SECONDS)
            return Transferred(target) if left.done() else Failure.CLIENT_HUNG_UP
        return Failure.DECLINED if left.done() else None
    finally:
        for each in (asking, gone, left):
            each.cancel()


def _went_through(asking: asyncio.Task[Any]) -> bool:
    error = asking.exception()
    if error is not None and not isinstance(error, SipError):
        raise error
    return error is None and bool(asking.result().done)
