"""A call told again from its log: JSON there and back, and the place where it differs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from bot.errors import ReplayError
from bot.moves import (
    AgentJoined,
    Attest,
    BargedIn,
    Collect,
    Event,
    Facts,
    FellSilent,
    Finish,
    Flag,
    Heard,
    HungUp,
    Listen,
    MachineAnswered,
    Note,
    Pressed,
    PromptFinished,
    Say,
    Spoken,
    Strike,
    Transfer,
    TransferFailed,
)
from bot.replay import (
    KINDS,
    Move,
    differences,
    facts_from_json,
    facts_to_json,
    move_from_json,
    move_to_json,
    replay,
)
from bot.script import load_script
from intents import Intent, Match
from rules.hours import CallingHours
from rules.outcomes import Ending, Risk, Severity
from rules.witnesses import AnsweringMachine
from tests.bot.conversation import BEIJING, CALLED_AT, Conversation, facts_for

MOVES: list[Move] = [
    Heard(
        "是的",
        Match(Intent.YES, frozenset({Risk.UNREAD, Risk.MISLED}), 0.9, "规则"),
        10,
        20,
        0.8,
        True,
        False,
        (Spoken("是的", 10, 20),),
    ),
    Pressed("1", 30),
    FellSilent(40),
    BargedIn("a.b/ask", 500, 50),
    PromptFinished("a.b/ask", 500, False, 60),
    HungUp(70),
    AgentJoined("agent-1", 80),
    TransferFailed("declined", 90),
    MachineAnswered(AnsweringMachine.ASSISTANT, 95),
    Say("a.b/ask", "您好", interruptible=False, must_hear=True, slower=True),
    Listen("a.b", 1500),
    Collect("a.b"),
    Note("a.b", "13800001234", "号码", None, 1.0, "", 10, 20),
    Flag(Risk.UNREAD, Severity.MEDIUM, "a.b", "没看", 10, 20),
    Attest("a.b", 900, False, 90000),
    Strike(10),
    Transfer(Risk.COMPLAINT),
    Finish(Ending.CALLBACK, datetime(2026, 3, 5, 15, 0, tzinfo=BEIJING), "明天下午三点"),
]


def test_every_kind_of_move_is_tried() -> None:
    assert {type(move).__name__ for move in MOVES} == set(KINDS)


@pytest.mark.parametrize("move", MOVES, ids=lambda move: type(move).__name__)
def test_a_move_comes_back_from_json_as_it_was(move: Move) -> None:
    assert move_from_json(move_to_json(move)) == move
    assert json.loads(move_to_json(move))["kind"] == type(move).__name__


def test_an_instant_keeps_its_zone() -> None:
    text = move_to_json(MOVES[-1])
    assert json.loads(text)["callback_at"] == "2026-03-05T15:00:00+08:00"
    finish = move_from_json(text)
    assert isinstance(finish, Finish)
    assert finish.callback_at is not None
    assert finish.callback_at.utcoffset() == timedelta(hours=8)


def test_risks_are_written_in_one_order() -> None:
    assert json.loads(move_to_json(MOVES[0]))["match"]["risks"] == ["misled", "unread"]


def test_what_was_heard_before_words_had_places_is_still_read() -> None:
    old = json.loads(move_to_json(MOVES[0]))
    del old["words"]
    heard = move_from_json(json.dumps(old))
    assert isinstance(heard, Heard)
    assert heard.words == ()


def test_facts_come_back_from_json_as_they_were() -> None:
    facts = facts_for(load_script("anomaly"), "anomaly.reminder")
    assert facts_from_json(facts_to_json(facts)) == facts


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no known kind"),
        ('{"kind": "Sung", "at_ms": 1}', "no known kind"),
        ('{"kind": "HungUp"}', "at_ms"),
        ('{"kind": "Transfer", "reason": "boredom"}', "reason"),
    ],
)
def test_a_damaged_move_says_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ReplayError, match=complaint):
        move_from_json(text)


def call() -> Conversation:
    talk = Conversation(load_script("suitability"), facts_for(load_script("suitability")))
    for words in ("是我", "方便", "是我自己操作", "不是我自愿的"):
        talk.say(words)
    talk.feed(TransferFailed("none_free", talk.now_ms))
    return talk


def test_a_finished_call_is_told_again_from_its_log() -> None:
    talk = call()
    stored = [move_from_json(move_to_json(move)) for move in talk.log]
    facts = facts_from_json(facts_to_json(talk.facts))
    assert differences(talk.script, facts, stored) == ()
    state, actions = replay(talk.script, facts, [move for move in stored if isinstance(move, Event)])
    assert state == talk.state
    assert list(actions) == [move for move in talk.log if not isinstance(move, Event)]


def test_a_changed_action_is_found_after_its_event() -> None:
    talk = call()
    at, flag = next((number, move) for number, move in enumerate(talk.log) if isinstance(move, Flag))
    altered = replace(flag, risk=Risk.UNREAD)
    before = sum(isinstance(move, Event) for move in talk.log[:at])
    (difference,) = differences(talk.script, talk.facts, [*talk.log[:at], altered, *talk.log[at + 1 :]])
    assert (difference.after_event, difference.expected, difference.logged) == (before, flag, altered)


def test_a_missing_action_is_found() -> None:
    talk = call()
    without = [move for move in talk.log if not isinstance(move, Finish)]
    (difference,) = differences(talk.script, talk.facts, without)
    assert isinstance(difference.expected, Finish)
    assert difference.logged is None


def test_another_script_differs_at_once() -> None:
    talk = call()
    other = replace(talk.script, texts=replace(talk.script.texts, no_agent="再见"))
    assert [difference.logged for difference in differences(other, talk.facts, talk.log)]


@pytest.mark.parametrize(
    ("text", "move"),
    [
        ('{"kind": "Listen", "question": "a.b", "wait_ms": 6000}', Listen("a.b")),
        ('{"kind": "Collect", "question": "a.b", "wait_ms": 10000, "max_digits": 15}', Collect("a.b")),
    ],
)
def test_moves_stored_before_pauses_were_carried_are_still_read(text: str, move: Move) -> None:
    assert move_from_json(text) == move


def test_facts_stored_without_hours_are_still_read() -> None:
    old = '{"slots": {"客户姓名": "王小明"}, "called_at": "2026-03-04T10:00:00+08:00", "resume_at": "a.b"}'
    assert facts_from_json(old) == Facts({"客户姓名": "王小明"}, CALLED_AT, "a.b")


def test_hours_and_deadline_come_back_from_json_as_they_were() -> None:
    hours = CallingHours(closed=frozenset({date(2026, 5, 1), date(2026, 10, 1)}))
    facts = Facts({}, CALLED_AT, hours=hours, callback_before=CALLED_AT + timedelta(days=3), dialled="13800001234")
    assert facts_from_json(facts_to_json(facts)) == facts


def test_a_call_with_a_dictated_number_and_a_corrected_time_is_told_again() -> None:
    script = load_script("suitability")
    for words in (
        ("不是", "知道", "幺三八", "零零零零", "不对是零零零幺", "幺二三四", "最后一位是五", "对"),
        ("是我", "不方便", "今天晚上九点", "不，明天四点吧", "可以"),
    ):
        talk = Conversation(script, facts_for(script))
        for each in words:
            talk.say(each)
        assert talk.finish is not None
        stored = [move_from_json(move_to_json(move)) for move in talk.log]
        assert differences(script, facts_from_json(facts_to_json(talk.facts)), stored) == ()
