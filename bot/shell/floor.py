"""What the parts of one conversation know of each other: who is speaking, what was asked, whether it is over."""

from __future__ import annotations

import asyncio

from bot.moves import Pauses
from bot.shell.clock import MediaClock
from bot.shell.playout import Playout


class Floor:
    """The state that input, turn taking, dialogue and output of one call share; all run in one event loop."""

    def __init__(self) -> None:
        self.clock = MediaClock()
        self.playout = Playout()
        self.over = asyncio.Event()
        self.failure: BaseException | None = None
        self.voice_end_ms = 0  # where the last sound ended
        self.turn_open = False  # a turn is under way: audio goes to the recogniser
        self.turn_began_ms = 0  # where the last turn began
        self.turn_busy = False  # a turn is under way or its text has not come yet
        self.interrupted_ms = 0  # where the client began to speak over the bot
        self.reply_began_ms: int | None = None  # where the bot's reply to the last turn began to be heard
        self.can_take_back = False  # nothing but the bot's reply has followed the client's last words
        self.taking_back = False  # the reply was stopped: the client goes on with what was taken for a whole turn
        self.fetching = False  # a person is being fetched
        self.question = ""  # what was asked last
        self.pauses = Pauses()  # how much silence ends a turn, as the last question asks for
        self.collecting = False  # a number is being dictated or keyed
        self.closing = False  # the dialogue has finished; only the last words are still to be played
        self.handed_over = False  # a person speaks with the client; the bot listens no more
        self.gone = False  # the line is gone
        self.heard_at = 0.0  # moment (s) at which the line last gave a sign of life
        self.moved_at = 0.0  # moment (s) of the last event or action
        self.answered_ms: int | None = None  # last sound of a turn that the bot has not reacted to yet
        self.latencies_ms: list[int] = []

    def fail(self, error: BaseException) -> None:
        """End the conversation because of a fault; the first one counts."""
        if self.failure is None:
            self.failure = error
        self.over.set()

    def answered(self, moment: float) -> None:
        """The bot's first sample after the client's turn is queued now."""
        if self.answered_ms is not None:
            self.latencies_ms.append(self.clock.since_ms(self.answered_ms, moment))
            self.answered_ms = None
