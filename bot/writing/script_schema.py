"""The JSON schemas of a script and of a shared part, for the editors of compliance officers.

There is no second list of keys: the schemas are what the loader itself asks for. `_Probe` stands in for the form of
a file; it notes each field that is taken and answers so that, over all `_Run`s, every branch of the loader is gone.

    python -m bot.writing.script_schema    writes scripts_zh/schema/*.json anew
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from bot.nodes import Capture
from bot.writing.drafting import Sources, parts_of, resolve
from bot.writing.glossary import CUES
from bot.writing.key_help import KEY_HELP
from bot.writing.source import Branch, Form, Place
from scripts_zh import FOLDER

Schema = dict[str, Any]
Member = TypeVar("Member", bound=StrEnum)
SCHEMA_FOLDER = FOLDER / "schema"
ANY = "任意"  # stands for a name that the writer chooses
HELP = {**KEY_HELP, **CUES}
_TEXT: Schema = {"$ref": "#/definitions/text"}
_KINDS = ("ending", "ask", "say")  # the field that tells a goodbye, a question and a statement


@dataclass(frozen=True, slots=True)
class _Run:
    """How the loader is answered once."""

    kind: str = "say"
    full: bool = True  # every optional field is there
    branches: bool = True  # what may be short or long is long
    capture: Capture = Capture.CHOICE
    shared: bool = False  # the blocks that any file may have stand in the part


@dataclass(slots=True)
class _Shape:
    """What was asked of one mapping; `required` is what every run needed."""

    fields: dict[str, list[Schema]] = field(default_factory=dict)
    forms: dict[str, _Shape] = field(default_factory=dict)
    names: tuple[str, ...] = ()  # the only names that the writer may choose from
    required: set[str] | None = None


class _Probe(Form):
    """A form that has whatever the loader asks for, and notes it in a shape."""

    def __init__(self, shape: _Shape, run: _Run, path: tuple[str, ...]) -> None:
        super().__init__(Branch({}, {}, Place("", 1)), [])
        self._shape, self._run, self._path = shape, run, path
        self._needed: set[str] = set()
        self._looked_for: set[str] = set()  # what the loader looks for first may be left out

    def has(self, key: str) -> bool:
        self._looked_for.add(key)
        if key in _KINDS and self._path[-1] == "node":
            return key == self._run.kind
        if len(self._path) == 1:
            return self._run.full and self._run.shared == (self._path == ("part",))
        return self._run.full

    def text(self, key: str, *, needed: bool = True) -> str:
        self._note(key, _TEXT, needed)
        return ANY

    def flag(self, key: str, default: bool = False) -> bool:
        self._note(key, {"enum": ["yes", "no"]}, False)
        return default

    def pick(self, key: str, allowed: Iterable[str], *, needed: bool = True) -> str:
        known = [str(each) for each in allowed]
        self._note(key, _TEXT if ANY in known else {"enum": known}, needed)
        return known[0]

    def choice(self, key: str, kind: type[Member], *, needed: bool = True) -> Member | None:
        self.pick(key, kind, needed=needed)
        return kind(self._run.capture) if kind is Capture else next(iter(kind))

    def choices(self, key: str, kind: type[Member]) -> tuple[Member, ...]:
        self._note(key, _listed({"enum": [str(each) for each in kind]}), True)
        return tuple(kind)

    def number(self, key: str, least: float, most: float) -> float:
        self._note(key, {"type": "number", "minimum": least, "maximum": most}, True)
        return least

    def texts(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        self._note(key, _listed(_TEXT), needed)
        return (ANY,)

    def form(self, key: str, node: str = "") -> Form:
        of_nodes = self._path[-1] == "nodes"
        shape = self._shape.forms.setdefault(self._run.kind if of_nodes else key, _Shape())
        return _Probe(shape, self._run, (*self._path, "node" if of_nodes else key))

    def is_branch(self, key: str) -> bool:
        return self._run.branches

    def keys(self) -> Iterator[str]:
        return iter((ANY,))

    def names(self, allowed: Iterable[str], what: str) -> Iterator[str]:
        self._shape.names = tuple(str(each) for each in allowed)
        return iter((ANY,))

    def places(self) -> dict[str, Place]:
        return {}

    def report(self, key: str, message: str) -> None:
        """Nothing is wrong with a form that has everything."""

    def close(self) -> None:
        """The shape now has all that was needed."""
        needed = self._needed - self._looked_for
        self._shape.required = needed if self._shape.required is None else needed & self._shape.required

    def _note(self, key: str, schema: Schema, needed: bool) -> None:
        known = self._shape.fields.setdefault(key, [])
        known += [schema] if schema not in known else []
        self._needed |= {key} if needed and key != ANY else set()


def _listed(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


def _runs() -> Iterator[_Run]:
    for kind, full, branches, shared in product(_KINDS, (True, False), (True, False), (True, False)):
        for capture in (Capture.CHOICE, Capture.TIME):
            yield _Run(kind, full, branches, capture, shared)


def _shapes() -> tuple[_Shape, _Shape]:
    """What the loader takes from a script's own file and from a part."""
    own, part = _Shape(), _Shape()
    for run in _runs():
        probe = _Probe(own, run, ("own",))
        parts_of(probe)
        resolve(ANY, Sources(probe, (_Probe(part, run, ("part",)),)))
    return own, part


def schemas() -> dict[str, Schema]:
    """The schema of each sort of file by the name of its own file."""
    own, part = _shapes()
    both = (("script.json", "话术", own), ("part.json", "话术的共用部分", part))
    return {name: _whole(title, shape) for name, title, shape in both}


def _whole(title: str, shape: _Shape) -> Schema:
    definitions: dict[str, Schema] = {"text": {"type": ["string", "number"]}}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": title, "definitions": definitions}
    return head | _mapping(shape, definitions)


def _mapping(shape: _Shape, definitions: dict[str, Schema]) -> Schema:
    """The schema of a mapping whose keys are the format's, or the writer's own; what is long is defined once."""
    if set(shape.forms) & set(_KINDS):
        return {
            "type": "object",
            "propertyNames": {"pattern": "\\."},
            "additionalProperties": _node(shape, definitions),
        }
    fields = {key: _field(shape, key, definitions) for key in dict.fromkeys((*shape.fields, *shape.forms))}
    free = fields.pop(ANY, None)
    if free is not None and shape.names:
        each = _defined(free, definitions)
        fields, free = {name: each for name in shape.names} | fields, None
    schema: Schema = {"type": "object"}
    if fields:
        schema["properties"] = {key: _explained(key, one) for key, one in fields.items()}
    schema["additionalProperties"] = False if free is None else free
    if shape.required:
        schema["required"] = sorted(shape.required)
    return schema


def _defined(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """A reference to a schema that many fields share."""
    name = next((name for name, known in definitions.items() if known == schema), f"shared{len(definitions)}")
    definitions[name] = schema
    return {"$ref": f"#/definitions/{name}"}


def _field(shape: _Shape, key: str, definitions: dict[str, Schema]) -> Schema:
    longer = [_mapping(shape.forms[key], definitions)] if key in shape.forms else []
    ways = [*shape.fields.get(key, ()), *longer]
    return ways[0] if len(ways) == 1 else {"anyOf": ways}


def _node(nodes: _Shape, definitions: dict[str, Schema]) -> Schema:
    """A goodbye has `ending`, a question `ask`, a statement neither."""
    ending, ask, say = (_mapping(nodes.forms[kind], definitions) for kind in _KINDS)
    return {
        "if": {"type": "object", "required": ["ending"]},
        "then": ending,
        "else": {"if": {"type": "object", "required": ["ask"]}, "then": ask, "else": say},
    }


def _explained(key: str, schema: Schema) -> Schema:
    """With the meaning of the key; beside a reference nothing else may stand."""
    if key not in HELP:
        return schema
    return {"description": HELP[key]} | ({"allOf": [schema]} if "$ref" in schema else schema)


def written(schema: Mapping[str, Any]) -> str:
    """A schema as it stands in its file."""
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def main(folder: Path = SCHEMA_FOLDER) -> None:
    """Write the schemas into a folder."""
    folder.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(written(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
