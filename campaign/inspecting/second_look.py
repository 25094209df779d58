"""A call looked at again: what its log says of the bot's conduct, and what today's program would do otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.conduct import Finding, findings
from bot.errors import BotError
from bot.moves import Action, Collect, Event, Finish, Flag, Heard, Listen, Note, Say, Strike, Transfer
from bot.replay import Move, facts_from_json
from bot.writing.glossary import CUES
from campaign.calls.replaying import record_of, replay_call, spoken
from intents import Intent, Match, Matcher
from models import Attempt
from rules import label_of
from rules.outcomes import Method
from rules.scorecards import Check

_MOST = 20  # differences that are told: after the first the rest mostly follow


@dataclass(frozen=True, slots=True)
class Otherwise:
    """Where today's program would do otherwise: the place in the recording, what was done, what it would do."""

    at_ms: int
    done: str
    would: str


def conduct_of(session: Session, attempt: Attempt) -> Mapping[Check, Finding]:
    """What the log gives the automatic items; empty where it cannot be read, or its script is not known any more."""
    if attempt.method != Method.VOICE_BOT:
        return {}
    try:
        record = record_of(session, attempt)
        if record.trouble or not record.moves:
            return {}
        return findings(spoken(session, attempt), facts_from_json(attempt.facts), record.moves)
    except BotError:
        return {}


def otherwise(session: Session, call_id: str, matcher: Matcher | None) -> tuple[Otherwise, ...]:
    """What would be done and understood otherwise today; raises ReplayError and ScriptInvalid as `replay_call`."""
    replayed = replay_call(session, call_id)
    events = [move for move in replayed.moves if isinstance(move, Event)]
    acts = [
        Otherwise(_place(events[: one.after_event]), _words(one.logged), _words(one.expected))
        for one in replayed.differences
    ]
    meant = list(_understood(replayed.moves, matcher)) if matcher else []
    return tuple(sorted([*meant, *acts], key=lambda one: one.at_ms)[:_MOST])


def _place(before: Sequence[Event]) -> int:
    if not before:
        return 0
    last = before[-1]
    return last.start_ms if isinstance(last, Heard) else last.at_ms


def _understood(moves: Sequence[Move], matcher: Matcher) -> Iterator[Otherwise]:
    """Words that are understood otherwise today; doubts that arose from hearing them badly are left alone."""
    question = ""
    for move in moves:
        if isinstance(move, Listen | Collect):
            question = move.question
        elif isinstance(move, Heard) and move.text and move.match.intent is not Intent.UNCLEAR:
            today = matcher.match(question, move.text)
            if (today.intent, today.risks) != (move.match.intent, move.match.risks):
                yield Otherwise(move.start_ms, _meaning(move.match), _meaning(today))


def _meaning(match: Match) -> str:
    return f"理解为“{CUES[match.intent]}”" + "".join(f"，风险“{label_of(risk)}”" for risk in sorted(match.risks))


def _words(action: Action | None) -> str:
    match action:
        case Say(text=text):
            return f"说“{text}”"
        case Note(question=question, value=value):
            return f"登记 {question}：{CUES.get(value, value)}"
        case Flag(risk=risk):
            return f"标记“{label_of(risk)}”"
        case Strike():
            return "撤回非本人的答复"
        case Transfer(reason=reason):
            return f"转人工（{label_of(reason)}）"
        case Finish(ending=ending):
            return f"结束（{ending.value}）"
        case Listen(question=question) | Collect(question=question):
            return f"听 {question} 的答复"
        case _:
            return "（没有动作）"
