"""The detector on the first seconds after answer: values in, values out."""

from __future__ import annotations

import numpy as np
import pytest

from intents import Announced
from rules.witnesses import AnsweringMachine, Tone
from speech.recogniser import Transcript
from telephony.answered import AfterAnswer, AnsweredDetector
from telephony.legs import AudioIn
from tests.telephony.sounds import Samples, cadence, line, noisy, silence, sine

PIECE_MS = 60


def sound(ms: int) -> Samples:
    """Something that is no tone: the gate opens for it."""
    return noisy(silence(ms), -20, seed=ms)


def feed(detector: AnsweredDetector, samples: Samples) -> bool:
    """Let it hear sound or silence; returns whether it was certain on the way."""
    pcm, begin_ms = line(samples), detector.now_ms
    for start in range(0, len(pcm) - 959, 960):
        detector.hear(AudioIn(pcm[start : start + 960], begin_ms + start // 16))
        if detector.certain:
            return True
    return False


def speak(detector: AnsweredDetector, *texts: str, piece_ms: int = 300) -> bool:
    """A growing text, as a recogniser hears it; returns whether it was certain before the end."""
    for text in texts:
        if feed(detector, sound(piece_ms)):
            return True
        detector.partial(text)
    return detector.certain


def finish(detector: AnsweredDetector, text: str, confidence: float = 0.95) -> None:
    """A pause, and the final text."""
    feed(detector, silence(480))
    detector.final(Transcript(text, confidence=confidence))


def growing(text: str, step: int = 2) -> list[str]:
    return [text[:end] for end in range(step, len(text) + step, step)]


@pytest.mark.parametrize(
    ("text", "machine", "announced"),
    [
        ("您好您拨打的用户无法接听请在滴声后留言", AnsweringMachine.VOICEMAIL, Announced.VOICEMAIL),
        ("您好我是机主的语音助手请问您有什么事", AnsweringMachine.ASSISTANT, Announced.PHONE_ASSISTANT),
        ("对不起您拨打的号码是空号请核对后再拨", AnsweringMachine.NETWORK, Announced.EMPTY_NUMBER),
        ("对不起您拨打的用户已停机", AnsweringMachine.NETWORK, Announced.SUSPENDED),
    ],
)
def test_a_machine_is_certain_while_it_still_speaks(text: str, machine: AnsweringMachine, announced: Announced) -> None:
    detector = AnsweredDetector()
    assert speak(detector, *growing(text), text, text)
    found = detector.found()
    assert (found.machine, found.announced) == (machine, announced)
    assert found.announcement and found.announcement_evidence and found.at_ms == detector.now_ms


def test_words_that_a_voicemail_may_follow_are_waited_out() -> None:
    detector = AnsweredDetector()
    assert not speak(detector, *growing("您拨打的电话暂时无人接听"), "您拨打的电话暂时无人接听")
    assert speak(
        detector,
        "您拨打的电话暂时无人接听请在提示音后留言",
        "您拨打的电话暂时无人接听请在提示音后留言",
        "您拨打的电话暂时无人接听请在提示音后留言",
    )
    assert detector.found().announced is Announced.VOICEMAIL


def test_without_a_voicemail_they_count_as_they_are() -> None:
    detector = AnsweredDetector()
    assert not speak(detector, *growing("您拨打的电话暂时无人接听"))
    finish(detector, "您拨打的电话暂时无人接听")
    assert feed(detector, silence(3000))
    assert detector.found().announced is Announced.NO_ANSWER


def test_at_the_end_of_the_line_nothing_need_be_waited_for() -> None:
    detector = AnsweredDetector()
    speak(detector, *growing("您拨打的电话暂时无人接听"))
    finish(detector, "您拨打的电话暂时无人接听")
    assert detector.found().machine is None
    assert detector.found(at_the_end=True).machine is AnsweringMachine.NETWORK


def test_a_guess_in_mid_sentence_is_not_enough() -> None:
    detector = AnsweredDetector()
    assert not speak(detector, "你说", "你说录音结束", piece_ms=180)
    assert not speak(detector, "你说录音就录音吧", "你说录音就录音吧")


def test_a_text_that_was_hardly_heard_is_not_enough() -> None:
    detector = AnsweredDetector()
    finish(detector, "您拨打的号码是空号请核对后再拨", confidence=0.3)
    assert not detector.certain
    assert detector.found(at_the_end=True).machine is None


def test_a_person_is_one_after_two_utterances_that_are_more_than_a_greeting() -> None:
    detector = AnsweredDetector()
    for text in ("喂", "你好", "是我"):
        speak(detector, text)
        finish(detector, text)
        assert not detector.person
    speak(detector, "方便你说吧")
    finish(detector, "方便你说吧")
    assert detector.person and not detector.certain
    found = detector.found(at_the_end=True)
    assert found.machine is None and found.announcement == "" and found.details() == {}
    assert [quote.text for quote in found.quotes] == ["喂", "你好", "是我", "方便你说吧"]


@pytest.mark.parametrize(
    ("pairs", "tone"),
    [
        ([(350, 350)], Tone.BUSY),
        ([(700, 700)], Tone.CONGESTION),
        ([(100, 100), (100, 100), (100, 100), (400, 400)], Tone.EMPTY_NUMBER),
    ],
)
def test_a_tone_in_a_persons_place(pairs: list[tuple[int, int]], tone: Tone) -> None:
    detector = AnsweredDetector()
    assert feed(detector, np.concatenate([silence(300), cadence(pairs, 6)]))
    found = detector.found()
    assert (found.machine, found.tone, found.announced) == (AnsweringMachine.NETWORK, tone, None)
    assert found.details()["answered_tone"] == tone.value


def test_a_tone_behind_a_persons_words_is_the_end_of_the_line() -> None:
    detector = AnsweredDetector()
    speak(detector, "喂")
    finish(detector, "喂")
    assert not feed(detector, cadence([(350, 350)], 6))
    found = detector.found(at_the_end=True)
    assert (found.machine, found.tone) == (None, None)


def test_a_beep_and_ringing_are_no_machine() -> None:
    detector = AnsweredDetector()
    assert not feed(detector, np.concatenate([sine(450, 600), silence(2000), *[cadence([(1000, 4000)], 2)]]))
    assert detector.found() == AfterAnswer(quotes=(), at_ms=detector.now_ms)


def test_what_is_stored_says_what_was_heard_and_why() -> None:
    detector = AnsweredDetector()
    speak(detector, *growing("对不起您拨打的号码是空号请核对后再拨"))
    details = detector.found().details()
    assert details["answered_by"] == "network"
    assert details["answered_announced"] == "empty_number"
    assert "空号" in details["answered_announcement"]
    assert "网络" in details["answered_evidence"]
    assert details["answered_quotes"][0]["text"] == details["answered_announcement"]
