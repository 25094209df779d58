"""Typed conversations: what a line means, what is taken back, and that the saved log is a dialogue that holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.errors import LineNotUnderstood
from bot.moves import BargedIn, Flag, Heard, HungUp, Note, PromptFinished, Say, Transfer
from bot.nodes import Script
from bot.rehearsal import Rehearsal, as_dialogue, read_line
from bot.script import load_script
from bot.walk.state import Stage
from intents import load_matcher
from rules.outcomes import Ending, Risk
from tests.bot.conversation import facts_for
from tests.bot.test_dialogues import carry_out


@pytest.fixture(scope="module")
def script() -> Script:
    return load_script("new_account")


def rehearsed(script: Script, lines: Sequence[str]) -> Rehearsal:
    rehearsal = Rehearsal(script, facts_for(script), load_matcher())
    for line in lines:
        rehearsal.take(line)
    return rehearsal


@pytest.mark.parametrize(
    ("line", "note", "words"),
    [
        ("是的", "", "是的"),
        ("", "沉默", ""),
        ("（沉默）", "沉默", ""),
        ("(沉默)", "沉默", ""),
        ("#1", "按键1", ""),
        ("按1", "按键1", ""),
        ("（按键1）", "按键1", ""),
        ("#13812345678", "按键13812345678", ""),
        ("（听着说）好的", "听着说", "好的"),
        ("（抢话） 没有", "抢话", "没有"),
        ("我按1了", "", "我按1了"),
    ],
)
def test_a_line_is_read_as_the_dialogue_files_write_it(line: str, note: str, words: str) -> None:
    assert read_line(line) == (note, words)


def test_an_empty_line_while_an_agent_is_fetched_means_that_none_is_free() -> None:
    assert read_line("", handing_over=True) == ("没有坐席", "")


@pytest.mark.parametrize("line", ["（咳嗽）", "（沉默）好的", "（听着说）", "（按键a）"])
def test_an_unknown_note_is_refused_and_changes_nothing(script: Script, line: str) -> None:
    rehearsal = rehearsed(script, ["我就是"])
    with pytest.raises(LineNotUnderstood, match="括号里可以写"):
        rehearsal.take(line)
    assert len(rehearsal.steps) == 2


def test_a_conversation_goes_to_its_end(script: Script) -> None:
    rehearsal = rehearsed(script, ["我就是", "方便", "是的", "没看过", ""])
    assert rehearsal.over
    assert rehearsal.state.ending is Ending.COMPLETED
    assert {note.question: note.value for note in rehearsal.moves(Note)}["new_account.read_agreement"] == "no"
    assert [flag.risk for flag in rehearsal.moves(Flag)] == [Risk.UNREAD]
    assert [told.node for told in rehearsal.state.delivered] == ["new_account.reminder"]


def test_a_step_taken_back_leaves_no_trace(script: Script) -> None:
    rehearsal = rehearsed(script, ["我就是", "方便"])
    before = list(rehearsal.steps)
    rehearsal.take("不是我本人意愿")
    assert rehearsal.moves(Transfer)
    assert rehearsal.undo()
    assert rehearsal.steps == before
    assert not rehearsal.moves(Transfer)
    assert [rehearsal.undo() for _ in range(3)] == [True, True, False]
    assert [say.text for say in rehearsal.steps[-1].of(Say)][0].startswith("您好！")


def test_words_under_a_text_that_must_be_heard_wait_for_its_end(script: Script) -> None:
    rehearsal = rehearsed(script, ["我就是", "方便", "是的", "看过了"])
    assert [say.prompt for say in rehearsal.steps[-1].awaiting] == ["new_account.reminder/say"]
    step = rehearsal.take("（听着说）好的")
    assert [move.under_prompt for move in step.of(Heard)] == [True]
    assert step.moves.index(step.of(Heard)[0]) < step.moves.index(step.of(PromptFinished)[0])
    assert rehearsal.state.ending is Ending.COMPLETED


def test_hanging_up_in_the_middle_of_it_is_flagged(script: Script) -> None:
    rehearsal = rehearsed(script, ["我就是", "方便", "是的", "看过了", "（读到一半挂断）"])
    assert [flag.risk for flag in rehearsal.moves(Flag)] == [Risk.REMINDER_UNDELIVERED]
    finished = rehearsal.steps[-1].of(PromptFinished)[0]
    assert not finished.complete
    assert finished.played_ms > 0
    assert rehearsal.state.ending is Ending.HUNG_UP


def test_cutting_in_before_the_question_answers_nothing(script: Script) -> None:
    rehearsal = rehearsed(script, ["我就是", "方便", "（抢话）是"])
    assert rehearsal.steps[-1].of(BargedIn)
    assert "new_account.own_will" not in [note.question for note in rehearsal.moves(Note)]


def test_an_agent_may_take_the_call_or_not(script: Script) -> None:
    assert rehearsed(script, ["我就是", "转人工", "（坐席接听）"]).state.stage is Stage.WITH_AGENT
    assert rehearsed(script, ["我就是", "转人工", ""]).state.ending is Ending.HANDED_OVER


def test_hanging_up_ends_it(script: Script) -> None:
    rehearsal = rehearsed(script, ["我就是"])
    assert rehearsal.hang_up().of(HungUp)
    assert rehearsal.state.ending is Ending.HUNG_UP


@pytest.mark.parametrize(
    "lines",
    [
        ["我就是", "方便", "是的", "什么协议", "", "看过了", ""],
        ["我就是", "方便", "不是我自己要开的", ""],
        ["我就是", "方便", "是的", "#2", "（听着说）好的"],
        ["我就是", "方便", "是的", "看过了", "（读到一半挂断）"],
        ["不是", "知道", "#13812345678", "对"],
        ["不是", "知道", "#13812345678", "（挂断）"],
        ["", "我就是", "没空", "明天下午三点", "可以"],
        ["打错了"],
        ["我就是", "方便", "（抢话）没有", "是", "（挂断）"],
    ],
    ids="".join,
)
def test_the_saved_log_is_a_dialogue_that_holds(script: Script, lines: list[str]) -> None:
    saved: dict[str, Any] = YAML(typ="base", pure=True).load(as_dialogue(rehearsed(script, lines), "试讲"))
    assert saved["script"] == script.name
    assert len(saved["dialogues"]["试讲"]["turns"]) == len(lines)
    carry_out(script, saved["dialogues"]["试讲"])
