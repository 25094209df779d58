"""When a turn has ended and what interrupts the bot."""

from __future__ import annotations

import pytest

from bot.shell.turns import (
    Turn,
    TurnTaking,
    goes_on,
    has_ended,
    is_agreement,
    is_backchannel,
    is_complete,
    is_nothing,
    is_unfinished,
    stops_the_bot,
)
from intents.values import Intent, Match

TAKING = TurnTaking()


@pytest.mark.parametrize("text", ["嗯", "哦", "嗯嗯", "哦哦哦", "啊", "咳咳"])
def test_listening_sounds_are_backchannels(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["", "对", "是", "好", "没有", "嗯不是", "啊什么"])
def test_answers_are_no_backchannels(text: str) -> None:
    assert not is_backchannel(text)


@pytest.mark.parametrize("text", ["对", "对对对", "好", "好的", "是的", "嗯对", "哦好的", "嗯嗯", "行", "好了"])
def test_agreeing_words_are_agreement(text: str) -> None:
    assert is_agreement(text)


@pytest.mark.parametrize("text", ["", "不对", "不好", "没有", "不是的", "对不起", "好像没有", "是谁", "是我", "行不行"])
def test_other_words_are_no_agreement(text: str) -> None:
    assert not is_agreement(text)


@pytest.mark.parametrize("text", ["不是因为", "我是说那个", "这个吧就是", "但是", "如果有时间的话"])
def test_a_sentence_that_goes_on_is_unfinished(text: str) -> None:
    assert is_unfinished(text)


@pytest.mark.parametrize("text", ["是的", "没有", "我看过了", "是的我就是", "对我本人就是", ""])
def test_a_whole_sentence_is_finished(text: str) -> None:
    assert not is_unfinished(text)


@pytest.mark.parametrize(
    ("text", "match", "complete"),
    [
        ("是的", Match(Intent.YES, confidence=0.95), True),
        ("没有", Match(Intent.NO, confidence=0.95), True),
        ("请你再说一遍", Match(Intent.REPEAT, confidence=0.9), True),
        ("是的", Match(Intent.YES, confidence=0.5), False),
        ("是的我自己在操作这个账户", Match(Intent.YES, confidence=0.95), False),
        ("明天下午", Match(Intent.BUSY, confidence=0.95), False),
        ("什么", Match(Intent.QUESTION, confidence=0.95), False),
    ],
)
def test_only_a_short_sure_closed_answer_is_complete(text: str, match: Match, complete: bool) -> None:
    assert is_complete(text, match, TAKING) is complete


@pytest.mark.parametrize(
    ("text", "sound_ms", "stops"),
    [
        ("没有", 300, True),
        ("没有", 200, False),
        ("", 500, False),
        ("", 650, True),
        ("嗯", 500, False),
        ("嗯", 700, False),
        ("嗯嗯嗯嗯", 1300, True),
        ("对对", 500, False),
        ("好的", 600, False),
        ("好的我知道了你别说了", 1300, True),
        ("不对", 300, True),
    ],
)
def test_speech_stops_the_bot_but_a_cough_or_a_listening_sound_does_not(text: str, sound_ms: int, stops: bool) -> None:
    assert stops_the_bot(Turn(1000, 1000 + sound_ms, text), TAKING) is stops


def test_a_turn_ends_with_the_silence_that_it_needs() -> None:
    turn = Turn(0, 600, "是的", partial_ms=600)
    assert not has_ended(turn, 880, 280, 300, TAKING)
    assert has_ended(turn, 900, 300, 300, TAKING)


def test_a_turn_ends_when_nothing_new_is_said_into_a_lasting_noise() -> None:
    turn = Turn(0, 4000, "是的", partial_ms=600)
    assert has_ended(turn, 4000, 0, 300, TAKING)


def test_no_turn_is_endless() -> None:
    turn = Turn(0, 30_000, "话很多", partial_ms=29_900)
    assert not has_ended(turn, 29_980, 0, 300, TAKING)
    assert has_ended(turn, 30_000, 0, 300, TAKING)


@pytest.mark.parametrize(
    ("turn", "text", "bot_speaks", "nothing"),
    [
        (Turn(0, 200), "", False, True),  # a click
        (Turn(0, 900), "", False, False),  # mumbled
        (Turn(0, 900), "", True, True),
        (Turn(0, 300), "嗯", True, True),
        (Turn(0, 300), "嗯", False, False),
        (Turn(0, 300, left_ms=600), "嗯", True, False),  # the answer to a question that is all but over
        (Turn(0, 300, left_ms=3000), "嗯", True, True),
        (Turn(0, 300, left_ms=3000), "对对", True, True),
        (Turn(0, 300, left_ms=900), "是的", True, False),
        (Turn(0, 300, left_ms=3000, follows="没有"), "是的", True, False),  # it may turn the answer
        (Turn(0, 300, left_ms=3000), "没有", True, False),
        (Turn(0, 200, barged=True), "", False, False),  # the bot was stopped: it has to say something
    ],
)
def test_what_is_dropped(turn: Turn, text: str, bot_speaks: bool, nothing: bool) -> None:
    assert is_nothing(turn, text, bot_speaks, TAKING) is nothing


@pytest.mark.parametrize(
    ("at_ms", "last", "reply_began_ms", "follows"),
    [
        (1500, (500, 1000), None, True),
        (1500, (500, 1000), 1310, True),
        (2050, (500, 1000), 1310, False),  # 740 ms of the reply were heard
        (2600, (500, 1000), None, False),  # too long a pause
        (1200, (500, 1000), 1310, True),  # before the reply
        (1040, (500, 1000), None, False),  # no pause: the turn had to be ended
        (31_000, (500, 30_700), None, False),  # on and on
    ],
)
def test_speech_before_the_reply_was_heard_goes_on_with_the_turn(
    at_ms: int, last: tuple[int, int], reply_began_ms: int | None, follows: bool
) -> None:
    assert goes_on(at_ms, last, reply_began_ms, TAKING) is follows
