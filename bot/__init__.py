"""One conversation: scripts and dialogue (pure), recogniser, voice and pipeline (pipecat).

Only the pure names are re-exported; the pipeline is imported from its own module.
"""

from bot.dialogue import advance, begin
from bot.moves import Action, Event, Facts
from bot.script import Script, load_script
from bot.walk.state import State

__all__ = ["Action", "Event", "Facts", "Script", "State", "advance", "begin", "load_script"]
