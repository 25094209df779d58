"""The conversation: `begin` opens it, `advance` takes one event and gives the next state and what to do.

Pure: no clock, no chance, no audio. Rules of the walk are in steps.py, walking.py and taking.py, what is kept in
records.py.
Rules that hold whatever happens:

- Nothing private is said before identity is confirmed; words of a stranger take the confirmation back.
- An answer counts only for a question that was put: not before it was asked, not under a prompt that may not
  be interrupted, not after a pause. Words said there still raise flags and are still acted on.
- A risky answer is noted, flagged and, when grave, handed to a human; it is never judged or explained.
- What is said over the goodbye is kept for a person and may end the call otherwise (parting.py).
- A client who needs care (distress, a death, a minor, drink) is asked nothing more and put through to nobody.
- Events that come late, twice or out of order change nothing (HEEDED).
- A machine in the client's place is told nothing more and leaves nothing on record; once the review has begun,
  whoever is there has shown to be a person.
- Every wait and every loop is bounded (script limits); after too many turns the call ends as after silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import assert_never

from bot.errors import SlotsMissing
from bot.moves import (
    Action,
    AgentJoined,
    BargedIn,
    Event,
    Facts,
    FellSilent,
    Finish,
    Heard,
    HungUp,
    MachineAnswered,
    Pressed,
    PromptFinished,
    TransferFailed,
)
from bot.nodes import ANSWERS, Capture, Ladder, Question, Reaction, Script, Statement
from bot.walk.choices import understood
from bot.walk.overheard import record_kept, release, settle_prompt
from bot.walk.parting import turn_round
from bot.walk.records import caring, flag, grave, is_answer, note, shown_risks
from bot.walk.said import Said
from bot.walk.state import Stage, State, Tries, Turn, node_of, part_of
from bot.walk.steps import ask, enter, hand_over, present, take_care
from bot.walk.taking import begins_number, find_value, go_on, take_value
from bot.walk.walking import (
    answer_aside,
    asked_for,
    await_another,
    begin_again,
    clarify,
    follow,
    give_up,
    leads_to,
    put_again,
)
from bot.walk.whoever import claims_to_be_the_client, disown, is_another, is_new_here, passes_on
from intents.values import Intent
from rules.outcomes import Ending, Risk

# Which events each stage heeds; the rest came late or out of order.
HEEDED: Mapping[Stage, tuple[type[Event], ...]] = MappingProxyType(
    {
        Stage.TALKING: (Heard, Pressed, FellSilent, BargedIn, PromptFinished, AgentJoined, HungUp, MachineAnswered),
        Stage.HANDING_OVER: (Heard, PromptFinished, AgentJoined, TransferFailed, HungUp, MachineAnswered),
        Stage.WITH_AGENT: (PromptFinished, HungUp),
        Stage.OVER: (Heard, Pressed, PromptFinished, HungUp),
    }
)
# Answers that mean something only after their question.
PLAIN = frozenset({Intent.YES, Intent.NO, Intent.UNSURE, Intent.UNCLEAR, Intent.REPEAT})
PUTTING = frozenset({"ask", "rephrase", "keys"})  # the prompts that put a question
REACTION_MS = 400  # speech sooner after the start of a prompt is no reaction to it


def begin(script: Script, facts: Facts) -> tuple[State, tuple[Action, ...]]:
    """Open the conversation; raises SlotsMissing where the task lacks what the script speaks."""
    missing = script.missing_slots(facts.slots)
    if missing:
        raise SlotsMissing(script.name, missing)
    node = script.nodes.get(facts.resume_at)
    resume_at = facts.resume_at if node is not None and node.review else ""
    turn = enter(Turn(script, State(facts, script.entry, resume_at=resume_at)), script.entry)
    return turn.state, turn.actions


def advance(script: Script, state: State, event: Event) -> tuple[State, tuple[Action, ...]]:
    """Take one event: the next state and the actions, in order."""
    if not isinstance(event, HEEDED[state.stage]):
        return state, ()
    turn = _take(Turn(script, state), event)
    return turn.state, turn.actions


def _take(turn: Turn, event: Event) -> Turn:
    match event:
        case Heard():
            return _hear(turn, event)
        case Pressed():
            return _press(turn, event)
        case FellSilent():
            return _fall_silent(turn, event)
        case BargedIn():
            return _cut_in(turn, event)
        case PromptFinished():
            return _finish_prompt(turn, event)
        case HungUp():
            return _hang_up(turn, event)
        case AgentJoined():
            return turn.having(stage=Stage.WITH_AGENT, question="")
        case TransferFailed():
            return _stay_alone(turn)
        case MachineAnswered():
            return _leave_machine(turn)
        case _:
            assert_never(event)


def _hear(turn: Turn, heard: Heard) -> Turn:
    said = Said.heard(heard)
    if turn.state.ending is Ending.MACHINE:
        return turn
    if turn.state.stage is Stage.OVER:
        return turn_round(turn, said)
    if turn.state.stage is not Stage.TALKING:
        return flag(disown(turn, said) if is_another(turn, said) else turn, said.risks, said)
    if heard.under_prompt:
        turn = turn.having(kept=(*turn.state.kept, heard))
        return turn if turn.state.owed else release(turn)
    return _after_release(turn, said, _answer)


def _press(turn: Turn, pressed: Pressed) -> Turn:
    """Take keys as an answer, or as the number that is asked for; under a must-hear text only a person is asked for."""
    said = _keyed(turn, pressed)
    if turn.state.ending is Ending.MACHINE:
        return turn
    if turn.state.stage is Stage.OVER:
        return turn_round(turn, said)
    if turn.state.owed:
        return flag(turn, asked_for(said), said)
    return _answer(turn, said)


def _keyed(turn: Turn, pressed: Pressed) -> Said:
    """What keys mean here: by the question's own keypad, else by that of the script."""
    node, keys = turn.node, pressed.keys
    own = node.keypad if isinstance(node, Question) else {}
    meant = own.get(keys, "")
    if isinstance(node, Question) and meant:
        chosen = next((choice for choice in node.choices if choice.name == meant), None)
        return Said.pressed(chosen.means if chosen else Intent(meant), keys, pressed.at_ms, meant)
    shared = turn.script.keypad.get(keys)
    if shared is not None and not (own and shared in ANSWERS):
        return Said.pressed(shared, keys, pressed.at_ms)
    keyed_number = isinstance(node, Question) and node.capture is Capture.NUMBER
    return Said.pressed(Intent.YES if keyed_number else Intent.UNCLEAR, keys, pressed.at_ms)


def _answer(turn: Turn, said: Said) -> Turn:
    """Take what was said as the answer to the question here, if it was put."""
    turn = turn.having(turns=turn.state.turns + 1)
    if turn.state.turns > turn.script.limits.turns:
        return _run_out(flag(turn, said.risks, said), said)
    said = understood(turn.node, said)
    turn = disown(turn, said)
    if passes_on(said):
        return _mark(turn, said, said.risks, await_another)
    if is_new_here(turn, said) or claims_to_be_the_client(turn, said):
        return _mark(turn, said, said.risks, begin_again)
    found = find_value(turn, turn.node, said)
    if said.cue is Intent.UNCLEAR and begins_number(turn, said):
        said = replace(said, cue=Intent.YES)  # digits where a number is offered mean that it is given
    if found is not None:
        return _mark(turn, said, said.risks, partial(take_value, found=found))
    if not turn.state.put and said.cue in PLAIN:
        return _mark(turn, said, said.risks, put_again)
    if _hesitates(turn, said):
        return _mark(turn, said, said.risks, clarify)
    risks = shown_risks(turn, said)
    if is_answer(turn, said):
        turn = note(turn, said)
        turn = turn if risks else answer_aside(turn, said)
    return _mark(turn, said, risks, follow)


def _run_out(turn: Turn, said: Said) -> Turn:
    """The call has lasted too many turns: end it as after silence."""
    if care := caring(said.risks):
        return take_care(turn, care)
    return give_up(turn, replace(said, cue=Ladder.SILENT))


def _hesitates(turn: Turn, said: Said) -> bool:
    """Whether a review question is left open: unsure for the first time, or 有 without saying what."""
    node = turn.node
    if not isinstance(node, Question) or not node.review or said.value:
        return False
    if node.capture is Capture.WORDS:
        return said.cue in ANSWERS
    return said.cue is Intent.UNSURE and turn.state.tries.clarified == 0


def _mark(turn: Turn, said: Said, risks: frozenset[Risk], onward: Callable[[Turn, Said], Turn]) -> Turn:
    """Flag risks; one that asks for care ends the call, a grave one fetches a human, else the conversation goes on."""
    turn = flag(turn, risks, said)
    if care := caring(risks):
        return take_care(turn, care)
    reason = grave(risks)
    if reason is None or leads_to(turn, said) == Reaction.HAND_OVER:
        return onward(turn, said)
    return hand_over(turn, reason)


def _keep_on(turn: Turn, said: Said) -> Turn:
    """Go on as the conversation is."""
    return turn


def _fall_silent(turn: Turn, fell: FellSilent) -> Turn:
    return _after_release(turn, Said.nothing(fell.at_ms), _answer_silence)


def _answer_silence(turn: Turn, said: Said) -> Turn:
    """Ask again, then offer the keys, then give up; after a statement, go on."""
    turn = turn.having(turns=turn.state.turns + 1)
    node, tries = turn.node, turn.state.tries
    if not isinstance(node, Question):
        return follow(turn, said)
    if tries.silences >= turn.script.limits.silence or turn.state.turns > turn.script.limits.turns:
        return give_up(turn, said)
    turn = turn.tried(silences=tries.silences + 1)
    if turn.state.digits and not tries.silences:
        return go_on(turn)
    if turn.state.digits:
        turn = turn.having(digits="", dictated=()).say("bad_number", turn.script.texts.bad_number)
    if turn.state.put:
        return ask(turn, node, "keys" if tries.silences else "ask")
    if tries.holds:
        turn = turn.say("still_there", turn.script.texts.still_there)
    return present(turn, guarded=True)


def _cut_in(turn: Turn, cut: BargedIn) -> Turn:
    """Keep whether the question had been put when the client began to speak."""
    here = node_of(cut.prompt) == turn.state.node and part_of(cut.prompt) in PUTTING
    put_before = turn.state.tries != Tries()
    heard = put_before or isinstance(turn.node, Statement) or (here and cut.played_ms >= REACTION_MS)
    return turn.having(put=turn.state.put and heard)


def _finish_prompt(turn: Turn, finished: PromptFinished) -> Turn:
    """Settle a prompt that may not be interrupted: was it delivered, and what was said under it."""
    if finished.prompt not in turn.state.owed:
        return turn
    turn = settle_prompt(turn, finished.prompt, finished.played_ms, finished.at_ms, complete=finished.complete)
    return turn if turn.state.owed or turn.state.stage is not Stage.TALKING else release(turn)


def _after_release(turn: Turn, said: Said, onward: Callable[[Turn, Said], Turn]) -> Turn:
    """Act on what was kept; go on with `said` only where that has not led elsewhere."""
    released = release(turn)
    if released.state.stage is not turn.state.stage:
        return flag(released, said.risks, said)
    if released.state.node != turn.state.node:
        disowned = disown(released, said)
        return _mark(disowned, said, said.risks, _keep_on if disowned is released else follow)
    return onward(released, said)


def _leave_machine(turn: Turn) -> Turn:
    """End the call without another word: no one is there to hear it."""
    if turn.node.review:
        return turn
    turn = turn.having(stage=Stage.OVER, question="", owed=(), kept=(), ending=Ending.MACHINE)
    return turn.do(Finish(Ending.MACHINE))


def _hang_up(turn: Turn, hung_up: HungUp) -> Turn:
    """The line is gone: keep what was said last, and what was not heard to its end."""
    care = caring(frozenset().union(*(heard.match.risks for heard in turn.state.kept)))
    turn = record_kept(turn)
    for prompt in turn.state.owed:
        turn = settle_prompt(turn, prompt, 0, hung_up.at_ms, complete=False)
    state = turn.state
    if state.stage is Stage.OVER:
        return turn
    alone = state.stage is Stage.TALKING and care is None  # who needs care is not called again by the bot
    ending = Ending.HUNG_UP if alone else Ending.HANDED_OVER
    turn = turn.having(stage=Stage.OVER, question="", ending=ending)
    return turn.do(Finish(ending, state.callback_at, state.callback_words))


def _stay_alone(turn: Turn) -> Turn:
    """No human could be fetched: say that one will call back."""
    turn = turn.say("no_agent", turn.script.texts.no_agent)
    return turn.having(stage=Stage.OVER, ending=Ending.HANDED_OVER).do(Finish(Ending.HANDED_OVER))
