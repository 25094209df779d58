"""The mind of a called person: what was heard in, what to do out. Pure: chance and time are arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from telephony.simulator.ear import Heard, Kind, Question, contains, digits
from telephony.simulator.personas import ANSWER, Manner, Persona, Plain, Reaction, Utter, first_match

CONFIRM_CONTACT = "relay.confirm_contact"  # the number is read back: whether it is right is heard, not known
_SLOT = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Say:
    """Speak; `hangs_up` puts the phone down afterwards."""

    text: str
    muffled: bool = False
    hangs_up: bool = False


@dataclass(frozen=True, slots=True)
class Press:
    """Press one key."""

    key: str


@dataclass(frozen=True, slots=True)
class Stay:
    """Say nothing and listen on; `long` is for 请稍候 and the like."""

    long: bool = False


@dataclass(frozen=True, slots=True)
class HangUp:
    """Put the phone down."""


Reply: TypeAlias = Say | Press | Stay | HangUp


@dataclass(frozen=True)
class Person:
    """One client at one attempt: who it is, how it speaks, what is true for it."""

    persona: Persona
    manner: Manner
    questions: Mapping[str, Question]
    slots: Mapping[str, str]

    def truth(self, question: Question) -> str:
        """What this person answers to a question: its own truth, else the safe answer."""
        return first_match(self.persona.truth, question.id) or question.safe


@dataclass(frozen=True, slots=True)
class Mind:
    """What a person remembers of the call so far."""

    asked: tuple[str, ...] = ()  # ids of the questions heard, in order, repeats included
    lost: int = 0  # times in a row that nothing was understood
    waited: int = 0  # times in a row that the other side stayed silent
    pressed: int = 0  # key prompts heard
    interrupted: frozenset[int] = frozenset()


def greet(person: Person, chance: int) -> Reply:
    """What is said on picking up."""
    return _say(person, person.persona.greets, chance)


def respond(person: Person, mind: Mind, heard: Heard, text: str, chance: int) -> tuple[Mind, Reply]:
    """React to a finished sentence of the other side; `chance` chooses among wordings."""
    if heard.keys:
        return _respond_to_keys(person, mind, heard, chance)
    if heard.question is None:
        mind = replace(mind, lost=mind.lost + 1, waited=0)
        return mind, _lost(person, mind, chance)
    match heard.question.kind:
        case Kind.QUESTION:
            return _respond_to_question(person, mind, heard.question, text, chance)
        case Kind.HOLD:
            return replace(mind, lost=0, waited=0), Stay(long=True)
        case Kind.STATEMENT | Kind.CLOSING:
            return replace(mind, lost=0, waited=0), Stay()


def interrupt(person: Person, mind: Mind, partial: str, chance: int) -> tuple[Mind, Reply | None]:
    """React while the other side still speaks; None: let it speak."""
    for place, interruption in enumerate(person.persona.during):
        if place in mind.interrupted:
            continue
        if any(contains(partial, phrase) for phrase in interruption.phrases):
            mind = replace(mind, interrupted=mind.interrupted | {place})
            return mind, _plain_reply(person, interruption.reaction, chance)
    return mind, None


def wait(person: Person, mind: Mind, chance: int) -> tuple[Mind, Reply]:
    """React to a long silence of the other side: ask once whether anybody is there, then put the phone down."""
    mind = replace(mind, waited=mind.waited + 1)
    if mind.waited > 1:
        return mind, HangUp()
    if person.persona.lost and person.persona.lost[0] == Plain("silence"):
        return mind, Stay()
    return mind, _say(person, person.manner.waiting, chance)


def possible_texts(person: Person) -> Iterator[tuple[str, bool]]:
    """Every text that this person may say in this call, each with whether it is muffled."""
    persona, manner = person.persona, person.manner
    plain = [*persona.greets, *manner.lost, *manner.waiting]
    for question in person.questions.values():
        answers = ("yes", "no") if question.id == CONFIRM_CONTACT else (person.truth(question),)
        plain += [text for answer in answers for text in manner.wording(question.id, answer)]
    yield from ((text, False) for text in filled(plain, person.slots))
    groups = [*persona.reactions.values(), persona.keys, persona.lost, tuple(item.reaction for item in persona.during)]
    for reaction in (reaction for group in groups for reaction in group if isinstance(reaction, Utter)):
        yield from ((text, reaction.muffled) for text in filled(reaction.texts, person.slots))


def filled(texts: Sequence[str], slots: Mapping[str, str]) -> list[str]:
    """The wordings with a person's own data put in; those that need what the person does not have are left out."""
    return [
        _SLOT.sub(lambda slot: slots[slot[1]], text)
        for text in texts
        if all(name in slots for name in _SLOT.findall(text))
    ]


def _respond_to_question(person: Person, mind: Mind, question: Question, text: str, chance: int) -> tuple[Mind, Reply]:
    times = mind.asked.count(question.id)
    mind = replace(mind, asked=(*mind.asked, question.id), lost=0, waited=0)
    reactions = first_match(person.persona.reactions, question.id) or (ANSWER,)
    reaction = reactions[min(times, len(reactions) - 1)]
    if reaction != ANSWER:
        return mind, _plain_reply(person, reaction, chance)
    answer = person.truth(question)
    if question.id == CONFIRM_CONTACT:
        answer = "yes" if person.slots.get("号码数字", "") in digits(text) else "no"
    return mind, _spoken(person, question.id, answer, chance + times)  # asked again: said in another way


def _respond_to_keys(person: Person, mind: Mind, heard: Heard, chance: int) -> tuple[Mind, Reply]:
    last = mind.asked[-1] if mind.asked else ""
    question = heard.question if heard.question and heard.question.kind is Kind.QUESTION else None
    question = question or person.questions.get(last)
    reaction = person.persona.keys[min(mind.pressed, len(person.persona.keys) - 1)]
    mind = replace(mind, pressed=mind.pressed + 1, lost=0, waited=0)
    if question is None:
        return mind, Stay()
    truth = person.truth(question)
    if reaction == Plain("press"):
        key = heard.keys.get(truth, "")
        return mind, Press(key) if key else _spoken(person, question.id, truth, chance)
    if reaction == ANSWER:
        return mind, _spoken(person, question.id, truth, chance)
    return mind, _plain_reply(person, reaction, chance)


def _lost(person: Person, mind: Mind, chance: int) -> Reply:
    """Ask again at the first two sentences without sense, then stay silent."""
    if person.persona.lost:
        reaction = person.persona.lost[min(mind.lost, len(person.persona.lost)) - 1]
        if reaction != ANSWER:
            return _plain_reply(person, reaction, chance)
    return _say(person, person.manner.lost, chance) if mind.lost <= 2 else Stay()


def _spoken(person: Person, question: str, answer: str, chance: int) -> Reply:
    return _say(person, person.manner.wording(question, answer), chance)


def _plain_reply(person: Person, reaction: Reaction, chance: int) -> Reply:
    match reaction:
        case Utter():
            return _say(person, reaction.texts, chance, reaction.muffled, reaction.hangs_up)
        case Plain("hang_up"):
            return HangUp()
        case Plain():
            return Stay()


def _say(person: Person, texts: Sequence[str], chance: int, muffled: bool = False, hangs_up: bool = False) -> Reply:
    """One of the wordings, by chance; silence where there is none."""
    choice = filled(texts, person.slots)
    return Say(choice[chance % len(choice)], muffled, hangs_up) if choice else Stay()
