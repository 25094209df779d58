"""Whole calls between two agents on a virtual clock: every one has one outcome, whatever the network does."""

from __future__ import annotations

import pytest

from telephony.sip.events import Changed, Early, Ender, Over, PickedUp, Referred, Rings
from telephony.sip.incoming import Incoming
from telephony.sip.offers import Ours
from telephony.sip.sdp import Direction
from tests.telephony.sip.network import CALLEE, Heard, Network


def kinds(heard: Heard) -> list[type]:
    return [type(each) for each in heard.events]


def ring_and_pick_up(network: Network, after: float = 2.0) -> list[tuple[Incoming, Heard]]:
    def deed(call: Incoming) -> None:
        call.ring(network.now)
        network.at(network.now + after, lambda: network.pick_up(call))

    return network.answer_with(deed)


def test_a_call_is_rung_answered_and_ended() -> None:
    network = Network()
    calls = ring_and_pick_up(network)
    placed, heard = network.place()
    network.run(5.0)
    (_, theirs) = calls[0]
    assert kinds(heard) == [Rings, PickedUp] and kinds(theirs) == [PickedUp]
    placed.hang_up(network.now)
    network.run(6.0)
    assert heard.over == Over(Ender.US)
    assert theirs.over is not None and theirs.over.ender is Ender.FAR and theirs.over.q850 == 16
    assert [line.split()[0] for line in network.wire] == [
        "INVITE", "SIP/2.0", "SIP/2.0", "ACK", "BYE", "SIP/2.0",
    ]  # fmt: skip
    network.run(200.0)
    assert network.caller.calls == network.callee.calls == 0
    assert len(network.caller.layer) == len(network.callee.layer) == 0


def test_the_called_side_hangs_up() -> None:
    network = Network()
    calls = ring_and_pick_up(network)
    _, heard = network.place()
    network.run(5.0)
    calls[0][0].hang_up(network.now)
    network.run(6.0)
    assert heard.over is not None and heard.over.ender is Ender.FAR


def test_a_refusal_and_a_withdrawal() -> None:
    network = Network()
    network.answer_with(lambda call: call.refuse(486, network.now))
    _, heard = network.place()
    network.run(1.0)
    assert heard.over == Over(Ender.FAR, 486, None, "486 Busy Here")
    calls = network.answer_with(lambda call: call.ring(network.now))
    placed, heard = network.place()
    network.run(3.0)
    placed.hang_up(network.now)
    network.run(4.0)
    assert heard.over == Over(Ender.US)
    assert calls[0][1].over == Over(Ender.FAR, 487, 16, "CANCEL")


def test_nobody_is_there() -> None:
    network = Network(loss=1.0)
    _, heard = network.place()
    network.run(100.0)
    assert heard.over is not None and heard.over.ender is Ender.FAULT
    assert heard.at[-1] == 6.0  # a trunk that is there answers 100 at once
    assert network.caller.calls == 0


def test_an_answer_after_our_patience_is_ended() -> None:
    network = Network()
    calls = network.answer_with(lambda call: network.at(network.now + 8.0, lambda: network.pick_up(call)))
    _, heard = network.place()
    network.run(100.0)
    assert heard.over is not None and heard.over.ender is Ender.FAULT
    assert calls[0][1].answered and calls[0][1].over is not None


def test_a_caller_hears_something_before_the_answer_and_the_answer_is_the_same() -> None:
    network = Network()
    ours = Ours(CALLEE.host, 30000, 2)

    def deed(call: Incoming) -> None:
        call.progress(ours, network.now)
        network.at(network.now + 2.0, lambda: call.answer(Ours(CALLEE.host, 31000, 3), network.now))

    calls = network.answer_with(deed)
    _, heard = network.place()
    network.run(5.0)
    early, picked_up = heard.events
    assert isinstance(early, Early) and isinstance(picked_up, PickedUp)
    assert early.agreed == picked_up.agreed and picked_up.agreed.port == 30000
    assert kinds(calls[0][1]) == [Early, PickedUp]


def test_hold_and_resume() -> None:
    network = Network()
    calls = ring_and_pick_up(network)
    placed, heard = network.place()
    network.run(5.0)
    assert placed.session is not None
    for on, ours, theirs in ((True, Direction.SEND, Direction.RECEIVE), (False, Direction.BOTH, Direction.BOTH)):
        placed.session.hold(on, network.now)
        network.run(network.now + 1.0)
        changed, mirrored = heard.events[-1], calls[0][1].events[-1]
        assert isinstance(changed, Changed) and changed.agreed.direction is ours
        assert isinstance(mirrored, Changed) and mirrored.agreed.direction is theirs
    assert heard.over is None


def test_two_offers_at_once_are_both_made_in_the_end() -> None:
    # §14.1: 491, a random wait, once more.
    network = Network(delay=0.05)
    calls = ring_and_pick_up(network)
    placed, _ = network.place()
    network.run(5.0)
    callee = calls[0][0]
    assert placed.session is not None and callee.session is not None
    placed.session.hold(True, network.now)
    callee.session.hold(True, network.now)
    network.run(40.0)
    assert any("491" in line for line in network.wire)
    for side in (placed, callee):
        assert side.session is not None and side.session.agreed is not None
        assert side.session.agreed.direction is Direction.NONE  # each holds the other


def test_a_call_is_refreshed_at_half_its_interval() -> None:
    network = Network()
    ring_and_pick_up(network)
    _, heard = network.place()
    network.run(4000.0)
    refreshes = [line for line in network.wire if line.startswith("INVITE")]
    assert len(refreshes) == 1 + 4 and heard.over is None  # 1800 s, refreshed every 900


def test_a_call_that_nobody_refreshes_ends() -> None:
    network = Network()
    calls = ring_and_pick_up(network)
    _, heard = network.place()
    network.run(5.0)
    network._loss = 1.0
    network.run(2000.0)
    assert heard.over is not None and heard.over.ender is Ender.FAULT
    theirs = calls[0][1]
    assert theirs.over is not None and theirs.over.ender is Ender.FAULT
    assert 1700 < theirs.at[-1] < 1800  # a third of the interval or 32 s before its end (RFC 4028 §10)


def test_a_transfer_that_is_not_taken() -> None:
    network = Network()
    ring_and_pick_up(network)
    placed, heard = network.place()
    network.run(5.0)
    assert placed.session is not None
    placed.session.refer("sip:8001@192.0.2.3", None, network.now)
    network.run(6.0)
    assert heard.events[-1] == Referred(405)  # ours takes no REFER


@pytest.mark.parametrize("seed", range(60))
def test_every_call_has_one_outcome_on_a_line_that_loses_a_quarter(seed: int) -> None:
    network = Network(seed, loss=0.25, delay=0.3)
    dice = network.dice

    def deed(call: Incoming) -> None:
        call.ring(network.now)
        chosen = dice.random()
        at = network.now + dice.random() * 10
        if chosen < 0.6:
            network.at(at, lambda: network.pick_up(call))
            network.at(at + dice.random() * 20, lambda: call.hang_up(network.now))
        elif chosen < 0.9:
            network.at(at, lambda: call.refuse(dice.choice((486, 480, 404, 603)), network.now))

    theirs = network.answer_with(deed)
    ours = []
    for _ in range(5):
        placed, heard = network.place()
        ours.append(heard)
        hang_up_at = network.now + dice.random() * 40
        network.at(hang_up_at, lambda placed=placed: placed.hang_up(network.now))  # type: ignore[misc]
        network.run(network.now + dice.random() * 3)
    network.run(400.0)
    for heard in ours + [heard for _, heard in theirs]:
        assert heard.over is not None
        assert sum(isinstance(event, Over) for event in heard.events) == 1
        assert sum(isinstance(event, PickedUp) for event in heard.events) <= 1
    assert network.caller.calls == network.callee.calls == 0
    assert len(network.caller.layer) == len(network.callee.layer) == 0
