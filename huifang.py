"""The command line: `huifang --help`."""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop
from rich.console import Console

from bot.errors import BotError
from bot.moves import Action
from campaign.calls.replaying import replay_call
from campaign.demo.demo import DEMO_CLIENTS, DEMO_FACTOR, DEMO_LINES, Demo
from campaign.demo.demo_firm import demo_clock
from campaign.demo.demo_network import SimulatedNetwork
from campaign.demo.demo_verdict import DemoResult
from campaign.exporting import results_csv
from campaign.keeping.package import KeepingError
from campaign.masking import mask_numbers
from campaign.running.ending import until_told
from campaign.sending.channel_file import ChannelsInvalid
from campaign.works import Works
from commands import backup, imports, scripts, users
from commands.opening import writing
from console.terminal import show_progress
from installation import InstallationError, open_database, open_works
from intents.errors import IntentsError
from intents.evaluate import main as evaluate
from models import ModelsError
from models.audit import Act, note
from rules import RulesError
from server import run_campaigns, serve, work
from settings import Settings, SettingsInvalid, load_settings
from speech.errors import SpeechError
from telephony.errors import TelephonyError

_BROKEN_OFF = 130  # by a signal, before there was a result

ROOM_ERRORS = (
    BotError,
    ChannelsInvalid,
    InstallationError,
    IntentsError,
    KeepingError,
    ModelsError,
    RulesError,
    SettingsInvalid,
    SpeechError,
    TelephonyError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every expected trouble is told on standard error in one message, with exit status 1."""
    chosen = _parser().parse_args(arguments)
    try:
        status: int = chosen.command(chosen, load_settings())
        return status
    except KeyboardInterrupt:
        return _BROKEN_OFF
    except (*ROOM_ERRORS, OSError) as error:
        print(f"huifang: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="huifang", description="回访: review calls by T/SAC 002-2024")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve the console and run campaigns")
    serve.set_defaults(command=_serve)

    worker = commands.add_parser("worker", help="make calls beside other workers, without the console")
    worker.set_defaults(command=_worker)

    demo = commands.add_parser("demo", help="call the clients of a demo firm through the simulated network")
    demo.add_argument("--calls", type=_count, default=DEMO_CLIENTS, help="how many clients are called")
    demo.add_argument("--lines", type=_count, help="calls at once (default: HUIFANG_LINES or 12)")
    demo.add_argument("--exit", action="store_true", help="serve no console; end when everybody has been dealt with")
    demo.add_argument("--json", action="store_true", help="with --exit: print one JSON object and nothing else")
    demo.set_defaults(command=_demo)

    for command in (serve, demo):
        command.add_argument("--port", type=int, help="port of the console (default: HUIFANG_PORT or 8000)")

    imports.add_to(commands)
    backup.add_to(commands)

    give = commands.add_parser("export", help="write the results of all tasks as CSV")
    give.add_argument("file", type=Path, nargs="?", help="default: standard output")
    give.add_argument("--unmasked", action="store_true", help="with full names and numbers")
    give.set_defaults(command=_export)

    again = commands.add_parser("replay", help="run a finished call again and say what would be done otherwise")
    again.add_argument("call", metavar="CALL", help="the number of a call, for example 17-1")
    again.set_defaults(command=_replay)

    meaning = commands.add_parser("intents", help="what a sentence means").add_subparsers(required=True)
    rate = meaning.add_parser("evaluate", help="how well a labelled set is understood")
    rate.add_argument("file", type=Path)
    rate.add_argument("--json", action="store_true")
    rate.set_defaults(command=_evaluate)

    scripts.add_to(commands)
    users.add_to(commands)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _serve(chosen: argparse.Namespace, settings: Settings) -> int:
    port = chosen.port or settings.port
    _check_port(settings.host, port)
    print(f"控制台 http://{settings.host}:{port}（Ctrl-C 结束）", file=sys.stderr)

    async def serve_campaigns() -> None:
        stop = asyncio.Event()
        serving = serve(settings, job=lambda works: run_campaigns(works, settings, stop), port=port, stop=stop)
        await until_told(serving, _tell, stop, settings.drain_seconds)

    uvloop.run(serve_campaigns())
    return 0


def _worker(_chosen: argparse.Namespace, settings: Settings) -> int:
    async def work_campaigns() -> None:
        stop = asyncio.Event()
        await until_told(work(settings, _tell, stop), _tell, stop, settings.drain_seconds)

    uvloop.run(work_campaigns())
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise InstallationError(
                f"port {port} of {host} is in use: stop the other program, or choose a port with --port or HUIFANG_PORT"
            ) from error


def _demo(chosen: argparse.Namespace, settings: Settings) -> int:
    if settings.trunks is not None:
        print("演示只拨打模拟的客户：HUIFANG_TRUNKS 指定的线路不会使用，不会拨出任何真实号码", file=sys.stderr)
        settings = settings.model_copy(update={"trunks": None})
    asked_for = settings.lines if "lines" in settings.model_fields_set else DEMO_LINES
    demo = Demo(clients=chosen.calls, lines=chosen.lines or asked_for)
    if chosen.exit:
        result = uvloop.run(until_told(_demo_alone(demo, settings, as_json=chosen.json), _tell))
        return _BROKEN_OFF if result is None else result
    port = chosen.port or settings.port
    _check_port(settings.host, port)

    async def job(works: Works, network: SimulatedNetwork) -> None:
        console = Console(stderr=True)
        console.print(f"控制台 http://{settings.host}:{port}（Ctrl-C 结束）：在登录页选一个岗位即可进入，不需要密码")
        async with _shown(works, console, demo):
            await demo.run(works, network)
        _print_result(console, demo.result)
        console.print(f"演示客户都已处理完。控制台仍在 http://{settings.host}:{port}，")
        console.print("之后批准的方案、导入的任务会继续拨打；按 Ctrl-C 结束。")
        await demo.go_on(works)

    async def serve_demo() -> None:
        async with demo.network(settings.service_number) as network:
            await serve(
                settings,
                job=lambda works: job(works, network),
                make_clock=demo_clock(DEMO_FACTOR),
                open_dialer=network.dialer,
                port=port,
                demo=True,
            )

    uvloop.run(until_told(serve_demo(), _tell))
    return 0


@asynccontextmanager
async def _shown(works: Works, console: Console, demo: Demo) -> AsyncIterator[None]:
    demo.say = console.print
    drawing = asyncio.create_task(show_progress(works, console, headline="演示回访方案（间隔按 600 倍速）"))
    try:
        yield
    finally:
        drawing.cancel()
        await asyncio.gather(drawing, return_exceptions=True)


async def _demo_alone(demo: Demo, settings: Settings, *, as_json: bool) -> int:
    console = Console(stderr=True, quiet=as_json)
    async with (
        demo.network(settings.service_number) as network,
        open_works(settings, demo_clock(DEMO_FACTOR), network.dialer) as works,
        _shown(works, console, demo),
    ):
        result = await demo.run(works, network)
    if as_json:
        print(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        _print_result(console, result)
    return 0 if result.outcomes_as_expected == result.calls else 3


def _print_result(console: Console, result: DemoResult | None) -> None:
    if result is None:
        return
    console.print(f"{result.outcomes_as_expected} / {result.calls} 位客户的结果与预期一致，共拨打 {result.attempts} 次")
    console.print("  ".join(f"{status} {count}" for status, count in result.by_status.items()))
    for one in result.differences:
        console.print(f"  不一致：{one.client} {one.what}：预期 {one.expected}，实际 {one.stored}")


def _export(chosen: argparse.Namespace, settings: Settings) -> int:
    with writing(settings) as session:
        data = results_csv(session, masked=not chosen.unmasked)
        note(session, None, Act.EXPORTED, "回访结果（命令行" + ("，明文）" if chosen.unmasked else "）"))
    if chosen.file is None:
        sys.stdout.buffer.write(data)
    else:
        chosen.file.write_bytes(data)
    return 0


def _replay(chosen: argparse.Namespace, settings: Settings) -> int:
    database = open_database(settings)
    try:
        with database.read() as session:
            replayed = replay_call(session, chosen.call)
    finally:
        database.close()
    print(
        f"通话 {chosen.call}：话术 {replayed.script.name}（{replayed.script.hash[:12]}），{len(replayed.moves)} 项记录"
    )
    for one in replayed.differences:
        print(f"  第{one.after_event}个事件之后：重放 {_action(one.expected)}，记录 {_action(one.logged)}")
    print(f"{len(replayed.differences)} 处不一致" if replayed.differences else "一致")
    return 1 if replayed.differences else 0


def _action(action: Action | None) -> str:
    return mask_numbers(str(action)) if action is not None else "无"


def _evaluate(chosen: argparse.Namespace, _settings: Settings) -> int:
    return evaluate(chosen.file, as_json=chosen.json, write=sys.stdout.write)
