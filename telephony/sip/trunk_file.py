"""The trunks of an installation, read from a YAML file:

    trunks:
      main:                       # a name for logs
        host: sip.carrier.example
        transport: udp            # udp, tcp or tls
        user: "075512345678"
        password: "…"
        number: "95500"           # our caller id; user where it is left out
        registers: yes
        calls: 30                 # at once
        calls_per_second: 5
        ping_seconds: 30          # between OPTIONS; 0 for a trunk that never answers them

Trunks are tried in the order of the file.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import fields
from pathlib import Path

from ruamel.yaml.nodes import Node

from telephony.errors import TrunksInvalid
from telephony.simulator.errors import SheetError
from telephony.simulator.sheet import Sheet
from telephony.sip.hop import Transport
from telephony.sip.identity import Privacy
from telephony.sip.trunk import Trunk

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?")
_NUMBER = re.compile(r"\+?[0-9]{1,32}")
_OPTIONAL = tuple(each.name for each in fields(Trunk) if each.name not in ("name", "host"))
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


def load_trunks(path: Path) -> tuple[Trunk, ...]:
    """Read a file of trunks; raises `TrunksInvalid` naming every fault with its line."""
    sheet = Sheet(path)
    try:
        reader = _Reader(sheet)
        parts = sheet.fields(sheet.root(), ("trunks",))
        trunks = tuple(reader.trunk(name, node) for name, _, node in sheet.entries(parts.get("trunks")))
        if not trunks and not sheet.problems:
            sheet.complain(None, "there is no trunk in it: name one")
        sheet.raise_problems()
    except SheetError as error:
        raise TrunksInvalid(str(error)) from error
    return trunks


class _Reader:
    """Turns the nodes of one file into trunks, noting problems."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    def trunk(self, name: str, node: Node) -> Trunk:
        found = self._sheet.fields(node, ("host",), _OPTIONAL)
        trunk = Trunk(
            name=name,
            host=self._matching(found.get("host"), _HOST, "a host name or address", "trunk.invalid"),
            port=self._port(found.get("port"), 5060),
            transport=Transport[self._choice(found.get("transport"), ("udp", "tcp", "tls"), "udp").upper()],
            user=self._sheet.text(found.get("user")), password=self._sheet.text(found.get("password")),
            number=self._matching(found.get("number"), _NUMBER, "a number of digits", ""),
            caller_name=self._sheet.text(found.get("caller_name")),
            asserted=self._yes(found.get("asserted"), True),
            privacy=Privacy(self._choice(found.get("privacy"), tuple(Privacy), Privacy.NONE)),
            domain=self._sheet.text(found.get("domain")), registers=self._yes(found.get("registers"), False),
            local_host=self._sheet.text(found.get("local_host")), local_port=self._port(found.get("local_port"), 0),
            public_host=self._sheet.text(found.get("public_host")),
            also_from=self._addresses(found.get("also_from")), ca_file=self._sheet.text(found.get("ca_file")),
            ping_seconds=self._sheet.number(found.get("ping_seconds"), 30.0),
            srtp=self._yes(found.get("srtp"), False),
            calls=int(self._least(found.get("calls"), 30, 1)),
            calls_per_second=self._least(found.get("calls_per_second"), 5.0, 0.1),
        )  # fmt: skip
        if trunk.registers and not trunk.user:
            self._sheet.complain(node, "registers needs user and password: add them")
        if not (trunk.number or trunk.user):
            self._sheet.complain(node, "number is missing: add the number that the called side shall see")
        return trunk

    def _matching(self, node: Node | None, pattern: re.Pattern[str], what: str, default: str) -> str:
        text = self._sheet.text(node, default)
        if node is not None and pattern.fullmatch(text) is None:
            self._sheet.complain(node, f"{what} belongs here")
            return default
        return text

    def _choice(self, node: Node | None, choices: tuple[str, ...], default: str) -> str:
        text = self._sheet.text(node, default).lower()
        if text not in choices:
            self._sheet.complain(node, f"one of {', '.join(choices)} belongs here")
            return default
        return text

    def _yes(self, node: Node | None, default: bool) -> bool:
        return default if node is None else _YES_NO[self._choice(node, tuple(_YES_NO), "no")]

    def _addresses(self, node: Node | None) -> tuple[str, ...]:
        found = self._sheet.texts(node)
        for text in found:
            try:
                ipaddress.ip_address(text)
            except ValueError:
                self._sheet.complain(node, f"{text} is no address: write it in digits")
        return found

    def _port(self, node: Node | None, default: int) -> int:
        port = self._sheet.number(node, default)
        if port != int(port) or port > 65535:
            self._sheet.complain(node, "a port from 1 to 65535 belongs here")
            return default
        return int(port)

    def _least(self, node: Node | None, default: float, least: float) -> float:
        value = self._sheet.number(node, default)
        if value < least:
            self._sheet.complain(node, f"a number from {least:g} up belongs here")
            return default
        return value
