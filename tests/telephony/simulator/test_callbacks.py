"""A client who missed a call calls back: the real dialer is rung, takes the call, and is talked with."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from speech.prompts import Prompts
from speech.recogniser import Recogniser
from telephony.legs import Answered, HungUp
from telephony.simulator.cast import Cast
from telephony.simulator.network import Network
from telephony.simulator.voices import Utterances
from tests.telephony.farend import WAIT
from tests.telephony.simulator.calling import follow, only, phones_of

pytestmark = pytest.mark.audio

NUMBER = "13800001001"
RING_SECONDS = 1.5
ASKS = ("您好！本次通话有录音。请问您是单晓峰先生吗？", "请问开户是您本人真实意愿吗？")


def calling_back(seconds: float) -> Cast:
    """A client who lets the first call ring and calls back."""
    cast = only("new-account-cooperative")
    (client,) = cast.clients
    missing = replace(client, calls=("line_unanswered", "cooperative"), calls_back_after=seconds)
    return replace(cast, clients=(missing,))


async def test_a_client_who_missed_a_call_calls_back_and_talks(
    utterances: Utterances, ears: Recogniser, bot_voice: Prompts, tmp_path: Path
) -> None:
    async with phones_of(calling_back(0.2), utterances, ears, tmp_path) as (dialer, stories):
        incoming = dialer.incoming()
        ringing = asyncio.ensure_future(anext(incoming))
        missed = await dialer.dial("1-1", NUMBER, ring_seconds=RING_SECONDS)
        assert isinstance([event async for event in missed.events()][-1], HungUp)
        call = await asyncio.wait_for(ringing, WAIT)
        assert (call.caller, call.called) == (NUMBER, "95500")
        leg = await dialer.accept(call, "1-2")
        events = await follow(leg, [bot_voice.get(text) for text in ASKS])
        await incoming.aclose()
    assert isinstance(events[0], Answered) and isinstance(events[-1], HungUp)
    first, second = stories
    assert (first.hung_up_by, first.answered_ms, first.calls_back) == ("bot", None, False)
    assert second.calls_back and second.persona == "cooperative" and second.hung_up_by == "bot"
    assert second.as_json()["event"] == "callback"
    assert [heard.question for heard in second.heard] == ["opening.identity", "new_account.own_will"]
    assert second.said[0].from_ms > 0  # who calls lets the other side speak first


async def test_a_refused_callback_is_logged_with_its_code_and_not_tried_again(
    utterances: Utterances, ears: Recogniser, tmp_path: Path
) -> None:
    async with phones_of(calling_back(0.1), utterances, ears, tmp_path) as (dialer, stories):
        incoming = dialer.incoming()
        ringing = asyncio.ensure_future(anext(incoming))
        missed = await dialer.dial("1-1", NUMBER, ring_seconds=RING_SECONDS)
        assert [event async for event in missed.events()]
        (await asyncio.wait_for(ringing, WAIT)).refuse(486)
        again = await dialer.dial("1-2", NUMBER, ring_seconds=RING_SECONDS)
        assert [event async for event in again.events()]
        await incoming.aclose()
    refused = next(story for story in stories if story.calls_back)
    assert (refused.sip, refused.answered_ms, refused.hung_up_by) == (486, None, "bot")
    assert [story.calls_back for story in stories].count(True) == 1


async def test_nobody_calls_back_after_having_been_reached(utterances: Utterances, ears: Recogniser) -> None:
    network = Network(calling_back(60), utterances, ears)
    await asyncio.to_thread(network.prepare)
    missed = network.connect_call("1-1", NUMBER).far.story
    missed.end(3000, "bot", None, None)
    assert network.callback_due(missed) == 60
    assert network.callback_due(missed) is None  # once
    reached = network.connect_call("1-2", NUMBER).far.story
    assert network.call_back(missed.client) is None  # on the line
    reached.answered_ms = 2000
    reached.end(9000, "bot", None, None)
    assert network.call_back(missed.client) is None
    assert network.callback_due(reached) is None
