"""Whatever happens in whatever order, some rules hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dialogue import advance, begin
from bot.moves import (
    Action,
    AgentJoined,
    BargedIn,
    Collect,
    Event,
    FellSilent,
    Finish,
    Flag,
    Heard,
    HungUp,
    Listen,
    Note,
    Pressed,
    PromptFinished,
    Say,
    Transfer,
    TransferFailed,
)
from bot.nodes import Question, Script
from bot.replay import differences
from bot.script import load_script
from bot.state import Stage, State
from intents import Intent, Match
from rules.outcomes import Risk
from tests.bot.conversation import facts_for

SCRIPTS = {name: load_script(name) for name in ("new_account", "anomaly", "suitability")}
WORDS = st.sampled_from(["", "嗯", "是的", "不是", "明天下午三点", "幺三八零零零零幺二三四", "什么风险", "机器人"])
MATCHES = st.builds(Match, st.sampled_from(Intent), st.frozensets(st.sampled_from(list(Risk)[:16]), max_size=2))
PROMPTS = st.sampled_from(
    [
        "opening.identity/before",
        "opening.identity/ask",
        "new_account.reminder/say",
        "suitability.staff_misconduct/before",
    ]
)
CALM = st.sampled_from([Match(intent) for intent in Intent if intent not in (Intent.HUMAN, Intent.COMPLAINT)])
SPEECH = st.builds(Heard, WORDS, MATCHES, st.just(1), st.just(2), st.just(1.0), st.booleans())
EVENTS = st.one_of(
    SPEECH,
    st.builds(Heard, WORDS, CALM, st.just(1), st.just(2)),
    st.builds(Heard, WORDS, st.just(Match(Intent.YES)), st.just(1), st.just(2)),
    st.builds(Pressed, st.sampled_from(["1", "2", "0", "7", "#", "13800001234"]), st.just(3)),
    st.builds(FellSilent, st.just(4)),
    st.builds(BargedIn, PROMPTS, st.sampled_from([100, 900]), st.just(5)),
    st.builds(PromptFinished, PROMPTS, st.just(1000), st.booleans(), st.just(6)),
    st.builds(HungUp, st.just(7)),
    st.builds(AgentJoined, st.just("agent-1"), st.just(8)),
    st.builds(TransferFailed, st.just("declined"), st.just(9)),
)
CLIENT_TURNS = st.one_of(
    st.builds(Heard, WORDS, CALM, st.just(1), st.just(2)),
    st.builds(Pressed, st.sampled_from(["1", "2", "7"]), st.just(3)),
    st.builds(FellSilent, st.just(4)),
)
RESUMES = st.sampled_from(["", "suitability.knows_rules", "new_account.reminder", "no.such.node"])


@dataclass
class Watch:
    """A conversation with the outstanding prompts played to their end now and then."""

    script: Script
    state: State = field(init=False)
    log: list[Event | Action] = field(default_factory=list)

    def start(self, resume_at: str) -> tuple[Action, ...]:
        self.facts = facts_for(self.script, resume_at)
        self.state, actions = begin(self.script, self.facts)
        self.log += actions
        return actions

    def take(self, event: Event) -> tuple[State, tuple[Action, ...]]:
        before = self.state
        self.state, actions = advance(self.script, before, event)
        self.log += [event, *actions]
        return before, actions


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SCRIPTS)), RESUMES, st.lists(st.tuples(EVENTS, st.booleans()), max_size=60))
def test_any_events_keep_the_rules(name: str, resume_at: str, happenings: list[tuple[Event, bool]]) -> None:
    watch = Watch(SCRIPTS[name])
    watch.start(resume_at)
    spoken_risks: set[Risk] = set()
    for event, plays in happenings:
        before, actions = watch.take(event)
        if isinstance(event, Heard) and before.stage is not Stage.WITH_AGENT:
            spoken_risks |= event.match.risks
        check_step(watch, before, event, actions)
        if plays:
            for prompt in watch.state.owed:
                owing = watch.state
                _, more = watch.take(PromptFinished(prompt, 1000, True, 6))
                check_step(watch, owing, PromptFinished(prompt, 1000, True, 6), more)
    watch.take(HungUp(99))
    assert watch.state.finished
    flagged = {move.risk for move in watch.log if isinstance(move, Flag)}
    assert spoken_risks <= flagged
    assert sum(isinstance(move, Finish) for move in watch.log) == 1
    assert differences(watch.script, watch.facts, watch.log) == ()


def check_step(watch: Watch, before: State, event: Event, actions: tuple[Action, ...]) -> None:
    after = watch.state
    if before.finished:
        assert all(isinstance(action, Flag) for action in actions)
    for action in actions:
        match action:
            case Say(prompt=prompt):
                node = watch.script.nodes[prompt.rpartition("/")[0]]
                assert after.identity_confirmed or not node.private
            case Note(question=question, value=value):
                node = watch.script.nodes[question]
                unsafe = node.answers.get(value) if isinstance(node, Question) else None
                assert unsafe is None or unsafe in {flag.risk for flag in actions if isinstance(flag, Flag)}
            case _:
                pass
    if any(isinstance(action, Say) for action in actions):
        assert isinstance(actions[-1], Listen | Collect | Transfer | Finish)
    if after.identity_confirmed and not before.identity_confirmed:
        assert before.question == "opening.identity"
        confirmed_by_key = isinstance(event, Pressed) and event.keys == "1"
        confirmed_by_word = isinstance(event, Heard) and event.match.intent is Intent.YES and not event.under_prompt
        assert confirmed_by_key or confirmed_by_word


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(SCRIPTS)), st.lists(CLIENT_TURNS, min_size=70, max_size=70))
def test_every_call_ends_within_its_bounds(name: str, turns: list[Event]) -> None:
    watch = Watch(SCRIPTS[name])
    watch.start("")
    for event in turns:
        _, actions = watch.take(event)
        assert len(actions) <= 12
    assert watch.state.finished or watch.state.stage is Stage.HANDING_OVER


@given(st.lists(EVENTS, max_size=30))
def test_an_agent_is_never_talked_over(events: list[Event]) -> None:
    watch = Watch(SCRIPTS["anomaly"])
    watch.start("")
    watch.take(Heard("转人工", Match(Intent.HUMAN), 1, 2))
    watch.take(AgentJoined("agent-1", 3))
    for event in events:
        _, actions = watch.take(event)
        assert not any(isinstance(action, Say | Listen | Collect | Transfer) for action in actions)
