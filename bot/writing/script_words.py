"""What a script must say and to whom: disclosure, reminders, account facts only to the client, known slots."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bot.errors import Problem
from bot.nodes import (
    FILLED_BY,
    HOURS_SLOT,
    LATEST_SLOT,
    SLOT,
    Goodbye,
    Question,
    Script,
    Statement,
    node_texts,
    shared_texts,
    spoken_texts,
)
from bot.writing.source import Place

SAYS_AUTOMATED = re.compile("智能语音|自动语音|语音助手|语音助理|机器人")
SAYS_RECORDED = re.compile("录音")
REMINDS = re.compile("温馨提示|郑重提醒|风险提示|切勿|绝对不允许|务必妥善")
ACCOUNT = re.compile("账户|帐户|账号|开户|交易|资金|持仓|股票|基金|理财|适当性|投诉(?!电话)")
Where = Callable[[str, str], Place]


def opening_discloses(script: Script, where: Where) -> Iterator[Problem]:
    """The first words say that a machine speaks and that the call is recorded, and are heard to their end."""
    entry = script.nodes.get(script.entry)
    if not isinstance(entry, Question):
        return
    lead = entry.before
    said = lead.say if lead else ""
    place = where(entry.id, "before")
    if not SAYS_AUTOMATED.search(said):
        yield place.problem("开头没有说明是智能语音助手；请写在第一个问题的 before 里")
    if not SAYS_RECORDED.search(said):
        yield place.problem("开头没有告知通话录音；请写在第一个问题的 before 里")
    if lead and lead.interruptible:
        yield place.problem("开头的说明不能被打断；请在 before 里加上 interruptible: no")


def strangers_hear_nothing_private(script: Script, where: Where) -> Iterator[Problem]:
    """What may be said before identity is confirmed names nothing about the account."""
    private = {slot.name for slot in script.slots.values() if slot.private}
    for node in script.nodes.values():
        for field, text in {} if node.private else node_texts(node).items():
            for fact in _account_facts(text, private):
                message = f"确认本人之前会说到的话里不能有{fact}；请删去，或者放到确认本人以后的节点"
                yield where(node.id, field).problem(message)
    for field, text in shared_texts(script, private=False).items():
        for fact in _account_facts(text, private):
            yield where("", field).problem(f"对任何人都会说的话里不能有{fact}；请删去，答复也可以标明 private: yes")


def _account_facts(text: str, private: set[str]) -> list[str]:
    """What a text tells about the account: private slots, and words that show that there is one."""
    slots = [f" {{{name}}}" for name in sorted(_slots_in(text) & private)]
    return slots + [f"“{word}”" for word in dict.fromkeys(ACCOUNT.findall(SLOT.sub("", text)))]


def reminders_are_must_hear(script: Script, where: Where) -> Iterator[Problem]:
    """A reminder stands alone and cannot be interrupted."""
    for node in script.nodes.values():
        if isinstance(node, Statement) and not node.must_hear and REMINDS.search(node.say):
            yield where(node.id, "say").problem("提示和提醒必须让客户听完；请加上 must_hear: yes")
        for field, text in node_texts(node).items() if isinstance(node, Question) else ():
            if REMINDS.search(text):
                yield where(node.id, field).problem("提示和提醒不能和问题写在一起；请另立节点并标明 must_hear: yes")


def slots_are_known(script: Script, where: Where) -> Iterator[Problem]:
    """Every slot spoken is declared, and its braces are closed."""
    known = set(script.slots) | set(FILLED_BY) | {HOURS_SLOT, LATEST_SLOT}
    for node_id, field, text in (*spoken_texts(script), *_topics(script)):
        for name in _slots_in(text) - known:
            yield where(node_id, field).problem(f"话里的 {{{name}}} 没有在 slots 里说明；请补上或者改正")
        if set("{}") & set(SLOT.sub("", text)):
            yield where(node_id, field).problem("花括号不成对；请写成 {名称}")


def _topics(script: Script) -> Iterator[tuple[str, str, str]]:
    """The topics, which may hold slots as the texts do."""
    for node in script.nodes.values():
        if not isinstance(node, Goodbye):
            yield node.id, "topic", node.topic


def _slots_in(text: str) -> set[str]:
    return set(SLOT.findall(text))


WORD_RULES = (
    opening_discloses,
    strangers_hear_nothing_private,
    reminders_are_must_hear,
    slots_are_known,
)
