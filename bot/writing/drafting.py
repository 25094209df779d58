"""From files to a script: the script's own file and the parts that it names, merged into one value.

The script's own file comes first: where a whole block (limits, waits, texts, keypad, defaults) is given twice,
its own is taken, and its approved replies are tried before the shared ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields

from bot.errors import Problem
from bot.moves import Pauses
from bot.nodes import KEYS, Goodbye, Limits, Node, Reply, Script, Slot, Texts, Waits
from bot.writing.node_forms import Context, read_node, read_pauses, read_ways
from bot.writing.source import Form, Place, parse
from intents.values import Intent
from rules.outcomes import Ending, ReviewType, Risk
from rules.risks import CARE

Places = Mapping[tuple[str, str], Place]  # by (node, field); (node, "") is the node itself, ("", field) the top


@dataclass(frozen=True, slots=True)
class Draft:
    """A script that was read but not yet checked."""

    script: Script
    places: Places


@dataclass(frozen=True, slots=True)
class Sources:
    """The forms of the script's own file and of its parts."""

    own: Form
    parts: tuple[Form, ...]

    def all(self) -> tuple[Form, ...]:
        return (self.own, *self.parts)

    def first(self, key: str) -> Form:
        """The block of the first file that has it; taken in all of them."""
        blocks = [form.form(key) for form in self.all() if form.has(key)]
        return blocks[0] if blocks else self.own.form(key)

    def entries(self, key: str) -> Iterator[tuple[str, Form]]:
        """The named entries of a block, over all files."""
        for form in self.all():
            block = form.form(key)
            for name in block.keys():
                yield name, block.form(name)


def draft(name: str, texts: Mapping[str, str], problems: list[Problem]) -> Draft | None:
    """Read a script and its parts; what is wrong goes to `problems`, what is missing is left empty.

    `texts` are the contents of the files by name, as `file_of` and `part_file` name them. None where a file is
    no YAML at all: its lack would make every other file look wrong.
    """
    sources = _open(name, texts, problems)
    return resolve(name, sources) if sources is not None else None


def resolve(name: str, sources: Sources) -> Draft:
    """Take every field of the files that the format has; the rest is reported as unknown."""
    own, entry = sources.own, _entry(sources)
    places = {("", "entry"): entry.where("entry"), ("", "review"): own.where("review")}
    places |= {("", name): place for name, place in _shared_places(sources)}
    nodes = _nodes(sources, places)
    script = Script(
        name=name,
        title=own.text("title"),
        clause=own.text("clause"),
        review_types=_review_types(own),
        entry=entry.text("entry"),
        review=own.text("review"),
        nodes=nodes,
        slots=_slots(sources),
        questions=_replies(sources, "questions"),
        doubts=_replies(sources, "doubts"),
        keypad=_keypad(sources.first("keypad")),
        texts=_texts(sources.first("texts")),
        limits=_limits(sources.first("limits")),
        waits=_waits(sources.first("waits")),
        care=_care(sources.first("care"), nodes),
        pronunciations=_pronunciations(sources),
        business=own.text("business", needed=False),
    )
    for form in sources.all():
        form.close()
    return Draft(script, places)


def file_of(name: str) -> str:
    """The file of a script."""
    return f"{name}.yaml"


def part_file(name: str) -> str:
    """The file of a shared part."""
    return f"parts/{name}.yaml"


def part_names(text: str) -> tuple[str, ...]:
    """The parts that a script's own file names; none where it cannot be read."""
    tree = parse(text, "", [])
    return parts_of(Form(tree, [])) if tree is not None else ()


def parts_of(own: Form) -> tuple[str, ...]:
    """The parts that the form of a script's own file names."""
    return own.texts("parts")


def _open(name: str, texts: Mapping[str, str], problems: list[Problem]) -> Sources | None:
    tree = parse(texts[file_of(name)], file_of(name), problems)
    if tree is None:
        return None
    own = Form(tree, problems)
    parts = [_part(part, texts, own, problems) for part in parts_of(own)]
    readable = tuple(part for part in parts if part is not None)
    return Sources(own, readable) if len(readable) == len(parts) else None


def _part(name: str, texts: Mapping[str, str], own: Form, problems: list[Problem]) -> Form | None:
    file = part_file(name)
    if file not in texts:
        own.report("parts", f"找不到共用部分“{name}”（{file}）；请检查名称")
        return None
    tree = parse(texts[file], file, problems)
    return None if tree is None else Form(tree, problems)


def _entry(sources: Sources) -> Form:
    return next((form for form in sources.all() if form.has("entry")), sources.own)


def _review_types(own: Form) -> tuple[ReviewType, ...]:
    return own.choices("review_types", ReviewType)


def _nodes(sources: Sources, places: dict[tuple[str, str], Place]) -> dict[str, Node]:
    defaults = read_ways(sources.first("defaults"))
    pauses = next((read_pauses(form, Pauses()) for form in sources.all() if form.has("pauses")), Pauses())
    nodes: dict[str, Node] = {}
    for source in sources.all():
        ways = {**defaults, **read_ways(source.form("exits"))}
        context = Context(ways, pauses, review=source is sources.own)
        block = source.form("nodes")
        for name in block.keys():
            form = block.form(name, node=name)
            _name_is_good(name, block, nodes)
            nodes[name], fields_at = read_node(name, form, context)
            places |= {(name, field): place for field, place in fields_at.items()}
    return nodes


def _name_is_good(name: str, block: Form, nodes: Mapping[str, Node]) -> None:
    if name in nodes:
        block.report(name, f"节点“{name}”在别的文件里已经有了；请改名或者删去一个")
    if "." not in name:
        block.report(name, f"节点名称“{name}”中间应当有一个点，例如 opening.identity")


def _slots(sources: Sources) -> dict[str, Slot]:
    slots: dict[str, Slot] = {}
    for name, form in sources.entries("slots"):
        if name in slots:
            form.report("", f"内容“{name}”在别的文件里已经有了；请删去一个")
        slots[name] = Slot(name, form.text("about"), form.text("sample"), form.flag("private"))
        form.close()
    return slots


def _replies(sources: Sources, key: str) -> tuple[Reply, ...]:
    replies = []
    for name, form in sources.entries(key):
        replies.append(Reply(name, form.texts("when", needed=True), form.text("say"), form.flag("private")))
        form.close()
    return tuple(replies)


def _shared_places(sources: Sources) -> Iterator[tuple[str, Place]]:
    """The lines of the texts that belong to no node, and of the slots."""
    yield from sources.first("texts").places().items()
    for key in ("questions", "doubts"):
        yield from ((name, form.place) for name, form in sources.entries(key))
    yield from ((f"slots.{name}", form.place) for name, form in sources.entries("slots"))


def _keypad(block: Form) -> dict[str, Intent]:
    chosen = ((key, block.choice(key, Intent)) for key in block.names(KEYS, "电话按键"))
    return {key: intent for key, intent in chosen if intent is not None}


def _texts(block: Form) -> Texts:
    needed = {field.name: field.default is MISSING for field in fields(Texts)}
    texts = Texts(**{name: block.text(name, needed=needed[name]) for name in needed})
    block.close()
    return texts


def _limits(block: Form) -> Limits:
    bounds = {field.name: (1, 5) for field in fields(Limits)} | {"turns": (10, 200)}
    limits = Limits(**{name: int(block.number(name, *bound)) for name, bound in bounds.items()})
    block.close()
    return limits


def _waits(block: Form) -> Waits:
    """Seconds in the file, milliseconds in the value."""
    waits = Waits(**{field.name: round(1000 * block.number(field.name, 0.5, 60)) for field in fields(Waits)})
    block.close()
    return waits


def _care(block: Form, nodes: Mapping[str, Node]) -> dict[Risk, str]:
    """The goodbye for each risk that ends the call politely; it may be said to anybody, and a person follows up."""
    chosen = {risk: block.text(risk) for risk in CARE}
    for risk, target in chosen.items():
        node = nodes.get(target)
        good = isinstance(node, Goodbye) and node.ending is Ending.HANDED_OVER and not node.private
        if target and not good:
            block.report(risk, f"“{risk}”应当去 ending 是 handed_over、不是 private 的结束语，例如 closing.specialist")
    block.close()
    return {risk: target for risk, target in chosen.items() if target}


def _pronunciations(sources: Sources) -> dict[str, str]:
    blocks = [form.form("pronunciations") for form in reversed(sources.all())]
    return {word: block.text(word) for block in blocks for word in block.keys()}
