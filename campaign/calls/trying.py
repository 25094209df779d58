"""A published script tried by talking with it: the real conversation, with samples for a client, kept nowhere."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from bot.moves import Facts
from bot.pipeline import converse
from bot.script import Script
from bot.shell.processors import Log
from campaign.works import Works
from rules.hours import SHANGHAI
from telephony.legs import Leg

AT_ONCE = 2  # conversations: the lines of clients go first


class TooManyTrials(Exception):
    """Others are trying already: wait for them."""


@dataclass(slots=True)
class Trials:
    """Lets people talk with the scripts in use."""

    works: Works
    _running: int = field(default=0)

    def scripts(self) -> dict[str, str]:
        """The titles of the scripts in use, by name; blocks."""
        return {name: script.title for name, script in sorted(self.works.scripts.current().items())}

    async def hold(self, leg: Leg, name: str, log: Log) -> None:
        """Converse on an answered line until it is hung up.

        Raises TooManyTrials, ScriptError where the script is not in use, SpeechError, ConversationError.
        """
        if self._running >= AT_ONCE:
            raise TooManyTrials
        self._running += 1
        try:
            works, script = self.works, await asyncio.to_thread(self.works.scripts.script, name)
            facts = _facts(script)
            prompts = works.voices.prompts_of(script)
            for text in script.fixed_texts(facts.slots):
                await prompts.fetch(text)
            await converse(leg, script, facts, works.ears, prompts, works.matcher, log=log)
        finally:
            self._running -= 1


def _facts(script: Script) -> Facts:
    return Facts({slot.name: slot.sample for slot in script.slots.values()}, datetime.now(SHANGHAI))
