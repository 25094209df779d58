"""What the agent who takes a call over is shown of the bot's part: what stands of it, and nothing else."""

from __future__ import annotations

import pytest

from bot.form import FormError
from bot.moves import Finish, Heard, Note, PromptFinished, Say
from bot.replay import Move
from bot.script import Script, load_script
from bot.walk.course import Course, go_on, open_course
from campaign.handover.briefing import Notebook
from campaign.handover.sheet import Sheet
from intents import load_matcher
from rules import Ending
from tests.bot.conversation import facts_for

ANOMALY = load_script("anomaly")


class Overheard:
    """A call whose moves a sheet and a notebook follow; every prompt is heard to its end unless told otherwise."""

    def __init__(self, script: Script) -> None:
        self.script, self.facts, self.now_ms = script, facts_for(script), 0
        self.sheet = Sheet(script, self.facts, load_matcher())
        self.notebook = Notebook("7-1", script, "单小明", "先生")
        self.course: Course
        self.course, actions = open_course(script, self.facts)
        self._follow(*actions)

    def _follow(self, *moves: Move, plays: bool = True) -> None:
        for move in moves:
            self.sheet.note(move)
            self.notebook.note(move)
        for say in [move for move in moves if isinstance(move, Say) and plays]:
            self.now_ms += 4000
            self._happens(PromptFinished(say.prompt, 4000, True, self.now_ms))

    def _happens(self, event: Heard | PromptFinished, *, plays: bool = True) -> None:
        self.course, actions = go_on(self.script, self.course, event)
        self._follow(event, *actions, plays=plays)

    def say(self, words: str, *, goes_on: bool = False, plays: bool = True) -> None:
        """The client says something; with `plays`, the bot's answer is heard to its end."""
        start_ms, self.now_ms = self.now_ms + 300, self.now_ms + 1300
        asked = self.course.before if goes_on and self.course.before else self.course.state
        match = load_matcher().match(asked.question, words)
        self._happens(Heard(words, match, start_ms, self.now_ms, goes_on=goes_on), plays=plays)

    @property
    def answered(self) -> list[str]:
        """The pages of the form that are filled in."""
        return [page.node for page, _ in self.sheet.form().answered]

    @property
    def told(self) -> list[tuple[str, str]]:
        """The answers in the briefing."""
        return [(one.value, one.words) for one in self.notebook.briefing().answers]


def test_an_answer_that_was_taken_back_is_asked_by_the_agent() -> None:
    call = Overheard(ANOMALY)
    call.say("是我")
    call.say("方便")
    call.say("是的", plays=False)
    assert call.answered == ["anomaly.self_operated"]
    call.say("是的转人工我要找人工", goes_on=True)
    assert call.answered == []
    assert call.told == [("yes", "是我"), ("yes", "方便")]
    with pytest.raises(FormError):  # the reminder comes after the question that nobody has answered
        call.sheet.give("anomaly.reminder", "read", "", call.now_ms)
    call.sheet.give("anomaly.self_operated", "yes", "", call.now_ms)
    assert not call.sheet.complete


def test_a_stranger_has_filled_nothing_in_for_the_client() -> None:
    call = Overheard(ANOMALY)
    for words in ("是我", "方便", "是的"):
        call.say(words)
    assert call.answered == ["anomaly.self_operated", "anomaly.reminder"]
    call.say("我不是本人，我是他老婆")
    assert (call.answered, call.told) == ([], [])


def test_the_bots_last_words_are_not_said_where_the_client_goes_on() -> None:
    notebook = Notebook("7-1", ANOMALY, "单小明", "先生")
    match = load_matcher().match("anomaly.self_operated", "不用了")
    moves: list[Move] = [Heard("不用了", match, 1, 2), Note("q", "no", "不用了", None, 1.0, "", 1, 2)]
    for move in (*moves, Finish(Ending.REFUSED)):
        notebook.note(move)
    assert notebook.finished
    notebook.note(Heard("不用了谢谢你说吧", match, 1, 3, goes_on=True))
    assert not notebook.finished
