"""The exchange of an installation, in place of trunks in the same YAML file:

    exchange:
      kind: asterisk              # asterisk, freeswitch or twilio
      host: 10.0.0.5
      user: huifang               # of ari.conf
      password: ${ARI_PASSWORD}   # from the environment, or the password itself
      route: PJSIP/{number}@trunk
      media: websocket            # or audiosocket, with listen_port and public_host

    exchange:
      kind: freeswitch
      host: 10.0.0.5
      password: ${ESL_PASSWORD}
      route: sofia/gateway/trunk/{number}
      listen_host: 10.0.0.9       # where mod_audio_stream finds us, with listen_port or public_url

    exchange:
      kind: twilio
      account: AC…
      token: ${TWILIO_TOKEN}
      number: "+861087654321"
      public_url: https://calls.firm.example

`number` is our caller id, `calls` are at once, `calls_per_second` as many as the trunk behind it takes.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path

from ruamel.yaml.nodes import MappingNode, Node

from telephony.errors import TrunksInvalid
from telephony.gateways.exchanges import Asterisk, Exchange, FreeSwitch, Twilio
from telephony.line_forms import HOST, NUMBER, LineForms
from telephony.simulator.errors import SheetError
from telephony.simulator.sheet import Sheet

_KINDS: dict[str, type[Exchange]] = {"asterisk": Asterisk, "freeswitch": FreeSwitch, "twilio": Twilio}
_FORMS: dict[str, tuple[re.Pattern[str], str]] = {
    "host": (HOST, "a host name or address"),
    "listen_host": (HOST, "a host name or address"),
    "public_host": (HOST, "a host name or address"),
    "number": (NUMBER, "a number of digits"),
    "route": (re.compile(r"[^\s,{}]*\{number\}[^\s,{}]*"), "a dial string with {number} in it"),
    "app": (re.compile(r"[A-Za-z0-9_-]+"), "a name of letters and digits"),
    "account": (re.compile(r"[A-Za-z0-9]+"), "an account SID"),
    "api": (re.compile(r"https?://[A-Za-z0-9.:\-]+"), "an https: address"),
}
_PUBLIC = {
    "freeswitch": (re.compile(r"wss?://[A-Za-z0-9.:/_\-]+"), "a ws: or wss: address"),
    "twilio": (re.compile(r"https?://[A-Za-z0-9.:/_\-]+"), "an https: address"),
}
_LINE = re.compile(r"[^\r\n]+")


def load_exchange(path: Path) -> Exchange | None:
    """The exchange that a file names, None where it has trunks; raises `TrunksInvalid` naming every fault."""
    sheet = Sheet(path)
    try:
        root = sheet.root()
        if not isinstance(root, MappingNode) or all(str(key.value) != "exchange" for key, _ in root.value):
            return None
        exchange = _Reader(sheet).exchange(sheet.fields(root, ("exchange",))["exchange"])
        sheet.raise_problems()
    except SheetError as error:
        raise TrunksInvalid(str(error)) from error
    return exchange


class _Reader(LineForms):
    """Turns the mapping of an exchange into its settings, noting problems."""

    def exchange(self, node: Node) -> Exchange:
        kinds = {name: value for name, _, value in self.sheet.entries(node)} if isinstance(node, MappingNode) else {}
        if "kind" not in kinds:
            self.sheet.complain(node, f"kind is missing: one of {', '.join(_KINDS)}")
            raise SheetError(self.sheet.problems)
        kind = self.choice(kinds["kind"], tuple(_KINDS), "")
        if kind not in _KINDS:
            raise SheetError(self.sheet.problems)
        form = _KINDS[kind]
        required = [each.name for each in fields(form) if each.default is MISSING]
        optional = [each.name for each in fields(form) if each.default is not MISSING]
        found = self.sheet.fields(node, ("kind", *required), optional)
        values: dict[str, object] = dict.fromkeys(required, "")
        for name, value in found.items():
            if name != "kind":
                values[name] = self._value(kind, name, value)
        return form(**values)  # type: ignore[arg-type]

    def _value(self, kind: str, name: str, node: Node) -> object:
        match name:
            case "port" | "listen_port":
                return self.port(node, 0)
            case "calls":
                return int(self.least(node, 30, 1))
            case "calls_per_second":
                return self.least(node, 1.0, 0.1)
            case "tls":
                return self.yes(node, False)
            case "media":
                return self.choice(node, ("websocket", "audiosocket"), "websocket")
            case "password" | "token":
                secret = self.secret(node)
                if secret and _LINE.fullmatch(secret) is None:
                    self.sheet.complain(node, f"{name} holds a line break: take it out")
                return secret
            case "public_url":
                return self.matching(node, *_PUBLIC[kind], "")
        pattern, what = _FORMS.get(name, (_LINE, "a text of one line"))
        return self.matching(node, pattern, what, "")
