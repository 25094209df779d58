"""What a script must satisfy before a client hears it; every problem at once, in plain words.

One function per rule; each yields the problems that it finds. Rules that only one field can break (a missing
text, an unknown word) are noted earlier, while the files are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.drafting import Places
from bot.errors import Problem
from bot.nodes import (
    CAPTURED_SLOTS,
    CUES,
    SLOT,
    Exit,
    Goodbye,
    Question,
    Reaction,
    Script,
    Statement,
    node_texts,
    spoken_texts,
)
from bot.source import Place
from intents.values import Intent

SAYS_AUTOMATED = re.compile("智能语音|自动语音|语音助手|语音助理|机器人")
SAYS_RECORDED = re.compile("录音")
REMINDS = re.compile("温馨提示|郑重提醒|风险提示|风险揭示：")
ENDS_LADDER = ("gave_up", "silent")


def check(script: Script, places: Places) -> list[Problem]:
    """All problems of a script."""
    checker = _Checker(script, places)
    rules = (
        checker.targets_exist,
        checker.cues_have_exits,
        checker.ladders_end,
        checker.nodes_are_reachable,
        checker.paths_end,
        checker.opening_discloses,
        checker.identity_comes_first,
        checker.strangers_hear_nothing_private,
        checker.reminders_are_must_hear,
        checker.one_question_at_a_time,
        checker.answers_are_weighed,
        checker.slots_are_known,
    )
    return [problem for rule in rules for problem in rule()]


class _Checker:
    """The rules over one script."""

    def __init__(self, script: Script, places: Places) -> None:
        self._script = script
        self._places = places

    def _at(self, node: str, field: str = "") -> Place:
        """The line of a field, else of its node, else of the script."""
        places = self._places
        return places.get((node, field)) or places.get((node, "")) or places["", "review"]

    def _exits(self, node_id: str) -> Iterator[tuple[str, Exit]]:
        """Every way out of a node; where a captured value leads comes as cue `captured`."""
        node = self._script.nodes.get(node_id)
        if isinstance(node, Question | Statement):
            yield from node.exits.items()
        if isinstance(node, Question) and node.capture is not None:
            yield "captured", Exit(node.captured)

    def _target(self, way: Exit) -> str:
        """The node that an exit leads to; "" for a reaction that stays."""
        if way.go == Reaction.REVIEW:
            return self._script.review
        return "" if way.go in tuple(Reaction) else way.go

    def targets_exist(self) -> Iterator[Problem]:
        for field in ("entry", "review"):
            target = getattr(self._script, field)
            if target and not isinstance(self._script.nodes.get(target), Question | Statement):
                yield self._at("", field).problem(f"“{field}”指向的问题“{target}”不存在；请改成已有节点的名称")
        for node_id in self._script.nodes:
            for cue, way in self._exits(node_id):
                target = self._target(way)
                if target and target not in self._script.nodes:
                    message = f"“{cue}”指向的节点“{target}”不存在；请改成已有节点的名称"
                    yield self._at(node_id, cue).problem(message)

    def cues_have_exits(self) -> Iterator[Problem]:
        for node in self._script.nodes.values():
            if isinstance(node, Question | Statement):
                for cue in CUES:
                    if cue not in node.exits:
                        yield self._at(node.id, "exits").problem(f"客户回答“{cue}”时没有去处；请在 exits 里补上")

    def ladders_end(self) -> Iterator[Problem]:
        """Giving up leaves the question; endless silence ends the call."""
        for node in self._script.nodes.values():
            if not isinstance(node, Question):
                continue
            for cue in ENDS_LADDER:
                go = node.exits[cue].go if cue in node.exits else ""
                if go in tuple(Reaction) and go != Reaction.HAND_OVER:
                    yield self._at(node.id, cue).problem(f"“{cue}”应当去别的节点或者 hand_over，不能是“{go}”")
            silent = node.exits.get("silent")
            if silent and not isinstance(self._script.nodes.get(silent.go), Goodbye):
                yield self._at(node.id, "silent").problem("“silent”应当去结束通话的节点（closing.…）")
            busy = node.exits.get(Intent.BUSY)
            if busy and busy.go == Reaction.WAIT:
                yield self._at(node.id, Intent.BUSY).problem("“busy”不能是 wait，否则客户忙时会一直等下去")

    def _reachable(self) -> set[str]:
        """Every node that some conversation comes to."""
        seen: set[str] = set()
        waiting = [self._script.entry]
        while waiting:
            node_id = waiting.pop()
            if node_id in seen or node_id not in self._script.nodes:
                continue
            seen.add(node_id)
            waiting += [target for _, way in self._exits(node_id) if (target := self._target(way))]
        return seen

    def nodes_are_reachable(self) -> Iterator[Problem]:
        if self._script.entry not in self._script.nodes:
            return
        reachable = self._reachable()
        for node_id in self._script.nodes:
            if node_id not in reachable:
                yield self._at(node_id).problem("没有任何回答通向这个节点；请补上去处，或者删去节点")

    def paths_end(self) -> Iterator[Problem]:
        """From every node a goodbye or a human can be reached."""
        ending = {node.id for node in self._script.nodes.values() if isinstance(node, Goodbye)}
        grown = True
        while grown:
            before = len(ending)
            ending |= {node_id for node_id in self._script.nodes if self._onward(node_id) & ending}
            grown = len(ending) > before
        for node_id in self._script.nodes:
            if node_id not in ending:
                yield self._at(node_id).problem("从这个节点走不到结束语；请检查 next 和 exits")

    def _onward(self, node_id: str) -> set[str]:
        """Where the client's answers lead; the ladders are left aside: a path must end by answers too."""
        return {self._target(way) for cue, way in self._exits(node_id) if cue in ("yes", "no", "captured", "busy")}

    def opening_discloses(self) -> Iterator[Problem]:
        """The first words say that a machine speaks and that the call is recorded, and are heard to their end."""
        entry = self._script.nodes.get(self._script.entry)
        if not isinstance(entry, Question):
            return
        place = self._at(entry.id, "before")
        said = entry.before.say if entry.before else ""
        if not SAYS_AUTOMATED.search(said):
            yield place.problem("开头没有说明是智能语音助手；请写在第一个问题的 before 里")
        if not SAYS_RECORDED.search(said):
            yield place.problem("开头没有告知通话录音；请写在第一个问题的 before 里")
        if entry.before and entry.before.interruptible:
            yield place.problem("开头的说明不能被打断；请加上 interruptible: no")

    def identity_comes_first(self) -> Iterator[Problem]:
        """No way leads to a private node unless an exit on it has confirmed who is speaking."""
        seen: set[tuple[str, bool]] = set()
        waiting = [(self._script.entry, False)]
        while waiting:
            node_id, confirmed = waiting.pop()
            if (node_id, confirmed) in seen:
                continue
            seen.add((node_id, confirmed))
            for cue, way in self._exits(node_id):
                target = self._script.nodes.get(self._target(way))
                if target is None:
                    continue
                known = (confirmed or way.confirms_identity) and cue not in (Intent.NOT_CLIENT, Intent.WRONG_NUMBER)
                if target.private and not known and way.go != Reaction.REVIEW:
                    message = f"“{cue}”通向“{target.id}”，但还没有确认客户本人；请先去确认身份的节点"
                    yield self._at(node_id, cue).problem(message)
                elif known or not target.private:
                    waiting.append((target.id, known))

    def strangers_hear_nothing_private(self) -> Iterator[Problem]:
        private = {slot.name for slot in self._script.slots.values() if slot.private}
        for node in self._script.nodes.values():
            if not node.private:
                for name in _slots_of(node_texts(node)) & private:
                    yield self._at(node.id).problem(f"确认本人之前会说到的话里不能有“{{{name}}}”")
        public = [reply.say for reply in (*self._script.questions, *self._script.doubts) if not reply.private]
        shared = {text for node, text in spoken_texts(self._script) if not node and text not in public}
        replies = {reply.say for reply in (*self._script.questions, *self._script.doubts)}
        for name in _slots_of((*public, *(shared - replies))) & private:
            yield self._at("", "review").problem(f"通用应对和答复里不能有“{{{name}}}”，除非标明 private: yes")

    def reminders_are_must_hear(self) -> Iterator[Problem]:
        for node in self._script.nodes.values():
            told = node.say if isinstance(node, Statement) and not node.must_hear else ""
            asked = "".join(node_texts(node)) if isinstance(node, Question) else ""
            if REMINDS.search(told):
                yield self._at(node.id, "say").problem("提示和提醒必须让客户听完；请加上 must_hear: yes")
            if REMINDS.search(asked):
                yield self._at(node.id).problem("提示和提醒应当单独成为一个节点，并标明 must_hear: yes")

    def one_question_at_a_time(self) -> Iterator[Problem]:
        for node in self._script.nodes.values():
            if isinstance(node, Question) and node.ask.count("？") > 1:
                yield self._at(node.id, "ask").problem("一次只能问一件事；请拆成几个节点")

    def answers_are_weighed(self) -> Iterator[Problem]:
        """A review question says which answer is safe, and only one of yes and no can be."""
        for node in self._script.nodes.values():
            if not isinstance(node, Question) or not node.review:
                continue
            if not node.answers:
                yield self._at(node.id).problem("缺少“answers”；请写明 yes、no、unsure 各是 safe 还是哪种风险")
            elif all(node.answers[answer] is None for answer in (Intent.YES, Intent.NO)):
                yield self._at(node.id, "answers").problem("yes 和 no 不能都是 safe")

    def slots_are_known(self) -> Iterator[Problem]:
        known = set(self._script.slots) | CAPTURED_SLOTS
        for node_id, text in spoken_texts(self._script):
            for name in sorted(_slots_of((text,)) - known):
                yield self._at(node_id).problem(f"话里的“{{{name}}}”没有在 slots 里说明；请补上或者改正")
            if SLOT.sub("", text).strip("{}") != SLOT.sub("", text) or "{" in SLOT.sub("", text):
                yield self._at(node_id).problem("花括号不成对；内容应当写成 {名称}")


def _slots_of(texts: tuple[str, ...]) -> set[str]:
    return {name for text in texts for name in SLOT.findall(text)}
