"""The commands about scripts: `huifang scripts --help`."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop
from rich.console import Console

from bot.errors import Problem, ScriptInvalid, SlotsUnknown
from bot.merging import BUSINESS_SLOT
from bot.moves import Facts
from bot.nodes import Question, Script
from bot.rehearsal import Rehearsal
from bot.script import load_script, script_names
from bot.writing.graph import graph
from bot.writing.graph_svg import svg
from bot.writing.ledger import unapproved
from bot.writing.outline import outline
from bot.writing.script_check import steps_from
from bot.writing.script_set import check_together
from commands import script_life
from commands.script_life import approved_by_anybody
from console.aloud import rehearse_aloud
from console.rehearsal_terminal import rehearse
from console.script_terminal import print_outline
from installation import prompts_of
from intents import load_matcher
from rules import label_of
from rules.hours import SHANGHAI
from settings import Settings
from speech.recogniser import Recogniser, find_model

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add `scripts` and what can be done with scripts to the commands of `huifang`."""
    scripts = commands.add_parser("scripts", help="the scripts").add_subparsers(required=True, metavar="COMMAND")
    _add_check(scripts)
    _add_show(scripts)
    _add_try(scripts)
    script_life.add_to(scripts)


def _add_check(scripts: Commands) -> None:
    check = scripts.add_parser("check", help="every problem of every script at once")
    check.add_argument("names", nargs="*", metavar="NAME", help="scripts or files (default: all scripts)")
    check.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    check.set_defaults(command=_check)


def _add_show(scripts: Commands) -> None:
    show = scripts.add_parser("show", help="a script as a readable conversation, or drawn as a graph")
    show.add_argument("name", metavar="NAME", help="a script or a file")
    show.add_argument("--svg", type=Path, metavar="FILE", help="draw the graph into this file")
    show.add_argument("--text", action="store_true", help="print the conversation (default without --svg)")
    show.set_defaults(command=_show)


def _add_try(scripts: Commands) -> None:
    rehearsal = scripts.add_parser("try", help="converse with a script by typing or by speaking")
    rehearsal.add_argument("name", metavar="NAME", help="a script or a file")
    rehearsal.add_argument(
        "--slot",
        action="append",
        type=_slot,
        default=[],
        metavar="名=值",
        help="a value for a slot (default: its sample)",
    )
    rehearsal.add_argument("--microphone", action="store_true", help="converse by speaking instead")
    rehearsal.add_argument("--headset", action="store_true", help="with --microphone: one may speak over the bot")
    rehearsal.add_argument("--device", default="default", help="with --microphone: an ALSA device (arecord -L)")
    rehearsal.set_defaults(command=_try)


def _slot(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise argparse.ArgumentTypeError("a slot is written 名=值, for example 业务=开通交易权限")
    return name.strip(), value.strip()


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of one script found; the counts are 0 where it cannot be loaded."""

    name: str
    title: str = ""
    hash: str = ""
    nodes: int = 0
    edges: int = 0
    questions: int = 0
    problems: tuple[Problem, ...] = ()


def _check(chosen: argparse.Namespace, settings: Settings) -> int:
    approved = approved_by_anybody(settings)
    checked = [_checked(name, approved) for name in chosen.names or script_names()]
    if not chosen.names:
        checked = _checked_together(checked)
    if chosen.json:
        print(json.dumps(_checked_json(checked), ensure_ascii=False))
    else:
        _print_checked(checked)
    return int(any(one.problems for one in checked))


def _checked(name: str, approved: Collection[tuple[str, str]]) -> Checked:
    try:
        script = _load(name)
    except ScriptInvalid as invalid:
        return Checked(Path(name).stem, problems=invalid.problems)
    steps = [step for node in script.nodes for step in steps_from(script, node)]
    asked = [node for node in script.nodes.values() if isinstance(node, Question) and node.review]
    shipped = name in script_names()  # a file elsewhere is a draft
    problems = tuple(unapproved([script], approved)) if shipped else ()
    return Checked(script.name, script.title, script.hash, len(script.nodes), len(steps), len(asked), problems)


def _checked_together(checked: Sequence[Checked]) -> list[Checked]:
    """With what the scripts have wrong between them."""
    between = check_together()
    own = {one.name: [problem for problem in between if problem.file == f"{one.name}.yaml"] for one in checked}
    return [replace(one, problems=(*one.problems, *own[one.name])) for one in checked]


def _checked_json(checked: Sequence[Checked]) -> dict[str, Any]:
    return {
        "ok": not any(one.problems for one in checked),
        "scripts": [asdict(one) for one in checked],
        "problems": sum(len(one.problems) for one in checked),
    }


def _print_checked(checked: Sequence[Checked]) -> None:
    """A line for each script, then every problem once: a part that is broken spoils several scripts."""
    for one in checked:
        if one.problems:
            print(f"{one.name}  {len(one.problems)} 处问题")
        else:
            counts = f"{one.nodes} 个节点  {one.edges} 条去路  {one.questions} 个回访问题"
            print(f"{one.name}  {one.title}  {one.hash[:12]}  {counts}  正常")
    problems = sorted({problem for one in checked for problem in one.problems})
    for problem in problems:
        print(f"  {problem}")
    good = sum(not one.problems for one in checked)
    print(
        f"共 {len(checked)} 份话术，{good} 份正常"
        + (f"；{len(problems)} 处问题，全部改正后才能使用" if problems else "")
    )


def _show(chosen: argparse.Namespace, _settings: Settings) -> int:
    shown = outline(_load(chosen.name))
    if chosen.svg is not None:
        chosen.svg.write_text(svg(graph(shown)), encoding="utf-8")
        print(f"已画入 {chosen.svg}", file=sys.stderr)
    if chosen.text or chosen.svg is None:
        print_outline(shown, Console(highlight=False))
    return 0


def _try(chosen: argparse.Namespace, settings: Settings) -> int:
    script = _load(chosen.name)
    facts = _facts(script, dict(chosen.slot))
    console = Console(highlight=False)
    if chosen.microphone or chosen.headset:
        _try_aloud(script, facts, console, chosen, settings)
        return 0
    rehearse(Rehearsal(script, facts, load_matcher()), _typed_lines(), console, echo=not sys.stdin.isatty())
    return 0


def _try_aloud(script: Script, facts: Facts, console: Console, chosen: argparse.Namespace, settings: Settings) -> None:
    ears = Recogniser(find_model(settings.asr_model, settings.data_dir / "models"), threads=1)
    prompts, matcher = prompts_of(settings, script), load_matcher()
    try:
        device, headset = chosen.device, chosen.headset
        uvloop.run(rehearse_aloud(script, facts, ears, prompts, matcher, console, device=device, headset=headset))
    finally:
        ears.close()


def _facts(script: Script, given: dict[str, str]) -> Facts:
    """The samples of a script under what was given for its slots; refuses a slot that it does not have."""
    if unknown := sorted(set(given) - set(script.slots)):
        raise SlotsUnknown(script.name, unknown, script.slots)
    samples = {slot.name: slot.sample for slot in script.slots.values()}
    if BUSINESS_SLOT in samples:
        samples[BUSINESS_SLOT] = script.business or label_of(script.review_types[0])
    return Facts(samples | given, datetime.now(SHANGHAI))


def _typed_lines() -> Iterator[str]:
    """What is typed, line by line until Ctrl-D; from a pipe, its lines."""
    if not sys.stdin.isatty():
        yield from sys.stdin
        return
    with contextlib.suppress(ImportError):  # its import lets input() edit a line of wide characters
        importlib.import_module("readline")
    while True:
        try:
            yield input("客户：")
        except EOFError:
            print()
            return


def _load(name: str) -> Script:
    """A script by its name, or a draft by the path of its file."""
    return load_script(Path(name) if name.endswith(".yaml") or "/" in name else name)
