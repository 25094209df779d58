"""Line conditions: read from a cast, and met by real calls over loopback."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from speech.prompts import Prompts
from speech.recogniser import Recogniser
from telephony.legs import HungUp, LegEvent
from telephony.recording import RecordingStore
from telephony.rtp.quality import CallQuality
from telephony.simulator import SheetError, load_cast
from telephony.simulator.cast import Cast
from telephony.simulator.conditions import Coding, Conditions
from telephony.simulator.lines import rung_longer
from telephony.simulator.personas import LineKind, Sound
from telephony.simulator.roles import Client
from telephony.simulator.story import Story
from telephony.simulator.voices import Utterances
from tests.telephony.simulator.calling import KEY, follow, only, phones_of

CLIENT = """
  {name}:
    {{name: 单一, title: 女士, phone: "{phone}", voice: zhou, review: anomaly, calls: [line_busy, cooperative],
     expected: {{status: 已完成：已回访, outcome: reviewed, attempts: 1}}{more}}}
"""


def cast_of(tmp_path: Path, text: str) -> Cast:
    sheet = tmp_path / "cast.yaml"
    sheet.write_text(text, "utf-8")
    return load_cast(sheet)


def test_a_client_changes_what_it_names_and_keeps_the_rest(tmp_path: Path) -> None:
    cast = cast_of(
        tmp_path,
        "conditions: {delay_ms: 80, loss_percent: 2, codec: PCMU}\nclients:"
        + CLIENT.format(name="one", phone="13800000001", more="")
        + CLIENT.format(
            name="two",
            phone="13800000002",
            more=", conditions: {loss_percent: 8, loss_burst: 3.5, drift_ppm: -120, codec: PCMA},"
            " calls_back_after: 5 min",
        ),
    )
    common = Conditions(delay_ms=80, loss_percent=2, codec=Coding.PCMU)
    one, two = cast.clients
    assert one.conditions == common and one.calls_back_after is None
    assert two.conditions == replace(common, loss_percent=8, loss_burst=3.5, drift_ppm=-120, codec=Coding.PCMA)
    assert two.calls_back_after == 300


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SheetError) as told:
        cast_of(
            tmp_path,
            "conditions: {delay_ms: -1, loudness: 3}\nclients:"
            + CLIENT.format(
                name="one",
                phone="13800000001",
                more=", calls_back_after: soon,\n     conditions: {loss_percent: 91, codec: GSM, drift_ppm: fast}",
            )
            + CLIENT.format(
                name="two", phone="13800000002", more=", conditions: {loss_percent: 50, loss_burst: 1.5}"
            ).replace("cooperative", "line_busy")
            + CLIENT.format(name="three", phone="13800000003", more=", calls_back_after: 3 s").replace(
                "line_busy, cooperative", "line_busy"
            ),
        )
    said = "\n".join(told.value.problems)
    assert ":1: '-1' is not a number from 0 to 5000" in said
    assert ":1: loudness is not known here" in said
    assert ":6: '91' is not a number from 0 to 90" in said
    assert ":6: GSM is no codec: one of PCMA, PCMU" in said
    assert ":6: 'fast' is not a number from -1000 to 1000" in said
    assert ":5: a time span belongs here, such as 30 s, 5 min or 1.5 h" in said
    assert "loss_burst 1.5 cannot be at loss_percent 50: chance alone loses 2 in a row" in said
    assert "nobody in calls talks: add the persona that calls back" in said
    assert len(told.value.problems) == 8


@pytest.mark.parametrize(
    ("line", "longer"),
    [
        (LineKind("a", "", rings=2), LineKind("a", "", rings=5)),
        (
            LineKind("a", "", early=(Sound("announce", "彩铃"), Sound("music", "a", 6))),
            LineKind("a", "", early=(Sound("announce", "彩铃"), Sound("music", "a", 9))),
        ),
        (
            LineKind("a", "", early=(Sound("announce", "彩铃"),)),
            LineKind("a", "", early=(Sound("announce", "彩铃"), Sound("tone", "ringback", 3))),
        ),
    ],
)
def test_what_is_heard_last_goes_on_until_a_late_answer(line: LineKind, longer: LineKind) -> None:
    assert rung_longer(line, 3) == longer
    assert rung_longer(line, 0) == line


Rooms: TypeAlias = tuple[Utterances, Recogniser, Prompts]

ASKS = ("您好！本次通话有录音。请问您是单晓峰先生吗？", "请问开户是您本人真实意愿吗？")


async def talk(
    conditions: Conditions,
    rooms: Rooms,
    folder: Path,
) -> tuple[list[LegEvent], CallQuality, Story]:
    """One conversation under conditions: its events, its quality, and what the network says of it."""
    utterances, ears, bot_voice = rooms

    def worsened(client: Client) -> Client:
        return replace(client, conditions=conditions)

    cast = only("new-account-cooperative")
    cast = replace(cast, clients=tuple(worsened(client) for client in cast.clients))
    async with phones_of(cast, utterances, ears, folder) as (dialer, stories):
        leg = await dialer.dial("1-1", "13800001001", ring_seconds=60)
        events = await follow(leg, [bot_voice.get(text) for text in ASKS])
        quality = await leg.quality()
        assert quality is not None
    (story,) = stories
    assert [heard.question for heard in story.heard] == ["opening.identity", "new_account.own_will"]
    return events, quality, story


@pytest.fixture
def rooms(utterances: Utterances, ears: Recogniser, bot_voice: Prompts) -> Rooms:
    return utterances, ears, bot_voice


@pytest.mark.audio
async def test_a_call_over_a_bad_line_is_understood_recorded_and_ends_once(rooms: Rooms, tmp_path: Path) -> None:
    conditions = Conditions(delay_ms=60, jitter_ms=40, loss_percent=5, loss_burst=2, drift_ppm=200)
    events, quality, story = await talk(conditions, rooms, tmp_path)
    assert [type(event) for event in events].count(HungUp) == 1 and isinstance(events[-1], HungUp)
    sealed = RecordingStore(tmp_path / "recordings", KEY).find("1-1")
    assert sealed is not None and story.answered_ms is not None and story.ended_ms is not None
    assert abs(sealed.duration_ms - (story.ended_ms - story.answered_ms)) < 1500  # and the machine's stalls
    # What the network lost is what we miss, but for what was under way at the end.
    assert story.frames_lost > 0 and abs(quality.lost - story.frames_lost) <= 8
    assert abs(quality.received + story.frames_lost - story.frames_sent) <= 16
    assert 0.01 < quality.loss < 0.12
    assert quality.jitter_ms > 3  # a queue evens out some of it, a busy machine adds to it
    assert quality.r_factor < 88  # 93 on a line without fault (G.107)
    # The client's reports tell of the other way and of the delay of both.
    assert 0.01 < story.heard_loss < 0.12 and quality.far_loss is not None and 0.01 < quality.far_loss < 0.12
    assert quality.round_trip_ms is not None and 100 < quality.round_trip_ms < 2000
