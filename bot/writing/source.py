"""YAML as a compliance officer writes it: every scalar is text, every piece knows its line.

`parse` composes one file into a tree of Leaf, Row and Branch and reports what it refuses (syntax, doubled
keys, flow style, tags); `Form` takes the fields of one branch and reports what is missing, unknown or malformed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from bot.errors import Problem

_FORMAT_HINT = "请检查缩进、冒号和引号；以花括号开头的话，整句要加引号"
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: file, line from 1, node id or ""."""

    file: str
    line: int
    node: str = ""

    def problem(self, message: str) -> Problem:
        """What is wrong here."""
        return Problem(self.file, self.line, self.node, message)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar, as text."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Row:
    """A list."""

    items: tuple[Tree, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Branch:
    """A mapping; `places` gives the line of each key."""

    items: dict[str, Tree]
    places: dict[str, Place]
    place: Place


Tree: TypeAlias = Leaf | Row | Branch


def parse(text: str, name: str, problems: list[Problem]) -> Branch | None:
    """One file's text as a tree, None where it is no YAML; what is refused is reported under `name`."""
    top = Place(name, 1)
    try:
        composed = YAML(typ="rt", pure=True).compose(text)
        tree = _tree(composed, name, problems, ()) if composed is not None else Branch({}, {}, top)
    except YAMLError as error:
        problems.append(_place_of(error, name).problem(f"格式错误（{_reason(error)}）；{_FORMAT_HINT}"))
        return None
    except RecursionError:
        problems.append(top.problem("一层套一层，套得太深；请减少缩进的层次"))
        return None
    if isinstance(tree, Branch):
        return tree
    problems.append(top.problem("文件最外层应当是“名称: 内容”的形式"))
    return None


def read_text(path: Path, name: str, problems: list[Problem]) -> str | None:
    """The text of one file; None, and reported under `name`, where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Place(name, 1).problem(f"文件无法读取（{error}）；请检查路径，并保存为 UTF-8 编码"))
        return None


def _place_of(error: YAMLError, name: str) -> Place:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    return Place(name, mark.line + 1 if mark else 1)


def _reason(error: YAMLError) -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)


def _tree(node: Node, name: str, problems: list[Problem], above: tuple[Node, ...]) -> Tree:
    """A node's tree; `above`: the nodes that it stands in, of which a reference may lead back to one."""
    place = Place(name, node.start_mark.line + 1)
    if any(node is one for one in above):
        problems.append(place.problem(f"“&{node.anchor}”的内容里用“*{node.anchor}”引用了它自己；请删去这处引用"))
        return Leaf("", place)
    if getattr(node, "flow_style", False):
        problems.append(place.problem("请不要使用花括号或方括号的写法，改为每项一行"))
    if isinstance(node, ScalarNode):
        return Leaf(str(node.value).strip(), place)
    if isinstance(node, MappingNode):
        return _branch(node, place, problems, (*above, node))
    return Row(tuple(_tree(item, name, problems, (*above, node)) for item in node.value), place)


def _branch(node: MappingNode, place: Place, problems: list[Problem], above: tuple[Node, ...]) -> Branch:
    items: dict[str, Tree] = {}
    places: dict[str, Place] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value).strip()
        here = Place(place.file, key_node.start_mark.line + 1)
        if key in items:
            problems.append(here.problem(f"“{key}”重复，第 {places[key].line} 行已经有了；请删去一个"))
            continue
        items[key] = _tree(value_node, place.file, problems, above)
        places[key] = here
    return Branch(items, places, place)


class Form:
    """Takes the fields of one branch, noting each problem; `close` reports the fields nobody took."""

    def __init__(self, branch: Branch, problems: list[Problem], node: str = "") -> None:
        self._branch = branch
        self._problems = problems
        self._node = node
        self._taken: set[str] = set()
        self.place = replace(branch.place, node=node)

    def has(self, key: str) -> bool:
        """Whether the field is there."""
        return key in self._branch.items

    def where(self, key: str) -> Place:
        """The line of a field, or of the branch where it is missing."""
        return replace(self._branch.places.get(key, self._branch.place), node=self._node)

    def report(self, key: str, message: str) -> None:
        """Note a problem at a field."""
        self._problems.append(self.where(key).problem(message))

    def text(self, key: str, *, needed: bool = True) -> str:
        """A text; "" where it is missing."""
        match self._take(key):
            case Leaf(text=text) if text:
                return text
            case None if not needed:
                return ""
            case None:
                self.report(key, f"缺少“{key}”；请补上")
            case _:
                self.report(key, f"“{key}”应当是一段不为空的文字")
        return ""

    def flag(self, key: str, default: bool = False) -> bool:
        """yes or no."""
        if not self.has(key):
            return default
        text = self.text(key)
        if text not in ("yes", "no"):
            self.report(key, f"“{key}”应当是 yes 或者 no")
        return text == "yes"

    def choice(self, key: str, kind: type[Choice], *, needed: bool = True) -> Choice | None:
        """One of a closed set."""
        text = self.pick(key, tuple(kind), needed=needed)
        return kind(text) if text else None

    def pick(self, key: str, allowed: Iterable[str], *, needed: bool = True) -> str:
        """A text out of `allowed`; "" where it is missing or another."""
        return self._one_of(key, self.text(key, needed=needed), tuple(allowed))

    def choices(self, key: str, kind: type[Choice]) -> tuple[Choice, ...]:
        """A list of members of a closed set."""
        texts = (self._one_of(key, text, tuple(kind)) for text in self.texts(key, needed=True))
        return tuple(kind(text) for text in texts if text)

    def _one_of(self, key: str, text: str, allowed: tuple[str, ...]) -> str:
        if text and text not in allowed:
            self.report(key, f"“{text}”不在可选范围内；请改为以下之一：{'、'.join(allowed)}")
        return text if text in allowed else ""

    def number(self, key: str, least: float, most: float) -> float:
        """A number within bounds; the least where it is missing or wrong."""
        text = self.text(key)
        try:
            value = float(text or "nan")
        except ValueError:
            value = float("nan")
        if least <= value <= most:
            return value
        if text:
            self.report(key, f"“{key}”应当是 {least:g} 到 {most:g} 之间的数")
        return least

    def texts(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        """A list of texts."""
        match self._take(key):
            case None if not needed:
                return ()
            case Row(items=items) if all(isinstance(item, Leaf) and item.text for item in items):
                return tuple(item.text for item in items if isinstance(item, Leaf))
            case _:
                self.report(key, f"“{key}”应当是一个列表，每行以“- ”开头")
                return ()

    def form(self, key: str, node: str = "") -> Form:
        """A branch below, empty where it is missing."""
        tree = self._take(key)
        if tree is not None and not isinstance(tree, Branch):
            self.report(key, f"“{key}”下面应当是“名称: 内容”的形式")
        found = tree if isinstance(tree, Branch) else Branch({}, {}, self.place)
        return Form(replace(found, place=self.where(key)), self._problems, node or self._node)

    def is_branch(self, key: str) -> bool:
        """Whether the field has fields of its own."""
        return isinstance(self._branch.items.get(key), Branch)

    def keys(self) -> Iterator[str]:
        """The names of all fields, in the order of the file."""
        return iter(tuple(self._branch.items))

    def names(self, allowed: Iterable[str], what: str) -> Iterator[str]:
        """The names of all fields; one that is not in `allowed` is reported as an unknown `what` and left out."""
        known = tuple(allowed)
        for key in self.keys():
            if key in known:
                yield key
            else:
                self._taken.add(key)
                self.report(key, f"不认识{what}“{key}”；可以用的有：{'、'.join(known)}")

    def places(self) -> dict[str, Place]:
        """The line of each field, and of the whole under ""."""
        return {"": self.place} | {key: self.where(key) for key in self.keys()}

    def close(self) -> None:
        """Report every field that was not taken."""
        for key in self.keys():
            if key not in self._taken:
                self.report(key, f"不认识“{key}”；请检查拼写，或者删去")

    def _take(self, key: str) -> Tree | None:
        self._taken.add(key)
        return self._branch.items.get(key)
