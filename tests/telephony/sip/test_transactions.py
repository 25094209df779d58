"""The four transactions against the timers of RFC 3261 §17 and table 4, and the Accepted state of RFC 6026."""

from __future__ import annotations

import pytest

from telephony.sip.alarms import Intervals
from telephony.sip.transactions import Act, Kind, Machine, State, Trigger

DEFAULT = Intervals()


def machine(kind: Kind, *, reliable: bool = False) -> Machine:
    return Machine(kind, reliable=reliable, intervals=DEFAULT, now=0.0)


def run(tested: Machine, until: float) -> list[tuple[float, Act]]:
    """What the timers bring, each with its instant."""
    happened = []
    while (deadline := tested.deadline) is not None and deadline <= until:
        happened += [(deadline, act) for act in tested.expire(deadline)]
    return happened


def test_an_unanswered_invite_goes_out_at_doubling_intervals_and_fails_after_32_seconds() -> None:
    # §17.1.1.2: 500 ms, 1 s, 2 s, 4 s ...; timer B is 64*T1.
    invite = machine(Kind.INVITE_CLIENT)
    happened = run(invite, 100)
    assert happened == [(at, Act.RESEND) for at in (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)] + [(32.0, Act.TELL_TIMEOUT)]
    assert invite.over


def test_other_requests_go_out_every_four_seconds_at_most() -> None:
    # §17.1.2.2: 500 ms, 1 s, 2 s, 4 s, 4 s ...; timer F is 64*T1.
    request = machine(Kind.CLIENT)
    at = [instant for instant, act in run(request, 100) if act is Act.RESEND]
    assert at == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert request.over


def test_a_provisional_answer_to_another_request_slows_it_to_t2() -> None:
    request = machine(Kind.CLIENT)
    assert request.pull(Trigger.PROVISIONAL, 0.1) == (Act.DELIVER,)
    at = [instant for instant, act in run(request, 100) if act is Act.RESEND]
    assert at[:3] == [0.5, 4.5, 8.5]
    assert request.over  # F still runs


def test_a_provisional_answer_to_invite_ends_its_retransmission_and_its_limit() -> None:
    invite = machine(Kind.INVITE_CLIENT)
    invite.pull(Trigger.PROVISIONAL, 0.1)
    assert run(invite, 1000) == [] and invite.state is State.PROCEEDING


def test_a_refusal_is_acknowledged_each_time_for_32_seconds() -> None:
    invite = machine(Kind.INVITE_CLIENT)
    assert invite.pull(Trigger.REFUSAL, 1.0) == (Act.ACKNOWLEDGE, Act.DELIVER)
    assert invite.pull(Trigger.REFUSAL, 2.0) == (Act.ACKNOWLEDGE,)
    run(invite, 32.9)
    assert not invite.over
    run(invite, 33.0)  # timer D: at least 32 s
    assert invite.over


def test_every_2xx_is_delivered_until_timer_m() -> None:
    invite = machine(Kind.INVITE_CLIENT)
    assert invite.pull(Trigger.SUCCESS, 1.0) == (Act.DELIVER,)
    assert invite.pull(Trigger.SUCCESS, 2.0) == (Act.DELIVER,)  # RFC 6026 §7.2: forks and retransmissions
    assert invite.pull(Trigger.REFUSAL, 3.0) == ()
    run(invite, 33.0)
    assert invite.over and invite.pull(Trigger.SUCCESS, 34.0) == ()


def test_an_answered_request_lingers_five_seconds_for_retransmissions() -> None:
    request = machine(Kind.CLIENT)
    assert request.pull(Trigger.SUCCESS, 1.0) == (Act.DELIVER,)
    assert request.pull(Trigger.SUCCESS, 2.0) == ()
    run(request, 6.0)  # timer K is T4
    assert request.over


def test_a_refusal_of_ours_is_sent_again_until_its_ack() -> None:
    # §17.2.1: G doubles up to T2, H is 64*T1, I is T4.
    server = machine(Kind.INVITE_SERVER)
    assert server.pull(Trigger.REFUSAL, 0.0) == (Act.SEND,)
    assert [at for at, _ in run(server, 12.0)] == [0.5, 1.5, 3.5, 7.5, 11.5]
    assert server.pull(Trigger.REQUEST, 12.0) == (Act.RESEND,)
    assert server.pull(Trigger.ACK, 12.1) == () and server.state is State.CONFIRMED
    run(server, 17.2)
    assert server.over


def test_a_refusal_without_ack_fails_after_32_seconds() -> None:
    server = machine(Kind.INVITE_SERVER)
    server.pull(Trigger.REFUSAL, 0.0)
    assert run(server, 100)[-1] == (32.0, Act.TELL_TIMEOUT)


def test_a_2xx_of_ours_is_sent_as_often_as_the_user_sends_it_and_acks_pass() -> None:
    server = machine(Kind.INVITE_SERVER)
    assert server.pull(Trigger.PROVISIONAL, 0.0) == (Act.SEND,)
    assert server.pull(Trigger.SUCCESS, 1.0) == (Act.SEND,)
    assert server.pull(Trigger.REQUEST, 1.5) == ()  # RFC 6026 §7.1
    assert server.pull(Trigger.SUCCESS, 2.0) == (Act.SEND,)
    assert server.pull(Trigger.ACK, 2.5) == (Act.DELIVER,)
    run(server, 33.0)
    assert server.over


def test_a_repeated_request_gets_the_same_answer_for_32_seconds() -> None:
    server = machine(Kind.SERVER)
    assert server.pull(Trigger.REQUEST, 0.1) == ()
    assert server.pull(Trigger.SUCCESS, 0.2) == (Act.SEND,)
    assert server.pull(Trigger.REQUEST, 5.0) == (Act.RESEND,)
    assert server.pull(Trigger.SUCCESS, 6.0) == ()  # only one final answer
    run(server, 32.2)  # timer J is 64*T1
    assert server.over


@pytest.mark.parametrize("kind", Kind)
def test_over_a_reliable_transport_nothing_is_repeated(kind: Kind) -> None:
    tested = machine(kind, reliable=True)
    tested.pull(Trigger.REFUSAL, 0.0)
    assert Act.RESEND not in [act for _, act in run(tested, 100)]
    tested.pull(Trigger.ACK, 0.0)
    run(tested, 100)
    assert tested.over


@pytest.mark.parametrize("kind", Kind)
def test_a_broken_transport_is_told_once(kind: Kind) -> None:
    tested = machine(kind)
    if kind is Kind.SERVER:
        tested.pull(Trigger.PROVISIONAL, 0.0)
    assert tested.pull(Trigger.BROKEN, 0.1) == (Act.TELL_BROKEN,)
    assert tested.over and tested.deadline is None and tested.pull(Trigger.BROKEN, 0.2) == ()
