"""Who is offered which call next, and when a wait is over, without any line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.handover.duty import Failure, Presence, Withdrawn
from campaign.handover.offering import advance
from campaign.handover.waiting_room import (
    Act,
    BecameFree,
    Came,
    Client,
    Connect,
    Event,
    GiveUp,
    Left,
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

TERMS = Terms(offer_seconds=10, wait_seconds=60, most_waiting=3)


@dataclass
class Desk:
    """A room with a clock; keeps what was done."""

    room: Room = field(default_factory=Room)
    now: float = 0.0
    acts: list[Act] = field(default_factory=list)

    def take(self, *events: Event, at: float | None = None) -> list[Act]:
        """What these events come to."""
        self.now = self.now if at is None else at
        began = len(self.acts)
        for event in events:
            self.room, acts = advance(self.room, event, self.now, TERMS)
            self.acts += acts
        return self.acts[began:]

    def come(self, call: str, severity: Severity = Severity.HIGH, **more: frozenset[str]) -> list[Act]:
        return self.take(Came(Client(call, severity, self.now, self.now + TERMS.wait_seconds, **more)))  # type: ignore[arg-type]


def staffed(*numbers: str) -> Desk:
    """Agents who came on duty one second after the other."""
    desk = Desk()
    for second, number in enumerate(numbers):
        desk.take(SignedOn(number, f"坐席{number}"), at=float(second))
    return desk


def test_the_longest_idle_agent_is_offered_the_call_and_takes_it() -> None:
    desk = staffed("8002", "8003")
    assert desk.come("a") == [Ring("a", "8002", 10)]
    stop, connect = desk.take(Replied("a", "8002", taken=True), at=5)
    assert stop == Stop("a", "8002", Withdrawn.TAKEN)
    assert isinstance(connect, Connect) and (connect.client.call, connect.number) == ("a", "8002")
    assert desk.room.clients == () and desk.room.deadline is None
    assert desk.come("b") == [Ring("b", "8003", 10)]


def test_a_call_that_is_declined_goes_to_the_next_and_the_decliner_to_the_end() -> None:
    desk = staffed("8002", "8003")
    desk.come("a")
    assert desk.take(Replied("a", "8002", taken=False)) == [
        Stop("a", "8002", Withdrawn.DECLINED),
        Ring("a", "8003", 10),
    ]
    assert desk.take(Replied("a", "8003", taken=False)) == [
        Stop("a", "8003", Withdrawn.DECLINED),
        GiveUp("a", Failure.DECLINED),
    ]


def test_who_does_not_answer_counts_as_away_until_back() -> None:
    desk = staffed("8002")
    desk.come("a")
    assert desk.take(Ticked(), at=9.9) == []
    assert desk.take(Ticked(), at=10) == [Stop("a", "8002", Withdrawn.TIMED_OUT), GiveUp("a", Failure.TIMED_OUT)]
    assert desk.come("b") == [GiveUp("b", Failure.NONE_FREE)]
    desk.take(BecameFree("8002"))
    assert desk.come("c") == [Ring("c", "8002", 10)]


def test_of_two_agents_who_answer_the_second_is_too_late() -> None:
    desk = staffed("8002", "8003")
    desk.come("a")
    desk.take(Ticked(), at=11)  # now it rings at 8003
    assert desk.take(Replied("a", "8002", taken=True)) == []
    assert len(desk.take(Replied("a", "8003", taken=True))) == 2
    assert desk.take(Replied("a", "8003", taken=True), Replied("a", "8002", taken=True)) == []


def test_an_answer_in_the_moment_in_which_the_offer_ends_is_too_late() -> None:
    desk = staffed("8002")
    desk.come("a")
    acts = desk.take(Replied("a", "8002", taken=True), at=10)
    assert acts == [Stop("a", "8002", Withdrawn.TIMED_OUT), GiveUp("a", Failure.TIMED_OUT)]


@pytest.mark.parametrize("barred", ["8002", "坐席8002"])
def test_who_serves_the_client_is_not_even_waited_for(barred: str) -> None:
    desk = staffed("8002")
    assert desk.come("a", barred=frozenset({barred})) == [GiveUp("a", Failure.NONE_FREE)]


def test_clients_wait_for_agents_in_talks_the_gravest_first_then_the_longest_waiting() -> None:
    desk = staffed("8002")
    desk.come("talk")
    desk.take(Replied("talk", "8002", taken=True))
    desk.now = 1
    assert desk.come("medium", Severity.MEDIUM) == []
    desk.now = 2
    assert desk.come("grave") == []
    desk.now = 3
    assert desk.come("grave too") == []
    served = []
    for second in (4, 5, 6):
        (ring,) = desk.take(BecameFree("8002"), at=second)
        assert isinstance(ring, Ring)
        served.append(ring.call)
        desk.take(Replied(ring.call, "8002", taken=True))
    assert served == ["grave", "grave too", "medium"]


def test_a_wait_is_bounded_and_the_agent_who_was_rung_last_is_not_blamed() -> None:
    desk = staffed("8002")
    desk.take(BecameFree("8002", Presence.BUSY))
    desk.come("a")
    assert desk.take(BecameFree("8002"), at=55) == [Ring("a", "8002", 5)]
    assert desk.take(Ticked(), at=60) == [Stop("a", "8002", Withdrawn.GIVEN_UP), GiveUp("a", Failure.TIMED_OUT)]
    assert desk.come("b") == [Ring("b", "8002", 10)]


def test_only_so_many_wait() -> None:
    desk = staffed("8002")
    desk.take(BecameFree("8002", Presence.BUSY))
    for call in "abc":
        assert desk.come(call) == []
    assert desk.come("d") == [GiveUp("d", Failure.QUEUE_FULL)]
    assert desk.come("lost", passed=frozenset({"8003"})) == []  # whose agent's line failed


def test_a_client_who_hangs_up_frees_the_agent_at_once_for_the_next_one_without_losing_the_turn() -> None:
    desk = staffed("8002", "8003")
    desk.come("a")
    assert desk.take(Left("a", Withdrawn.CLIENT_HUNG_UP)) == [Stop("a", "8002", Withdrawn.CLIENT_HUNG_UP)]
    assert desk.come("b") == [Ring("b", "8002", 10)]


def test_a_client_whose_agent_could_not_be_connected_waits_on_as_before() -> None:
    desk = staffed("8002", "8003")
    desk.come("a")
    *_, connect = desk.take(Replied("a", "8002", taken=True), at=4)
    assert isinstance(connect, Connect)
    assert desk.take(Came(connect.client)) == [Ring("a", "8003", 10)]
    assert desk.room.clients[0].until == 61


def test_an_agent_who_signs_off_leaves_the_call_to_the_next() -> None:
    desk = staffed("8002", "8003")
    desk.come("a")
    assert desk.take(SignedOff("8002")) == [Stop("a", "8002", Withdrawn.DECLINED), Ring("a", "8003", 10)]


# Whatever happens

NUMBERS, CALLS = ("8001", "8002", "8003"), ("a", "b", "c", "d", "e")
_numbers, _calls = st.sampled_from(NUMBERS), st.sampled_from(CALLS)
_events = st.one_of(
    st.builds(SignedOn, _numbers, st.just("某人")),
    st.builds(SignedOff, _numbers),
    st.builds(BecameFree, _numbers, st.sampled_from(Presence)),
    st.builds(Left, _calls, st.sampled_from((Withdrawn.CLIENT_HUNG_UP, Withdrawn.GIVEN_UP))),
    st.builds(Replied, _calls, _numbers, st.booleans()),
    st.just(Ticked()),
    st.tuples(_calls, st.sampled_from(Severity), st.frozensets(_numbers, max_size=2)),
)


Happening = Event | tuple[str, Severity, frozenset[str]]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(_events, st.floats(0, 20)), max_size=60))
def test_whatever_happens_every_call_is_offered_once_at_a_time_and_ends_once(
    happens: list[tuple[Happening, float]],
) -> None:
    watched = Watched()
    for event, seconds in happens:
        watched.desk.now += seconds
        if watched.possible(event):
            watched.take(event)
            _sound(watched.desk, watched.pending)
    watched.desk.now += TERMS.wait_seconds
    watched.take(Ticked())
    assert watched.pending == set(), "nobody waits longer than that"


@dataclass
class Watched:
    """A desk, and what must come of what happens there."""

    desk: Desk = field(default_factory=Desk)
    barred: dict[str, frozenset[str]] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    talking: set[str] = field(default_factory=set)

    def possible(self, event: Happening) -> bool:
        match event:
            case BecameFree(number=number):  # a page may not say so while a call rings
                rung = {offer.number for offer in self.desk.room.offers}
                return self.desk.room.person(number) is not None and number not in rung
            case SignedOn(number=number):
                return self.desk.room.person(number) is None
            case (call, _, _):
                return call not in self.pending
            case _:
                return True

    def take(self, event: Happening) -> None:
        match event:
            case (str(call), severity, against):
                self.barred[call] = against
                self.pending.add(call)
                event = Came(Client(call, severity, self.desk.now, self.desk.now + TERMS.wait_seconds, against))
            case Left(call=call):
                self.pending.discard(call)
            case BecameFree(number=number) | SignedOff(number=number):
                self.talking.discard(number)
        assert not isinstance(event, tuple)
        for act in self.desk.take(event):
            _check(act, self.barred, self.pending, self.talking)


def _check(act: Act, barred: dict[str, frozenset[str]], pending: set[str], talking: set[str]) -> None:
    match act:
        case Ring():
            assert act.call in pending and act.number not in barred[act.call] | talking
            assert 0 < act.seconds <= TERMS.offer_seconds
        case Connect():
            pending.remove(act.client.call)  # once
            talking.add(act.number)
        case GiveUp():
            pending.remove(act.call)
        case Stop():
            pass


def _sound(desk: Desk, pending: set[str]) -> None:
    room = desk.room
    assert {client.call for client in room.clients} == pending
    assert len(room.clients) <= TERMS.most_waiting
    assert len({offer.call for offer in room.offers}) == len({offer.number for offer in room.offers})
    for offer in room.offers:
        person = room.person(offer.number)
        assert person is not None and person.presence is Presence.BUSY and offer.call in pending
    free = [person for person in room.people if person.presence is Presence.FREE]
    waiting = [client for client in room.clients if room.offer_of(client.call) is None]
    for client in waiting:  # nobody waits while somebody who may take the call is free
        assert all(person.number in client.barred | client.passed for person in free)
    assert all(bound > desk.now for bound in (client.until for client in room.clients))


def test_a_room_is_a_value() -> None:
    desk = staffed("8002")
    before = desk.room
    desk.come("a")
    assert before == replace(before) and before.clients == ()
