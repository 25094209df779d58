"""A telephone number as it grows, turn by turn."""

from __future__ import annotations

import pytest

from bot.dialogue import advance
from bot.moves import Collect, FellSilent, Note
from bot.script import load_script
from bot.walk.dictation import Dictated, Growth, amend, dictate
from intents import Intent
from tests.bot.conversation import Conversation, facts_for

WHOLE, MORE, ANEW, BAD = Growth.WHOLE, Growth.MORE, Growth.ANEW, Growth.BAD


@pytest.mark.parametrize(
    ("so_far", "words", "growth", "digits"),
    [
        ("", "幺三八零零零零幺二三四", WHOLE, "13800001234"),
        ("", "零幺零，六六五五，四四三三", WHOLE, "01066554433"),  # 010 + 8
        ("", "零七五五六六五五四四三", WHOLE, "07556655443"),  # a four-digit area code + 7
        ("", "四零零八二零八八二零", WHOLE, "4008208820"),
        ("", "幺三八", MORE, "138"),
        ("", "他的号码是幺三八零零", MORE, "13800"),
        ("138", "五", MORE, "1385"),
        ("1380000", "三个六四", WHOLE, "13800006664"),
        ("1380000", "不对是零零零幺", MORE, "1380001"),
        ("138000", "幺三八零零零零幺二三四", WHOLE, "13800001234"),  # from the start again
        ("86", "13800001234", WHOLE, "13800001234"),
        ("0755", "8666", MORE, "07558666"),
        ("138", "不对", ANEW, ""),
        ("138", "我重新说", ANEW, ""),
        ("138", "就这些", BAD, ""),
        ("", "六六五五四四三三", BAD, ""),  # a landline without its area code
        ("", "幺二三四五六七八九零幺", BAD, ""),  # no mobile begins with 12
        ("1380000123", "四五六", BAD, ""),  # 13 digits
    ],
)
def test_digits_add_up(so_far: str, words: str, growth: Growth, digits: str) -> None:
    assert dictate(so_far, words) == Dictated(growth, digits)


@pytest.mark.parametrize("words", ["是的我知道", "等一下我看看", "我找一找", "一个", "嗯", "两个号码吧", ""])
def test_words_without_part_of_a_number_add_nothing(words: str) -> None:
    assert dictate("", words) is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("最后一位是五", Dictated(WHOLE, "13800001235")),
        ("不对，最后四位是五六七八", Dictated(WHOLE, "13800005678")),
        ("最后一位不是四是五", Dictated(WHOLE, "13800001235")),
        ("不对，是幺三九零零零零五六七八", Dictated(WHOLE, "13900005678")),
        ("不对，是幺三九", Dictated(MORE, "139")),
        ("中间是零零零幺", Dictated(ANEW)),
        ("不对", None),
        ("对，一点没错", None),
    ],
)
def test_a_number_that_was_read_back_is_amended(words: str, expected: Dictated | None) -> None:
    assert amend("13800001234", words) == expected


def at_give_contact() -> Conversation:
    script = load_script("suitability")
    talk = Conversation(script, facts_for(script))
    talk.mean(Intent.NO)
    talk.mean(Intent.YES)
    assert talk.state.question == "relay.give_contact"
    return talk


def test_the_note_has_all_the_words_that_gave_the_number() -> None:
    talk = at_give_contact()
    for piece in ("幺三八", "零零零零", "幺二三四"):
        talk.mean(Intent.YES, piece)
    note = next(move for move in talk.log if isinstance(move, Note) and move.question == "relay.give_contact")
    assert (note.value, note.words) == ("13800001234", "幺三八，零零零零，幺二三四")


def test_a_number_is_read_digit_by_digit_and_slower_when_it_was_not_heard_twice() -> None:
    talk = at_give_contact()
    talk.mean(Intent.YES, "幺三八零零零零幺二三四")
    slower = []
    for _ in range(2):
        talk.mean(Intent.REPEAT, "没听清")
        assert "幺三八，零零零零，幺二三四" in talk.spoken
        slower.append(talk.says[-1].slower)
    assert slower == [False, True]


def test_dictation_without_end_is_ended() -> None:
    talk = at_give_contact()
    for _ in range(100):
        if talk.state.finished:
            break
        talk.mean(Intent.YES, "幺三八零零")
        talk.mean(Intent.YES, "不对是幺三八幺幺")
    assert talk.state.finished


def test_a_client_who_falls_silent_in_the_middle_is_given_time_once() -> None:
    talk = at_give_contact()
    talk.mean(Intent.YES, "幺三八")
    _, actions = advance(talk.script, talk.state, FellSilent(1))
    assert isinstance(actions[-1], Collect)
    talk.feed(FellSilent(1))
    assert talk.state.digits == "138"
    talk.feed(FellSilent(2))
    assert talk.state.digits == ""
    assert talk.spoken.startswith("抱歉，这个号码的位数好像不对")
