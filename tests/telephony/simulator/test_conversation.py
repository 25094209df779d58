"""One client on the phone, tick by tick: when it listens, when it answers, when it gives up."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from telephony.codecs import SILENCE
from telephony.simulator import audio, conversation
from telephony.simulator.call import FarEnd, Stage
from telephony.simulator.cast import load_cast
from telephony.simulator.client import Person
from telephony.simulator.conversation import Conversation, Room
from telephony.simulator.ear import ear_for
from telephony.simulator.lines import Stretch
from telephony.simulator.network import person_of
from telephony.simulator.story import Story
from telephony.simulator.voices import line_noise
from telephony.wire import Ended, KeyPressed, MediaBegan, PickedUp, Rang

CAST = load_cast()
NOISE = line_noise(1, 0.01)
VOICE = audio.pcm_of(audio.tone("busy", 0.3) / 2.24)  # stands for 300 ms of speech at -20 dB
BOT = audio.frames_of(audio.pcm_of(audio.tone("congestion", 0.7) / 2.24))


class Line:
    """A conversation with its clock; `bot_says` plays a sound and then gives the text that a recogniser made of it."""

    def __init__(self, persona: str, of: str = "new-account-cooperative") -> None:
        owner = next(client for client in CAST.clients if client.id == of)
        person: Person = person_of(CAST, owner, CAST.personas.personas[persona])
        room = Room(person, ear_for(CAST.questions, [owner.script], person.slots), lambda text, muffled: VOICE, NOISE)
        self.story = Story("1-1", 1, "")
        self.keys: list[str] = []
        self.talk = Conversation(room, self.story, Random(1), self.keys.append)
        self.ms = 0
        self.sent: list[bytes] = []
        self.talk.pick_up(0)

    def run(self, ms: int, bot: list[bytes] | None = None) -> None:
        """Let time pass; the bot sends its frames, then silence."""
        frames = list(bot or [])
        for _ in range(ms // 20):
            self.talk.receive(frames.pop(0) if frames else SILENCE, self.ms / 1000)
            self.ms += 20
            self.sent.append(self.talk.tick(self.ms, self.ms / 1000))

    def bot_says(self, text: str) -> None:
        self.run(700, BOT)
        self.run(conversation.SENTENCE_MS)
        assert self.talk.sentence_over
        assert self.talk.take_audio()
        self.talk.hear(text)

    def level(self, begin_ms: int, end_ms: int) -> float:
        """RMS of what was sent in a stretch of time, in dB full scale."""
        pcm = b"".join(self.sent[begin_ms // 20 : end_ms // 20])
        return 20 * float(np.log10(audio.rms(audio.signal_of(pcm))))


IDENTITY = "您好本次通话有录音请问您是单晓峰先生吗"


def test_an_answer_comes_between_300_and_600_ms_after_the_bot_has_stopped() -> None:
    line = Line("cooperative")
    line.bot_says(IDENTITY)
    assert line.story.said == []
    line.run(600)
    assert [said.text for said in line.story.said] in (["我是"], ["是的，我就是"])
    assert 300 <= line.story.said[0].from_ms - 700 <= 620
    assert line.story.heard[0].question == "opening.identity"


def test_nobody_answers_while_the_bot_goes_on() -> None:
    line = Line("cooperative")
    line.bot_says(IDENTITY)
    line.run(2000, BOT * 3)
    assert line.story.said == []


def test_a_second_sentence_is_added_to_the_first() -> None:
    line = Line("cooperative")
    line.bot_says("今天打电话是想对您做一个简单的回访")
    line.bot_says("耽误您两分钟请问您现在方便吗")
    line.run(800)
    assert [heard.question for heard in line.story.heard] == ["opening.convenient"]


def test_what_was_not_understood_is_asked_again_after_a_longer_silence() -> None:
    line = Line("cooperative")
    line.bot_says("de five shi four")
    line.run(1000)
    assert line.story.said == []
    line.run(1000)
    assert len(line.story.said) == 1 and "听清" in line.story.said[0].text


def test_a_stalled_line_is_not_a_silence() -> None:
    line = Line("cooperative")
    line.run(400, BOT)
    for _ in range(200):  # four seconds without any frame
        line.ms += 20
        line.talk.tick(line.ms, line.ms / 1000)
    assert not line.talk.sentence_over


def test_voice_and_noise_leave_at_their_levels() -> None:
    line = Line("cooperative")
    line.bot_says(IDENTITY)
    line.run(2000)
    begin = line.story.said[0].from_ms
    assert line.level(0, 600) == pytest.approx(-40, abs=1)
    assert line.level(begin, begin + 300) == pytest.approx(-20, abs=1.5)


def test_a_long_silence_ends_the_call() -> None:
    line = Line("cooperative")
    line.run(conversation.WAIT_MS + 100)
    assert [said.text for said in line.story.said] == ["喂，您还在吗"]
    line.run(conversation.WAIT_MS + 1000)
    assert line.talk.over


def test_please_hold_is_waited_for() -> None:
    line = Line("cooperative")
    line.bot_says("现在为您转接专员请稍等")
    line.run(conversation.WAIT_MS * 2)
    assert line.story.said == []


def test_talking_over_does_not_stop_the_listening() -> None:
    line = Line("talks_over_reminder")
    line.run(700, BOT * 2)
    line.talk.hear_partial("温馨提示请您务必妥善保管好自己的")
    line.run(400, BOT)
    assert [said.text for said in line.story.said] == ["好的好的，我知道了"]
    assert line.story.latencies_ms == []  # the bot spoke on: there is no pause to be measured


def test_hanging_up_in_mid_sentence() -> None:
    line = Line("hangs_up")
    line.run(400, BOT)
    line.talk.hear_partial("请问您是否已阅读并充")
    assert line.talk.over


def test_a_key_is_pressed_not_spoken() -> None:
    line = Line("keypad")
    line.bot_says("请问开户是您本人真实意愿吗")
    line.run(1500)
    line.bot_says("是您本人意愿请按一不是请按二")
    line.run(800)
    assert line.keys == ["1"]
    assert [said.kind for said in line.story.said] == ["murmur", "key"]


def test_the_pause_until_the_bot_speaks_again_is_measured() -> None:
    line = Line("cooperative")
    line.bot_says(IDENTITY)
    line.run(620)
    end = line.story.said[0].until_ms
    while end == line.story.said[0].from_ms:  # still speaking
        line.run(20)
        end = line.story.said[0].until_ms
    line.run(end + 500 - line.ms)
    line.run(100, BOT)
    assert line.story.latencies_ms == [pytest.approx(500, abs=20)]


def test_a_greeting_is_said_at_once_and_is_no_turn() -> None:
    line = Line("talkative")
    assert [said.text for said in line.story.said] == ["喂，你好"]
    line.run(1500)
    line.run(100, BOT)
    assert line.story.latencies_ms == []


def far_end(stretches: tuple[Stretch, ...], room: Room | None = None) -> FarEnd:
    return FarEnd(Story("1-1", 1, ""), stretches, room, Random(1))


def test_a_line_that_nobody_answers_plays_and_ends_with_its_codes() -> None:
    far = far_end((Stretch(MediaBegan(), 2, (b"a" * 160, b"b" * 160)), Stretch(Ended(486, 17), 0)))
    frames = [far.tick(0.0) for _ in range(40)]
    assert [frame for frame in frames if frame] == [b"a" * 160, b"b" * 160]
    assert list(far.outbox) == [MediaBegan(), Ended(486, 17)]
    assert (far.stage, far.story.hung_up_by, far.story.sip) == (Stage.OVER, "network", 486)


def test_ringing_carries_no_media_and_leads_to_the_answer() -> None:
    room = Room(
        person_of(CAST, CAST.clients[0], CAST.personas.personas["cooperative"]),
        ear_for(CAST.questions, ["new_account"], {}),
        lambda text, muffled: VOICE,
        NOISE,
    )
    far = far_end((Stretch(Rang(), 50), Stretch(PickedUp(), 0)), room)
    frames = [far.tick(0.0) for _ in range(100)]
    assert list(far.outbox) == [Rang(), PickedUp()]
    assert far.stage is Stage.TALKING
    assert far.story.answered_ms is not None and 1000 <= far.story.answered_ms <= 1600
    silent = frames.index(next(frame for frame in frames if frame))
    assert all(frame is None for frame in frames[:silent]) and all(frames[silent:])


def test_only_the_first_end_counts() -> None:
    far = far_end((Stretch(Rang(), 50), Stretch(Ended(480, 31), 0)))
    far.hung_up()
    far.lose()
    far.shut_down()
    assert far.story.hung_up_by == "bot" and not far.outbox
    assert far.tick(0.0) is None


def test_the_network_going_down_says_so_on_the_wire() -> None:
    far = far_end((Stretch(Rang(), 50), Stretch(Ended(480, 31), 0)))
    far.shut_down()
    assert list(far.outbox) == [Ended(503, 41)]


def test_keys_go_out_as_events() -> None:
    room = Room(
        person_of(CAST, CAST.clients[0], CAST.personas.personas["keypad"]),
        ear_for(CAST.questions, ["new_account"], {}),
        lambda text, muffled: VOICE,
        NOISE,
    )
    far = far_end((Stretch(PickedUp(), 0),), room)
    while far.talk is None:
        far.tick(0.0)
    far.talk._press("5")
    assert far.outbox[-1] == KeyPressed("5")
