"""The dialogue in the pipeline: turns events into moves of the pure dialogue and carries its actions out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, assert_never

from pipecat.frames.frames import Frame, InterruptionFrame, StartFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from bot.agents import Agents
from bot.moves import (
    Action,
    Attest,
    BargedIn,
    Collect,
    Event,
    FellSilent,
    Finish,
    Flag,
    Heard,
    HungUp,
    Listen,
    MachineAnswered,
    Note,
    Pressed,
    PromptFinished,
    Say,
    Strike,
    Transfer,
)
from bot.report import Report
from bot.shell.floor import Floor
from bot.shell.frames import KeyPressed, LineEnded, LinePlayed, MachineHeard, TurnEnded, prompt_frames
from bot.shell.handing_over import HandingOver
from bot.shell.held_back import HeldBack
from bot.shell.turns import TurnTaking
from bot.shell.waiting import Silence, Waiting
from bot.walk.certainty import Understanding, understand
from rules.outcomes import Ending

Log = Callable[[Event | Action, int], None]
_MOST_WAITING = 256
_LOOK_AGAIN_MS = 200  # whether the client's last words have ended


class Mind(Protocol):
    """A dialogue under way: the pure core with its state."""

    @property
    def question(self) -> str: ...

    def begin(self) -> tuple[Action, ...]: ...

    def advance(self, event: Event) -> tuple[Action, ...]: ...


class _LookedAgain:
    """Time has passed; see `_rest`."""


_Happened = Event | Silence | TurnEnded | KeyPressed | LinePlayed | LineEnded | MachineHeard | _LookedAgain


class DialogueProcessor(FrameProcessor):
    """Gives the dialogue one event after the other, in the order in which they happened."""

    def __init__(
        self,
        floor: Floor,
        mind: Mind,
        matcher: Understanding,
        taking: TurnTaking,
        report: Report,
        log: Log,
        agents: Agents | None = None,
        agent_seconds: float = 30.0,
    ) -> None:
        super().__init__(enable_direct_mode=True)
        self._floor = floor
        self._mind = mind
        self._matcher = matcher
        self._report = report
        self._log = log
        self._inbox: asyncio.Queue[_Happened] = asyncio.Queue(_MOST_WAITING)
        self._waiting = Waiting(floor, taking, self._inbox.put_nowait)
        self._handing_over = HandingOver(floor, agents, agent_seconds, self._inbox.put_nowait)
        self._held = HeldBack(floor)
        self._tasks: list[asyncio.Task[None]] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Collect what happens."""
        await super().process_frame(frame, direction)
        match frame:
            case TurnEnded() | KeyPressed() | LinePlayed() | LineEnded() | MachineHeard():
                self._inbox.put_nowait(frame)
            case InterruptionFrame():
                self._note_barge_in()
                await self.push_frame(frame, direction)
            case _:
                await self.push_frame(frame, direction)
        if isinstance(frame, StartFrame):
            self._tasks.append(self.create_task(self._converse(), "dialogue"))
            if self._handing_over.others_step_in:
                self._tasks.append(self.create_task(self._handing_over.step_aside(self._waiting.end), "step aside"))

    async def cleanup(self) -> None:
        """Stop the dialogue and whoever is fetching an agent."""
        await super().cleanup()  # type: ignore[no-untyped-call]
        for task in self._tasks:
            await self.cancel_task(task)

    def _note_barge_in(self) -> None:
        """The event says where the client began; PromptFinished says how much was played until the bot stopped."""
        current, at_ms = self._floor.playout.current, self._floor.interrupted_ms
        if current:
            self._inbox.put_nowait(BargedIn(current.say.prompt, current.elapsed_ms(at_ms), at_ms))

    async def _converse(self) -> None:
        try:
            await self._carry_out(self._mind.begin())
            while not self._floor.over.is_set():
                await self._take(await self._inbox.get())
                await self._rest()
        except Exception as error:
            self._floor.fail(error)

    async def _take(self, happened: _Happened) -> None:
        match happened:
            case Silence():
                await self._fall_silent(happened)
            case TurnEnded():
                await self._hear(happened)
            case KeyPressed():
                await self._press(happened)
            case LinePlayed():
                await self._played(happened)
            case LineEnded():
                await self._end(happened)
            case _LookedAgain():
                pass
            case MachineHeard():
                await self._advance(MachineAnswered(happened.machine, happened.at_ms))
            case _:
                await self._advance(happened)

    async def _advance(self, event: Event) -> None:
        self._note(event)
        if not isinstance(event, PromptFinished | BargedIn):
            self._floor.can_take_back = isinstance(event, Heard) and not self._floor.closing
        actions = self._mind.advance(event)
        self._floor.question = self._mind.question
        await self._carry_out(actions)

    def _note(self, move: Event | Action) -> None:
        self._floor.moved_at = self.get_event_loop().time()
        self._report.take(move)
        self._log(move, self._floor.clock.now_ms)

    # What the client does

    async def _hear(self, turn: TurnEnded) -> None:
        if self._held.holds and turn.under_prompt:
            self._held.keep(turn)
            return
        self._waiting.end()
        if not turn.under_prompt and not self._floor.playout.speaking:
            self._floor.answered_ms = turn.voice_end_ms
        self._floor.taking_back = False
        goes_on = turn.goes_on and self._floor.can_take_back
        if goes_on:
            await self._take_back()
        match = understand(self._matcher, turn.question, turn.text, turn.others, turn.confidence)
        await self._advance(
            Heard(turn.text, match, turn.start_ms, turn.end_ms, turn.confidence, turn.under_prompt, goes_on, turn.words)
        )

    async def _take_back(self) -> None:
        """The last turn had not ended: what came of it did not happen."""
        for _, finished in self._floor.playout.settle_cut(self._floor.clock.now_ms):
            await self._advance(finished)
        self._floor.closing = False

    async def _press(self, key: KeyPressed) -> None:
        if self._held.holds:
            self._held.keep(key)
        elif keys := self._waiting.press(key):
            self._waiting.end()
            await self._advance(Pressed(keys, key.at_ms))

    async def _release(self) -> None:
        """What was said under a text that must be heard, now that it has been played."""
        if not self._floor.gone:
            keys, turn = self._held.release()
            for key in keys:
                await self._press(key)
            if turn is not None:
                await self._hear(turn)

    # Silence

    async def _rest(self) -> None:
        """When nothing is left to be played: count the silence, or end the call."""
        floor = self._floor
        if not floor.playout.idle:
            return
        if floor.taking_back:
            return
        if floor.closing:
            self._part()
        elif not floor.fetching and not floor.handed_over:
            self._waiting.arm()

    def _part(self) -> None:
        """End the call once nothing is under way any more that the client began before the last words ended."""
        floor, finish = self._floor, self._report.finish
        machine = finish is not None and finish.ending is Ending.MACHINE  # whose words are nobody's
        if floor.turn_busy and floor.turn_began_ms <= floor.playout.quiet_since_ms and not machine:
            floor.clock.set("part", floor.clock.now_ms + _LOOK_AGAIN_MS, self._look_again)
        elif self._inbox.empty():  # else what waits there comes first
            floor.over.set()

    async def _look_again(self) -> None:
        self._inbox.put_nowait(_LookedAgain())

    async def _fall_silent(self, silence: Silence) -> None:
        if silence.awaited is self._waiting.awaited:
            self._waiting.end()
            await self._advance(FellSilent(silence.at_ms))

    # The line

    async def _played(self, played: LinePlayed) -> None:
        playout = self._floor.playout
        playout.played(played.mark, played.played_ms, played.complete, played.at_ms)
        for _, finished in playout.finished(played.at_ms):
            await self._advance(finished)
        if not self._held.holds:
            await self._release()

    async def _end(self, end: LineEnded) -> None:
        for key in self._held.keys():  # too late to be acted on, but no key is lost
            await self._advance(Pressed(key.key, key.at_ms))
        for _, finished in self._floor.playout.abandon(end.at_ms):
            await self._advance(finished)
        for turn in self._held.turns():
            await self._hear(turn)
        if not self._floor.over.is_set():
            self._report.hung_up = True
            await self._advance(HungUp(end.at_ms))
            self._floor.over.set()

    # Actions

    async def _carry_out(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            self._note(action)
            match action:
                case Say():
                    await self._say(action)
                case Listen() | Collect():
                    self._waiting.begin(action)
                case Note() | Flag() | Attest() | Strike():
                    pass  # taken down already
                case Transfer():
                    self._transfer(action)
                case Finish():
                    await self._finish(action)
                case _:
                    assert_never(action)
        await self._rest()

    async def _say(self, say: Say) -> None:
        if self._floor.gone:
            return
        prompt = self._floor.playout.announce(say)
        for frame in prompt_frames(prompt.serial, say):
            await self.push_frame(frame)

    async def _finish(self, finish: Finish) -> None:
        self._waiting.end()
        self._floor.closing = True
        if finish.ending is Ending.MACHINE:
            await self._break_off()

    async def _break_off(self) -> None:
        """A machine is there: stop in mid-word, and keep nothing that it said."""
        floor = self._floor
        self._held.clear()
        floor.taking_back = False
        floor.playout.interrupt(everything=True)
        await self.push_frame(InterruptionFrame())
        for _, finished in floor.playout.settle_cut(floor.clock.now_ms):
            await self._advance(finished)

    def _transfer(self, transfer: Transfer) -> None:
        self._waiting.end()
        self._floor.fetching = True
        self._tasks.append(self.create_task(self._handing_over.fetch(transfer.reason), "agent"))
