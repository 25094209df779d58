"""What happens in a conversation, in words for the terminal: as it happens, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from bot.moves import Action, AgentJoined, Attest, Event, Finish, Flag, Heard, Note, Pressed, Say, Transfer
from bot.writing.glossary import CUES
from rules import Evidence, label_of, outcome_of

VALUES = {"words": "原话", "none": "没有"}  # of an open question


def told(move: Event | Action) -> Text | None:
    """One event or action, None for what a reader need not see."""
    match move:
        case Say(text=text, must_hear=must_hear, interruptible=interruptible, slower=slower):
            named = {"必须听完": must_hear, "不能打断": not interruptible and not must_hear, "放慢": slower}
            marks = "".join(f"（{mark}）" for mark, there in named.items() if there)
            return Text.assemble("机器人：", (text, "bold cyan"), (marks, "yellow"))
        case Heard(match=match):
            risks = "".join(f"，风险“{label_of(risk)}”" for risk in sorted(match.risks))
            evidence = f"，依据：{match.evidence}" if match.evidence else ""
            return Text(f"  〔理解为“{CUES[match.intent]}”，把握 {match.confidence:.2f}{risks}{evidence}〕", "dim")
        case Pressed(keys=keys):
            return Text(f"  〔按键 {keys}〕", "dim")
        case Note(question=question, value=value):
            return Text(f"  〔记录 {question}：{_value(value)}〕", "dim")
        case Flag(risk=risk, severity=severity, node=node):
            return Text(f"  〔标记风险 {label_of(risk)}（{label_of(severity)}） {node}〕", "red")
        case Transfer(reason=reason):
            return Text(f"  〔转人工：{label_of(reason)}〕", "red")
        case AgentJoined():
            return Text("  〔坐席已接听，机器人不再说话〕", "dim")
        case _:
            return None


def summary(moves: Sequence[Event | Action]) -> Iterator[Text]:
    """What became of a call: the outcome that the rules give, each answer, each flag, each text that must be heard."""
    yield Text("── 通话结束 ──", "bold")
    ends = [move for move in moves if isinstance(move, Finish)]
    if not ends:
        yield Text("登记状态  由坐席继续")
    for end in ends:
        verdict = outcome_of(Evidence(ending=end.ending, answered=True))
        reason = f"（{verdict.sub_reason}）" if verdict.sub_reason else ""
        yield Text(f"登记状态  {label_of(verdict.outcome)}{reason}")
        if end.callback_at is not None:
            yield Text(f"预约时间  {end.callback_at:%Y-%m-%d %H:%M}（{end.callback_words}）")
        if end.new_number:
            yield Text(f"得到号码  {end.new_number}")
    yield from filter(None, map(_kept, moves))


def _kept(move: Event | Action) -> Text | None:
    match move:
        case Note(question=question, value=value, words=words):
            return Text(f"回答  {question}：{_value(value)}  “{words}”")
        case Flag(risk=risk, severity=severity, node=node, words=words):
            return Text(f"风险  {label_of(risk)}（{label_of(severity)}） {node}  “{words}”", "red")
        case Attest(node=node, complete=complete):
            return Text(f"{'已听完' if complete else '没有听完'}  {node}", "" if complete else "red")
        case _:
            return None


def _value(value: str) -> str:
    """A stored value in Chinese where it is a label."""
    return CUES.get(value, VALUES.get(value, value))
