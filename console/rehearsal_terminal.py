"""A typed conversation in the terminal: what the bot says, how the client was understood, what was kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.errors import LineNotUnderstood
from bot.nodes import Statement
from bot.rehearsal import Rehearsal, Step, as_dialogue
from bot.walk.state import Stage
from console.moves_terminal import summary, told

HELP = (
    "直接输入客户的话；空行表示沉默；#1 或 按1 表示按键；Ctrl-D 挂断。",
    "（听着说）好的：在必须听完的话里插话；（抢话）没有：机器人一开口就打断；（读到一半挂断）。",
    "转人工以后：（坐席接听）或（没有坐席）。",
    "/撤销 退回一步；/日志 [文件] 存成 tests/dialogues 的对话用例；/帮助。",
)


def rehearse(rehearsal: Rehearsal, lines: Iterable[str], console: Console, *, echo: bool) -> None:
    """Hold a typed conversation until the lines end; `echo` repeats each line where no terminal shows it."""
    for line in HELP:
        _print(console, Text(line, "dim"))
    _print_step(rehearsal, console)
    for line in lines:
        if echo:
            _print(console, Text(f"客户：{line.rstrip()}"))
        if line.strip().startswith("/"):
            _obey(rehearsal, line.strip(), console)
        elif rehearsal.over:
            _print(console, Text("通话已经结束：/撤销 退回一步，/日志 保存，Ctrl-D 离开。", "dim"))
        else:
            _take(rehearsal, line, console)
    if not rehearsal.over:
        rehearsal.hang_up()
        _print(console, Text("（客户挂断）", "dim"))
        _print_step(rehearsal, console)


def _take(rehearsal: Rehearsal, line: str, console: Console) -> None:
    try:
        rehearsal.take(line)
    except LineNotUnderstood as error:
        _print(console, Text(str(error), "red"))
    else:
        _print_step(rehearsal, console)


def _obey(rehearsal: Rehearsal, command: str, console: Console) -> None:
    name, _, argument = command.partition(" ")
    if name == "/撤销":
        _print(console, Text("退回一步。" if rehearsal.undo() else "已经在开头了。", "dim"))
        _print_step(rehearsal, console)
    elif name == "/日志":
        _save(rehearsal, Path(argument.strip() or f"{rehearsal.script.name}-对话.yaml"), console)
    else:
        for line in HELP:
            _print(console, Text(line, "dim"))


def _save(rehearsal: Rehearsal, path: Path, console: Console) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(as_dialogue(rehearsal, path.stem))
    except FileExistsError:
        _print(console, Text(f"{path} 已经存在，没有覆盖；请写 /日志 另一个文件名", "red"))
    except OSError as error:
        _print(console, Text(f"{path} 无法写入（{error.strerror}）；请写 /日志 另一个文件名", "red"))
    else:
        _print(console, Text(f"已存入 {path}", "dim"))


def _print_step(rehearsal: Rehearsal, console: Console) -> None:
    step = rehearsal.steps[-1]
    for line in filter(None, map(told, step.moves)):
        _print(console, line)
    if rehearsal.over:
        for line in summary([move for step in rehearsal.steps for move in step.moves]):
            _print(console, line)
    elif hint := _hint(rehearsal, step):
        _print(console, Text(hint, "dim"))


def _hint(rehearsal: Rehearsal, step: Step) -> str:
    if rehearsal.state.stage is Stage.HANDING_OVER:
        return "正在转人工：输入（坐席接听），空行表示没有坐席。"
    if step.awaiting or isinstance(rehearsal.script.nodes[rehearsal.state.node], Statement):
        return "空行表示客户听完，没有说话。"
    return ""


def _print(console: Console, line: Text) -> None:
    console.print(line, soft_wrap=True)
