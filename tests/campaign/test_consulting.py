"""Extensions that are called before a client is handed over: real SIP on both sides, SIPp or baresip as phones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.agents import Joined, NotJoined
from bot.script import load_script
from campaign.handover import consulting
from campaign.handover.briefing import Notebook
from campaign.handover.consulting import ClientCalls, Consultation, Patience, extension_of
from campaign.handover.meanwhile import Asides
from campaign.handover.roads import ToExtension
from campaign.handover.ways import Party, Way
from rules import Risk
from telephony.bridge import Parting
from telephony.legs import Answered, AudioIn
from telephony.recording import RecordingStore
from telephony.sip.dialer import SipDialer
from telephony.sip.sipleg import SipLeg
from tests.telephony.farend import KEY, WAIT, until
from tests.telephony.sip.baresip import baresip
from tests.telephony.sip.house import NUMBER, recorded, trunk
from tests.telephony.sip.sipp import (
    REMEMBER,
    Sipp,
    answer,
    answer_to_invite,
    described,
    expect,
    expect_answer,
    goodbye,
    pause,
    say,
    sipp,
)
from tests.telephony.sounds import line, sine

INVITED = expect("INVITE", inside=REMEMBER)
PICKED_UP = answer(200, sdp=described(), again=True) + expect("ACK")
ACCEPTED = expect("REFER") + answer(202, tag="")
TARGET = "sip:8001@127.0.0.1"
HANGS_UP = say("BYE", 9) + expect_answer(200)


def notify(status: int) -> str:
    """The news that a transfer came to this."""
    body = f"Content-Type: message/sipfrag\nContent-Length: [len]\n\nSIP/2.0 {status} X"
    plain = say("NOTIFY", 1, "Event: refer", "Subscription-State: terminated;reason=noresource")
    return plain.replace("Content-Length: 0", body) + expect_answer(200)


@dataclass
class Line:
    """An answered client on one trunk; the other trunk has the extension."""

    leg: SipLeg
    client: Sipp
    extension: Sipp
    calls: SipDialer

    def way(self, *targets: str, refers: bool = True, patience: Patience | None = None) -> Way:
        found = Consultation(self.calls, targets or (TARGET,), refers, patience or Patience())
        return ToExtension(found).way(party(self.leg))


def party(leg: SipLeg, asides: Asides | None = None, barred: frozenset[str] = frozenset()) -> Party:
    return Party(leg, Notebook("1-1", load_script("suitability"), "单小明", "先生"), barred, asides or Asides())


@asynccontextmanager
async def dialling(folder: Path, client_port: int, extension_port: int) -> AsyncIterator[SipDialer]:
    """The first call goes to the client's trunk, which takes no second one."""
    trunks = (trunk(client_port, name="clients", calls=1), trunk(extension_port, name="house"))
    async with SipDialer(trunks, ClientCalls(RecordingStore(folder / "recordings", KEY))) as calls:
        yield calls


@asynccontextmanager
async def on_line(folder: Path, client: str, *extension: str, calls: int = 1) -> AsyncIterator[Line]:
    """A client who does this after answering, and an extension that does that when called."""
    for name in ("client", "extension"):
        (folder / name).mkdir()
    async with (
        sipp(folder / "client", INVITED, PICKED_UP, client) as far,
        sipp(folder / "extension", *extension, calls=calls) as house,
        dialling(folder, far.port, house.port) as dialler,
    ):
        leg = await dialler.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        yield Line(leg, far, house, dialler)
        await leg.hang_up()


async def test_who_answers_gets_the_client_by_the_exchange(tmp_path: Path) -> None:
    taken = ACCEPTED + notify(200) + goodbye()
    async with on_line(tmp_path, taken, INVITED, answer(180), PICKED_UP, goodbye()) as on:
        way = on.way()
        assert await way.fetch(Risk.COMPLAINT) == Joined(TARGET)
        await on.leg.ended()
        assert (await way.told()).details() == {"transferred_to": TARGET}
        await on.client.finished()
        await on.extension.finished()
        (invite,), (refer,) = on.extension.received("INVITE"), on.client.received("REFER")
        assert "INVITE sip:8001@" in invite
        assert f"Refer-To: <{TARGET}?Replaces=" in refer and "to-tag%3Dfar1" in refer
    assert recorded(tmp_path).find("1-1") is not None
    assert [path.name for path in (tmp_path / "recordings").rglob("*") if "-to" in path.name] == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [(486, "none_free"), (603, "declined"), (480, "timed_out"), (404, "trunk_refused"), (503, "trunk_refused")],
)
async def test_an_extension_that_does_not_answer_leaves_the_client_on_the_line(
    tmp_path: Path, status: int, reason: str
) -> None:
    async with on_line(tmp_path, goodbye(), INVITED, answer(status), expect("ACK")) as on:
        way = on.way()
        assert await way.fetch(Risk.COMPLAINT) == NotJoined(reason)
        assert (await way.told()).details() == {"hand_over_failed": reason}
        await on.extension.finished()
        assert on.client.received("REFER") == [] == on.client.received("BYE")


async def test_an_extension_that_only_rings_is_cancelled(tmp_path: Path) -> None:
    rings = (INVITED, answer(180), expect("CANCEL"), answer(200, tag=""), answer_to_invite(487), expect("ACK"))
    async with on_line(tmp_path, goodbye(), *rings) as on:
        way = on.way(patience=Patience(ring_seconds=0.5))
        assert await way.fetch(Risk.COMPLAINT) == NotJoined("timed_out")
        await on.extension.finished()
        assert on.client.received("BYE") == []


async def test_a_client_who_hangs_up_cancels_the_ringing(tmp_path: Path) -> None:
    rings = (INVITED, answer(180), expect("CANCEL"), answer(200, tag=""), answer_to_invite(487), expect("ACK"))
    async with on_line(tmp_path, pause(4000) + HANGS_UP, *rings) as on:
        way = on.way()
        assert await way.fetch(Risk.COMPLAINT) == NotJoined("client_hung_up")
        await on.extension.finished()
        assert len(on.extension.received("CANCEL")) == 1


async def test_each_extension_is_called_in_turn_and_nobody_who_is_barred(tmp_path: Path) -> None:
    async with on_line(tmp_path, goodbye(), INVITED, answer(486), expect("ACK"), calls=2) as on:
        targets = ("sip:8001@127.0.0.1", "sip:8002@127.0.0.1", "sip:8003@127.0.0.1")
        road = ToExtension(Consultation(on.calls, targets, refers=True))
        way = road.way(party(on.leg, barred=frozenset({"8002"})))
        assert await way.fetch(Risk.COMPLAINT) == NotJoined("none_free")
        await on.extension.finished()
        called = [text.split("INVITE ")[1].split("@")[0] for text in on.extension.received("INVITE")]
        assert called == ["sip:8001", "sip:8003"]


async def test_all_extensions_together_are_called_for_a_bounded_time(tmp_path: Path) -> None:
    rings = (INVITED, answer(180), expect("CANCEL"), answer(200, tag=""), answer_to_invite(487), expect("ACK"))
    async with on_line(tmp_path, goodbye(), *rings) as on:
        way = on.way(TARGET, "sip:8002@127.0.0.1", patience=Patience(ring_seconds=5, wait_seconds=0.4))
        assert await way.fetch(Risk.COMPLAINT) == NotJoined("timed_out")
        await on.extension.finished()
        assert len(on.extension.received("INVITE")) == 1


@pytest.mark.parametrize("refused", [expect("REFER") + answer(405, tag=""), ACCEPTED + notify(503)])
async def test_where_the_exchange_does_not_join_them_they_are_joined_here(tmp_path: Path, refused: str) -> None:
    async with on_line(tmp_path, refused + pause(2500) + HANGS_UP, INVITED, PICKED_UP, goodbye()) as on:
        way = on.way()
        assert await way.fetch(Risk.COMPLAINT) == Joined(TARGET)
        await on.leg.ended()
        told = (await way.told()).details()
        assert (told["transferred_to"], told["parting"]) == (TARGET, Parting.CLIENT_HUNG_UP)
        assert told["agent_parted_ms"] > told["agent_joined_ms"]
        await on.extension.finished()  # it was hung up


async def test_an_exchange_that_ends_both_calls_instead_of_telling_has_joined_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consulting, "_BOTH_SECONDS", WAIT)  # two programs of a busy machine
    parted = say("BYE", 9) + expect_answer(200)
    async with on_line(tmp_path, ACCEPTED + parted, INVITED, PICKED_UP, pause(1500) + parted) as on:
        way = on.way()
        assert await way.fetch(Risk.COMPLAINT) == Joined(TARGET)
        assert (await way.told()).details() == {"transferred_to": TARGET}


async def test_a_client_who_hangs_up_while_the_exchange_joins_them_frees_the_extension(tmp_path: Path) -> None:
    async with on_line(tmp_path, ACCEPTED + HANGS_UP, INVITED, PICKED_UP, goodbye()) as on:
        way = on.way()
        assert await way.fetch(Risk.COMPLAINT) == NotJoined("client_hung_up")
        await on.extension.finished()


# Who hears whom: baresip on both sides, joined here

CLIENT, PERSON = 1200, 700  # Hz


def level(samples: NDArray[np.int16], hertz: float) -> float:
    """How loud a tone is, in dB below full scale."""
    at = np.arange(len(samples)) / 8000
    share = abs(np.mean(samples * np.exp(-2j * np.pi * hertz * at))) * 2 / 32768
    return float(20 * np.log10(share + 1e-9))


async def test_the_two_hear_each_other_and_the_clients_recording_has_both_in_their_channels(tmp_path: Path) -> None:
    for name in ("client", "extension"):
        (tmp_path / name).mkdir()
    async with (
        baresip(tmp_path / "client", line(sine(CLIENT, 20_000)), NUMBER) as client,
        baresip(tmp_path / "extension", line(sine(PERSON, 20_000)), "8001") as person,
        dialling(tmp_path, client.port, person.port) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        way = ToExtension(Consultation(calls, (TARGET,), refers=False)).way(party(leg))
        assert await way.fetch(Risk.COMPLAINT) == Joined(TARGET)
        joined_ms = leg.position_ms
        await until(leg, lambda event: isinstance(event, AudioIn) and event.at_ms > joined_ms + 1500)
        await person.tell("hangup")
        await leg.ended()
        told = (await way.told()).details()
        await client.event("CALL_CLOSED")
        heard_by_client, heard_by_person = client.heard(), person.heard()
    assert told["parting"] == Parting.AGENT_HUNG_UP
    both = np.frombuffer(recorded(tmp_path).read_pcm("1-1"), "<i2").reshape(-1, 2)
    during = both[(told["agent_joined_ms"] + 300) * 8 : (told["agent_parted_ms"] - 100) * 8]
    assert len(during) > 6000
    assert level(during[:, 0], CLIENT) > -25 > -55 > level(during[:, 0], PERSON)
    assert level(during[:, 1], PERSON) > -25 > -55 > level(during[:, 1], CLIENT)
    assert level(heard_by_client[-6000:], PERSON) > -25 > -55 > level(heard_by_client[-6000:], CLIENT)
    assert level(heard_by_person[-6000:], CLIENT) > -25 > -55 > level(heard_by_person[-6000:], PERSON)


async def test_a_real_phone_that_is_referred_calls_the_extension_and_leaves_us(tmp_path: Path) -> None:
    """baresip makes a new call of it, as it knows no Replaces; the extension keeps that one and loses ours."""
    for name in ("client", "extension"):
        (tmp_path / name).mkdir()
    async with (
        baresip(tmp_path / "client", line(sine(CLIENT, 20_000)), NUMBER) as client,
        baresip(tmp_path / "extension", line(sine(PERSON, 20_000)), "8001") as person,
        dialling(tmp_path, client.port, person.port) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        target = f"sip:8001@127.0.0.1:{person.port}"
        way = ToExtension(Consultation(calls, (target,), refers=True)).way(party(leg))
        assert await way.fetch(Risk.COMPLAINT) == Joined(target)
        await leg.ended()
        assert (await way.told()).details() == {"transferred_to": target}
        ours, theirs = [await person.event("CALL_ESTABLISHED") for _ in range(2)]
        closed = await person.event("CALL_CLOSED")
        assert NUMBER in str(theirs["peeruri"]) and closed["id"] == ours["id"] != theirs["id"]


@pytest.mark.parametrize(
    ("target", "number"), [("sip:8001@pbx.example", "8001"), ("sips:*801@pbx.example:5061", "*801")]
)
def test_the_number_of_an_extension(target: str, number: str) -> None:
    assert extension_of(target) == number
