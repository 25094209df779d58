"""A script in the terminal, as a conversation that a compliance officer reads from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from bot.writing.passages import (
    HABITS,
    Answering,
    Kind,
    Line,
    Outline,
    Passage,
    Section,
    Way,
    Weight,
    leads_to,
    shown_by,
)

SECTIONS = {
    Section.MAIN: "主线：客户每次都给出安全的回答",
    Section.SIDE: "旁支",
    Section.ENDING: "结束语",
    Section.UNUSED: "这份话术走不到的共用节点",
}
KINDS = {Kind.QUESTION: "问", Kind.STATEMENT: "告知", Kind.GOODBYE: "结束"}
FIELDS = {"incoming": "客户来电时", "rephrase": "换个说法", "keys": "请按键", "explain": "反问时"}
TEXTS = {
    "unclear": "没听清",
    "repeat": "再说一遍以前",
    "hold": "请稍等",
    "still_there": "等过以后",
    "explain": "没有现成的答复",
    "reassure": "受到质疑",
    "bridge_human": "要人工",
    "bridge_complaint": "投诉",
    "bridge_risk": "有严重风险",
    "bridge_unclear": "再三听不明白",
    "no_agent": "没有坐席",
    "outside_hours": "约在时段以外",
    "closed_day": "约在休息日",
    "past_time": "约在过去",
    "too_late": "约得太晚",
    "more_digits": "号码没有说完",
    "bad_number": "号码不对",
    "dialled_number": "说的就是所拨号码",
    "number_anew": "请重说号码",
    "turned_away": "来电但没有回访",
    "agent_wait": "等待坐席时",
    "agent_lost": "坐席断线",
}
LIMITS = {
    "clarify": "没听明白", "silence": "不说话", "repeat": "再说一遍", "aside": "反问和质疑", "hold": "稍等",
    "capture": "时间或号码", "turns": "全部轮次",
}  # fmt: skip
WAITS = {"answer": "回答", "number": "说号码", "hold": "稍等", "after_reminder": "提示以后"}
STYLES = {Weight.SAFE: "bold green", Weight.RISKY: "red", Weight.PLAIN: ""}
LEGEND = (
    "仅限本人：确认接听人是客户本人以后才能说，这以前绝不会说到。",
    "必须听完：客户说话也不停；没有说完就挂断的，不算送达，并作标记。",
    "不能打断：客户说话也不停。其余的话，客户一开口就停下来听。",
)


def print_outline(outline: Outline, console: Console) -> None:
    """Print a script for reading: what it is, the walk, the branches, and once at the end what is shared."""
    console.print(Text(f"{outline.title}（{outline.name}）", "bold"))
    console.print(f"依据  {outline.clause}", f"用于  {'、'.join(outline.review_types)}", sep="\n")
    console.print(f"校验值  {outline.hash}", style="dim")
    _print_lines(console, (Text(line, "dim") for line in LEGEND), 0)
    if outline.slots:
        console.print(Text("\n要填的内容", "bold"))
    for slot in outline.slots:
        private = "  仅限本人" if slot.private else ""
        _print_lines(console, [Text(f"{{{slot.name}}}  {slot.about}，例如“{slot.sample}”{private}")], 2)
    for section, heading in SECTIONS.items():
        _print_section(console, heading, outline.section(section))
    _print_shared(console, outline)


def _print_section(console: Console, heading: str, passages: Iterable[Passage]) -> None:
    for number, passage in enumerate(passages):
        if not number:
            _print_heading(console, heading)
        _print_passage(console, passage)


def _print_heading(console: Console, heading: str) -> None:
    console.print()
    console.print(Rule(heading, align="left"))


def _print_passage(console: Console, passage: Passage) -> None:
    named = {"必须听完": passage.must_hear, "仅限本人": passage.private, "仅供统计": passage.survey}
    marks = [mark for mark, there in named.items() if there]
    head = Text.assemble(
        ("\n" if passage.kind is not Kind.GOODBYE else "") + f"{passage.number:>2} ", (KINDS[passage.kind], "bold")
    )
    head.append(f"  {passage.node}", "dim")
    head.append(f"  {passage.ending}" if passage.ending else "")
    head.append("".join(f"  {mark}" for mark in marks), "yellow" if passage.must_hear else "dim")
    console.print(head)
    asides = [line for line in passage.lines if line.field in FIELDS]
    _print_lines(console, (_spoken(line) for line in passage.lines if line not in asides), 4)
    _print_lines(console, map(_way, passage.ways), 8)
    _print_lines(console, (Text(f"{FIELDS[line.field]}：{line.text}", "dim") for line in asides), 6)
    keys = "，".join(f"{key} {meaning}" for key, meaning in passage.keypad)
    told = {"这里的按键": keys, "转人工以后追问": "；".join(passage.for_agent)}
    _print_lines(console, (Text(f"{name}：{text}", "dim") for name, text in told.items() if text), 6)


def _spoken(line: Line) -> Text:
    mark = "（不能打断）" if line.uninterruptible else ""
    return Text.assemble("机器人：", (line.text, "bold cyan"), (mark, "yellow"))


def _way(way: Way) -> Text:
    mark = {Weight.SAFE: "✓ ", Weight.RISKY: "✗ ", Weight.PLAIN: "· "}[way.weight]
    shown = f"风险：{shown_by(way)} " if way.risk else ""
    return Text(f"{mark}{'、'.join(way.heard)}  {shown}{leads_to(way)}", STYLES[way.weight])


def _print_shared(console: Console, outline: Outline) -> None:
    _print_heading(console, "每个问题都这样应对")
    _print_lines(console, map(_way, outline.usual), 2)
    _print_lines(console, (Text(f"· {habit}") for habit in HABITS), 2)
    _print_lines(console, (Text(f"· {figures}") for figures in _figures(outline)), 2)
    _print_heading(console, "通用的话")
    _print_lines(console, (Text(f"{TEXTS.get(line.field, line.field)}：{line.text}") for line in outline.texts), 2)
    approved = {"客户反问时经过批准的答复": outline.questions, "客户质疑来电时经过批准的答复": outline.doubts}
    for heading, replies in approved.items():
        if replies:
            _print_heading(console, heading)
            _print_lines(console, (line for reply in replies for line in _reply(reply)), 2)


def _figures(outline: Outline) -> Iterator[str]:
    yield "按键：" + "，".join(f"{key} {meaning}" for key, meaning in outline.keypad)
    yield "次数上限：" + "，".join(f"{LIMITS.get(name, name)} {most}" for name, most in outline.limits)
    yield "等待客户开口：" + "，".join(f"{WAITS.get(name, name)} {ms / 1000:g} 秒" for name, ms in outline.waits)


def _reply(reply: Answering) -> Iterator[Text]:
    private = "  仅限本人" if reply.private else ""
    yield Text.assemble(reply.name, (f"{private}  说到：{'、'.join(reply.when)}", "dim"))
    yield Text(f"  {reply.say}", "cyan")


def _print_lines(console: Console, lines: Iterable[Text], indent: int) -> None:
    for line in lines:
        console.print(Padding(line, (0, 0, 0, indent), expand=False))
