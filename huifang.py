"""The command line: `huifang --help`."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import uvicorn
from rich.console import Console

from bot.errors import BotError
from campaign.demo import DEMO_CLIENTS, DemoJob, DemoResult, demo_clock
from campaign.exporting import results_csv
from campaign.importing import ImportRefused, import_file
from console.terminal import show_progress
from intents.errors import IntentsError
from models import ModelsError
from server import InstallationError, create_app, open_database, open_works, real_clock
from settings import Settings, load_settings
from speech.errors import SpeechError
from telephony.errors import TelephonyError

ROOM_ERRORS = (BotError, InstallationError, IntentsError, ModelsError, SpeechError, TelephonyError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every expected trouble is one line on standard error and exit status 1."""
    chosen = _parser().parse_args(arguments)
    try:
        status: int = chosen.command(chosen, load_settings())
        return status
    except KeyboardInterrupt:
        return 130
    except ROOM_ERRORS as error:
        print(f"huifang: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="huifang", description="回访: review calls of securities firms (T/SAC 002-2024)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve the console and run campaigns")
    serve.add_argument("--port", type=int, help="port of the console (default: HUIFANG_PORT or 8000)")
    serve.set_defaults(command=_serve)

    demo = commands.add_parser("demo", help="call the clients of a demo firm through the phone simulator")
    demo.add_argument("--calls", type=int, default=DEMO_CLIENTS, help="how many clients are called")
    demo.add_argument("--lines", type=int, help="calls at once (default: HUIFANG_LINES or 8)")
    demo.add_argument("--port", type=int, help="port of the console (default: HUIFANG_PORT or 8000)")
    demo.add_argument("--exit", action="store_true", help="serve no console; end when every client has been dealt with")
    demo.add_argument("--json", action="store_true", help="with --exit: print one JSON object and nothing else")
    demo.set_defaults(command=_demo)

    take = commands.add_parser("import", help="import clients or review tasks from a CSV file")
    take.add_argument("file", type=Path)
    take.set_defaults(command=_import)

    give = commands.add_parser("export", help="write the results of all tasks as CSV")
    give.add_argument("file", type=Path, nargs="?", help="default: standard output")
    give.add_argument("--unmasked", action="store_true", help="with full names and numbers")
    give.set_defaults(command=_export)
    return parser
