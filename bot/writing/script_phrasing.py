"""How a script may phrase things: no leading, no selling, one thing at a time, short enough to be listened to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.errors import Problem
from bot.nodes import FILLED_BY, SLOT, Question, Script, spoken_texts
from bot.writing.script_words import Where
from bot.writing.wording import load_wording

# Several questions in one breath: each of these may stand once.
_ASKS = ("？", "请问", "是否", "吗")
# A second question hung onto the first (…，另外是否…), and one verb for two deeds (联络您并给予您…).
_HUNG_ON = re.compile(
    "(?:以及|并且|同时|另外|还有|；|;)，?您?(?:请问|是否|有没有|是不是|能不能|会不会)|"
    "(?:以及|并且|同时|另外|；|;)，?您?(?:什么|怎么|哪|几|多少)"
)
_TWO_DEEDS = re.compile("您[^，。；？]*并[^，。；？]*您")
_BREATH = re.compile("[。？！；]")
_FILLER = "内"  # as long as a slot that the client fills in the call


def nothing_leads(script: Script, where: Where) -> Iterator[Problem]:
    """Nothing puts an answer into the client's mouth (T/SAC 002-2024 §5.1.6 d)."""
    for node, field, text in spoken_texts(script):
        for phrase in load_wording().leading:
            if said := phrase.found_in(text):
                message = f"“{said}”{phrase.reason}，是诱导性陈述；请改成不带倾向的问法，例如“请问……吗？”"
                yield where(node, field).problem(message)


def nothing_sells(script: Script, where: Where) -> Iterator[Problem]:
    """A review recommends no business and promises nothing."""
    for node, field, text in spoken_texts(script):
        for phrase in load_wording().selling:
            if said := phrase.found_in(text):
                yield where(node, field).problem(f"“{said}”不能说：{phrase.reason}；请删去")


def one_thing_is_asked(script: Script, where: Where) -> Iterator[Problem]:
    """One question at a time, and one thing in each (E.2.3 d is four questions, not one breath)."""
    for node in script.nodes.values():
        if not isinstance(node, Question):
            continue
        lead = node.before.say if node.before else ""
        for field, text in (("ask", node.ask), ("incoming", node.incoming), ("rephrase", node.rephrase)):
            if sign := asks_twice(text, lead):
                message = f"一次只能问一件事，这里有“{sign}”；请拆成几个节点，各登记各的回答"
                yield where(node.id, field).problem(message)


def asks_twice(text: str, lead: str = "") -> str:
    """The sign of a second question in a text, "" for none; a lead before it may not ask anything."""
    for word in _ASKS:
        if text.count(word) + (lead.count(word) if word in "？吗" else 0) > 1:
            return f"{word}…{word}"
    for pattern in (_HUNG_ON, _TWO_DEEDS):
        if found := pattern.search(text):
            return found[0]
    return ""


def texts_are_short_enough(script: Script, where: Where) -> Iterator[Problem]:
    """No text, and no stretch of it without a stop, is longer than a client listens to."""
    longest = load_wording().longest
    for node, field, text in spoken_texts(script):
        said = _with_samples(script, text)
        breath = max(len(piece) for piece in _BREATH.split(said))
        if len(said) > longest.text:
            message = f"这段话有 {len(said)} 个字，最多 {longest.text} 个；请缩短，或者拆成几个节点"
            yield where(node, field).problem(message)
        elif breath > longest.sentence:
            message = f"一句话有 {breath} 个字，最多 {longest.sentence} 个，一口气说不完；请用句号分成几句"
            yield where(node, field).problem(message)


def _with_samples(script: Script, text: str) -> str:
    samples = {name: slot.sample for name, slot in script.slots.items()} | {name: _FILLER * 11 for name in FILLED_BY}
    return SLOT.sub(lambda slot: samples.get(slot[1], slot[1]), text)


def samples_are_short_enough(script: Script, where: Where) -> Iterator[Problem]:
    """The sample of a slot is no longer than a value that can be listened to."""
    most = load_wording().longest.sample
    for name, slot in script.slots.items():
        if len(slot.sample) > most:
            yield where("", f"slots.{name}").problem(
                f"“{name}”的例子有 {len(slot.sample)} 个字，最多 {most} 个；请缩短"
            )


PHRASING_RULES = (
    nothing_leads,
    nothing_sells,
    one_thing_is_asked,
    texts_are_short_enough,
    samples_are_short_enough,
)
