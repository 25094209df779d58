"""The phrase files under zh/: mappings of names to lists of Chinese phrases, written by people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from intents.errors import LexiconError
from intents.normalise import normalise

FOLDER = Path(__file__).with_name("zh")


def read_phrases(path: Path) -> dict[str, tuple[str, ...]]:
    """Name -> phrases, normalised; LexiconError names the entry that is not a list of phrases."""
    groups = read_yaml(path)
    for name, members in groups.items():
        if not isinstance(members, list) or not all(str(member).strip() for member in members):
            raise LexiconError(f"{path}: {name} is not a list of phrases; write it as `{name}: [短语, 短语]`")
    return {str(name): tuple(normalise(str(member)) for member in members) for name, members in groups.items()}


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping; LexiconError with place and remedy otherwise."""
    try:
        loaded = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LexiconError(f"{path}: cannot be read ({error.strerror}); restore it from the project") from error
    except YAMLError as error:
        raise LexiconError(f"{path}: is not valid YAML; mend it: {error}") from error
    if not isinstance(loaded, dict):
        raise LexiconError(f"{path}: must be a mapping of names to phrases")
    return loaded
