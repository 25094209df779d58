"""Which waiting client is offered to which agent next, and when a wait is over: values in, values out.

The gravest client comes first, among equals the one who has waited longest; each is offered to the agent who has been
idle longest among those who may have the call and were not offered it before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import assert_never

from campaign.handover.duty import Failure, Presence, Withdrawn
from campaign.handover.waiting_room import (
    Act,
    BecameFree,
    Came,
    Client,
    Connect,
    Event,
    GiveUp,
    Left,
    Offer,
    Person,
    Replied,
    Ring,
    Room,
    SignedOff,
    SignedOn,
    Stop,
    Terms,
    Ticked,
)
from rules import Severity

_ABSENT = (Presence.AWAY, Presence.WATCHING)
_GRAVEST_FIRST = (Severity.HIGH, Severity.CARE, Severity.MEDIUM)


@dataclass(frozen=True, slots=True)
class _Step:
    room: Room
    acts: tuple[Act, ...] = ()

    def do(self, act: Act) -> _Step:
        return replace(self, acts=(*self.acts, act))

    def having(self, **changes: object) -> _Step:
        return replace(self, room=replace(self.room, **changes))  # type: ignore[arg-type]

    def person(self, number: str, change: Callable[[Person], Person]) -> _Step:
        return self.having(people=tuple(change(one) if one.number == number else one for one in self.room.people))

    def client(self, call: str, change: Callable[[Client], Client]) -> _Step:
        return self.having(clients=tuple(change(one) if one.call == call else one for one in self.room.clients))

    def without(self, call: str) -> _Step:
        return self.having(clients=tuple(one for one in self.room.clients if one.call != call))


def advance(room: Room, event: Event, now: float, terms: Terms) -> tuple[Room, tuple[Act, ...]]:
    """Take one event: the next room and what is to be done, in order."""
    step = _settle(_expire(_take(_Step(room), event, now, terms), now), now, terms)
    return step.room, step.acts


def _take(step: _Step, event: Event, now: float, terms: Terms) -> _Step:
    match event:
        case Came(client=client):
            if len(step.room.clients) >= terms.most_waiting and not client.passed:  # who was here before comes back
                return step.do(GiveUp(client.call, Failure.QUEUE_FULL))
            return step.having(clients=(*step.room.clients, client))
        case Left(call=call, why=why):
            return _withdraw(step, call, why).without(call)
        case Replied():
            return _reply(step, event, now)
        case SignedOn(number=number, name=name):
            person = Person(number, name, event.presence, now)
            return step.having(people=(*(one for one in step.room.people if one.number != number), person))
        case SignedOff(number=number):
            return _sign_off(step, number)
        case BecameFree(number=number, presence=presence):
            return step.person(number, lambda one: replace(one, presence=presence, idle_since=now))
        case Ticked():
            return step
        case _:
            assert_never(event)


def _reply(step: _Step, reply: Replied, now: float) -> _Step:
    """An answer counts while the call rings there; of two agents who answer, one is too late."""
    offer = step.room.offer_of(reply.call)
    if offer is None or offer.number != reply.number or offer.until <= now:
        return step
    if not reply.taken:
        step = _pass_over(step, offer, Withdrawn.DECLINED)
        return step.person(offer.number, lambda one: replace(one, presence=Presence.FREE, idle_since=now))
    client = next(one for one in step.room.clients if one.call == offer.call)
    client = replace(client, passed=client.passed | {offer.number})
    return _end(step, offer, Withdrawn.TAKEN).without(offer.call).do(Connect(client, offer.number))


def _sign_off(step: _Step, number: str) -> _Step:
    offer = next((one for one in step.room.offers if one.number == number), None)
    step = _pass_over(step, offer, Withdrawn.DECLINED) if offer is not None else step
    return step.having(people=tuple(one for one in step.room.people if one.number != number))


def _withdraw(step: _Step, call: str, why: Withdrawn) -> _Step:
    """Take a call back from the agent whom it rings at, and who has done nothing amiss."""
    offer = step.room.offer_of(call)
    if offer is None:
        return step
    return _end(step, offer, why).person(offer.number, lambda one: replace(one, presence=Presence.FREE))


def _pass_over(step: _Step, offer: Offer, why: Withdrawn) -> _Step:
    """The call goes to the next one."""
    failure = Failure.DECLINED if why is Withdrawn.DECLINED else Failure.TIMED_OUT
    step = _end(step, offer, why)
    return step.client(
        offer.call, lambda one: replace(one, passed=one.passed | {offer.number}, failure=failure)
    )  # fmt: skip


def _end(step: _Step, offer: Offer, why: Withdrawn) -> _Step:
    kept = tuple(one for one in step.room.offers if one is not offer)
    return step.having(offers=kept).do(Stop(offer.call, offer.number, why))


def _expire(step: _Step, now: float) -> _Step:
    """Who has waited long enough, and who has not answered in time: such an agent counts as away."""
    for client in step.room.clients:
        if client.until <= now:
            step = _withdraw(step, client.call, Withdrawn.GIVEN_UP).without(client.call)
            step = step.do(GiveUp(client.call, Failure.TIMED_OUT))
    for offer in step.room.offers:
        if offer.until <= now:
            step = _pass_over(step, offer, Withdrawn.TIMED_OUT)
            step = step.person(offer.number, lambda one: replace(one, presence=Presence.AWAY, idle_since=now))
    return step


def _settle(step: _Step, now: float, terms: Terms) -> _Step:
    """Offer what can be offered; let go whom nobody on duty could take."""
    for client in sorted(step.room.clients, key=_urgency):
        if step.room.offer_of(client.call) is not None:
            continue
        fitting = [one for one in step.room.people if one.presence not in _ABSENT and may_take(one, client)]
        free = [one for one in fitting if one.presence is Presence.FREE]
        if free:
            step = _offer(step, client, min(free, key=partial(_turn, client)), now, terms)
        elif not fitting:
            step = step.without(client.call).do(GiveUp(client.call, client.failure))
    return step


def _offer(step: _Step, client: Client, person: Person, now: float, terms: Terms) -> _Step:
    offer = Offer(client.call, person.number, now + terms.offer_seconds)
    step = step.having(offers=(*step.room.offers, offer))
    step = step.person(person.number, lambda one: replace(one, presence=Presence.BUSY))
    return step.do(Ring(client.call, person.number, min(terms.offer_seconds, client.until - now)))


def may_take(person: Person, client: Client) -> bool:
    """Whether a call may be offered to somebody (000 §6.3), and was not yet."""
    return person.number not in client.passed and not client.barred & {person.number, person.name}


def _turn(client: Client, person: Person) -> tuple[bool, float]:
    """Whom the client was passed on to first, then who has been idle longest."""
    return person.number != client.first, person.idle_since


def _urgency(client: Client) -> tuple[int, float]:
    return _GRAVEST_FIRST.index(client.severity), client.since
