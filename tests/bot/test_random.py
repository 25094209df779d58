"""Whatever happens in whatever order, at any place of any script, some rules hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dialogue import advance, begin
from bot.moves import (
    Action,
    AgentJoined,
    Attest,
    BargedIn,
    Collect,
    Event,
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
    Strike,
    Transfer,
    TransferFailed,
)
from bot.nodes import Question, Script, fill, node_texts
from bot.replay import differences
from bot.script import load_script, script_names
from bot.walk.course import standing
from bot.walk.records import caring
from bot.walk.state import Stage, State
from intents import Intent, Match
from rules.outcomes import Ending, Risk
from rules.witnesses import AnsweringMachine
from tests.bot.conversation import CALLED_AT, facts_for

SCRIPTS = {name: load_script(name) for name in script_names()}
LONGEST_WAIT_MS = 60_000
MOST_SILENCES = 12
SPOKEN = tuple(Risk)[:19]  # the risks that words show

WORDS = st.sampled_from(
    ["", "嗯", "是的", "不是", "没有", "很满意", "一般", "不太满意", "软件老是卡", "什么风险", "机器人", "要多久啊"]
    + ["明天下午三点", "今天晚上九点", "不，四点吧", "下礼拜二", "改天吧"]
    + ["幺三八零零零零幺二三四", "幺三八", "零零零零", "不对是零零零幺", "最后一位是五", "就这些", "不对"]
    + ["稍等我叫他来听", "我就是本人", "我是他老婆"]
)
MATCHES = st.builds(Match, st.sampled_from(Intent), st.frozensets(st.sampled_from(SPOKEN), max_size=2))
CALM = st.sampled_from([Match(intent) for intent in Intent if intent not in (Intent.HUMAN, Intent.COMPLAINT)])
AGREES = st.just(Match(Intent.YES))
KEYS = st.sampled_from(["1", "2", "3", "0", "7", "#", "138", "00001234", "13800001234"])

MET = MachineAnswered(AnsweringMachine.VOICEMAIL, 10)

Happens = Callable[["Watch"], Event]


@dataclass
class Watch:
    """A conversation, its log, and what it waits for."""

    script: Script
    state: State = field(init=False)
    log: list[Event | Action] = field(default_factory=list)
    awaited: Action | None = None
    private: frozenset[str] = frozenset()

    def start(self, resume_at: str, hours_left: int = 48) -> None:
        """Begin a call whose private slots cannot be mistaken for anything else."""
        facts = facts_for(self.script, resume_at)
        marked = {slot.name: f"〔{slot.name}〕" for slot in self.script.slots.values() if slot.private}
        before = CALLED_AT + timedelta(hours=hours_left)
        self.facts = replace(facts, slots=facts.slots | marked, callback_before=before, dialled="13900005678")
        self.private = frozenset(private_texts(self.script, self.facts.slots))
        self.state, actions = begin(self.script, self.facts)
        self._did(actions)

    def take(self, event: Event) -> None:
        """One event, and all that must hold of what follows."""
        before = self.state
        self.state, actions = advance(self.script, before, event)
        self.log.append(event)
        self._did(actions)
        self._check(before, event, actions)

    def _did(self, actions: tuple[Action, ...]) -> None:
        self.log += actions
        for action in actions:
            if isinstance(action, Listen | Collect | Transfer | Finish):
                self.awaited = action

    def play(self, *, complete: bool = True) -> None:
        """What may not be interrupted is played, or cut."""
        while self.state.owed:
            self.take(PromptFinished(self.state.owed[0], 1000, complete, 6))

    def _check(self, before: State, event: Event, actions: tuple[Action, ...]) -> None:
        self._is_never_silent()
        self._tells_strangers_nothing()
        self._flags_what_is_risky(actions)
        self._cares(before, event, actions)
        if before.finished:
            assert all(isinstance(action, Flag | Attest | Strike | Finish) for action in actions)
        if before.stage is Stage.WITH_AGENT:
            assert not any(isinstance(action, Say | Listen | Collect | Transfer) for action in actions)
        if self.state.identity_confirmed and not before.identity_confirmed:
            assert before.question == "opening.identity"
            assert is_a_yes(event)

    def _is_never_silent(self) -> None:
        match self.state.stage:
            case Stage.TALKING:
                assert isinstance(self.awaited, Listen | Collect)
                assert self.awaited.question == self.state.question == self.state.node
                assert 0 < self.awaited.wait_ms <= LONGEST_WAIT_MS
            case Stage.HANDING_OVER:
                assert isinstance(self.awaited, Transfer)
            case Stage.OVER:
                assert isinstance(self.awaited, Finish)
            case Stage.WITH_AGENT:
                pass

    def _tells_strangers_nothing(self) -> None:
        if self.state.identity_confirmed:
            return
        for move in reversed(self.log):
            if isinstance(move, Say):
                assert move.text not in self.private
                assert "〔" not in move.text
            elif not isinstance(move, Action):
                return

    def _flags_what_is_risky(self, actions: tuple[Action, ...]) -> None:
        flagged = {action.risk for action in actions if isinstance(action, Flag)}
        for note in (action for action in actions if isinstance(action, Note)):
            node = self.script.nodes[note.question]
            answers = node.answers if isinstance(node, Question) else {}
            unsafe = answers.get(note.value, answers.get(note.intent or ""))
            assert unsafe is None or unsafe in flagged
            if node.review and note.intent in (Intent.YES, Intent.NO) and unsafe is None:
                assert answers.get(note.intent) is None or note.value in answers  # no unsafe polarity as a safe choice

    def _cares(self, before: State, event: Event, actions: tuple[Action, ...]) -> None:
        if isinstance(event, Heard) and caring(event.match.risks) and before.stage is Stage.TALKING:
            if not event.under_prompt and not before.kept:
                assert self.state.finished
                assert not any(isinstance(action, Transfer) for action in actions)


def private_texts(script: Script, slots: dict[str, str]) -> list[str]:
    """Everything that may be said only to the client, not what strangers are told in the same words."""
    replies = (*script.questions, *script.doubts)
    nodes = {private: [node for node in script.nodes.values() if node.private is private] for private in (True, False)}
    said = {private: {text for node in nodes[private] for text in node_texts(node).values()} for private in nodes}
    texts = said[True] | {reply.say for reply in replies if reply.private}
    return [fill(text, slots) for text in texts - said[False]]


def is_a_yes(event: Event) -> bool:
    if isinstance(event, Pressed):
        return event.keys == "1"
    return isinstance(event, Heard) and event.match.intent is Intent.YES and not event.under_prompt


def last_prompt(watch: Watch) -> str:
    return next((move.prompt for move in reversed(watch.log) if isinstance(move, Say)), "")


def heard(words: str, match: Match, under_prompt: bool) -> Happens:
    return lambda watch: Heard(words, match, 1, 2, 1.0, under_prompt and bool(watch.state.owed))


HAPPENINGS = st.one_of(
    st.builds(heard, WORDS, MATCHES, st.booleans()),
    st.builds(heard, WORDS, CALM, st.booleans()),
    st.builds(heard, WORDS, AGREES, st.just(False)),
    KEYS.map(lambda keys: lambda _: Pressed(keys, 3)),
    st.just(lambda _: FellSilent(4)),
    st.sampled_from([100, 900]).map(lambda ms: lambda watch: BargedIn(last_prompt(watch), ms, 5)),
    st.booleans().map(lambda whole: lambda watch: PromptFinished(last_prompt(watch), 1000, whole, 6)),
    st.sampled_from([AgentJoined("agent-1", 8), TransferFailed("declined", 9), MET]).map(lambda event: lambda _: event),
)
CLIENT_TURNS = st.one_of(
    st.builds(heard, WORDS, CALM, st.just(False)), KEYS.map(lambda keys: lambda _: Pressed(keys, 3))
)
ANY_SCRIPT = pytest.mark.parametrize("name", sorted(SCRIPTS))


def resumes(script: Script) -> st.SearchStrategy[str]:
    return st.sampled_from(["", "no.such.node", *(node.id for node in script.nodes.values() if node.review)])


@ANY_SCRIPT
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_events_keep_the_rules(name: str, data: st.DataObject) -> None:
    watch = Watch(SCRIPTS[name])
    watch.start(data.draw(resumes(watch.script)), data.draw(st.sampled_from([0, 1, 48, 240])))
    for _ in range(data.draw(st.sampled_from([0, 2, 2, 4]))):  # often in mid-review
        watch.play()
        watch.take(Heard("是的", Match(Intent.YES), 1, 2))
    said: set[Risk] = set()
    for happens, plays in data.draw(st.lists(st.tuples(HAPPENINGS, st.booleans()), max_size=50)):
        event = happens(watch)
        if isinstance(event, Heard) and watch.state.stage is not Stage.WITH_AGENT:
            said |= event.match.risks
        watch.take(event)
        if plays:
            watch.play()
    if data.draw(st.booleans()):
        fall_silent_for_good(watch)
    watch.take(HungUp(99))
    assert watch.state.finished
    if watch.state.ending is not Ending.MACHINE:  # whose words are nobody's
        assert said <= {move.risk for move in watch.log if isinstance(move, Flag)}
    endings = [move.ending for move in watch.log if isinstance(move, Finish)]
    assert endings and len(endings) == len(set(endings))
    assert sum(isinstance(move, Finish) for move in standing(watch.log)) == 1
    assert differences(watch.script, watch.facts, watch.log) == ()


def fall_silent_for_good(watch: Watch) -> None:
    """However a call stands, silence brings it to its end."""
    for _ in range(MOST_SILENCES):
        watch.play()
        if watch.state.stage is Stage.TALKING:
            watch.take(FellSilent(7))
        elif watch.state.stage is Stage.HANDING_OVER:
            watch.take(TransferFailed("timed_out", 8))
    assert watch.state.stage in (Stage.OVER, Stage.WITH_AGENT)


@ANY_SCRIPT
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_every_call_ends_within_its_bounds(name: str, data: st.DataObject) -> None:
    watch = Watch(SCRIPTS[name])
    watch.start("")
    turns = data.draw(st.lists(CLIENT_TURNS, min_size=10, max_size=10))
    for number in range(watch.script.limits.turns + 10):
        if watch.state.stage is not Stage.TALKING:
            return
        before = len(watch.log)
        watch.take(turns[number % len(turns)](watch))
        watch.play()
        assert len(watch.log) - before <= 16
    raise AssertionError("the call goes on beyond its bound")


@given(st.lists(HAPPENINGS, max_size=30))
def test_an_agent_is_never_talked_over(happenings: list[Happens]) -> None:
    watch = Watch(SCRIPTS["anomaly"])
    watch.start("")
    watch.take(Heard("转人工", Match(Intent.HUMAN), 1, 2))
    watch.take(AgentJoined("agent-1", 3))
    for happens in happenings:
        watch.take(happens(watch))
