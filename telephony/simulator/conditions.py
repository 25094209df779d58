"""What the line between a client and us is like: values, and their reading from a cast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ruamel.yaml.nodes import Node

from telephony.simulator.sheet import Sheet


class Coding(StrEnum):
    """The codecs that a client's network may choose."""

    PCMA = "PCMA"  # G.711 A-law
    PCMU = "PCMU"  # G.711 µ-law


@dataclass(frozen=True, slots=True)
class Conditions:
    """One client's line; delay, jitter and loss act each way, the delay also upon the client's signalling.

    `loss_burst` is how many packets are lost in a row on average; 0: as many as chance has it. A positive `drift_ppm`
    is a client's clock that runs fast. `snr_db` is that of the client's voice over the noise around it.
    """

    answer_delay_seconds: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss_percent: float = 0.0
    loss_burst: float = 0.0
    drift_ppm: float = 0.0
    codec: Coding = Coding.PCMA
    snr_db: float = 20.0

    @property
    def least_burst(self) -> float:
        """The mean run of lost packets where each is lost by itself."""
        return 1 / (1 - self.loss_percent / 100)


_RANGES: Mapping[str, tuple[float, float]] = {
    "answer_delay_seconds": (0, 300),
    "delay_ms": (0, 5000),
    "jitter_ms": (0, 2000),
    "loss_percent": (0, 90),
    "loss_burst": (0, 500),
    "drift_ppm": (-1000, 1000),
    "snr_db": (0, 60),
}


def read_conditions(sheet: Sheet, node: Node | None, default: Conditions) -> Conditions:
    """The conditions of a node, `default` where it says nothing; every fault is noted with its line."""
    if node is None:
        return default
    fields = sheet.fields(node, (), ("codec", *_RANGES))
    numbers = {
        name: _within(sheet, fields[name], *limits, getattr(default, name))
        for name, limits in _RANGES.items()
        if name in fields
    }
    codec = Coding(_choice(sheet, fields["codec"], default.codec)) if "codec" in fields else default.codec
    found = replace(default, codec=codec, **numbers)
    if found.loss_burst and found.loss_burst < found.least_burst:
        sheet.complain(
            node,
            f"loss_burst {found.loss_burst:g} cannot be at loss_percent {found.loss_percent:g}: "
            f"chance alone loses {found.least_burst:.3g} in a row; leave it out, or write more",
        )
    return found


def _within(sheet: Sheet, node: Node, least: float, most: float, default: float) -> float:
    text = sheet.text(node)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        sheet.complain(node, f"{text!r} is not a number from {least:g} to {most:g}")
        return default
    return value


def _choice(sheet: Sheet, node: Node, default: str) -> str:
    text = sheet.text(node)
    if text not in tuple(Coding):
        sheet.complain(node, f"{text} is no codec: one of {', '.join(Coding)}")
        return default
    return text
