"""What clients say and press over the goodbye (domain rules §3: who asks for a person, or complains, gets one)."""

from __future__ import annotations

import pytest

from bot.moves import Finish, Note, Pressed
from bot.script import load_script
from bot.walk.course import standing
from rules.outcomes import Ending, Risk
from tests.bot.conversation import Conversation, facts_for

ANOMALY = load_script("anomaly")


def reviewed() -> Conversation:
    talk = Conversation(ANOMALY, facts_for(ANOMALY))
    for words in ("是我", "方便", "是的", "好的"):
        talk.say(words)
    assert talk.state.ending is Ending.COMPLETED
    return talk


def called_back() -> Conversation:
    talk = Conversation(ANOMALY, facts_for(ANOMALY))
    for words in ("是我", "现在不方便，明天下午三点再打吧", "可以"):
        talk.say(words)
    assert talk.state.ending is Ending.CALLBACK
    return talk


def finish_of(talk: Conversation) -> Finish:
    (finish,) = [move for move in standing(talk.log) if isinstance(move, Finish)]
    assert talk.state.ending is finish.ending
    return finish


@pytest.mark.parametrize(
    ("words", "risk"),
    [
        ("等一下我要找人工", Risk.ASKED_FOR_HUMAN),
        ("我要投诉你们的客户经理", Risk.COMPLAINT),
        ("对了以后不要再给我打电话了", Risk.DISSATISFIED),
    ],
)
def test_what_a_person_has_to_see_to_is_flagged_and_the_review_stays_done(words: str, risk: Risk) -> None:
    talk = reviewed()
    talk.say(words)
    assert risk in {flag.risk for flag in talk.flags}
    assert {flag.words for flag in talk.flags} == {words}
    assert (finish_of(talk), talk.spoken) == (Finish(Ending.COMPLETED), "")


def test_the_key_for_a_person_is_heeded_over_the_goodbye_and_no_other() -> None:
    talk = reviewed()
    talk.feed(Pressed("1", talk.now_ms))
    assert talk.flags == []
    talk.feed(Pressed("0", talk.now_ms))
    assert [(flag.risk, flag.words) for flag in talk.flags] == [(Risk.ASKED_FOR_HUMAN, "按键0")]


@pytest.mark.parametrize("words", ["好的再见", "不用了谢谢", "嗯好辛苦了", "没有了", "好的我挂了"])
def test_a_goodbye_is_a_goodbye(words: str) -> None:
    for talk in (reviewed(), called_back()):
        finish = finish_of(talk)
        talk.say(words)
        assert (talk.flags, finish_of(talk)) == ([], finish)


def test_who_wants_no_more_calls_is_not_called_back() -> None:
    talk = called_back()
    talk.say("算了以后不要再给我打电话了")
    assert finish_of(talk) == Finish(Ending.REFUSED)
    assert talk.flags == []


def test_who_wants_a_person_is_called_back_by_one() -> None:
    talk = called_back()
    agreed = finish_of(talk)
    talk.say("还是给我转人工吧")
    assert finish_of(talk) == Finish(Ending.HANDED_OVER, agreed.callback_at, agreed.callback_words)
    assert [flag.risk for flag in talk.flags] == [Risk.ASKED_FOR_HUMAN]


def test_a_stranger_who_says_so_over_the_goodbye_has_reviewed_nothing() -> None:
    talk = reviewed()
    talk.say("其实我不是他本人，我是他儿子")
    assert finish_of(talk) == Finish(Ending.NOT_CLIENT)
    assert [move for move in standing(talk.log) if isinstance(move, Note)] == []


def test_a_person_asked_for_by_key_under_a_reminder_is_not_forgotten_when_the_line_goes() -> None:
    talk = Conversation(ANOMALY, facts_for(ANOMALY))
    talk.holds_reminders = True
    for words in ("是我", "方便", "是的"):
        talk.say(words)
    assert talk.state.owed
    talk.feed(Pressed("1", talk.now_ms))
    talk.feed(Pressed("0", talk.now_ms))
    assert [flag.risk for flag in talk.flags] == [Risk.ASKED_FOR_HUMAN]
