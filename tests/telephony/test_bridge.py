"""Two real legs joined: who hears whom, what is recorded, how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from telephony.bridge import Bridge, BridgeEnd, Joinable, Parting
from telephony.gateway import Gateway
from telephony.hearing import Part
from telephony.legs import Answered, Digit, HangupCause, Played
from telephony.mixing import ListeningIn
from telephony.recording import RecordingStore
from tests.telephony.farend import KEY, Call, FarEnd, far_end, heard_as, running_gateway, until
from tests.telephony.sounds import line, silence, sine

CLIENT, AGENT = 440, 1200  # Hz
TALK = 1500  # ms


@dataclass
class Joined:
    """A client and an agent, each with its far end."""

    client: Joinable
    agent: Joinable
    client_phone: Call
    agent_phone: Call
    bridge: Bridge
    over: asyncio.Task[BridgeEnd]


async def answered(gateway: Gateway, far: FarEnd, call: str) -> tuple[Joinable, Call]:
    leg = await gateway.dial(call, "13800000000", ring_seconds=60)
    phone = await far.take()
    await phone.say("answered")
    await until(leg, Answered)
    return leg, phone


@asynccontextmanager
async def joined(folder: Path) -> AsyncIterator[Joined]:
    async with running_gateway(folder) as gateway, far_end(gateway) as far:
        client, client_phone = await answered(gateway, far, "1-1")
        agent, agent_phone = await answered(gateway, far, "agent-1")
        bridge = Bridge(client, agent)
        bridge.open()
        over = asyncio.create_task(bridge.run())
        yield Joined(client, agent, client_phone, agent_phone, bridge, over)
        over.cancel()
        await asyncio.gather(over, return_exceptions=True)


def level(pcm: bytes | NDArray[np.int16], hertz: float) -> float:
    """How loud a tone is, in dB below full scale: the height of its line in the spectrum."""
    samples = np.frombuffer(pcm, "<i2") if isinstance(pcm, bytes) else pcm
    at = np.arange(len(samples)) / 8000
    share = abs(np.mean(samples * np.exp(-2j * np.pi * hertz * at))) * 2 / 32768
    return float(20 * np.log10(share + 1e-9))


def loudest_level(samples: NDArray[np.int16], hertz: float) -> float:
    """The same of the tenth of a second in which it is loudest."""
    return max(level(samples[at : at + 800], hertz) for at in range(0, len(samples) - 799, 400))


def recorded(folder: Path) -> NDArray[np.int16]:
    return np.frombuffer(RecordingStore(folder, KEY).read_pcm("1-1"), "<i2").reshape(-1, 2)


async def test_each_hears_the_other_and_the_clients_recording_has_both(tmp_path: Path) -> None:
    async with joined(tmp_path) as call:
        await asyncio.gather(
            call.client_phone.speak(line(sine(CLIENT, TALK))), call.agent_phone.speak(line(sine(AGENT, TALK)))
        )
        heard_by_agent, heard_by_client = bytes(call.agent_phone.heard), bytes(call.client_phone.heard)
        await call.client_phone.say("hangup", sip=200, q850=16)
        end = await call.over
    assert end.parting is Parting.CLIENT_HUNG_UP
    assert end.parted_ms - end.joined_ms >= TALK - 200
    assert level(heard_by_agent[-16000:], CLIENT) > -25 > -60 > level(heard_by_agent[-16000:], AGENT)
    assert level(heard_by_client[-16000:], AGENT) > -25 > -60 > level(heard_by_client[-16000:], CLIENT)
    both = recorded(tmp_path)
    assert loudest_level(both[:, 0], CLIENT) > -25
    assert loudest_level(both[:, 1], AGENT) > -25


async def test_nothing_that_the_client_says_from_the_joining_on_is_lost(tmp_path: Path) -> None:
    async with joined(tmp_path) as call:
        beeps = np.concatenate([silence(100), *[np.concatenate([sine(CLIENT, 60), silence(140)]) for _ in range(6)]])
        await call.client_phone.speak(line(np.concatenate([beeps, silence(300)])))
        samples = np.frombuffer(bytes(call.agent_phone.heard), "<i2").astype(int)
        loud = np.abs(samples).reshape(-1, 160).max(axis=1) > 1000
        assert np.count_nonzero(loud[1:] & ~loud[:-1]) >= 6  # a stall of this machine may cut one in two
        assert np.count_nonzero(loud) >= 6 * 3


async def test_the_bots_sentence_is_cut_when_the_agent_comes_and_the_bot_is_silent_from_then_on(
    tmp_path: Path,
) -> None:
    async with running_gateway(tmp_path) as gateway, far_end(gateway) as far:
        client, client_phone = await answered(gateway, far, "1-1")
        agent, _ = await answered(gateway, far, "agent-1")
        client.play(line(sine(700, 10_000)), "bridge text")
        await client_phone.hear(0.3)
        bridge = Bridge(client, agent)
        bridge.open()
        over = asyncio.create_task(bridge.run())
        played = (await until(client, Played))[-1]
        assert isinstance(played, Played)
        assert (played.mark, played.complete) == ("bridge text", False)
        client.play(line(sine(700, 10_000)), "too late")

        async def bot_is_heard() -> bool:
            return level(await client_phone.hear(0.3), 700) > -60

        await heard_as(bot_is_heard, False)
        assert level(await client_phone.hear(0.5), 700) < -60
        over.cancel()


async def test_muted_and_held_parties_are_not_heard_but_recorded(tmp_path: Path) -> None:
    async with joined(tmp_path) as call:
        talking = asyncio.gather(
            call.client_phone.speak(line(sine(CLIENT, 60_000))), call.agent_phone.speak(line(sine(AGENT, 60_000)))
        )

        async def heard() -> tuple[bool, bool]:
            """Whether the client hears the agent, and the agent the client."""
            client, agent = await asyncio.gather(call.client_phone.hear(0.3), call.agent_phone.hear(0.3))
            return level(client, AGENT) > -25, level(agent, CLIENT) > -25

        await heard_as(heard, (True, True))
        call.bridge.mute(True)
        await heard_as(heard, (False, True))
        assert level(await call.client_phone.hear(0.4), AGENT) < -60
        call.bridge.mute(False)
        await heard_as(heard, (True, True))
        call.bridge.hold(True)
        await heard_as(heard, (False, False))
        held = await asyncio.gather(call.client_phone.hear(0.4), call.agent_phone.hear(0.4))
        assert level(held[0], AGENT) < -60
        assert level(held[1], CLIENT) < -60
        talking.cancel()
        await call.client.hang_up()
        await call.over
    assert loudest_level(recorded(tmp_path)[-8000:, 0], CLIENT) > -25


async def test_a_supervisor_listens_whispers_and_barges_in(tmp_path: Path) -> None:
    """The recording has what the client hears: the barging, not the whisper."""
    supervisor_tone = 2000
    async with running_gateway(tmp_path) as gateway, far_end(gateway) as far:
        client, client_phone = await answered(gateway, far, "1-1")
        agent, agent_phone = await answered(gateway, far, "agent-1")
        supervisor, supervisor_phone = await answered(gateway, far, "supervisor-1")
        bridge = Bridge(client, agent)
        bridge.open()
        over = asyncio.create_task(bridge.run())
        tones = ((client_phone, CLIENT), (agent_phone, AGENT), (supervisor_phone, supervisor_tone))
        talking = [asyncio.create_task(phone.speak(line(sine(hertz, 60_000)))) for phone, hertz in tones]

        async def heard() -> list[set[int]]:
            pieces = await asyncio.gather(*(phone.hear(0.4) for phone, _ in tones))
            return [{hertz for _, hertz in tones if level(piece, hertz) > -30} for piece in pieces]

        ear = ListeningIn()
        client.overhear(ear)
        supervisor.join(ear)
        await heard_as(heard, [{AGENT}, {CLIENT}, {CLIENT, AGENT}])
        bridge.admit(supervisor, Part.WHISPERER)
        await heard_as(heard, [{AGENT}, {CLIENT, supervisor_tone}, {CLIENT, AGENT}])
        whispered_ms = client.position_ms
        bridge.admit(supervisor, Part.BARGER)
        await heard_as(heard, [{AGENT, supervisor_tone}, {CLIENT, supervisor_tone}, {CLIENT, AGENT}])
        barged_ms = client.position_ms
        bridge.pass_on()
        assert (await over).parting is Parting.PASSED_ON
        await client_phone.hear(0.1)  # still there
        for one in talking:
            one.cancel()
        await asyncio.gather(client.hang_up(), supervisor.hang_up())
    both = recorded(tmp_path)
    assert level(both[(whispered_ms - 400) * 8 : whispered_ms * 8, 1], supervisor_tone) < -60
    assert loudest_level(both[whispered_ms * 8 : barged_ms * 8, 1], supervisor_tone) > -30


async def test_an_agent_who_hangs_up_ends_the_clients_call(tmp_path: Path) -> None:
    async with joined(tmp_path) as call:
        await call.agent_phone.say("hangup", sip=200, q850=16)
        assert (await call.over).parting is Parting.AGENT_HUNG_UP
        assert (await call.client.ended()).cause is HangupCause.LOCAL
        assert RecordingStore(tmp_path, KEY).find("1-1") is not None


async def test_an_agent_who_leaves_ends_both_calls(tmp_path: Path) -> None:
    async with joined(tmp_path) as call:
        call.bridge.leave()
        assert (await call.over).parting is Parting.AGENT_HUNG_UP
        await asyncio.gather(call.client.ended(), call.agent.ended())


async def test_a_clients_connection_that_breaks_is_told_from_a_client_who_hangs_up(tmp_path: Path) -> None:
    async with joined(tmp_path) as call:
        await call.client_phone.media.close()
        assert (await call.over).parting is Parting.CLIENT_LINE_LOST
        await asyncio.gather(call.client.ended(), call.agent.ended())


async def test_a_client_whose_agent_is_lost_stays_on_the_line(tmp_path: Path) -> None:
    async with joined(tmp_path) as call:
        await call.client_phone.hear(0.3)
        await call.agent_phone.media.close()
        end = await call.over
        assert end.parting is Parting.AGENT_LINE_LOST
        await call.agent.ended()
        call.client.play(line(sine(700, 800)), "after")
        played = (await until(call.client, Played))[-1]
        assert isinstance(played, Played) and played.complete
        await call.client.hang_up()
    told = recorded(tmp_path)[end.parted_ms * 8 :, 1]
    assert loudest_level(told, 700) > -25


async def test_a_bridge_that_is_given_up_ends_both_calls(tmp_path: Path) -> None:
    async with joined(tmp_path) as call:
        await call.client_phone.hear(0.1)
        call.over.cancel()
        await asyncio.gather(call.client.ended(), call.agent.ended())


async def test_digits_of_the_client_still_come_as_events(tmp_path: Path) -> None:
    async with joined(tmp_path) as call:
        await call.client_phone.say("dtmf", digit="5")
        assert isinstance((await until(call.client, Digit))[-1], Digit)
