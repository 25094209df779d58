"""The forms of values in a file of trunks: names, ports, choices, and secrets that the environment keeps."""

from __future__ import annotations

import os
import re

from ruamel.yaml.nodes import Node

from telephony.simulator.sheet import Sheet

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?")
NUMBER = re.compile(r"\+?[0-9]{1,32}")

_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class LineForms:
    """Reads the nodes of one file, noting problems; what is wrong becomes the default."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def matching(self, node: Node | None, pattern: re.Pattern[str], what: str, default: str) -> str:
        """A text of this pattern."""
        text = self.sheet.text(node, default)
        if node is not None and pattern.fullmatch(text) is None:
            self.sheet.complain(node, f"{what} belongs here")
            return default
        return text

    def secret(self, node: Node | None) -> str:
        """A text, or `${NAME}`: what the environment holds under that name."""
        text = self.sheet.text(node)
        named = _NAMED.fullmatch(text)
        if named is None:
            return text
        if not os.environ.get(named[1]):
            self.sheet.complain(node, f"{named[1]} is not in the environment: set it")
        return os.environ.get(named[1], "")

    def choice(self, node: Node | None, choices: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        text = self.sheet.text(node, default).lower()
        if text not in choices:
            self.sheet.complain(node, f"one of {', '.join(choices)} belongs here")
            return default
        return text

    def yes(self, node: Node | None, default: bool) -> bool:
        """yes or no."""
        return default if node is None else _YES_NO[self.choice(node, tuple(_YES_NO), "no")]

    def port(self, node: Node | None, default: int) -> int:
        """A port, 0 for none in particular."""
        port = self.sheet.number(node, default)
        if port != int(port) or port > 65535:
            self.sheet.complain(node, "a port from 1 to 65535 belongs here")
            return default
        return int(port)

    def least(self, node: Node | None, default: float, least: float) -> float:
        """A number from `least` up."""
        value = self.sheet.number(node, default)
        if value < least:
            self.sheet.complain(node, f"a number from {least:g} up belongs here")
            return default
        return value
