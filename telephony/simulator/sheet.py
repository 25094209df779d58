"""Reading YAML sheets so that every fault is reported at once with its line, and every scalar stays text."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from telephony.simulator.errors import SheetError


@dataclass
class Sheet:
    """One YAML file under examination; problems gather until `raise_problems`."""

    path: Path
    problems: list[str] = field(default_factory=list)

    def root(self) -> Node:
        """The document's top node; raises SheetError where the file is missing, empty or no YAML."""
        try:
            node: Node | None = YAML(pure=True).compose(self.path.read_text("utf-8"))
        except OSError as error:
            raise SheetError([f"{self.path}: cannot be read ({error.strerror}): give a path to a YAML file"]) from error
        except UnicodeDecodeError as error:
            raise SheetError([f"{self.path}: not UTF-8 text: save the file as UTF-8"]) from error
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            raise SheetError([f"{self.path}:{line}: not YAML ({error.problem}): mend this line"]) from error
        if node is None:
            raise SheetError([f"{self.path}: empty: a sheet needs a mapping at its top"])
        return node

    def complain(self, node: Node | None, message: str) -> None:
        """Note a problem at the node's line."""
        where = f"{self.path}:{node.start_mark.line + 1}" if node is not None else str(self.path)
        self.problems.append(f"{where}: {message}")

    def entries(self, node: Node | None) -> Iterator[tuple[str, Node, Node]]:
        """Key text, key node and value node of a mapping; doubled keys are reported and skipped."""
        if node is None:
            return
        if not isinstance(node, MappingNode):
            self.complain(node, "a mapping (key: value) belongs here")
            return
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                self.complain(key, f"{name} stands here twice: delete one")
                continue
            seen.add(name)
            yield name, key, value

    def fields(self, node: Node | None, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Node]:
        """A mapping with known keys; unknown and missing ones are reported."""
        found: dict[str, Node] = {}
        for name, key, value in self.entries(node):
            if name in required or name in optional:
                found[name] = value
            else:
                self.complain(key, f"{name} is not known here: one of {', '.join(sorted({*required, *optional}))}")
        for name in required:
            if name not in found and isinstance(node, MappingNode):
                self.complain(node, f"{name} is missing: add it")
        return found

    def text(self, node: Node | None, default: str = "") -> str:
        """A scalar as written."""
        if node is None:
            return default
        if isinstance(node, ScalarNode):
            return str(node.value)
        self.complain(node, "a single text belongs here")
        return default

    def texts(self, node: Node | None) -> tuple[str, ...]:
        """A scalar or a list of scalars."""
        if node is None:
            return ()
        if isinstance(node, SequenceNode):
            return tuple(self.text(item) for item in node.value)
        return (self.text(node),)

    def items(self, node: Node | None) -> list[Node]:
        """The members of a list."""
        if node is None:
            return []
        if isinstance(node, SequenceNode):
            return list(node.value)
        self.complain(node, "a list (lines that begin with -) belongs here")
        return []

    def number(self, node: Node | None, default: float = 0.0) -> float:
        """A number that is not negative."""
        if node is None:
            return default
        try:
            value = float(self.text(node))
        except ValueError:
            value = -1.0
        if value < 0:
            self.complain(node, f"{self.text(node)!r} is not a number from 0 up")
            return default
        return value

    def raise_problems(self) -> None:
        """Raise SheetError if anything was wrong."""
        if self.problems:
            raise SheetError(self.problems)
