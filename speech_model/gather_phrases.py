"""Collects what the bot says and what clients are known to answer into corpus/phrases.txt, for the language model.

python -m speech_model.gather_phrases

From scripts_zh/ every Chinese text, slots filled with their samples; from intents/zh/ and corpus/domain.txt what
clients and announcements say, without a recogniser's errors; from corpus/ annex E, and names in the sentences they
occur in. Run it when scripts or phrases bring new words (`make speech-graph` does).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from speech_model import texts
from speech_model.errors_heard import Ear

ROOT = Path(__file__).parent.parent
OUT = texts.CORPUS / "phrases.txt"
_SLOT = re.compile(r"\{([^{}]+)\}")
_SENTENCE_END = re.compile(r"[。！？；\n]")
_NAMED = ("请问您是{}先生吗", "请问您是{}女士吗", "我想找{}先生", "我姓{}", "我是{}", "您知道{}女士的联系方式吗")
_SHORT_WEIGHT = 30  # 是 and 对 are said more often than they stand in sets of unlike sentences
_MARGIN = 6.0  # nats; 3 and 12 heard unseen sentences worse
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


def yaml_files(folder: Path, pattern: str = "*.yaml") -> list[Any]:
    """The contents of the YAML files below a folder, in order."""
    loader = YAML(typ="safe", pure=True)
    return [loader.load(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob(pattern))]


def strings(node: Any) -> Iterator[str]:
    """Every text inside a YAML value, keys left out."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)


def samples(contents: list[Any]) -> dict[str, str]:
    """Slot names with the sample that the scripts give."""
    slots = (content.get("slots") or {} for content in contents if isinstance(content, dict))
    return {name: str(slot["sample"]) for part in slots for name, slot in part.items() if "sample" in (slot or {})}


def spoken(text: str, filled: dict[str, str]) -> list[str]:
    """A prompt as sentences of Chinese characters; a slot without a sample ends a sentence."""
    text = _SLOT.sub(lambda slot: filled.get(slot[1], "。"), text).translate(_DIGITS)
    return [sentence for sentence in map(texts.hanzi, _SENTENCE_END.split(text)) if len(sentence) > 1]


def prompts() -> list[str]:
    """What the scripts say."""
    contents = yaml_files(ROOT / "scripts_zh")
    filled = samples(contents)
    return [sentence for content in contents for text in strings(content) for sentence in spoken(text, filled)]


def phrases() -> list[str]:
    """The intents' example phrases, which a question's grammar is made of."""
    contents = yaml_files(ROOT / "intents" / "zh", "phrases*.yaml")
    return [sentence for content in contents for text in strings(content) for sentence in spoken(text, {})]


def utterances() -> list[str]:
    """The domain's sentences, the labelled utterances and the announcements, without misheard ones."""
    out = texts.domain()
    for path in sorted((ROOT / "intents" / "zh").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            out += [texts.hanzi(row["text"]) for row in csv.DictReader(lines)]
    out = [text for text in out if text]
    ear = Ear(out + texts.SHORT * _SHORT_WEIGHT, _MARGIN)
    return [text for text in out if not ear.misheard(text)]


def named() -> list[str]:
    """People's names in sentences: every surname and every given-name character at least once."""
    surnames, given = texts.read_lines(texts.CORPUS / "names.txt")
    pairs = zip(cycle(surnames), given, given[1:] + given[0], strict=False)
    names = [first + second + third for first, second, third in pairs] + list(surnames)
    return [pattern.format(name) for pattern, name in zip(cycle(_NAMED), names, strict=False)]


def unique(lines: Iterable[str]) -> list[str]:
    """Each line once, in order."""
    return list(dict.fromkeys(lines))


def main() -> None:
    """Write the corpus."""
    annex = texts.read_lines(texts.CORPUS / "annex_e.txt")
    parts = {"annex E": annex, "prompts": prompts(), "phrases": phrases(), "utterances": utterances()}
    parts["names"] = named()
    lines = unique(line for part in parts.values() for line in part)
    OUT.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    counts = ", ".join(f"{name} {len(unique(part))}" for name, part in parts.items())
    print(f"{len(lines)} lines in {OUT.name}: {counts}")


if __name__ == "__main__":
    main()
