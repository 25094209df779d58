"""The scripts that may be spoken: the published versions, as every worker on every host sees them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache

from sqlalchemy.orm import Session

from bot.errors import ScriptError, ScriptInvalid
from bot.script import Script, load_sources
from models import Database, ScriptVersion
from models.scripts import published_hashes, published_version

log = logging.getLogger(__name__)


class NotPublished(ScriptError):
    """A script without a version in use."""

    def __init__(self, name: str) -> None:
        super().__init__(f"话术“{name}”没有已发布的版本；请用 huifang scripts submit 提交，由另一人审核后发布")


def script_of(version: ScriptVersion) -> Script:
    """The script of a stored version, under the hash that it was approved with; raises ScriptInvalid."""
    # A later release may hash the same content otherwise; a version keeps the hash that was approved.
    return replace(_loaded(version.name, tuple(version.sources.items())), hash=version.hash)


@lru_cache(maxsize=64)
def _loaded(name: str, sources: tuple[tuple[str, str], ...]) -> Script:
    """A script from its texts, read once: an inspector's page asks for the same one at every answer."""
    return load_sources(name, dict(sources))


class Shelf:
    """Holds the published scripts and loads anew what was published since; safe from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._scripts: dict[str, Script] = {}
        self._faulty: dict[str, tuple[str, ScriptInvalid]] = {}  # name: hash and what is wrong with it
        self._lock = threading.Lock()

    @property
    def loaded(self) -> Mapping[str, Script]:
        """The scripts as they were when somebody looked last; another mapping after each publication."""
        return self._scripts

    def current(self, session: Session | None = None) -> Mapping[str, Script]:
        """The scripts in use now, by name; a version that cannot be loaded is left out and logged.

        `session`: asked instead of one of its own, where the caller has one open.
        """
        with self._lock:
            with self._database.read() if session is None else nullcontext(session) as asked:
                hashes = published_hashes(asked)
                for name, hashed in hashes.items():
                    if self._known_hash(name) != hashed:
                        version = published_version(asked, name)
                        if version is not None:
                            self._load(version)
            if not self._scripts.keys() <= hashes.keys():
                self._scripts = {name: script for name, script in self._scripts.items() if name in hashes}
            return self._scripts

    def script(self, name: str, session: Session | None = None) -> Script:
        """One script in use; raises NotPublished, or ScriptInvalid where its version cannot be loaded."""
        script = self.current(session).get(name)
        if script is not None:
            return script
        if name in self._faulty:
            raise self._faulty[name][1]
        raise NotPublished(name)

    def _known_hash(self, name: str) -> str:
        if name in self._faulty:
            return self._faulty[name][0]
        return self._scripts[name].hash if name in self._scripts else ""

    def _load(self, version: ScriptVersion) -> None:
        self._faulty.pop(version.name, None)
        scripts = {name: script for name, script in self._scripts.items() if name != version.name}
        try:
            scripts[version.name] = script_of(version)
        except ScriptInvalid as error:
            log.error("the published version %d of script %s cannot be used: %s", version.number, version.name, error)
            self._faulty[version.name] = version.hash, error
        self._scripts = scripts
