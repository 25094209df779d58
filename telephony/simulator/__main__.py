"""Run the simulated telephone network: `python -m telephony.simulator --help`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import uvloop

from speech.errors import SpeechError
from speech.recogniser import Recogniser, find_model
from telephony.errors import TrunkUnavailable
from telephony.simulator.cast import load_cast
from telephony.simulator.errors import SimulatorError
from telephony.simulator.network import Network
from telephony.simulator.sip_phones import SipPhones
from telephony.simulator.story import Story
from telephony.simulator.voices import Utterances


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT (status 0); a trouble is one line and status 1."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="telephony.simulator: %(message)s", stream=sys.stderr)
    try:
        with _log_file(chosen.log) as out:
            uvloop.run(_serve(chosen, out))
    except (SimulatorError, SpeechError, TrunkUnavailable, OSError) as error:
        print(f"telephony.simulator: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m telephony.simulator",
        description="A simulated telephone network whose clients listen and speak.",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="UDP port on 127.0.0.1 (default: a free one, told in the first line)"
    )
    parser.add_argument("--cast", type=Path, help="YAML of clients (default: the demo's 24)")
    parser.add_argument("--clients", type=int, help="this many clients, made from the cast over and over")
    parser.add_argument("--benchmark", action="store_true", help="only clients who talk a review through at once")
    parser.add_argument("--seed", type=int, default=0, help="decides all chance (default: %(default)s)")
    parser.add_argument("--log", type=Path, help="file of JSON lines, one per call (default: standard output)")
    parser.add_argument("--cache", type=Path, default=Path("var"), help="folder of rendered voices and the model")
    parser.add_argument("--child", action="store_true", help="end when standard input does: its starter has ended")
    parser.add_argument("--model", default="", help="Vosk model that the clients hear with (default: the shipped one)")
    return parser


def _log_file(path: Path | None) -> TextIO:
    return path.open("a", encoding="utf-8") if path else open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False)


async def _serve(chosen: argparse.Namespace, out: TextIO) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if chosen.child:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _read_parent, stop)
    cast = load_cast(chosen.cast)
    if chosen.clients:
        cast = cast.of(chosen.clients, benchmark=chosen.benchmark)
    log = _Log(out)
    phones = SipPhones(chosen.port, log.call)
    _tell({"event": "listening", "sip_port": phones.port})
    recogniser = Recogniser(find_model(chosen.model, chosen.cache / "models"), threads=1)
    try:
        network = Network(cast, Utterances(chosen.cache / "callers"), recogniser, chosen.seed)
        await _prepared(network, stop)
        phones.serve(network)
        _tell({"event": "ready", "clients": len(cast.clients), "cpu_seconds": _cpu_seconds()})
        await phones.run(stop)
        log.line(log.summary(recogniser))
    finally:
        recogniser.close()


def _tell(fields: dict[str, object]) -> None:
    """A line for whoever started this: always on standard output, wherever the calls are logged."""
    print(json.dumps(fields), flush=True)  # noqa: T201


def _read_parent(stop: asyncio.Event) -> None:
    """End where the starting program did, however: it holds the other end of our standard input, and says nothing."""
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


async def _prepared(network: Network, stop: asyncio.Event) -> None:
    """Make the voices; told to stop meanwhile, end at once: threads that make them cannot be told."""
    preparing = asyncio.create_task(asyncio.to_thread(network.prepare))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({preparing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not preparing.done():
        os._exit(0)  # nobody has called yet, and a voice is on disk whole or not at all
    stopping.cancel()
    preparing.result()


class _Log:
    """JSON lines, flushed one by one so that a killed process loses none."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._calls: Counter[str] = Counter()

    def line(self, fields: dict[str, object]) -> None:
        print(json.dumps(fields, ensure_ascii=False), file=self._out, flush=True)  # noqa: T201

    def call(self, story: Story) -> None:
        self._calls[story.call] += 1
        self.line(story.as_json())

    def summary(self, recogniser: Recogniser) -> dict[str, object]:
        """What this process carried and what it cost."""
        return {
            "event": "summary",
            "calls": sum(self._calls.values()),
            "dialled_twice": sorted(call for call, times in self._calls.items() if times > 1),
            "cpu_seconds": _cpu_seconds(),
            "heard_seconds": round(recogniser.usage.audio_seconds, 1),
            "recogniser_cpu_seconds": round(recogniser.usage.busy_seconds, 2),
        }


def _cpu_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return round(spent.ru_utime + spent.ru_stime, 2)


if __name__ == "__main__":
    sys.exit(main())
