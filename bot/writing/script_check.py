"""What the walk through a script must satisfy before a client hears it; every problem at once, in plain words.

One function per rule; each yields the problems that it finds. Rules about answers are in script_answers.py, about
what is said and to whom in script_words.py, about how it is phrased in script_phrasing.py; what a single field can
break (a missing text, an unknown word) is noted earlier, while the files are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.errors import Problem
from bot.nodes import CUES, FILLED_BY, SLOT, Exit, Goodbye, Ladder, Question, Reaction, Script, spoken_texts
from bot.writing.drafting import Places
from bot.writing.script_answers import ANSWER_RULES
from bot.writing.script_phrasing import PHRASING_RULES
from bot.writing.script_words import WORD_RULES, Where
from bot.writing.source import Place
from bot.writing.wording import load_wording
from intents.values import Intent

CAPTURED = "captured"  # the way out that a captured value takes, beside the cues
ANSWERED = (Intent.YES, Intent.NO, CAPTURED)  # a path must end by answers, not only by giving up


@dataclass(frozen=True, slots=True)
class Step:
    """One way from a node to another; a reaction that stays at the node is none."""

    node: str
    cue: str
    target: str
    confirms_identity: bool = False
    guarded: bool = False  # the dialogue itself holds it back while identity is unconfirmed


def check(script: Script, places: Places) -> list[Problem]:
    """All problems of a script and of the list of words that it is checked with."""

    def where(node: str, field: str) -> Place:
        return places.get((node, field)) or places.get((node, "")) or places["", "review"]

    rules = (*WALK_RULES, *ANSWER_RULES, *WORD_RULES, *PHRASING_RULES)
    found = [problem for rule in rules for problem in rule(script, where)]
    return [*load_wording().problems, *found]


def steps_from(script: Script, node_id: str) -> Iterator[Step]:
    """Every step out of a node."""
    node = script.nodes.get(node_id)
    for cue, way in node.exits.items() if node is not None else ():
        if target := target_of(script, way):
            yield Step(node_id, cue, target, way.confirms_identity, guarded=way.go == Reaction.REVIEW)
    if isinstance(node, Question) and node.captured:
        yield Step(node_id, CAPTURED, node.captured)


def target_of(script: Script, way: Exit) -> str:
    """The node that an exit leads to; "" for a reaction that stays."""
    if way.go == Reaction.REVIEW:
        return script.review
    return "" if way.go in tuple(Reaction) else way.go


def targets_exist(script: Script, where: Where) -> Iterator[Problem]:
    """Whatever a script points to is there."""
    for field, target in (("entry", script.entry), ("review", script.review)):
        if target and target not in script.nodes:
            yield where("", field).problem(f"“{field}”指向的节点“{target}”不存在；请改成已有节点的名称")
    for node_id in script.nodes:
        for step in steps_from(script, node_id):
            if step.target not in script.nodes and step.target != script.review:
                message = f"指向的节点“{step.target}”不存在；请改成已有节点的名称"
                yield where(node_id, step.cue).problem(message)


def cues_have_exits(script: Script, where: Where) -> Iterator[Problem]:
    """Whatever the client says, the script says where it leads."""
    for node in script.nodes.values():
        missing = [] if isinstance(node, Goodbye) else [cue for cue in CUES if cue not in node.exits]
        if missing:
            message = f"客户回答{'、'.join(f'“{cue}”' for cue in missing)}时没有去处；请在 exits 里补上"
            yield where(node.id, "exits").problem(message)


def ladders_end(script: Script, where: Where) -> Iterator[Problem]:
    """Giving up leaves the question, endless silence ends the call, and being busy does not wait."""
    for node in script.nodes.values():
        if not isinstance(node, Question):
            continue
        go = {cue: way.go for cue, way in node.exits.items()}
        gave_up, silent = go.get(Ladder.GAVE_UP, Reaction.HAND_OVER), go.get(Ladder.SILENT)
        if gave_up in tuple(Reaction) and gave_up != Reaction.HAND_OVER:
            yield where(node.id, Ladder.GAVE_UP).problem(f"“gave_up”不能是 {gave_up}；请改成别的节点或者 hand_over")
        if silent and not isinstance(script.nodes.get(silent, node), Goodbye):
            yield where(node.id, Ladder.SILENT).problem("“silent”没有结束通话；请改成结束语，例如 closing.nobody")
        if go.get(Intent.BUSY) == Reaction.WAIT:
            yield where(node.id, Intent.BUSY).problem("“busy”不能是 wait，客户没有空时会一直等下去；请改成别的去处")


def reachable(script: Script) -> set[str]:
    """Every node that some conversation comes to."""
    reached: set[str] = set()
    waiting = [script.entry, *script.care.values()]
    while waiting:
        node_id = waiting.pop()
        if node_id not in reached:
            reached.add(node_id)
            waiting += [step.target for step in steps_from(script, node_id)]
    return reached


def nodes_are_reachable(script: Script, where: Where) -> Iterator[Problem]:
    """Some conversation comes to every node of the script's own; a shared node may serve other scripts only."""
    unreached = set(script.nodes) - reachable(script) if script.entry in script.nodes else set()
    for node_id in unreached:
        if script.nodes[node_id].review:
            yield where(node_id, "").problem("没有任何回答通向这个节点；请补上去处，或者删去节点")


def paths_end(script: Script, where: Where) -> Iterator[Problem]:
    """From every node the client's answers can lead to a goodbye."""
    ending = {node.id for node in script.nodes.values() if isinstance(node, Goodbye)}
    before = -1
    while len(ending) > before:
        before = len(ending)
        for node_id in script.nodes:
            if any(step.target in ending for step in steps_from(script, node_id) if step.cue in ANSWERED):
                ending.add(node_id)
    for node_id in script.nodes:
        if node_id not in ending:
            yield where(node_id, "").problem("从这个节点走不到结束语；请检查 next 和 exits")


def identity_comes_first(script: Script, where: Where) -> Iterator[Problem]:
    """No way leads to a private node unless an exit on it has confirmed who is speaking."""
    entry = script.nodes.get(script.entry)
    if entry is not None and entry.private:
        yield where("", "entry").problem("第一个节点不能是 private: yes，这时还没有确认客户本人；请删去 private")
    seen: set[tuple[str, bool]] = set()
    waiting = [(script.entry, False)]
    while waiting:
        node_id, confirmed = waiting.pop()
        if (node_id, confirmed) in seen:
            continue
        seen.add((node_id, confirmed))
        for step in steps_from(script, node_id):
            known = (confirmed or step.confirms_identity) and step.cue not in (Intent.NOT_CLIENT, Intent.WRONG_NUMBER)
            target = script.nodes.get(step.target)
            if target is None or known or not target.private:
                waiting.append((step.target, known))
            elif not step.guarded:
                message = f"“{step.cue}”通向“{target.id}”，但还没有确认客户本人；请先去确认身份的节点"
                yield where(node_id, step.cue).problem(message)


def captured_values_are_there(script: Script, where: Where) -> Iterator[Problem]:
    """A node that speaks the captured time or number is reached only once it was captured."""
    speaking = _speaks_captured(script)
    for node_id, name in sorted(speaking):
        for source in script.nodes:
            for step in steps_from(script, source):
                captured = step.cue == CAPTURED and _captures(script, source) == name
                if step.target == node_id and not captured and (source, name) not in speaking:
                    message = (
                        f"“{step.cue}”通向“{node_id}”，那里要说 {{{name}}}，但这时客户还没有说出来；请改去别的节点"
                    )
                    yield where(source, step.cue).problem(message)


def _speaks_captured(script: Script) -> set[tuple[str, str]]:
    return {(node, name) for node, _, text in spoken_texts(script) for name in SLOT.findall(text) if name in FILLED_BY}


def _captures(script: Script, node_id: str) -> str:
    """The slot that a question fills; "" for none."""
    node = script.nodes[node_id]
    capture = node.capture if isinstance(node, Question) else None
    return next((name for name, kind in FILLED_BY.items() if kind is capture), "")


WALK_RULES = (
    targets_exist,
    cues_have_exits,
    ladders_end,
    nodes_are_reachable,
    paths_end,
    identity_comes_first,
    captured_values_are_there,
)
