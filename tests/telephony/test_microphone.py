"""The line over the machine's own sound devices, with real arecord and aplay over ALSA's file plugin."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from telephony.errors import SoundUnavailable
from telephony.legs import AudioIn, HangupCause, HungUp, LegEvent, Played
from telephony.microphone import SoundLine, open_sound_line
from tests.telephony.farend import WAIT
from tests.telephony.soundroom import is_loud, sound_room
from tests.telephony.sounds import line as wire
from tests.telephony.sounds import sine

SECOND = 16_000  # bytes


def beep(seconds: float) -> bytes:
    """A tone that is loud enough to be speech."""
    return wire(sine(440, seconds * 1000))


async def until(line: SoundLine, kind: type[LegEvent]) -> list[LegEvent]:
    """The events up to the first of one kind."""
    seen: list[LegEvent] = []
    async with asyncio.timeout(WAIT):
        async for event in line.events():
            seen.append(event)
            if isinstance(event, kind):
                break
    return seen


async def test_what_is_played_is_heard_in_the_room_and_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sound_room(tmp_path, monkeypatch) as room:
        line = await open_sound_line()
        line.play(beep(0.5), "question")
        seen = await until(line, Played)
        await line.hang_up()
    played = seen[-1]
    assert isinstance(played, Played)
    assert (played.mark, played.played_ms, played.complete) == ("question", 500, True)
    heard = [frame for frame in seen if isinstance(frame, AudioIn)]
    assert [frame.at_ms for frame in heard] == list(range(0, 20 * len(heard), 20))
    assert is_loud(bytes(room.heard[-SECOND:]))
    assert line.recorder.returncode is not None
    assert line.player.returncode is not None


async def test_what_is_said_in_the_room_comes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sound_room(tmp_path, monkeypatch, [beep(0.5)]):
        line = await open_sound_line()
        line.play(beep(0.2), "question")
        loud = 0
        async with asyncio.timeout(WAIT):
            async for event in line.events():
                loud += isinstance(event, AudioIn) and is_loud(event.pcm)
                if loud == 20:
                    break
        await line.hang_up()


@pytest.mark.parametrize("headset", [False, True])
async def test_only_with_a_headset_is_the_bot_heard_by_the_microphone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, headset: bool
) -> None:
    with sound_room(tmp_path, monkeypatch, echo=True):
        line = await open_sound_line(headset=headset)
        line.play(beep(0.6), "question")
        seen = await until(line, Played)
        line.play(bytes(SECOND // 2), "pause")
        seen += await until(line, Played)
        await line.hang_up()
    assert any(is_loud(event.pcm) for event in seen if isinstance(event, AudioIn)) is headset


async def test_what_is_cleared_comes_back_unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sound_room(tmp_path, monkeypatch):
        line = await open_sound_line()
        line.play(beep(5), "long")
        async for event in line.events():
            if isinstance(event, AudioIn) and event.at_ms == 100:
                break
        line.clear()
        played = (await until(line, Played))[-1]
        await line.hang_up()
        ended = (await until(line, HungUp))[-1]
    assert isinstance(played, Played)
    assert not played.complete
    assert 100 <= played.played_ms < 5000
    assert isinstance(ended, HungUp)
    assert ended.cause is HangupCause.LOCAL


async def test_a_device_that_goes_away_ends_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sound_room(tmp_path, monkeypatch):
        line = await open_sound_line()
        line.recorder.kill()
        ended = (await until(line, HungUp))[-1]
        await line.hang_up()
    assert isinstance(ended, HungUp)
    assert ended.cause is HangupCause.OWN_LINE


async def test_a_machine_without_a_device_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "asound.conf"
    empty.write_text("", encoding="utf-8")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(empty))
    with pytest.raises(SoundUnavailable, match="no sound from device 'default' .*converse by typing"):
        await open_sound_line()


async def test_a_machine_without_the_programs_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SoundUnavailable, match="arecord and aplay cannot be found: install alsa-utils"):
        await open_sound_line()
