"""What the answers of a script must satisfy: each weighed, each choice and key usable, nothing asked twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.errors import Problem
from bot.nodes import ANSWERS, Goodbye, Question, Script
from bot.walk.choices import usual_choice
from bot.writing.script_words import Where
from intents.values import Intent

_OFFERED = re.compile(r"按(\d|[一二三四五六七八九零])")
_SPOKEN_KEYS = str.maketrans("零一二三四五六七八九", "0123456789")
_NAMES = {Intent.YES: "肯定", Intent.NO: "否定", Intent.UNSURE: "说不清"}


def answers_are_weighed(script: Script, where: Where) -> Iterator[Problem]:
    """A review question says which of its answers is risky; only a survey has none."""
    for node in _review_questions(script):
        risks = [node.answers.get(answer) for answer in (Intent.YES, Intent.NO)]
        if not node.answers:
            yield where(node.id, "").problem("缺少“answers”；请写明 yes、no、unsure 各是 safe 还是哪种风险")
        elif not node.survey and not any(risks):
            message = "yes 和 no 不能都是 safe；请写明哪种回答有风险，只作统计的问题请写 survey: yes"
            yield where(node.id, "answers").problem(message)
        elif all(risks):
            yield where(node.id, "answers").problem("yes 和 no 不能都有风险；请写明哪种回答是 safe")
        elif node.survey and any(node.answers.values()):
            yield where(node.id, "survey").problem("survey: yes 的问题只作统计，回答都应当是 safe；请删去 survey")


def choices_can_be_told_apart(script: Script, where: Where) -> Iterator[Problem]:
    """Whatever the client answers, one choice fits, and each choice can be the one."""
    for node in script.nodes.values():
        if not isinstance(node, Question) or not node.choices:
            continue
        place = where(node.id, "choices")
        for means in ANSWERS:
            if usual_choice(node.choices, means) is None:
                yield place.problem(f"没有表示{_NAMES[means]}（{means}）的选项；请补上一个")
        seen: dict[str, str] = {}
        for choice in node.choices:
            if not choice.words and usual_choice(node.choices, choice.means) is not choice:
                yield place.problem(f"选项“{choice.name}”永远选不到；请在它的 words 里写上客户会怎样说")
            for word in choice.words:
                if seen.setdefault(word, choice.name) != choice.name:
                    yield place.problem(f"“{word}”同时是“{seen[word]}”和“{choice.name}”；请只留在一个选项里")


def keys_are_offered(script: Script, where: Where) -> Iterator[Problem]:
    """The keys that are spoken exist, and they let the client give every answer of a review question."""
    for node in script.nodes.values():
        if not isinstance(node, Question):
            continue
        keypad = {**script.keypad, **node.keypad}
        offered = {key.translate(_SPOKEN_KEYS) for key in _OFFERED.findall(node.keys)}
        for key in sorted(offered - set(keypad)):
            yield where(node.id, "keys").problem(f"请客户按{key}，但按键{key}没有意思；请在 keypad 里写上，或者改正")
        for answer in _answers_by_key(node) - {keypad[key] for key in offered & set(keypad)}:
            yield where(node.id, "keys").problem(f"按键里缺少“{answer}”；请在 keys 里告诉客户按哪个键")


def _answers_by_key(node: Question) -> set[str]:
    """What the client must be able to answer by a key; an open question and a dictated value need none."""
    if node.choices:
        return {choice.name for choice in node.choices}
    return {Intent.YES, Intent.NO} if node.review and node.capture is None else set()


def nothing_is_asked_twice(script: Script, where: Where) -> Iterator[Problem]:
    """No two nodes of one script have the same topic: merging would drop the second."""
    seen: dict[str, str] = {}
    for node in script.nodes.values():
        topic = "" if isinstance(node, Goodbye) else node.topic
        if topic and seen.setdefault(topic, node.id) != node.id:
            message = f"内容（topic）“{topic}”和节点“{seen[topic]}”相同，合并时只会说一次；请改名或者删去一个"
            yield where(node.id, "topic").problem(message)


def pauses_are_ordered(script: Script, where: Where) -> Iterator[Problem]:
    """The less complete an answer, the longer the bot waits."""
    for node in script.nodes.values():
        if isinstance(node, Goodbye):
            continue
        pauses = node.pauses
        if not pauses.closed_ms <= pauses.open_ms <= pauses.unfinished_ms:
            message = "停顿应当 closed 最短、unfinished 最长；请改正 pauses"
            yield where(node.id, "pauses").problem(message)


def _review_questions(script: Script) -> Iterator[Question]:
    yield from (node for node in script.nodes.values() if isinstance(node, Question) and node.review)


ANSWER_RULES = (
    answers_are_weighed,
    choices_can_be_told_apart,
    keys_are_offered,
    nothing_is_asked_twice,
    pauses_are_ordered,
)
