"""Taking back what was heard when the client had only paused."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue import advance
from bot.moves import Action, BargedIn, Event, Finish, Flag, Heard, MachineAnswered, Note, PromptFinished, Say
from bot.nodes import Script
from bot.replay import differences
from bot.script import load_script
from bot.walk.course import go_on, open_course, standing
from bot.walk.state import State
from intents import Intent, load_matcher
from rules.outcomes import Ending
from rules.witnesses import AnsweringMachine
from tests.bot.conversation import Conversation, facts_for

SCRIPT = load_script("new_account")


def heard(question: str, words: str, *, goes_on: bool = False) -> Heard:
    return Heard(words, load_matcher().match(question, words), 1000, 2000, 1.0, goes_on=goes_on)


def at(script: Script, question: str) -> State:
    """A state in which this review question has just been asked."""
    talk = Conversation(script, facts_for(script))
    for words in ("是的", "方便", "是的"):
        if talk.state.question == question:
            break
        talk.say(words)
    assert talk.state.question == question
    return talk.state


def test_the_whole_turn_counts_as_if_it_had_been_heard_at_once() -> None:
    asked = at(SCRIPT, "new_account.own_will")
    course, _ = open_course(SCRIPT, facts_for(SCRIPT))
    course = replace(course, state=asked)
    course, first = go_on(SCRIPT, course, heard("new_account.own_will", "是的"))
    reply = next(move for move in first if isinstance(move, Say))
    for event in (BargedIn(reply.prompt, 200, 2500), PromptFinished(reply.prompt, 400, False, 2700)):
        course, _ = go_on(SCRIPT, course, event)
    whole = heard("new_account.own_will", "是的不是我开的", goes_on=True)
    course, second = go_on(SCRIPT, course, whole)
    state, at_once = advance(SCRIPT, asked, whole)
    assert (course.state, second) == (state, at_once)
    assert [move.value for move in second if isinstance(move, Note)] == ["no"]


def test_the_log_of_a_call_that_was_taken_back_replays() -> None:
    facts = facts_for(SCRIPT)
    course, opening = open_course(SCRIPT, facts)
    log: list[Event | Action] = [*opening]
    for event in (heard("opening.identity", "是的"), heard("opening.identity", "是的我就是", goes_on=True)):
        course, actions = go_on(SCRIPT, course, event)
        log += [event, *actions]
    assert differences(SCRIPT, facts, log) == ()


def test_what_was_noted_for_a_part_does_not_stand() -> None:
    asked = at(SCRIPT, "new_account.own_will")
    course = replace(open_course(SCRIPT, facts_for(SCRIPT))[0], state=asked)
    part = heard("new_account.own_will", "不是")
    whole = heard("new_account.own_will", "不是是我自己要开的", goes_on=True)
    course, first = go_on(SCRIPT, course, part)
    course, second = go_on(SCRIPT, course, whole)
    kept = standing([part, *first, whole, *second])
    assert any(isinstance(move, Note) for move in first)
    assert [move for move in kept if isinstance(move, Note | Flag)] == [
        move for move in second if isinstance(move, Note | Flag)
    ]


def test_what_a_machine_has_said_leaves_nothing_on_record() -> None:
    talk = Conversation(SCRIPT, facts_for(SCRIPT))
    talk.say("是的")
    assert talk.notes
    talk.feed(MachineAnswered(AnsweringMachine.ASSISTANT, talk.now_ms))
    kept = standing(talk.log)
    assert [move for move in kept if isinstance(move, Note | Flag | Finish)] == [Finish(Ending.MACHINE)]
    assert differences(SCRIPT, talk.facts, talk.log) == ()


def test_what_a_stranger_said_is_given_back_where_they_had_not_ended() -> None:
    """我不是本人 … 我不是本人还能是谁: the whole turn takes the place of the part that struck the answers."""
    asked = at(SCRIPT, "new_account.own_will")
    course = replace(open_course(SCRIPT, facts_for(SCRIPT))[0], state=replace(asked, identified_ms=500))
    answer, part = heard("new_account.own_will", "是的"), heard("new_account.read_agreement", "我不是本人，我是他老婆")
    whole = heard("new_account.read_agreement", "我不是本人还能是谁我看过了", goes_on=True)
    log: list[Event | Action] = []
    answers = []
    for event in (answer, part, replace(whole, match=replace(whole.match, intent=Intent.YES))):
        course, actions = go_on(SCRIPT, course, event)
        log += [event, *actions]
        answers.append([move.question for move in standing(log) if isinstance(move, Note)])
    assert answers == [["new_account.own_will"], [], ["new_account.own_will", "new_account.read_agreement"]]
