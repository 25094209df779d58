"""The trunks of an installation, read from a YAML file:

    trunks:
      main:                       # a name for logs
        host: sip.carrier.example   # its SRV records say which machines; with a port, the name itself is one
        transport: udp            # udp, tcp or tls
        user: "075512345678"
        password: ${TRUNK_PASSWORD}   # from the environment, or the password itself
        number: "95500"           # our caller id; user where it is left out
        registers: yes
        calls: 30                 # at once
        calls_per_second: 5
        ping_seconds: 30          # between OPTIONS; 0 for a trunk that never answers them
        incoming: yes             # clients who call back are answered; no for outgoing calls only
        also_from:                # addresses beside the host's from which the trunk sends calls; all others get 403
          - 203.0.113.7

Trunks are tried in the order of the file.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import fields
from pathlib import Path

from ruamel.yaml.nodes import Node

from telephony.errors import TrunksInvalid
from telephony.line_forms import HOST, NUMBER, LineForms
from telephony.simulator.errors import SheetError
from telephony.simulator.sheet import Sheet
from telephony.sip.hop import Transport
from telephony.sip.identity import Privacy
from telephony.sip.names import PORTED, is_address, plain
from telephony.sip.trunk import Trunk

NAME = re.compile(r"[\w.-]{1,40}")  # the hosts that share a trunk know it by this
_OPTIONAL = tuple(each.name for each in fields(Trunk) if each.name not in ("name", "host"))


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


class _Reader(LineForms):
    """Turns the nodes of one file into trunks, noting problems."""

    def trunk(self, name: str, node: Node) -> Trunk:
        if not NAME.fullmatch(name):
            self.sheet.complain(node, f"{name} is no name for a trunk: give 1 to 40 letters, digits, dots and dashes")
        found = self.sheet.fields(node, ("host",), _OPTIONAL)
        trunk = Trunk(
            name=name,
            host=self._host(found.get("host")),
            port=self.port(found.get("port"), 0),
            transport=Transport[self.choice(found.get("transport"), ("udp", "tcp", "tls"), "udp").upper()],
            user=self.sheet.text(found.get("user")), password=self.secret(found.get("password")),
            number=self.matching(found.get("number"), NUMBER, "a number of digits", ""),
            caller_name=self.sheet.text(found.get("caller_name")),
            asserted=self.yes(found.get("asserted"), True),
            privacy=Privacy(self.choice(found.get("privacy"), tuple(Privacy), Privacy.NONE)),
            domain=self.sheet.text(found.get("domain")), registers=self.yes(found.get("registers"), False),
            local_host=self.sheet.text(found.get("local_host")), local_port=self.port(found.get("local_port"), 0),
            public_host=self.sheet.text(found.get("public_host")),
            incoming=self.yes(found.get("incoming"), True),
            also_from=self._addresses(found.get("also_from")),
            name_servers=self._name_servers(found.get("name_servers")),
            ca_file=self.sheet.text(found.get("ca_file")),
            certificate_file=self.sheet.text(found.get("certificate_file")),
            key_file=self.sheet.text(found.get("key_file")),
            ping_seconds=self.sheet.number(found.get("ping_seconds"), 30.0),
            srtp=self.yes(found.get("srtp"), False),
            calls=int(self.least(found.get("calls"), 30, 1)),
            calls_per_second=self.least(found.get("calls_per_second"), 5.0, 0.1),
        )  # fmt: skip
        if bool(trunk.certificate_file) is not bool(trunk.key_file):
            self.sheet.complain(node, "certificate_file and key_file belong together: give both, or neither")
        if trunk.registers and not trunk.user:
            self.sheet.complain(node, "registers needs user and password: add them")
        if not (trunk.number or trunk.user):
            self.sheet.complain(node, "number is missing: add the number that the called side shall see")
        return trunk

    def _host(self, node: Node | None) -> str:
        text = self.sheet.text(node).strip("[]")
        return plain(text) if is_address(text) else self.matching(node, HOST, "a host name or address", "trunk.invalid")

    def _name_servers(self, node: Node | None) -> tuple[str, ...]:
        found = self.sheet.texts(node)
        for text in found:
            if not is_address(text) and PORTED.fullmatch(text) is None:
                self.sheet.complain(node, f"{text} is no name server: write its address in digits, perhaps with :port")
        return found

    def _addresses(self, node: Node | None) -> tuple[str, ...]:
        found = self.sheet.texts(node)
        for text in found:
            try:
                ipaddress.ip_address(text)
            except ValueError:
                self.sheet.complain(node, f"{text} is no address: write it in digits")
        return tuple(plain(text) for text in found)
