"""What the bot has said and is still saying: prompts queued on the line and how much of each was played."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from bot.moves import PromptFinished, Say

_BYTES_PER_MS = 16  # 8 kHz, 16 bit


@dataclass(slots=True)
class Prompt:
    """One prompt from the moment the dialogue wanted it until it left the line."""

    serial: int
    say: Say
    pcm: list[bytes] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)  # queued on the line, not yet reported
    played_ms: int = 0
    started_ms: int | None = None
    sent: bool = False  # the speech service gave all of it
    cut: bool = False

    @property
    def stoppable(self) -> bool:
        """Whether the client's speech may stop it."""
        return self.say.interruptible and not self.say.must_hear

    @property
    def length_ms(self) -> int:
        """How long the audio is, as far as it is known."""
        return sum(map(len, self.pcm)) // _BYTES_PER_MS

    @property
    def over(self) -> bool:
        """Whether nothing more will be played of it."""
        return not self.marks and (self.sent or self.cut)

    def elapsed_ms(self, now_ms: int) -> int:
        """About how much was played by now."""
        return 0 if self.started_ms is None else min(max(0, now_ms - self.started_ms), self.length_ms)


class Playout:
    """The prompts of one call that have not left the line, oldest first."""

    def __init__(self) -> None:
        self._queue: deque[Prompt] = deque()
        self._serial = 0
        self._parts = 0
        self.quiet_since_ms = 0  # where the last prompt ended

    def announce(self, say: Say) -> Prompt:
        """Note a prompt that is about to be spoken."""
        self._serial += 1
        prompt = Prompt(self._serial, say)
        self._queue.append(prompt)
        return prompt

    def find(self, serial: int) -> Prompt | None:
        """The prompt of that number, while it has not left the line."""
        return next((prompt for prompt in self._queue if prompt.serial == serial), None)

    @property
    def current(self) -> Prompt | None:
        """The prompt that is playing or comes next."""
        return self._queue[0] if self._queue else None

    @property
    def interruptible(self) -> bool:
        """Whether speech would stop the bot right now."""
        current = self.current
        return current is not None and current.stoppable and not current.cut

    @property
    def speaking(self) -> bool:
        """Whether anything is being said or will be."""
        return any(not prompt.cut for prompt in self._queue)

    @property
    def idle(self) -> bool:
        """Whether the bot is silent and nothing is queued."""
        return not self._queue

    def remaining_ms(self, now_ms: int) -> int:
        """How long the bot will go on speaking."""
        current = self.current
        elapsed = current.elapsed_ms(now_ms) if current else 0
        return sum(prompt.length_ms for prompt in self._queue) - elapsed

    def mark(self, prompt: Prompt, now_ms: int) -> str:
        """A fresh mark for a piece of this prompt that goes to the line now."""
        self._parts += 1
        mark = f"{prompt.serial}.{self._parts}"
        prompt.marks.add(mark)
        if prompt is self.current and prompt.started_ms is None:
            prompt.started_ms = now_ms
        return mark

    def interrupt(self, *, everything: bool = False) -> None:
        """Stop what may be stopped of what was announced so far, or all of it."""
        for prompt in self._queue:
            prompt.cut = prompt.cut or prompt.stoppable or everything

    def cleared(self) -> list[Prompt]:
        """The line was cleared: the prompts that have to be queued again, because nothing may stop them.

        Their old marks mean nothing from now on.
        """
        again = [prompt for prompt in self._queue if not prompt.cut and prompt.marks]
        for prompt in again:
            prompt.marks.clear()
        return again

    def played(self, mark: str, played_ms: int, complete: bool, at_ms: int) -> None:
        """The line reports a mark; unknown ones are of prompts queued again."""
        prompt = next((prompt for prompt in self._queue if mark in prompt.marks), None)
        if prompt:
            prompt.marks.discard(mark)
            prompt.played_ms += played_ms
            prompt.cut = prompt.cut or not complete

    def finished(self, at_ms: int) -> list[tuple[Prompt, PromptFinished]]:
        """Take out the prompts that are over, in order."""
        done = []
        while self._queue and self._queue[0].over:
            prompt = self._queue.popleft()
            done.append((prompt, _finished(prompt, at_ms)))
            self.quiet_since_ms = at_ms
            if self._queue and self._queue[0].pcm:
                self._queue[0].started_ms = at_ms
        return done

    def abandon(self, at_ms: int) -> list[tuple[Prompt, PromptFinished]]:
        """The line is gone: everything left was cut where it was."""
        self.interrupt(everything=True)
        return self.settle_cut(at_ms)

    def settle_cut(self, at_ms: int) -> list[tuple[Prompt, PromptFinished]]:
        """Take out the prompts that were cut, without waiting for what the line reports of them."""
        for prompt in self._queue:
            if prompt.cut:
                prompt.played_ms = max(prompt.played_ms, prompt.elapsed_ms(at_ms))
                prompt.marks.clear()
        return self.finished(at_ms)


def _finished(prompt: Prompt, at_ms: int) -> PromptFinished:
    return PromptFinished(prompt.say.prompt, prompt.played_ms, prompt.sent and not prompt.cut, at_ms)
